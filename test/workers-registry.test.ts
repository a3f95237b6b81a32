/** The registry's door: what it lets in, and how it says no. */
import { createHash } from "node:crypto";
import {
  linkSync,
  mkdirSync,
  readFileSync,
  renameSync,
  symlinkSync,
  writeFileSync,
} from "node:fs";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { BAR_CHANNELS } from "../engine/domain/input-window.ts";
import { declareWindow } from "../engine/features/input-windows.ts";
import { Random } from "../engine/std/random.ts";
import { loadRegistry } from "../models/registry.ts";
import { FLOAT32, GraphBuilder, INT64 } from "./support/onnx-build.ts";
import {
  buildForecastModel,
  forecastManifest,
  modelFolder,
  sentimentManifest,
  tokenizerJson,
  treeManifest,
} from "./support/model-folder.ts";
import type { ModelFolder } from "./support/model-folder.ts";
import { buildTreeModel } from "./support/tree-build.ts";

const TREE = buildTreeModel(new Random(1), {
  trees: 3,
  leaves: 4,
  features: 5,
  mode: "BRANCH_LEQ",
  missing: "none",
  kind: "regressorSigmoid",
});

let folder: ModelFolder;
beforeEach(() => {
  folder = modelFolder();
});
afterEach(() => folder.remove());

const refusalsOf = (root: string) =>
  loadRegistry(root).refusals.map(({ error, detail }) => ({
    code: error.code,
    detail,
  }));

