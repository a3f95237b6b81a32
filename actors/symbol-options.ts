/** What a symbol's actor is told to do, and what it is given to do it with. */
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { WeightOptions } from "../engine/fusion/bayes-weights.ts";
import type { FuserOptions } from "../engine/fusion/fuser.ts";
import type { LedgerOptions } from "../engine/fusion/outcome-ledger.ts";
import type { BookSyncOptions } from "../engine/market/book-sync-options.ts";
import type { Instruments } from "../engine/market/instruments.ts";
import type { References } from "../engine/market/references.ts";
import type {
  Inference,
  Logger,
  PredictionLog,
  SignalSink,
  StateStore,
} from "../engine/ports.ts";
import type { BookCensus } from "./book-census.ts";
import type { StageRecorder } from "./stage-recorder.ts";
import type { SymbolBarOptions } from "./symbol-bars.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import type { SymbolInspector } from "./symbol-inspector.ts";
import type { SymbolModelOptions } from "./symbol-models.ts";

export interface SymbolActorOptions {
  readonly mailboxMax: number;
  /** Passivated after this long without any message. */
  readonly idleMs: number;
  readonly depthMax: number;
  readonly bookSync: BookSyncOptions;
  /** Interval of the bars that the features look at. */
  readonly barIntervalMs: number;
  readonly bars: SymbolBarOptions;
  readonly models: SymbolModelOptions;
  readonly fuser: FuserOptions;
  readonly weights: WeightOptions;
  readonly ledger: LedgerOptions;
  /** Least time between two signals; changes of state are told at once. */
  readonly minIntervalMs: number;
  /** Weights are saved at most this often. */
  readonly saveEveryMs: number;
  /** Bars and their features are kept at most this often. */
  readonly barsEveryMs: number;
}

export interface SymbolActorDeps {
  readonly inference: Inference;
  readonly sinks: readonly SignalSink[];
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly stages: StageRecorder;
  readonly counters: SymbolCounters;
  readonly census: BookCensus;
  readonly inspector: SymbolInspector;
  readonly instruments: Instruments;
  readonly references: References;
  readonly log: Logger;
  readonly requestSnapshot: (symbol: SymbolId) => void;
  readonly epoch: string;
  readonly options: SymbolActorOptions;
}
