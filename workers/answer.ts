/** What a lane tells its caller: a statement made about the request's symbol, or a miss. */
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { InferenceRequest, ModelInput } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import { modelFamilyOf } from "../models/families.ts";
import type { Manifest } from "../models/manifest.ts";
import type { SpecInput, Statement } from "../models/model-spec.ts";

export const predictionOf = (
  manifest: Manifest,
  request: InferenceRequest,
  statement: Statement,
): Prediction => {
  const { probability, confidence, detail } = statement;
  const head = {
    symbol: request.symbol,
    model: manifest.name,
    version: manifest.version,
    family: modelFamilyOf[manifest.family],
    probability,
    confidence,
    horizonMs: manifest.horizonMs,
    ttlMs: manifest.ttlMs,
    basisNs: request.basisNs,
  };
  if (detail === undefined) return head;
  if (detail.kind === "forecast") return { ...head, detail };
  const headlineId =
    request.input.kind === "text" ? request.input.headlineId : "";
  return { ...head, detail: { ...detail, headlineId } };
};

export const missOf = (
  request: InferenceRequest,
  code: ErrorCode,
): PredictionMiss => ({
  symbol: request.symbol,
  model: request.model,
  code,
  basisNs: request.basisNs,
});

/** The caller's vectors are overwritten next turn: this is ours. */
export const copyInput = (input: ModelInput): SpecInput => {
  switch (input.kind) {
    case "features":
      return { kind: "features", values: input.values.slice() };
    case "bars":
      return {
        kind: "bars",
        values: input.values.slice(),
        length: input.length,
      };
    case "text":
      return { kind: "text", text: input.text };
  }
};
