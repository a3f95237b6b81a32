/** What a model folder says about itself; the door that checks it. */
import { createHash } from "node:crypto";
import type { FeatureConstants } from "../engine/domain/feature-constants.ts";
import {
  BAR_CHANNELS,
  isOfBars,
  windowText,
} from "../engine/domain/input-window.ts";
import type { InputWindow } from "../engine/domain/input-window.ts";
import { CodedError } from "../engine/std/errors.ts";
import { ManifestFields } from "./manifest-fields.ts";

export const FAMILIES = ["lightgbm", "patchtst", "finbert", "llama"] as const;
export type Family = (typeof FAMILIES)[number];

export type ManifestInput =
  | {
      readonly kind: "features";
      readonly schema: string;
      readonly schemaHash: string;
      /** Frozen by training; empty for a set that needs none. */
      readonly constants: FeatureConstants;
      /** SHA-256 of `constantsText`; undefined for a set that needs none. */
      readonly constantsHash: string | undefined;
    }
  | {
      readonly kind: "bars";
      readonly window: InputWindow;
    }
  | {
      readonly kind: "text";
      readonly tokenizer: string | undefined;
      readonly maxTokens: number;
    };

export interface TensorSpec {
  readonly name: string;
  readonly dtype: "float32" | "int64";
  /** A text is a dimension that the caller chooses. */
  readonly shape: readonly (number | string)[];
}

export type Calibration =
  | { readonly method: "none"; readonly impact: number | undefined }
  /** p' = logistic(a * logit(p) + b) */
  | { readonly method: "platt"; readonly a: number; readonly b: number }
  /** Piecewise linear through (x, y), both ascending. */
  | {
      readonly method: "isotonic";
      readonly x: readonly number[];
      readonly y: readonly number[];
    };

/** One input with the output that it must give, checked in each worker before it serves. */
export interface Golden {
  readonly inputs: Readonly<Record<string, GoldenTensor>>;
  readonly outputs: Readonly<Record<string, readonly number[]>>;
  readonly tolerance: number;
}

export interface GoldenTensor {
  readonly shape: readonly number[];
  readonly data: readonly number[];
}

export interface Manifest {
  readonly manifestVersion: 1;
  readonly name: string;
  readonly family: Family;
  readonly version: string;
  readonly file: string;
  readonly sha256: string;
  readonly bytes: number;
  readonly input: ManifestInput;
  readonly inputs: readonly TensorSpec[];
  readonly outputs: readonly TensorSpec[];
  /** Order of a text classifier's outputs. */
  readonly labels: readonly string[];
  readonly normalisation: Readonly<Record<string, unknown>> | undefined;
  readonly horizonMs: number;
  readonly ttlMs: number;
  /** What was predicted, in words. */
  readonly label: string;
  readonly calibration: Calibration;
  readonly golden: Golden | undefined;
  /** LLaMA: the text around the headline, which stands at {text}; the model's next words are the label. */
  readonly prompt: string | undefined;
  /** LLaMA: by the probabilities of the labels, or by generating under a grammar. */
  readonly decoding: "probabilities" | "grammar";
  readonly training: Readonly<Record<string, unknown>>;
  readonly metrics: Readonly<Record<string, unknown>>;
  readonly license: string;
}

const KEYS = [
  "manifestVersion",
  "name",
  "family",
  "version",
  "file",
  "sha256",
  "bytes",
  "input",
  "inputs",
  "outputs",
  "labels",
  "normalisation",
  "horizonMs",
  "ttlMs",
  "label",
  "calibration",
  "golden",
  "prompt",
  "decoding",
  "training",
  "metrics",
  "license",
] as const;

const NAME = /^[a-z0-9][a-z0-9-]{0,47}$/;
const VERSION = /^[0-9A-Za-z][0-9A-Za-z.-]{0,31}$/;
/** One path segment: a manifest never reaches outside its folder. */
const FILE = /^[0-9A-Za-z][0-9A-Za-z._-]{0,127}$/;
const SHA256 = /^[0-9a-f]{64}$/;
const DAY_MS = 86_400_000;
const CONSTANTS_MAX = 256;
const CHANNELS_MAX = 64;

/** Text of a manifest.json, checked; E_MODEL_CONTRACT names the field. */
export const parseManifest = (json: string): Manifest => {
  let raw: unknown;
  try {
    raw = JSON.parse(json);
  } catch (cause) {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: "manifest",
      detail: "not JSON",
      cause,
    });
  }
  const fields = ManifestFields.of(raw, "manifest", KEYS);
  fields.oneOf("manifestVersion", [1]);
  const family = fields.oneOf("family", FAMILIES);
  const manifest: Manifest = {
    manifestVersion: 1,
    name: fields.matching("name", NAME),
    family,
    version: fields.matching("version", VERSION),
    file: fields.matching("file", FILE),
    sha256: fields.matching("sha256", SHA256),
    bytes: fields.integer("bytes", 1, Number.MAX_SAFE_INTEGER),
    input: parseInput(fields),
    inputs: parseTensors(fields, "inputs"),
    outputs: parseTensors(fields, "outputs"),
    labels: fields.has("labels") ? fields.strings("labels", 16) : [],
    normalisation: fields.has("normalisation")
      ? fields.object("normalisation")
      : undefined,
    horizonMs: fields.integer("horizonMs", 1, 30 * DAY_MS),
    ttlMs: fields.integer("ttlMs", 1, 30 * DAY_MS),
    label: fields.text("label", 2_000),
    calibration: parseCalibration(fields),
    golden: fields.has("golden") ? parseGolden(fields) : undefined,
    prompt: fields.has("prompt") ? fields.text("prompt", 8_000) : undefined,
    decoding: fields.has("decoding")
      ? fields.oneOf("decoding", ["probabilities", "grammar"] as const)
      : "probabilities",
    training: fields.has("training") ? fields.object("training") : {},
    metrics: fields.has("metrics") ? fields.object("metrics") : {},
    license: fields.text("license", 200),
  };
  checkFamily(manifest);
  return manifest;
};

