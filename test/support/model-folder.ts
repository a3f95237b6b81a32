/** Writes model folders for tests: a manifest beside its file, in a directory of its own under the system's temporary one. */
import { BAR_CHANNELS } from "../../engine/domain/input-window.ts";
import { declareWindow } from "../../engine/features/input-windows.ts";
import { createHash } from "node:crypto";
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { FLOAT32, GraphBuilder, INT64 } from "./onnx-build.ts";

export interface ModelFolder {
  readonly root: string;
  /** Returns the model's folder. */
  add(
    file: Uint8Array,
    manifest: Readonly<Record<string, unknown>>,
    others?: Readonly<Record<string, string>>,
  ): string;
  remove(): void;
}

export const modelFolder = (): ModelFolder => {
  const root = mkdtempSync(join(tmpdir(), "fusewire-models-"));
  return {
    root,
    add(file, overrides, others = {}) {
      const manifest: Record<string, unknown> = {
        manifestVersion: 1,
        name: "probe",
        family: "lightgbm",
        version: "1",
        file: "model.onnx",
        sha256: createHash("sha256").update(file).digest("hex"),
        bytes: file.byteLength,
        horizonMs: 1_000,
        ttlMs: 2_000,
        label: "mid higher after the horizon",
        calibration: { method: "none" },
        license: "Apache-2.0",
        ...overrides,
      };
      const directory = join(
        root,
        String(manifest["family"]),
        String(manifest["name"]),
        String(manifest["version"]),
      );
      mkdirSync(directory, { recursive: true });
      writeFileSync(join(directory, String(manifest["file"])), file);
      writeFileSync(
        join(directory, "manifest.json"),
        JSON.stringify(manifest, null, 2),
      );
      for (const [name, content] of Object.entries(others))
        writeFileSync(join(directory, name), content);
      return directory;
    },
    remove() {
      rmSync(root, { recursive: true, force: true });
    },
  };
};

export const treeManifest = (
  features: number,
  output: "Y" | "probabilities" = "Y",
): Record<string, unknown> => ({
  family: "lightgbm",
  input: { kind: "features", schema: "market", schemaHash: "h1" },
  inputs: [{ name: "X", dtype: "float32", shape: ["N", features] }],
  outputs:
    output === "Y"
      ? [{ name: "Y", dtype: "float32", shape: ["N", 1] }]
      : [{ name: "probabilities", dtype: "float32", shape: ["N", 2] }],
});

/**
 * Two features: the probability is the square root of the first, after as many turns of a native loop as the
 * second says, taken over the batch: NaN for a negative first, too large above 1, slow for a large second.
 */
export const buildProbeModel = (): Uint8Array => {
  const body = new GraphBuilder("b");
  body.input("i", INT64, []);
  body.input("go", 9, []);
  body.input("v", FLOAT32, []);
  body.node("Identity", ["go"], {}, { outputs: ["goOn"] });
  const one = body.floats([1], []);
  body.node("Add", ["v", one], {}, { outputs: ["vNext"] });
  body.output("goOn", 9, []);
  body.output("vNext", FLOAT32, []);

  const graph = new GraphBuilder();
  graph.input("X", FLOAT32, ["N", 2]);
  graph.output("Y", FLOAT32, ["N", 1]);
  const first = graph.op("Gather", ["X", graph.ints([0], [1])], { axis: 1 });
  const second = graph.op("Gather", ["X", graph.ints([1], [1])], { axis: 1 });
  const turns = graph.op(
    "Cast",
    [graph.op("ReduceMax", [second], { keepdims: 0 })],
    { to: INT64 },
  );
  const looped = graph.node(
    "Loop",
    [turns, graph.bool(true), graph.floats([0], [])],
    { body },
  )[0]!;
  const nothing = graph.op("Mul", [looped, graph.floats([0], [])]);
  const root = graph.op("Sqrt", [first]);
  graph.node("Add", [root, nothing], {}, { outputs: ["Y"] });
  return graph.build();
};

export const PROBE_MANIFEST = treeManifest(2);

/** A linear stand-in for a forecaster: `steps` prices and three logits a step from a window of `length` bars. */
export const buildForecastModel = (
  length: number,
  steps: number,
  weights: (count: number) => number[],
): Uint8Array => {
  const graph = new GraphBuilder();
  graph.input("bars", FLOAT32, ["batch", length, 6]);
  graph.output("prices", FLOAT32, ["batch", steps]);
  graph.output("logits", FLOAT32, ["batch", steps, 3]);
  const flat = graph.op("Reshape", ["bars", graph.ints([-1, length * 6], [2])]);
  graph.node(
    "MatMul",
    [flat, graph.floats(weights(length * 6 * steps), [length * 6, steps])],
    {},
    { outputs: ["prices"] },
  );
  const logits = graph.op("MatMul", [
    flat,
    graph.floats(weights(length * 6 * steps * 3), [length * 6, steps * 3]),
  ]);
  graph.node(
    "Reshape",
    [logits, graph.ints([-1, steps, 3], [3])],
    {},
    { outputs: ["logits"] },
  );
  return graph.build();
};

