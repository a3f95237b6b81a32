/** What the engine tells about itself to whoever looks at the page or at `/api/status`. */
import type { BookReason, BookState } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { Levels } from "../domain/market-event.ts";

/** Whether the engine may be given traffic, and if not, why. */
export interface Readiness {
  readonly ready: boolean;
  readonly reasons: readonly string[];
}

export interface EngineStatus extends Readiness {
  readonly version: string;
  readonly epoch: string;
  readonly uptimeMs: number;
  /** True: prices come from the simulator; the page says so in a banner. */
  readonly simulated: boolean;
  readonly eventsPerS: number;
  readonly signalsPerS: number;
}

/** A connection to something outside: "nats", "redis", "feed". */
export interface LinkStatus {
  readonly name: string;
  readonly state: string;
}

export interface SymbolStatus {
  readonly symbol: SymbolId;
  readonly bookState: BookState;
  readonly reason: BookReason;
  readonly live: boolean;
}

export interface StageStatus {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface ActorStatusLine {
  readonly path: string;
  readonly state: string;
  readonly mailbox: number;
  readonly restarts: number;
  readonly processed: number;
}

export interface ModelStatus {
  readonly name: string;
  readonly version: string;
  readonly family: string;
  readonly placement: string;
  readonly horizonMs: number;
  readonly ttlMs: number;
  /** "serving", "absent", "restarting", … */
  readonly state: string;
}

/** The belief in one model for one symbol. */
export interface WeightStatus {
  readonly model: string;
  readonly alpha: number;
  readonly beta: number;
  readonly mean: number;
  readonly weight: number;
  readonly lower: number;
  readonly upper: number;
  readonly outcomes: number;
}

export interface StatusSnapshot {
  readonly engine: EngineStatus;
  readonly links: readonly LinkStatus[];
  readonly symbols: readonly SymbolStatus[];
  /** By stage name, plus "total" for received → published. */
  readonly stages: Readonly<Record<string, StageStatus>>;
  readonly actors: readonly ActorStatusLine[];
  readonly models: readonly ModelStatus[];
  /** By symbol; only those that the caller of `onStatus` was asked for. */
  readonly weights: Readonly<Record<string, readonly WeightStatus[]>>;
}

/** The top of one book, as `watch` shows it. */
export interface BookLadder {
  readonly symbol: SymbolId;
  readonly state: BookState;
  readonly reason: BookReason;
  readonly seq: number;
  /** Flat [price, size, …], best first, at most LADDER_LEVELS_MAX levels. */
  readonly bids: Levels;
  readonly asks: Levels;
}

export const LADDER_LEVELS_MAX = 10;
