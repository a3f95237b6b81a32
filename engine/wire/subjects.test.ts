import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import {
  INSTRUMENT_WILDCARD,
  instrumentSubject,
  isInbox,
  MARKET_WILDCARDS,
  marketSubject,
  parseInstrumentSubject,
  parseMarketSubject,
  parseSignalSubject,
  parseSnapshotSubject,
  signalSubject,
  snapshotSubject,
  subjectMatches,
} from "./subjects.ts";

const btc = symbolId("BTCUSDT.BINANCE");

describe("subjects", () => {
  it("put the venue before the symbol, and come back as they went", () => {
    expect(marketSubject(btc, "book")).toBe("md.v1.BINANCE.BTCUSDT.book");
    expect(parseMarketSubject("md.v1.BINANCE.BTCUSDT.book")).toEqual({
      symbol: btc,
      kind: "book",
    });
    expect(parseSignalSubject(signalSubject(btc))).toBe(btc);
    expect(parseSnapshotSubject(snapshotSubject(btc))).toBe(btc);
    expect(parseInstrumentSubject(instrumentSubject(btc))).toBe(btc);
    expect(subjectMatches(INSTRUMENT_WILDCARD, instrumentSubject(btc))).toBe(
      true,
    );
  });

  it.each([
    ["md.v2.BINANCE.BTCUSDT.book", "E_INPUT_VERSION"],
    ["md.v1.BINANCE.BTCUSDT.tick", "E_INPUT_SCHEMA"],
    ["md.v1.BINANCE.BTCUSDT", "E_INPUT_SCHEMA"],
    ["md.v1.BINANCE.BTCUSDT.book.more", "E_INPUT_SCHEMA"],
    ["xx.v1.BINANCE.BTCUSDT.book", "E_INPUT_SCHEMA"],
    ["md.v1.BINANCE.btcusdt.book", "E_SYMBOL_FORMAT"],
    ["md.v1.*.BTCUSDT.book", "E_SYMBOL_FORMAT"],
    ["md.v1..BTCUSDT.book", "E_SYMBOL_FORMAT"],
    ["", "E_INPUT_SCHEMA"],
  ])("refuse %s with %s", (subject, code) => {
    expect(() => parseMarketSubject(subject)).toThrow(code);
  });

  it.each([
    "md.v1.BINANCE.BTCUSDT.book",
    "md.v1.BINANCE.BTCUSDT.instrument.x",
    "md.v2.BINANCE.BTCUSDT.instrument",
  ])("of an instrument are not %s", (subject) => {
    expect(() => parseInstrumentSubject(subject)).toThrow("E_INPUT_SCHEMA");
  });

  it("do not take a snapshot request for market data", () => {
    const request = snapshotSubject(btc);
    expect(MARKET_WILDCARDS.some((w) => subjectMatches(w, request))).toBe(
      false,
    );
    expect(
      subjectMatches(MARKET_WILDCARDS[0]!, marketSubject(btc, "book")),
    ).toBe(true);
  });

  it.each([
    ["a.b", "a.b", true],
    ["a.*", "a.b", true],
    ["a.*", "a.b.c", false],
    ["a.*", "a", false],
    ["a.>", "a.b.c", true],
    ["a.>", "a", false],
    [">", "a", true],
    ["*.b", "a.b", true],
    ["a.b", "a.b.c", false],
    ["a.b.c", "a.b", false],
  ])("match %s against %s: %s", (pattern, subject, expected) => {
    expect(subjectMatches(pattern, subject)).toBe(expected);
  });

  it.each([
    ["_INBOX.abc.def", true],
    ["_INBOX_client.abc", true],
    ["_INBOX.>", false],
    ["_INBOX.*", false],
    ["_INBOXES.a", false],
    ["sig.v1.BINANCE.BTCUSDT", false],
    ["$JS.API.STREAM.DELETE.x", false],
    ["x._INBOX.a", false],
    ["_INBOX.a b", false],
  ])("take %s for an inbox: %s", (subject, expected) => {
    expect(isInbox(subject)).toBe(expected);
  });
});