describe("the registry", () => {
  it("loads a model and shares the very bytes that it hashed", () => {
    folder.add(TREE, treeManifest(5));
    const { entries, refusals } = loadRegistry(folder.root);
    expect(refusals).toEqual([]);
    expect(entries).toHaveLength(1);
    expect(entries[0]!.bytes!.buffer).toBeInstanceOf(SharedArrayBuffer);
    expect(Buffer.from(entries[0]!.bytes!).equals(TREE)).toBe(true);
  });

  it("holds no models where there is no folder", () => {
    expect(loadRegistry(join(folder.root, "nowhere"))).toEqual({
      entries: [],
      refusals: [],
      superseded: [],
    });
  });

  it("serves the others when one is bad", () => {
    folder.add(TREE, { ...treeManifest(5), name: "good" });
    folder.add(TREE, {
      ...treeManifest(5),
      name: "bad",
      sha256: "0".repeat(64),
    });
    const { entries, refusals } = loadRegistry(folder.root);
    expect(entries.map(({ manifest }) => manifest.name)).toEqual(["good"]);
    expect(refusals).toMatchObject([
      { name: "bad", error: { code: "E_MODEL_HASH" } },
    ]);
  });

  it("serves the highest good version, numbers read as numbers", () => {
    for (const version of ["2", "10", "9"])
      folder.add(TREE, { ...treeManifest(5), version });
    folder.add(TREE, { ...treeManifest(5), version: "11", bytes: 3 });
    const { entries, superseded, refusals } = loadRegistry(folder.root);
    expect(entries.map(({ manifest }) => manifest.version)).toEqual(["10"]);
    expect(superseded.map(({ manifest }) => manifest.version)).toEqual([
      "9",
      "2",
    ]);
    expect(refusals).toMatchObject([{ version: "11" }]);
  });

  it("refuses a truncated file, a git-lfs pointer and other bytes by hash", () => {
    const path = join(folder.add(TREE, treeManifest(5)), "model.onnx");
    writeFileSync(path, TREE.subarray(0, 100));
    expect(refusalsOf(folder.root)).toMatchObject([{ code: "E_MODEL_HASH" }]);
    writeFileSync(
      path,
      `version https://git-lfs.github.com/spec/v1\noid sha256:${"0".repeat(64)}\nsize ${TREE.length}\n`,
    );
    const [pointer] = refusalsOf(folder.root);
    expect(pointer!.code).toBe("E_MODEL_HASH");
    expect(pointer!.detail).toContain("git-lfs");
    const flipped = Uint8Array.from(TREE);
    flipped[50]! ^= 1;
    writeFileSync(path, flipped);
    expect(refusalsOf(folder.root)).toMatchObject([{ code: "E_MODEL_HASH" }]);
  });

  it("refuses what is no ONNX model although its hash is right", () => {
    for (const [i, file] of [
      Uint8Array.of(1),
      new Uint8Array(500).fill(255),
      new TextEncoder().encode("a text that is no model"),
      TREE.slice(0, 200),
    ].entries())
      folder.add(file, { ...treeManifest(5), name: `bad-${i}` });
    const { entries, refusals } = loadRegistry(folder.root);
    expect(entries).toEqual([]);
    expect(refusals.map(({ error }) => error.code)).toEqual(
      Array(4).fill("E_MODEL_CONTRACT"),
    );
  });

  it("refuses weights outside the file", () => {
    const graph = new GraphBuilder();
    graph.input("X", FLOAT32, ["N", 1]);
    graph.output("Y", FLOAT32, ["N", 1]);
    graph.node(
      "Add",
      ["X", graph.externalFloats("../secret", [1])],
      {},
      {
        outputs: ["Y"],
      },
    );
    folder.add(graph.build(), treeManifest(1));
    const [refusal] = refusalsOf(folder.root);
    expect(refusal!.code).toBe("E_MODEL_CONTRACT");
    expect(refusal!.detail).toContain("weights outside the file");
  });

  it("refuses a ZipMap's list of maps and says what to do", () => {
    const graph = new GraphBuilder();
    graph.input("X", FLOAT32, ["N", 5]);
    graph.output("label", INT64, ["N"]);
    graph.mapSequenceOutput("probabilities");
    graph.node("Anything", ["X"], {}, { outputs: ["label"] });
    folder.add(graph.build(), treeManifest(5, "probabilities"));
    expect(refusalsOf(folder.root)[0]!.detail).toContain("zipmap=False");
  });

  it("refuses a missing, an extra and a wrongly typed tensor", () => {
    const manifest = treeManifest(5);
    folder.add(TREE, {
      ...manifest,
      name: "a",
      outputs: [{ name: "Z", dtype: "float32", shape: ["N", 1] }],
    });
    folder.add(TREE, {
      ...manifest,
      name: "b",
      inputs: [{ name: "X", dtype: "int64", shape: ["N", 5] }],
    });
    const graph = new GraphBuilder();
    graph.input("X", FLOAT32, ["N", 5]);
    graph.input("W", FLOAT32, ["N", 5]);
    graph.output("Y", FLOAT32, ["N", 1]);
    graph.node("Add", ["X", "W"], {}, { outputs: ["Y"] });
    folder.add(graph.build(), { ...manifest, name: "c" });
    expect(
      refusalsOf(folder.root).map(({ detail }) => detail.slice(-40)),
    ).toEqual([
      expect.stringContaining('no output "Z"'),
      expect.stringContaining("is float32, not int64"),
      expect.stringContaining('input "W" is not in the manifest'),
    ]);
  });

  it("refuses a model trained on another feature schema", () => {
    folder.add(TREE, treeManifest(5));
    const load = (hash: string, name = "market") =>
      loadRegistry(folder.root, {
        featureSets: [{ name, hash, constants: {} }],
      });
    expect(load("h1").entries).toHaveLength(1);
    expect(load("h2").refusals).toMatchObject([
      {
        error: { code: "E_MODEL_CONTRACT", field: "manifest.input.schemaHash" },
      },
    ]);
    expect(load("h1", "other").refusals).toHaveLength(1);
  });

  it("refuses constants of its features that are missing, no numbers, too many or of another hash", () => {
    const set = { name: "market", hash: "h1", constants: { a: 1, b: 2 } };
    const given = { a: 0.1, b: -1e-300 };
    const constantsHash = createHash("sha256")
      .update("h1\na 3fb999999999999a\nb 81a56e1fc2f8f359")
      .digest("hex");
    const refusalOf = (
      constants: unknown,
      hash = constantsHash,
    ): string | undefined => {
      const manifest = treeManifest(5);
      folder.add(TREE, {
        ...manifest,
        input: {
          ...(manifest["input"] as object),
          ...(constants === undefined
            ? {}
            : { constants, constantsHash: hash }),
        },
      });
      const { refusals, entries } = loadRegistry(folder.root, {
        featureSets: [set],
      });
      expect(refusals.length + entries.length).toBe(1);
      for (const { error } of refusals)
        expect(error.code).toBe("E_MODEL_CONTRACT");
      return refusals[0]?.error.field;
    };
    expect(refusalOf(given)).toBeUndefined();
    expect(refusalOf(undefined)).toBe("manifest.input.constants.a");
    expect(refusalOf({ a: 0.1 })).toBe("manifest.input.constants.b");
    expect(refusalOf({ ...given, c: 1 })).toBe("manifest.input.constants.c");
    for (const b of [null, "2", [2]])
      expect(refusalOf({ ...given, b })).toBe("manifest.input.constants.b");
    expect(refusalOf([0.1, 0.2])).toBe("manifest.input.constants");
    expect(refusalOf({ ...given, a: 0.2 })).toBe(
      "manifest.input.constantsHash",
    );
    expect(refusalOf(given, "no hash")).toBe("manifest.input.constantsHash");
  });

  it("refuses a window that is not the one that its hash is of, and another one of the engine's name", () => {
    const forecast = buildForecastModel(8, 2, (count) =>
      Array<number>(count).fill(0.1),
    );
    const own = forecastManifest(8, 2);
    const input = own["input"] as Record<string, unknown>;
    const refusalOf = (over: Record<string, unknown>): string | undefined => {
      folder.add(forecast, { ...own, input: { ...input, ...over } });
      const { refusals, entries } = loadRegistry(folder.root, { windows });
      expect(refusals.length + entries.length).toBe(1);
      for (const { error } of refusals)
        expect(error.code).toBe("E_MODEL_CONTRACT");
      return refusals[0]?.error.field;
    };
    const { hash, ...shape } = declareWindow({
      name: "bars-8",
      intervalMs: 1_000,
      length: 8,
      channels: BAR_CHANNELS,
    });
    let windows = [{ ...shape, hash }];
    expect(refusalOf({})).toBeUndefined();
    for (const over of [
      { windowHash: undefined },
      { windowHash: "0".repeat(64) },
      { window: "bars-9" },
      { intervalMs: 60_000 },
      { length: 9 },
      { channels: [...BAR_CHANNELS].reverse() },
    ])
      expect(refusalOf(over)).toBe("manifest.input.windowHash");
    expect(refusalOf({ channels: ["mood"] })).toBe("manifest.input.channels");
    windows = [declareWindow({ ...shape, length: 64 })];
    expect(refusalOf({})).toBe("manifest.input.windowHash");
  });

  it("refuses what no lane could feed or read: another order of channels, a horizon of no bars, a shape of other rows", () => {
    const forecast = buildForecastModel(8, 2, (count) =>
      Array<number>(count).fill(0.1),
    );
    const own = forecastManifest(8, 2);
    const input = own["input"] as Record<string, unknown>;
    const detailOf = (over: Record<string, unknown>): string | undefined => {
      folder.add(forecast, { ...own, ...over });
      const { refusals } = loadRegistry(folder.root);
      for (const { error } of refusals)
        expect(error.code).toBe("E_MODEL_CONTRACT");
      return refusals[0]?.detail;
    };
    const { hash, name, ...shape } = declareWindow({
      name: "closes-8",
      intervalMs: 1_000,
      length: 8,
      channels: ["open", "close"],
    });
    expect(detailOf({})).toBeUndefined();
    expect(
      detailOf({
        input: { ...input, ...shape, window: name, windowHash: hash },
      }),
    ).toContain("channels must be");
    expect(detailOf({ horizonMs: 1_500 })).toContain("horizonMs must be");
    expect(detailOf({ normalisation: { kind: "none" } })).toContain(
      "is not known",
    );
    folder.add(TREE, treeManifest(6));
    expect(refusalsOf(folder.root)[0]!.detail).toContain("dimension 1 of 5");
  });

  it("follows no link out of the folder", () => {
    const outside = modelFolder();
    const directory = outside.add(TREE, treeManifest(5));
    symlinkSync(outside.root, join(folder.root, "linked"));
    expect(loadRegistry(folder.root).entries).toEqual([]);
    mkdirSync(join(folder.root, "mine"));
    symlinkSync(
      join(directory, "model.onnx"),
      join(folder.root, "mine", "model.onnx"),
    );
    linkSync(
      join(directory, "manifest.json"),
      join(folder.root, "mine", "manifest.json"),
    );
    expect(refusalsOf(folder.root)).toMatchObject([
      { code: "E_MODEL_CONTRACT" },
    ]);
    outside.remove();
  });

  it("keeps serving the bytes it checked when the file is swapped afterwards", () => {
    const directory = folder.add(TREE, treeManifest(5));
    const { entries } = loadRegistry(folder.root);
    writeFileSync(join(folder.root, "evil"), "evil");
    renameSync(join(folder.root, "evil"), join(directory, "model.onnx"));
    expect(Buffer.from(entries[0]!.bytes!).equals(TREE)).toBe(true);
    expect(loadRegistry(folder.root).refusals).toHaveLength(1);
  });

  it("names the field of a bad manifest", () => {
    const directory = folder.add(TREE, treeManifest(5));
    const path = join(directory, "manifest.json");
    const good = JSON.parse(readFileSync(path, "utf8")) as Record<
      string,
      unknown
    >;
    const fieldOf = (change: Record<string, unknown>): string | undefined => {
      writeFileSync(path, JSON.stringify({ ...good, ...change }));
      const { refusals } = loadRegistry(folder.root);
      expect(refusals).toHaveLength(1);
      expect(refusals[0]!.error.code).toBe("E_MODEL_CONTRACT");
      return refusals[0]!.error.field;
    };
    expect(fieldOf({ surprise: 1 })).toBe("manifest.surprise");
    expect(fieldOf({ file: "../../etc/passwd" })).toBe("manifest.file");
    expect(fieldOf({ name: "Not A Name" })).toBe("manifest.name");
    expect(fieldOf({ family: "oracle" })).toBe("manifest.family");
    expect(fieldOf({ horizonMs: 0.5 })).toBe("manifest.horizonMs");
    expect(fieldOf({ ttlMs: null })).toBe("manifest.ttlMs");
    expect(fieldOf({ inputs: [] })).toBe("manifest.inputs");
    expect(
      fieldOf({ inputs: [{ name: "X", dtype: "float32", shape: ["N", -1] }] }),
    ).toBe("manifest.inputs[0].shape");
    expect(fieldOf({ input: { kind: "text", maxTokens: 8 } })).toBe(
      "manifest.input.kind",
    );
    expect(
      fieldOf({ calibration: { method: "isotonic", x: [0, 1], y: [1, 0] } }),
    ).toBe("manifest.calibration.y");
    expect(fieldOf({ manifestVersion: 2 })).toBe("manifest.manifestVersion");
    writeFileSync(path, "{");
    expect(loadRegistry(folder.root).refusals[0]!.error.field).toBe("manifest");
  });

  it("refuses a text model without its tokenizer", () => {
    const manifest = sentimentManifest();
    folder.add(TREE, manifest);
    expect(refusalsOf(folder.root)[0]!.detail).toContain("tokenizer.json");
    folder.add(TREE, manifest, { "tokenizer.json": tokenizerJson() });
    expect(refusalsOf(folder.root)[0]!.detail).toContain(
      'no input "input_ids"',
    );
  });
});
