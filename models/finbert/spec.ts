/** BERT sentiment classifiers: a headline in, three logits out. */
import { CodedError } from "../../engine/std/errors.ts";
import type { Manifest } from "../manifest.ts";
import { contract, outputRows, softmax } from "../model-spec.ts";
import type {
  ModelSpec,
  NamedTensor,
  SpecInput,
  Tokenize,
} from "../model-spec.ts";
import { sentimentReading } from "../sentiment.ts";

const INPUTS = ["input_ids", "attention_mask", "token_type_ids"] as const;
const CLASSES = 3;
const TEXT_LENGTH_MAX = 20_000;

export const finbertSpec = (
  manifest: Manifest,
  tokenize: Tokenize,
): ModelSpec => {
  if (manifest.input.kind !== "text") throw contract("text expected");
  const { maxTokens } = manifest.input;
  for (const { name, dtype } of manifest.inputs)
    if (!INPUTS.some((known) => known === name) || dtype !== "int64")
      throw contract(
        `input "${name}" is not one of int64 ${INPUTS.join(", ")}`,
      );
  const [output] = manifest.outputs;
  if (output?.dtype !== "float32" || output.shape[1] !== CLASSES)
    throw contract("output must be float32 [batch, 3]");
  const read = sentimentReading(manifest);

  const textOf = (row: SpecInput): string => {
    if (row.kind !== "text")
      throw new CodedError("E_INPUT_SCHEMA", { detail: "text expected" });
    return row.text;
  };

  return {
    inputKind: "text",
    encode(rows) {
      const ids = rows.map((row) => tokenize(textOf(row), maxTokens));
      const length = Math.max(1, ...ids.map((row) => row.length));
      const dims = [rows.length, length];
      const size = rows.length * length;
      const columns: Record<(typeof INPUTS)[number], BigInt64Array> = {
        // Zeros: [PAD] is 0 in BERT's vocabulary, masked out, first segment.
        input_ids: new BigInt64Array(size),
        attention_mask: new BigInt64Array(size),
        token_type_ids: new BigInt64Array(size),
      };
      ids.forEach((row, i) => {
        row.forEach((id, j) => {
          columns.input_ids[i * length + j] = BigInt(id);
          columns.attention_mask[i * length + j] = 1n;
        });
      });
      const tensors: Record<string, NamedTensor> = {};
      for (const name of INPUTS)
        if (manifest.inputs.some((wanted) => wanted.name === name))
          tensors[name] = { dtype: "int64", dims, data: columns[name] };
      return tensors;
    },
    decode(outputs, row) {
      const logits = outputRows(outputs, output.name, CLASSES);
      return read(softmax(logits, row * CLASSES, CLASSES));
    },
    admit: (row) =>
      textOf(row).length > TEXT_LENGTH_MAX
        ? new CodedError("E_INPUT_SIZE", { detail: "text" })
        : undefined,
    sample: () => ({ kind: "text", text: "shares rise" }),
  };
};
