/** An Inference that answers when the test says so, or at once on request. */
import { BAR_CHANNELS } from "../../engine/domain/input-window.ts";
import { declareWindow } from "../../engine/features/input-windows.ts";
import type { FeatureVector } from "../../engine/domain/feature.ts";
import type {
  Prediction,
  PredictionMiss,
  SentimentLabel,
} from "../../engine/domain/prediction.ts";
import type {
  Inference,
  InferenceRequest,
  InlineModel,
  ServedModel,
} from "../../engine/ports.ts";
import type { ErrorCode } from "../../engine/std/errors.ts";

/** Of a run in which nobody judges. */
export const NO_MODELS: Inference = {
  models: [],
  inline: () => undefined,
  submit: () => undefined,
  pending: 0,
};

export const TREES: ServedModel = {
  name: "lightgbm-1s",
  version: "1",
  family: "trees",
  horizonMs: 1_000,
  ttlMs: 2_000,
  placement: "inline",
  input: "features",
};

/** A tree model for each of the sets, named after it. */
export const treesOf = (
  sets: readonly { readonly name: string; readonly hash: string }[],
  more: Partial<ServedModel> = {},
): ServedModel[] =>
  sets.map(({ name, hash }) => ({
    ...TREES,
    ...more,
    name,
    featureSchemaHash: hash,
  }));

export const FORECAST: ServedModel = {
  name: "patchtst-1s",
  version: "2",
  family: "forecast",
  horizonMs: 1_000,
  ttlMs: 3_000,
  placement: "pool",
  input: "bars",
  window: declareWindow({
    name: "four-seconds",
    intervalMs: 1_000,
    length: 4,
    channels: BAR_CHANNELS,
  }),
};

export const FINBERT: ServedModel = {
  name: "finbert",
  version: "1",
  family: "sentiment",
  horizonMs: 60_000,
  ttlMs: 600_000,
  placement: "pool",
  input: "text",
};

export const LLAMA: ServedModel = {
  ...FINBERT,
  name: "llama",
  placement: "process",
};

interface Asked {
  readonly request: InferenceRequest;
  readonly onPrediction: (p: Prediction) => void;
  readonly onMiss: (m: PredictionMiss) => void;
}

export class FakeInference implements Inference {
  readonly models: readonly ServedModel[];
  /** Requests without an answer yet, oldest first. */
  readonly asked: Asked[] = [];
  /** Every request ever made. */
  readonly requests: InferenceRequest[] = [];
  /** What the inline models answer. */
  judge: (features: FeatureVector, model: string) => number = () => 0.8;

  constructor(models: readonly ServedModel[]) {
    this.models = models;
  }

  get pending(): number {
    return this.asked.length;
  }

  inline(model: string): InlineModel | undefined {
    const served = this.models.find(({ name }) => name === model);
    if (served?.placement !== "inline") return undefined;
    return { served, predict: (features) => this.judge(features, model) };
  }

  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void {
    this.requests.push(request);
    this.asked.push({ request, onPrediction, onMiss });
  }

  /** Answers the oldest open request to `model`. */
  answer(model: string, probability: number, label?: SentimentLabel): void {
    const { request, onPrediction } = this.#take(model);
    const served = this.models.find(({ name }) => name === model)!;
    onPrediction({
      symbol: request.symbol,
      model,
      version: served.version,
      family: served.family,
      probability,
      confidence: Math.abs(2 * probability - 1),
      horizonMs: served.horizonMs,
      ttlMs: served.ttlMs,
      basisNs: request.basisNs,
      ...(label !== undefined && request.input.kind === "text"
        ? {
            detail: {
              kind: "sentiment",
              label,
              score: 2 * probability - 1,
              headlineId: request.input.headlineId,
            },
          }
        : {}),
    });
  }

  miss(model: string, code: ErrorCode): void {
    const { request, onMiss } = this.#take(model);
    onMiss({ symbol: request.symbol, model, code, basisNs: request.basisNs });
  }

  #take(model: string): Asked {
    const at = this.asked.findIndex(({ request }) => request.model === model);
    if (at < 0) throw new Error(`${model} was not asked`);
    return this.asked.splice(at, 1)[0]!;
  }
}
