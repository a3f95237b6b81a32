/** What a venue's book feed guarantees beyond the sequence: the defaults claim nothing. */
import { venueOf } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";

export interface VenueTraits {
  /** A snapshot ends at some depth while deltas go on beyond it: levels further off are unknown until they change. */
  readonly snapshots: "whole" | "cut";
  /** A quote's sequence counts in the same numbers as the book's. */
  readonly quoteSeq: "shared" | "own";
}

const PLAIN: VenueTraits = { snapshots: "whole", quoteSeq: "own" };
const BINANCE: VenueTraits = { snapshots: "cut", quoteSeq: "shared" };

const TRAITS: ReadonlyMap<string, VenueTraits> = new Map([
  ["BINANCE", BINANCE],
  ["BINANCEUSDM", BINANCE],
  ["BINANCECOINM", BINANCE],
]);

export const traitsOf = (symbol: SymbolId): VenueTraits =>
  TRAITS.get(venueOf(symbol)) ?? PLAIN;
