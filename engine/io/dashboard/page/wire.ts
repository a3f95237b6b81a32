/** What the page reads of docs/wire.md. The contract is bytes: these types are the page's own reading of them. */

export type BookState = "SYNCING" | "LIVE" | "STALE" | "QUARANTINED";

export const SIGNAL_CLASSES = [
  "STRONG_SELL",
  "SELL",
  "HOLD",
  "BUY",
  "STRONG_BUY",
] as const;
export type SignalClass = (typeof SIGNAL_CLASSES)[number];

export interface Source {
  readonly model: string;
  readonly version: string;
  readonly family: string;
  readonly probability: number;
  readonly horizonMs: number;
  readonly weight: number;
  readonly freshness: number;
  readonly ageMs: number;
  readonly contribution: number;
}

export interface Signal {
  readonly symbol: string;
  readonly epoch: string;
  readonly seq: number;
  readonly emittedUs: number;
  readonly live: boolean;
  readonly book: {
    readonly state: BookState;
    readonly reason: string;
    readonly bidPrice: number;
    readonly bidSize: number;
    readonly askPrice: number;
    readonly askSize: number;
  };
  readonly direction: string;
  readonly class: SignalClass;
  readonly probability: number;
  readonly confidence: number;
  readonly logOdds: number;
  readonly agreement: number;
  readonly horizonMs: number;
  readonly sources: readonly Source[];
  readonly missing: readonly {
    readonly model: string;
    readonly reason: string;
  }[];
  readonly sentiment?: {
    readonly label: string;
    readonly score: number;
    readonly confidence: number;
    readonly headlineId: string;
    readonly ageMs: number;
  };
}

/** Sides are flat: [price, size, …], best first. */
export interface Ladder {
  readonly symbol: string;
  readonly state: BookState;
  readonly reason: string;
  readonly seq: number;
  readonly bids: readonly number[];
  readonly asks: readonly number[];
}

export interface Stage {
  readonly count: number;
  readonly p50Us: number;
  readonly p99Us: number;
  readonly maxUs: number;
}

export interface Weight {
  readonly model: string;
  readonly mean: number;
  readonly weight: number;
  readonly lower: number;
  readonly upper: number;
  readonly outcomes: number;
}

export interface Status {
  readonly engine: {
    readonly version: string;
    readonly epoch: string;
    readonly uptimeMs: number;
    readonly simulated: boolean;
    readonly ready: boolean;
    readonly reasons: readonly string[];
    readonly eventsPerS: number;
    readonly signalsPerS: number;
  };
  readonly links: readonly { readonly name: string; readonly state: string }[];
  readonly stages: Readonly<Record<string, Stage>>;
  readonly actors: readonly {
    readonly path: string;
    readonly state: string;
    readonly mailbox: number;
    readonly restarts: number;
    readonly processed: number;
  }[];
  readonly models: readonly {
    readonly name: string;
    readonly version: string;
    readonly family: string;
    readonly placement: string;
    readonly horizonMs: number;
    readonly state: string;
  }[];
  readonly weights: Readonly<Record<string, readonly Weight[]>>;
}

/** [second, open, high, low, close, probability, class index] */
export type HistoryRow = readonly [
  number,
  number,
  number,
  number,
  number,
  number,
  number,
];

export type ServerMessage =
  | {
      readonly type: "hello";
      readonly epoch: string;
      readonly version: string;
      readonly heartbeatMs: number;
      readonly symbols: readonly string[];
    }
  | { readonly type: "snapshot" | "signal"; readonly signal: Signal }
  | { readonly type: "book"; readonly book: Ladder }
  | { readonly type: "heartbeat"; readonly timeUs: number }
  | { readonly type: "subscribed" | "unsubscribed" | "watching" | "pong" }
  | {
      readonly type: "error";
      readonly err: { readonly code: string; readonly text: string };
    };
