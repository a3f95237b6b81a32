/** LLaMA as a sentiment classifier: the prompt around a headline, and what the label's probabilities mean. */
import { CodedError } from "../../engine/std/errors.ts";
import type { Manifest } from "../manifest.ts";
import { contract } from "../model-spec.ts";
import type { Statement } from "../model-spec.ts";
import { sentimentReading } from "../sentiment.ts";

export interface LlamaSpec {
  /** Ours, so it may hold control tokens; the headline, in between, may not. */
  readonly promptHead: string;
  readonly promptTail: string;
  readonly tokensMax: number;
  /** What may follow the prompt, in the order of the labels, with the space that separates it. */
  readonly answers: readonly string[];
  /** E_MODEL_OUTPUT unless three finite numbers that add up to 1. */
  read(probabilities: readonly number[]): Statement;
}

export const llamaSpec = (manifest: Manifest): LlamaSpec => {
  if (manifest.input.kind !== "text" || manifest.prompt === undefined)
    throw contract("a prompt and text input expected");
  const [promptHead, promptTail] = manifest.prompt.split("{text}");
  if (promptHead === undefined || promptTail === undefined)
    throw contract("the prompt has no {text}");
  const glue = promptTail === "" || /\s$/.test(promptTail) ? "" : " ";
  const read = sentimentReading(manifest);
  return {
    promptHead,
    promptTail,
    tokensMax: manifest.input.maxTokens,
    answers: manifest.labels.map((label) => glue + label),
    read(probabilities) {
      const sum = probabilities.reduce((total, p) => total + p, 0);
      if (
        probabilities.length !== manifest.labels.length ||
        !probabilities.every((p) => p >= 0 && p <= 1) ||
        Math.abs(sum - 1) > 1e-3
      )
        throw new CodedError("E_MODEL_OUTPUT", { detail: "probabilities" });
      return read(probabilities);
    },
  };
};