const barsInput = (length: number) => {
  const { name, hash, ...shape } = declareWindow({
    name: `bars-${length}`,
    intervalMs: 1_000,
    length,
    channels: BAR_CHANNELS,
  });
  return { kind: "bars", window: name, windowHash: hash, ...shape };
};

export const forecastManifest = (
  length: number,
  steps: number,
): Record<string, unknown> => ({
  name: "forecast",
  family: "patchtst",
  input: barsInput(length),
  inputs: [{ name: "bars", dtype: "float32", shape: ["batch", length, 6] }],
  outputs: [
    { name: "prices", dtype: "float32", shape: ["batch", steps] },
    { name: "logits", dtype: "float32", shape: ["batch", steps, 3] },
  ],
  normalisation: { kind: "logReturnZ" },
});

/** Ids of a small vocabulary in, three logits out: each word has its own row of logits, and they are averaged. */
export const buildSentimentModel = (
  rows: readonly (readonly [number, number, number])[],
): Uint8Array => {
  const graph = new GraphBuilder();
  graph.input("input_ids", INT64, ["batch", "sequence"]);
  graph.input("attention_mask", INT64, ["batch", "sequence"]);
  graph.input("token_type_ids", INT64, ["batch", "sequence"]);
  graph.output("logits", FLOAT32, ["batch", 3]);
  const embedded = graph.op("Gather", [
    graph.floats(rows.flat(), [rows.length, 3]),
    "input_ids",
  ]);
  const mask = graph.op("Unsqueeze", [
    graph.op("Cast", ["attention_mask"], { to: FLOAT32 }),
    graph.ints([2], [1]),
  ]);
  const types = graph.op("Unsqueeze", [
    graph.op("Cast", ["token_type_ids"], { to: FLOAT32 }),
    graph.ints([2], [1]),
  ]);
  const masked = graph.op("Mul", [graph.op("Add", [embedded, types]), mask]);
  graph.node(
    "ReduceSum",
    [masked, graph.ints([1], [1])],
    { keepdims: 0 },
    { outputs: ["logits"] },
  );
  return graph.build();
};

export const SENTIMENT_WORDS = [
  "[PAD]",
  "[UNK]",
  "[CLS]",
  "[SEP]",
  "shares",
  "rise",
  "fall",
  "sep",
  "[",
  "]",
] as const;

export const sentimentManifest = (
  overrides: Readonly<Record<string, unknown>> = {},
): Record<string, unknown> => ({
  name: "finbert",
  family: "finbert",
  input: { kind: "text", tokenizer: "tokenizer.json", maxTokens: 8 },
  inputs: ["input_ids", "attention_mask", "token_type_ids"].map((name) => ({
    name,
    dtype: "int64",
    shape: ["batch", "sequence"],
  })),
  outputs: [{ name: "logits", dtype: "float32", shape: ["batch", 3] }],
  labels: ["positive", "negative", "neutral"],
  ...overrides,
});

/** WordPiece over SENTIMENT_WORDS. */
export const tokenizerJson = (): string =>
  JSON.stringify({
    version: "1.0",
    truncation: null,
    padding: null,
    added_tokens: ["[PAD]", "[UNK]", "[CLS]", "[SEP]"].map((content, id) => ({
      id,
      content,
      single_word: false,
      lstrip: false,
      rstrip: false,
      normalized: false,
      special: true,
    })),
    normalizer: {
      type: "BertNormalizer",
      clean_text: true,
      handle_chinese_chars: true,
      strip_accents: null,
      lowercase: true,
    },
    pre_tokenizer: { type: "BertPreTokenizer" },
    post_processor: {
      type: "TemplateProcessing",
      single: [
        { SpecialToken: { id: "[CLS]", type_id: 0 } },
        { Sequence: { id: "A", type_id: 0 } },
        { SpecialToken: { id: "[SEP]", type_id: 0 } },
      ],
      pair: [],
      special_tokens: {
        "[CLS]": { id: "[CLS]", ids: [2], tokens: ["[CLS]"] },
        "[SEP]": { id: "[SEP]", ids: [3], tokens: ["[SEP]"] },
      },
    },
    decoder: { type: "WordPiece", prefix: "##", cleanup: true },
    model: {
      type: "WordPiece",
      unk_token: "[UNK]",
      continuing_subword_prefix: "##",
      max_input_chars_per_word: 100,
      vocab: Object.fromEntries(SENTIMENT_WORDS.map((word, id) => [word, id])),
    },
  });
