/** The models that the repository ships: each is served, and the trees say what onnxruntime says. */
import { readdirSync } from "node:fs";
import { fileURLToPath } from "node:url";
import { InferenceSession, Tensor } from "onnxruntime-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { MARKET_FEATURES } from "../engine/features/feature-schema.ts";
import { Random } from "../engine/std/random.ts";
import { readOnnx } from "../models/onnx-file.ts";
import { loadRegistry } from "../models/registry.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference } from "../workers/placement.ts";
import { llamaProcessUrl, workerUrl } from "./support/compiled.ts";
import { ask, isMiss, text } from "./support/inference-calls.ts";

const MODELS = fileURLToPath(new URL("../models", import.meta.url));
const { entries, refusals } = loadRegistry(MODELS, {
  featureSets: [MARKET_FEATURES],
});
const trees = entries.filter(({ manifest }) => manifest.family === "lightgbm");

let inference: EngineInference;
beforeAll(async () => {
  inference = await createInference(entries, {
    workerUrl: workerUrl(),
    llamaProcessUrl: llamaProcessUrl(),
    llama: { startMs: 60_000 },
  });
});
afterAll(() => inference.close());

describe("the shipped models", () => {
  it("are all accepted, within the size that git can bear", () => {
    expect(refusals).toEqual([]);
    expect(entries.length).toBeGreaterThan(0);
    for (const { manifest } of entries)
      expect(manifest.bytes).toBeLessThan(2_000_000);
  });

  it("are all served where they belong", () => {
    for (const model of inference.status().models) {
      if (model.state === "absent") continue; // node-llama-cpp is optional
      expect(model).toMatchObject({ state: "serving", degraded: false });
      expect(model.placement).toBe(
        {
          lightgbm: "inline",
          patchtst: "pool",
          finbert: "pool",
          llama: "process",
        }[model.family],
      );
    }
  });

  it("have no folder without a manifest", () => {
    const files = readdirSync(MODELS, { recursive: true, encoding: "utf8" });
    const models = files.filter((path) => /model\.(onnx|gguf)$/.test(path));
    for (const path of models)
      expect(files).toContain(path.replace(/model\.\w+$/, "manifest.json"));
  });

  for (const { manifest, bytes } of trees)
    it(`${manifest.name} says inline what onnxruntime says, to 1e-6`, async () => {
      const ensemble = TreeEnsemble.fromOnnx(readOnnx(bytes!));
      const width = ensemble.featureCount;
      expect(width).toBe(MARKET_FEATURES.features.length);
      const session = await InferenceSession.create(Uint8Array.from(bytes!));
      const random = new Random(manifest.name);
      const rows = 2_000;
      const batch = new Float32Array(rows * width);
      const golden = manifest.golden?.inputs[manifest.inputs[0]!.name]?.data;
      const vectors = Array.from({ length: rows }, (_, i) => {
        const vector = Float64Array.from({ length: width }, (_, j) =>
          i % 2 === 0
            ? random.normal()
            : (golden?.[j] ?? 0) * (1 + random.normal() * 0.5),
        );
        batch.set(vector, i * width);
        return vector;
      });
      const output = manifest.outputs.find(({ dtype }) => dtype === "float32")!;
      const results = await session.run(
        {
          [manifest.inputs[0]!.name]: new Tensor("float32", batch, [
            rows,
            width,
          ]),
        },
        [output.name],
      );
      const oracle = results[output.name]!.data as Float32Array;
      await session.release();
      const columns = oracle.length / rows;
      const worst = vectors.reduce(
        (max, vector, i) =>
          Math.max(
            max,
            Math.abs(
              ensemble.predict(vector) - oracle[i * columns + columns - 1]!,
            ),
          ),
        0,
      );
      expect(worst).toBeLessThan(1e-6);
    });

  it("read a plainly good and a plainly bad headline apart", async () => {
    if (!inference.models.some(({ name }) => name === "finbert")) return;
    const good = await ask(
      inference,
      "finbert",
      text("Company beats earnings estimates and raises guidance"),
    );
    const bad = await ask(
      inference,
      "finbert",
      text("Shares plunge after profit warning"),
    );
    if (isMiss(good) || isMiss(bad)) throw new Error("missed");
    expect(good.detail).toMatchObject({ label: "positive" });
    expect(bad.detail).toMatchObject({ label: "negative" });
    expect(good.probability).toBeGreaterThan(bad.probability);
  });
});
