/** What the engine publishes: the fused belief about one symbol, with everything that went into it. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { ModelFamily, ModelName, SentimentLabel } from "./prediction.ts";
import type { SymbolId } from "./symbol.ts";

export const BOOK_STATES = ["SYNCING", "LIVE", "STALE", "QUARANTINED"] as const;
export type BookState = (typeof BOOK_STATES)[number];

/** Why the book is in its state; "none" while it is LIVE. */
export const BOOK_REASONS = [
  "none",
  "noSnapshot",
  "gap",
  "crossed",
  "locked",
  /** A price far off the mid: the book may be false. */
  "suspect",
  /** No message at all, or none that moved the sequence. */
  "silent",
  "frozen",
  "disconnected",
  "checksum",
  "overflow",
  "resync",
  /** An operator asked for it. */
  "operator",
  /** Snapshots were asked for in vain. */
  "noSync",
  "actorRestarted",
] as const;
export type BookReason = (typeof BOOK_REASONS)[number];

export const SIGNAL_CLASSES = [
  "STRONG_SELL",
  "SELL",
  "HOLD",
  "BUY",
  "STRONG_BUY",
] as const;
export type SignalClass = (typeof SIGNAL_CLASSES)[number];

/** NEUTRAL only when there is nothing to say: confidence is then 0. */
export type Direction = "LONG" | "SHORT" | "NEUTRAL";

export interface BookView {
  readonly state: BookState;
  readonly reason: BookReason;
  /** Sequence of the last applied book event; covers every earlier one. */
  readonly seq: number;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
}

/** One source's share. The contributions of all sources add up to the signal's logOdds. */
export interface Contribution {
  readonly model: ModelName;
  readonly version: string;
  readonly family: ModelFamily;
  readonly probability: number;
  readonly confidence: number;
  readonly horizonMs: number;
  /** Bayesian weight, normalised over the sources present: these add up to 1. */
  readonly weight: number;
  /** In [0, 1]: 1 when just made, 0 at its time-to-live. */
  readonly freshness: number;
  readonly ageMs: number;
  /** weight * freshness * logit(probability). */
  readonly contribution: number;
}

/** "stale": an input that its features require is missing or out of date. */
export type MissingReason =
  "pending" | "late" | "expired" | "absent" | "failed" | "stale";

export interface MissingSource {
  readonly model: ModelName;
  readonly reason: MissingReason;
}

export interface SentimentView {
  readonly label: SentimentLabel;
  readonly score: number;
  readonly confidence: number;
  readonly headlineId: string;
  readonly ageMs: number;
}

/** What made the engine speak. */
export type SignalTrigger =
  "book" | "trade" | "quote" | "bar" | "prediction" | "state";

export interface Signal {
  readonly v: 1;
  readonly symbol: SymbolId;
  /** Names one run of the engine: a new epoch means that seq starts anew. */
  readonly epoch: string;
  /** Per symbol, 1, 2, 3, … within the epoch. */
  readonly seq: number;
  readonly eventUs: UnixMicros;
  readonly receivedUs: UnixMicros;
  readonly emittedUs: UnixMicros;
  readonly trigger: SignalTrigger;
  /** True iff the book is LIVE and at least one source spoke: only then may it be traded on. */
  readonly live: boolean;
  readonly book: BookView;
  readonly direction: Direction;
  readonly class: SignalClass;
  /** P(mid higher after the horizon): logistic(logOdds). */
  readonly probability: number;
  /** 2 * |probability - 0.5|; 0 when not live. */
  readonly confidence: number;
  readonly logOdds: number;
  /** Share of the weight whose sign is the fused one, in [0, 1]. */
  readonly agreement: number;
  readonly horizonMs: number;
  readonly sources: readonly Contribution[];
  readonly missing: readonly MissingSource[];
  readonly sentiment?: SentimentView;
  /** Monotonic stamps by stage, see stamps.ts. */
  readonly stampsNs: readonly MonoNanos[];
}
