/** One model's statement about one symbol. */
import type { ErrorCode } from "../std/errors.ts";
import type { MonoNanos } from "../std/time.ts";
import type { SymbolId } from "./symbol.ts";

export type ModelFamily = "trees" | "forecast" | "sentiment";

/** Registry name, unique among the models served at once: "lightgbm-1s", "patchtst-1s", "finbert", "llama". */
export type ModelName = string;

export type SentimentLabel = "positive" | "negative" | "neutral";

export interface Prediction {
  readonly symbol: SymbolId;
  readonly model: ModelName;
  readonly version: string;
  readonly family: ModelFamily;
  /** P(mid higher after the horizon), in (0, 1). */
  readonly probability: number;
  /** In [0, 1]: how much the model itself believes it. */
  readonly confidence: number;
  readonly horizonMs: number;
  /** How long it may be fused; its freshness falls from 1 to 0 over this time. */
  readonly ttlMs: number;
  /** Time of the data it rests on: its age is counted from here. */
  readonly basisNs: MonoNanos;
  readonly detail?: ForecastDetail | SentimentDetail;
}

export interface ForecastDetail {
  readonly kind: "forecast";
  /** Predicted closes, nearest first. */
  readonly prices: readonly number[];
}

export interface SentimentDetail {
  readonly kind: "sentiment";
  readonly label: SentimentLabel;
  /** P(positive) - P(negative), in [-1, 1]. */
  readonly score: number;
  readonly headlineId: string;
}

/** Exactly one of Prediction and PredictionMiss answers each request. */
export interface PredictionMiss {
  readonly symbol: SymbolId;
  readonly model: ModelName;
  readonly code: ErrorCode;
  readonly basisNs: MonoNanos;
}
