/** A GGUF file that the operator names by path: it takes the seat of the LLaMA in the registry, without a manifest of its own. */
import { realpathSync } from "node:fs";
import { dirname } from "node:path";
import { CodedError } from "../../engine/std/errors.ts";
import type { Manifest } from "../manifest.ts";
import { measureGguf } from "../model-file.ts";
import type { ModelEntry, Registry } from "../registry.ts";

/** For a model that nobody trained for this question; a chat model does better with a manifest and its own format. */
const PROMPT =
  "Financial headline: {text}\nSentiment for the price, one of positive, negative, neutral:";
const TOKENS_MAX = 256;

/** E_MODEL_CONTRACT when there is no GGUF file at `path`. Hashing reads the whole file: seconds for gigabytes. */
export const withGgufAt = (registry: Registry, path: string): Registry => {
  const entry = ggufAt(path);
  return {
    ...registry,
    entries: [
      ...registry.entries.filter(
        ({ manifest }) => manifest.name !== entry.manifest.name,
      ),
      entry,
    ],
  };
};

const ggufAt = (path: string): ModelEntry => {
  let target: string;
  try {
    // The operator may well have named a link; what it leads to is what is hashed and opened.
    target = realpathSync(path);
  } catch (cause) {
    throw new CodedError("E_MODEL_CONTRACT", {
      field: "models.llamaPath",
      detail: `cannot open ${path}`,
      cause,
    });
  }
  const { bytes, sha256 } = measureGguf(target);
  const manifest: Manifest = {
    manifestVersion: 1,
    name: "llama",
    family: "llama",
    version: `sha-${sha256.slice(0, 8)}`,
    file: "model.gguf",
    sha256,
    bytes,
    input: { kind: "text", tokenizer: undefined, maxTokens: TOKENS_MAX },
    inputs: [],
    outputs: [],
    labels: ["positive", "negative", "neutral"],
    normalisation: undefined,
    horizonMs: 60_000,
    ttlMs: 300_000,
    label: "sentiment of one headline, as the model was asked for it",
    calibration: { method: "none", impact: undefined },
    golden: undefined,
    prompt: PROMPT,
    decoding: "probabilities",
    training: {},
    metrics: {},
    license: "the file's own",
  };
  return {
    manifest,
    directory: dirname(target),
    bytes: undefined,
    path: target,
    tokenizerJson: undefined,
  };
};
