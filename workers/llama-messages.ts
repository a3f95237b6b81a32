/** What the engine and the LLaMA process say to each other; both check what they hear. */
import { ERROR_CODES } from "../engine/std/errors.ts";
import type { ErrorCode } from "../engine/std/errors.ts";

export interface LlamaLoad {
  readonly kind: "load";
  readonly path: string;
  readonly promptHead: string;
  readonly promptTail: string;
  readonly answers: readonly string[];
  readonly tokensMax: number;
  readonly decoding: "probabilities" | "grammar";
  readonly threads: number;
  readonly gpu: "auto" | "off";
}

export interface LlamaClassify {
  readonly kind: "classify";
  readonly id: number;
  readonly text: string;
}

export type ToLlama = LlamaLoad | LlamaClassify;

export type FromLlama =
  | { readonly kind: "ready"; readonly device: string }
  /** Will not get better by trying again: `absent` when the package is not installed. */
  | {
      readonly kind: "unfit";
      readonly why: "absent" | "model";
      readonly detail: string;
    }
  | {
      readonly kind: "classified";
      readonly id: number;
      readonly probabilities: readonly number[];
      readonly runNs: number;
    }
  | { readonly kind: "refused"; readonly id: number; readonly code: ErrorCode };

const DETAIL_LENGTH_MAX = 300;

/** Undefined for anything else: a process that has gone wrong is not trusted with our types. */
export const fromLlama = (value: unknown): FromLlama | undefined => {
  if (typeof value !== "object" || value === null) return undefined;
  const message = value as Readonly<Record<string, unknown>>;
  const { kind, id } = message;
  switch (kind) {
    case "ready":
      return typeof message["device"] === "string"
        ? { kind, device: message["device"].slice(0, 32) }
        : undefined;
    case "unfit": {
      const { why, detail } = message;
      if ((why !== "absent" && why !== "model") || typeof detail !== "string")
        return undefined;
      return { kind, why, detail: detail.slice(0, DETAIL_LENGTH_MAX) };
    }
    case "classified": {
      const { probabilities, runNs } = message;
      if (
        typeof id !== "number" ||
        typeof runNs !== "number" ||
        !Array.isArray(probabilities) ||
        !probabilities.every((p) => typeof p === "number")
      )
        return undefined;
      return { kind, id, probabilities, runNs };
    }
    case "refused": {
      const { code } = message;
      if (typeof id !== "number" || typeof code !== "string") return undefined;
      return {
        kind,
        id,
        code: Object.hasOwn(ERROR_CODES, code)
          ? (code as ErrorCode)
          : "E_MODEL_OUTPUT",
      };
    }
    default:
      return undefined;
  }
};
