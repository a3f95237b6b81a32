/** How one family of models is fed and read: rows in, named tensors between, statements out. Pure: runs in a worker or on any thread. */
import type {
  ForecastDetail,
  SentimentLabel,
} from "../engine/domain/prediction.ts";
import { CodedError } from "../engine/std/errors.ts";
import type { Manifest, TensorSpec } from "./manifest.ts";
import type { OnnxValue } from "./onnx-file.ts";

export interface NamedTensor {
  readonly dtype: "float32" | "int64";
  readonly dims: readonly number[];
  readonly data: Float32Array | BigInt64Array;
}

export type NamedTensors = Readonly<Record<string, NamedTensor>>;

/** One request's input, as it crosses the thread boundary. */
export type SpecInput =
  | { readonly kind: "features"; readonly values: Float64Array }
  | {
      readonly kind: "bars";
      readonly values: Float32Array;
      readonly length: number;
    }
  | { readonly kind: "text"; readonly text: string };

/** One model's statement before it is about a symbol. */
export interface Statement {
  /** P(mid higher after the horizon), calibrated, in (0, 1). */
  readonly probability: number;
  readonly confidence: number;
  readonly detail?: ForecastDetail | SentimentStatement;
}

export interface SentimentStatement {
  readonly kind: "sentiment";
  readonly label: SentimentLabel;
  readonly score: number;
}

/** Turns a text into ids, [CLS] and [SEP] included, at most `tokensMax`; never throws. */
export type Tokenize = (text: string, tokensMax: number) => readonly number[];

export interface ModelSpec {
  readonly inputKind: SpecInput["kind"];
  /** The rows of one batch; E_INPUT_RANGE when a row cannot be fed (`admit` says it per row). */
  encode(rows: readonly SpecInput[]): NamedTensors;
  /** E_MODEL_OUTPUT when the row holds a number that must not leave. */
  decode(outputs: NamedTensors, row: number, input: SpecInput): Statement;
  /** Undefined when the row can be fed, otherwise why not. Checked before a row joins a batch. */
  admit(input: SpecInput): CodedError | undefined;
  /** Something to run once before the first request. */
  sample(): SpecInput;
}

/** The named output, or E_MODEL_OUTPUT; `width` is the product of the dimensions after the first. */
export const outputRows = (
  outputs: NamedTensors,
  name: string,
  width: number,
): Float32Array => {
  const tensor = outputs[name];
  if (
    !(tensor?.data instanceof Float32Array) ||
    tensor.data.length !== (tensor.dims[0] ?? 0) * width
  )
    throw new CodedError("E_MODEL_OUTPUT", { detail: `shape of "${name}"` });
  return tensor.data;
};

export const finite = (value: number, what: string): number => {
  if (!Number.isFinite(value))
    throw new CodedError("E_MODEL_OUTPUT", { detail: `${what} is not finite` });
  return value;
};

/** In [0, 1] up to float32 rounding. */
export const asProbability = (value: number): number => {
  if (!(value >= -1e-6 && value <= 1 + 1e-6))
    throw new CodedError("E_MODEL_OUTPUT", {
      detail: "probability outside 0 to 1",
    });
  return Math.min(1, Math.max(0, value));
};

/** Into `into`, over `count` numbers from `at`; the maximum is taken out so that nothing overflows. */
export const softmax = (
  logits: Float32Array,
  at: number,
  count: number,
): number[] => {
  let max = Number.NEGATIVE_INFINITY;
  for (let i = 0; i < count; i++)
    max = Math.max(max, finite(logits[at + i]!, "logit"));
  const powers = Array.from({ length: count }, (_, i) =>
    Math.exp(logits[at + i]! - max),
  );
  const sum = powers.reduce((total, power) => total + power, 0);
  return powers.map((power) => power / sum);
};

/** The manifest's tensors against what the session says of itself: name, type, rank, fixed dimensions. */
export const checkContract = (
  manifest: Manifest,
  session: {
    readonly inputs: readonly OnnxValue[];
    readonly outputs: readonly OnnxValue[];
  },
): void => {
  const check = (
    kind: "input" | "output",
    wanted: readonly TensorSpec[],
    given: readonly OnnxValue[],
  ): void => {
    for (const spec of wanted) {
      const value = given.find(({ name }) => name === spec.name);
      if (value === undefined)
        throw contract(`${kind} "${spec.name}" is missing`);
      if (value.dtype !== spec.dtype)
        throw contract(
          `${kind} "${spec.name}" is ${value.dtype}, not ${spec.dtype}`,
        );
      checkShape(`${kind} "${spec.name}"`, spec, value);
    }
    if (kind === "input")
      for (const { name } of given)
        if (!wanted.some((spec) => spec.name === name))
          throw contract(`input "${name}" is not in the manifest`);
  };
  check("input", manifest.inputs, session.inputs);
  check("output", manifest.outputs, session.outputs);
};

/** Rank and fixed dimensions, as far as the file states any. */
export const checkShape = (
  what: string,
  wanted: TensorSpec,
  given: OnnxValue,
): void => {
  const { shape } = given;
  if (shape.length === 0) return;
  if (shape.length !== wanted.shape.length)
    throw contract(
      `${what} has rank ${shape.length}, not ${wanted.shape.length}`,
    );
  shape.forEach((dim, i) => {
    const stated = wanted.shape[i];
    if (typeof dim === "number" && typeof stated === "number" && dim !== stated)
      throw contract(`${what} has dimension ${i} of ${dim}, not ${stated}`);
  });
};

/** Whether several rows may go in one call. */
export const isBatchable = (manifest: Manifest): boolean =>
  manifest.inputs.length > 0 &&
  manifest.inputs.every(({ shape }) => typeof shape[0] === "string");

export const contract = (detail: string): CodedError =>
  new CodedError("E_MODEL_CONTRACT", { detail });
