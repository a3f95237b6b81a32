import { describe, expect, it } from "vitest";
import { symbolIdOf } from "../domain/symbol.ts";
import { traitsOf } from "./venue-traits.ts";

const of = (venue: string) => traitsOf(symbolIdOf("BTCUSD", venue));

describe("venue traits", () => {
  it.each(["BINANCE", "BINANCEUSDM", "BINANCECOINM"])(
    "take each snapshot of %s for cut, and its quotes' numbers for the book's",
    (venue) => {
      expect(of(venue)).toEqual({
        wholeBelow: 0,
        numbering: "ofVenue",
        quoteSeq: "shared",
        quiet: "silent",
      });
    },
  );

  it.each(["KRAKEN", "COINBASE", "OKX", "BYBIT"])(
    "take the books of %s for whole, numbered by our own mapper, and silent where nothing changes",
    (venue) => {
      expect(of(venue)).toEqual({
        wholeBelow: 5000,
        numbering: "ofProcess",
        quoteSeq: "own",
        quiet: "silent",
      });
    },
  );

  it("know that Hyperliquid tells an unchanged book once more", () => {
    expect(of("HYPERLIQUID").quiet).toBe("repeats");
  });

  it("claim nothing of a venue that is not known", () => {
    expect(of("ELSEWHERE")).toMatchObject({
      numbering: "ofVenue",
      quoteSeq: "own",
      quiet: "silent",
    });
  });
});
