/** What a venue's book feed guarantees beyond the sequence: the defaults claim nothing. */
import { venueOf } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";

export interface VenueTraits {
  /**
   * A snapshot with fewer levels on a side than this is that whole side. One of more may have been cut, though deltas go
   * on beyond it: what lies behind its last level is unknown until it changes.
   */
  readonly wholeBelow: number;
  /** Whose the numbers are: the venue's never begin anew; a process of ours that took over may count lower than the last. */
  readonly numbering: "ofVenue" | "ofProcess";
  /** A quote's sequence counts in the same numbers as the book's. */
  readonly quoteSeq: "shared" | "own";
  /** What a book that does not change sends: nothing at all, or itself once more with a later time. */
  readonly quiet: "silent" | "repeats";
}

/** Mappers pass on no more levels a side of a snapshot. */
const SNAPSHOT_LEVELS_MAX = 5000;

const PLAIN: VenueTraits = {
  wholeBelow: SNAPSHOT_LEVELS_MAX,
  numbering: "ofVenue",
  quoteSeq: "own",
  quiet: "silent",
};
/** Snapshots by REST, of as many levels as were asked for; bookTicker has the book's `u`. */
const BINANCE: VenueTraits = { ...PLAIN, wholeBelow: 0, quoteSeq: "shared" };
/** Whole books of the depth subscribed, numbered by the mapper, quotes in the same row but never the same number. */
const MAPPED: VenueTraits = { ...PLAIN, numbering: "ofProcess" };
/** Every message is the whole book, about every half second, changed or not. */
const HYPERLIQUID: VenueTraits = { ...MAPPED, quiet: "repeats" };

const TRAITS: ReadonlyMap<string, VenueTraits> = new Map([
  ["BINANCE", BINANCE],
  ["BINANCEUSDM", BINANCE],
  ["BINANCECOINM", BINANCE],
  ["KRAKEN", MAPPED],
  ["COINBASE", MAPPED],
  ["OKX", MAPPED],
  ["BYBIT", MAPPED],
  ["HYPERLIQUID", HYPERLIQUID],
]);

export const traitsOf = (symbol: SymbolId): VenueTraits =>
  TRAITS.get(venueOf(symbol)) ?? PLAIN;
