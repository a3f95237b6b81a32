/** Everything that a market tells us about one symbol, as a closed union of plain facts. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { SymbolId } from "./symbol.ts";

interface MarketEventHead {
  readonly symbol: SymbolId;
  /** The venue's time. */
  readonly eventUs: UnixMicros;
  /** Our wall time at receipt. */
  readonly receivedUs: UnixMicros;
  /** Our monotonic time at receipt: ages and windows are measured on it. */
  readonly receivedNs: MonoNanos;
}

/** Aggressor side. */
export type Side = "buy" | "sell" | "unknown";

export interface Trade extends MarketEventHead {
  readonly type: "trade";
  readonly tradeId: number;
  readonly price: number;
  readonly size: number;
  readonly side: Side;
}

/** Best bid and ask, as the venue states them. */
export interface Quote extends MarketEventHead {
  readonly type: "quote";
  readonly seq: number;
  readonly bidPrice: number;
  readonly bidSize: number;
  readonly askPrice: number;
  readonly askSize: number;
}

/** Levels, flat and interleaved: [price, size, price, size, …]. A size is absolute, 0 removes the level. */
export type Levels = readonly number[];

/** The whole book as of `seq`, best level first on each side. */
export interface BookSnapshot extends MarketEventHead {
  readonly type: "bookSnapshot";
  readonly seq: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** The change from `prevSeq` to `seq`: applies to a book at s iff prevSeq <= s < seq, and once synced only iff prevSeq = s. */
export interface BookDelta extends MarketEventHead {
  readonly type: "bookDelta";
  readonly prevSeq: number;
  readonly seq: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** What ends a bar: the clock, or so many trades, so much volume, so much money. */
export type BarBasis = "time" | "tick" | "volume" | "dollar";

export interface Bar extends MarketEventHead {
  readonly type: "bar";
  /** 0 where something else than time ends the bar. */
  readonly intervalMs: number;
  /** Absent: time. */
  readonly basis?: BarBasis;
  /** Trades, volume or money of a whole bar of another basis than time; absent for time bars. */
  readonly basisSize?: number;
  /** Open time; a time bar covers [openUs, openUs + interval). */
  readonly openUs: UnixMicros;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  readonly trades: number;
  /** Of aggressors that bought and sold; absent where the venue does not say. Trades of unknown side are in neither. */
  readonly buyVolume?: number;
  readonly sellVolume?: number;
  /** Only closed bars feed models. */
  readonly closed: boolean;
}

export interface Funding extends MarketEventHead {
  readonly type: "funding";
  /** Per funding interval, as a fraction. */
  readonly rate: number;
  readonly markPrice: number;
  readonly nextUs: UnixMicros;
}

/** Contracts that are open on the venue, in its own unit of size. */
export interface OpenInterest extends MarketEventHead {
  readonly type: "openInterest";
  readonly openInterest: number;
}

export type GapReason =
  | "sequence"
  | "disconnected"
  | "overflow"
  | "checksum"
  | "resync"
  /** Never on the wire: an operator's order to begin anew. */
  | "operator";

/** Data was lost: state derived from the book is void until a snapshot. */
export interface Gap extends MarketEventHead {
  readonly type: "gap";
  readonly reason: GapReason;
}

export type MarketEvent =
  Trade | Quote | BookSnapshot | BookDelta | Bar | Funding | OpenInterest | Gap;
export type MarketEventType = MarketEvent["type"];
