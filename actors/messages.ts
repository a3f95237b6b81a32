/** Every message that our actors are told, on one screen. */
import type { Headline } from "../engine/domain/headline.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import type {
  Funding,
  MarketEvent,
  OpenInterest,
} from "../engine/domain/market-event.ts";
import type {
  ModelName,
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { Article } from "../engine/features/news-windows.ts";
import type { Consensus } from "../engine/fusion/consensus.ts";
import type { MonoNanos } from "../engine/std/time.ts";

// ---------------------------------------------------------------- To a symbol's actor

/** One event of this symbol's market, with the stamps that it got on the way. */
export interface MarketEventArrived {
  readonly type: "marketEventArrived";
  readonly event: MarketEvent;
  readonly decodedNs: MonoNanos;
  readonly enqueuedNs: MonoNanos;
}

export interface PredictionArrived {
  readonly type: "predictionArrived";
  readonly prediction: Prediction;
  readonly submittedNs: MonoNanos;
  readonly arrivedNs: MonoNanos;
}

export interface PredictionMissed {
  readonly type: "predictionMissed";
  readonly miss: PredictionMiss;
}

/** What the sentiment models make of a headline together. */
export interface ConsensusReached {
  readonly type: "consensusReached";
  readonly consensus: Consensus;
  readonly headlineId: string;
  readonly basisNs: MonoNanos;
  readonly ttlMs: number;
}

/** Funding or open interest of the derivative that this symbol looks at in place of its own. */
export interface DerivativeTold {
  readonly type: "derivativeTold";
  readonly event: Funding | OpenInterest;
}

/** A headline about this symbol whose sentiment is known. */
export interface ArticleJudged {
  readonly type: "articleJudged";
  readonly article: Article;
}

/** The store's answer; bytes undefined when nothing was saved. Meant for one incarnation: evidence must not count twice. */
export interface WeightsLoaded {
  readonly type: "weightsLoaded";
  readonly incarnation: number;
  readonly bytes: Uint8Array | undefined;
}

export interface WeightsLoadFailed {
  readonly type: "weightsLoadFailed";
  readonly incarnation: number;
  readonly error: unknown;
}

/** The store's answer for what a symbol keeps while it is away; bytes undefined when nothing was kept. */
export interface BarsLoaded {
  readonly type: "barsLoaded";
  readonly bytes: Uint8Array | undefined;
}

/** The symbol's tick and lot size have become known, or others. */
export interface InstrumentTold {
  readonly type: "instrumentTold";
  readonly instrument: Instrument;
}

/** An operator distrusts the book: it is void until a new snapshot. */
export interface ResyncOrdered {
  readonly type: "resyncOrdered";
}

/** Reminders to self. */
export type SymbolReminder =
  | { readonly type: "freshnessDue" }
  | { readonly type: "resyncDue" }
  | { readonly type: "publishDue" }
  | { readonly type: "saveDue" };

export type SymbolMessage =
  | MarketEventArrived
  | PredictionArrived
  | PredictionMissed
  | ConsensusReached
  | DerivativeTold
  | ArticleJudged
  | WeightsLoaded
  | WeightsLoadFailed
  | BarsLoaded
  | InstrumentTold
  | ResyncOrdered
  | SymbolReminder;

// ---------------------------------------------------------------- To the news actor

export interface HeadlineArrived {
  readonly type: "headlineArrived";
  readonly headline: Headline;
}

export interface TextJudged {
  readonly type: "textJudged";
  readonly headlineId: string;
  readonly prediction: Prediction;
}

export interface TextMissed {
  readonly type: "textMissed";
  readonly headlineId: string;
  readonly model: ModelName;
  readonly miss: PredictionMiss;
}

export interface HeadlineDue {
  readonly type: "headlineDue";
  readonly headlineId: string;
}

/** The store's answer: verdicts of an earlier run. */
export interface TextsLoaded {
  readonly type: "textsLoaded";
  readonly bytes: Uint8Array | undefined;
}

export interface SaveTextsDue {
  readonly type: "saveTextsDue";
}

export type NewsMessage =
  | HeadlineArrived
  | TextJudged
  | TextMissed
  | HeadlineDue
  | TextsLoaded
  | SaveTextsDue;
