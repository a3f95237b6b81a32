/** What every venue's mapper is: raw messages of one connection in, market events out, and what the books still wait for. */
import type { MarketEvent } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { MonoNanos, UnixMicros } from "../../std/time.ts";

/** Venue tokens as they stand in a SymbolId. */
export const VENUES = [
  "BINANCE",
  "BINANCEUSDM",
  "BINANCECOINM",
  "KRAKEN",
  "COINBASE",
  "OKX",
  "BYBIT",
  "HYPERLIQUID",
] as const;

export type Venue = (typeof VENUES)[number];

/** What a message itself does not say. */
export interface Receipt {
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
  /** Whose answer this is, where a REST answer does not name its symbol (Binance depth). */
  readonly symbol?: SymbolId;
}

export type EmitMarketEvent = (event: MarketEvent) => void;

export interface VenueCounts {
  messages: number;
  events: number;
  checksumsVerified: number;
  checksumMismatches: number;
  /** Gaps told, whatever the reason. */
  gaps: number;
  /** Updates that had been had already: dropped. */
  duplicates: number;
  /** Snapshots older than the deltas that wait for one: dropped, fetch again. */
  staleSnapshots: number;
  /** Book updates dropped because their book is void until a snapshot. */
  unsynced: number;
  /** Control messages and kinds that are no event of ours. */
  ignored: number;
  /** Trades that the venue's own numbering shows to be missing. */
  lostTrades: number;
}

export const newVenueCounts = (): VenueCounts => ({
  messages: 0,
  events: 0,
  checksumsVerified: 0,
  checksumMismatches: 0,
  gaps: 0,
  duplicates: 0,
  staleSnapshots: 0,
  unsynced: 0,
  ignored: 0,
  lostTrades: 0,
});

/** One instance a connection; `reset` on reconnect. Sequences never go back within an instance, so keep it. */
export interface VenueMapper {
  readonly venue: Venue;
  readonly counts: Readonly<VenueCounts>;
  /**
   * Symbols whose book is void and that only a new snapshot brings back: fetch it over REST, or subscribe again, as the venue's
   * profile says. A symbol is named from its first book message, or its Gap, until a fitting snapshot has been emitted.
   */
  readonly awaitingSnapshot: ReadonlySet<SymbolId>;
  /**
   * Emits 0..n events. `message` is the raw text of one frame or REST answer; an already parsed value will do but for Kraken v2,
   * whose checksum is over the digits as they were sent. Throws a CodedError (E_INPUT_*, E_SYMBOL_FORMAT) for a malformed message;
   * then it has taken nothing of it, but has told the Gap of the book that it was about, or of every live book where not even that
   * can be read. Acks, pongs and heartbeats emit nothing.
   */
  map(message: unknown, receipt: Receipt, emit: EmitMarketEvent): void;
  /** The connection is new: every book must begin with a snapshot again. Emits nothing: the client tells the disconnect. */
  reset(): void;
}