const INPUT_KIND: Readonly<Record<Family, ManifestInput["kind"]>> = {
  lightgbm: "features",
  patchtst: "bars",
  finbert: "text",
  llama: "text",
};

const checkFamily = (manifest: Manifest): void => {
  const { family, input, labels, prompt, inputs, outputs } = manifest;
  const refuse = (field: string, detail: string): never => {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: `manifest.${field}`,
      detail,
    });
  };
  if (input.kind !== INPUT_KIND[family])
    refuse("input.kind", `${family} takes ${INPUT_KIND[family]}`);
  if (input.kind === "text") {
    const known = ["positive", "negative", "neutral"];
    if ([...labels].sort().join() !== [...known].sort().join())
      refuse("labels", "must name positive, negative and neutral in order");
  }
  if (family === "llama") {
    if (prompt?.split("{text}").length !== 2)
      refuse("prompt", "must contain {text} once");
    return;
  }
  if (inputs.length === 0) refuse("inputs", "names no tensor");
  if (outputs.length === 0) refuse("outputs", "names no tensor");
  if (
    family === "finbert" &&
    input.kind === "text" &&
    input.tokenizer === undefined
  )
    refuse("input.tokenizer", "is missing");
};

const parseInput = (fields: ManifestFields): ManifestInput => {
  const kind = fields
    .child("input", undefined)
    .oneOf("kind", ["features", "bars", "text"] as const);
  switch (kind) {
    case "features": {
      const input = fields.child("input", [
        "kind",
        "schema",
        "schemaHash",
        "constants",
        "constantsHash",
      ]);
      const hasConstants = input.has("constants");
      return {
        kind,
        schema: input.text("schema", 64),
        schemaHash: input.text("schemaHash", 128),
        constants: hasConstants
          ? input.finiteNumbers("constants", CONSTANTS_MAX)
          : {},
        constantsHash: hasConstants
          ? input.matching("constantsHash", SHA256)
          : undefined,
      };
    }
    case "bars":
      return { kind, window: parseWindow(fields) };
    case "text": {
      const input = fields.child("input", ["kind", "tokenizer", "maxTokens"]);
      return {
        kind,
        tokenizer: input.has("tokenizer")
          ? input.matching("tokenizer", FILE)
          : undefined,
        maxTokens: input.integer("maxTokens", 4, 4_096),
      };
    }
  }
};

const parseWindow = (fields: ManifestFields): InputWindow => {
  const input = fields.child("input", [
    "kind",
    "window",
    "windowHash",
    "intervalMs",
    "length",
    "channels",
  ]);
  const refuse = (key: string, detail: string): never => {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: `manifest.input.${key}`,
      detail,
    });
  };
  const channels = input.strings("channels", CHANNELS_MAX);
  if (!isOfBars(channels))
    refuse("channels", `are some of ${BAR_CHANNELS.join(", ")}`);
  const shape = {
    name: input.text("window", 64),
    intervalMs: input.integer("intervalMs", 1, DAY_MS),
    length: input.integer("length", 2, 4_096),
    channels,
  };
  const hash = input.matching("windowHash", SHA256);
  if (hash !== sha256Hex(Buffer.from(windowText(shape))))
    refuse("windowHash", "is of another window");
  return { ...shape, hash };
};

const parseTensors = (
  fields: ManifestFields,
  key: "inputs" | "outputs",
): TensorSpec[] =>
  fields.has(key)
    ? fields.list(key, 16, ["name", "dtype", "shape"]).map((tensor) => ({
        name: tensor.text("name", 256),
        dtype: tensor.oneOf("dtype", ["float32", "int64"] as const),
        shape: tensor.dimensions("shape", 8),
      }))
    : [];

const parseCalibration = (fields: ManifestFields): Calibration => {
  if (!fields.has("calibration")) return { method: "none", impact: undefined };
  const calibration = fields.child("calibration", undefined);
  switch (calibration.oneOf("method", ["none", "platt", "isotonic"] as const)) {
    case "none":
      return {
        method: "none",
        impact: calibration.has("impact")
          ? calibration.number("impact", 0, 0.5)
          : undefined,
      };
    case "platt":
      return {
        method: "platt",
        a: calibration.number("a", -100, 100),
        b: calibration.number("b", -100, 100),
      };
    case "isotonic": {
      const x = calibration.ascending("x", 4_096);
      const y = calibration.ascending("y", 4_096);
      if (x.length !== y.length || x.length < 2)
        throw new CodedError("E_MODEL_CONTRACT", {
          field: "manifest.calibration",
          detail: "x and y need the same length, at least 2",
        });
      return { method: "isotonic", x, y };
    }
  }
};

const parseGolden = (fields: ManifestFields): Golden => {
  const golden = fields.child("golden", ["inputs", "outputs", "tolerance"]);
  const inputs: Record<string, GoldenTensor> = {};
  for (const [name, tensor] of golden.entries("inputs", 16, ["shape", "data"]))
    inputs[name] = {
      shape: tensor.numbers("shape", 8),
      data: tensor.numbers("data", 1_048_576),
    };
  const outputs: Record<string, readonly number[]> = {};
  const given = golden.child("outputs", undefined);
  for (const name of given.keys())
    outputs[name] = given.numbers(name, 1_048_576);
  return {
    inputs,
    outputs,
    tolerance: golden.number("tolerance", 0, 1),
  };
};

export const sha256Hex = (bytes: Uint8Array): string =>
  createHash("sha256").update(bytes).digest("hex");
