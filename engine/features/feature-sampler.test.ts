import { describe, expect, it } from "vitest";
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { FeatureSampler } from "./feature-sampler.ts";

const symbol = symbolId("BTCUSDT.TEST");
const head = (ms: number) => ({
  symbol,
  eventUs: unixMicros(ms * 1000),
  receivedUs: unixMicros(ms * 1000),
  receivedNs: monoNanos(ms * 1e6),
});
const snapshot = (ms: number, seq: number, bid = 100): MarketEvent => ({
  type: "bookSnapshot",
  ...head(ms),
  seq,
  bids: [bid, 1],
  asks: [101, 1],
});
const delta = (ms: number, prevSeq: number, bids: number[]): MarketEvent => ({
  type: "bookDelta",
  ...head(ms),
  prevSeq,
  seq: prevSeq + 1,
  bids,
  asks: [],
});
const trade = (ms: number, price = 100): MarketEvent => ({
  type: "trade",
  ...head(ms),
  tradeId: ms,
  price,
  size: 1,
  side: "buy",
});

const quote = (ms: number, seq: number, bid = 100): MarketEvent => ({
  type: "quote",
  ...head(ms),
  seq,
  bidPrice: bid,
  bidSize: 1,
  askPrice: 101,
  askSize: 1,
});

const sampled = (sampleOn: "book" | "any", events: MarketEvent[]) => {
  const rows: [ms: number, mid: number, state: string][] = [];
  const bars: Bar[] = [];
  const sampler = new FeatureSampler(
    { symbol, sampleMs: 50, sampleOn, depthMax: 10 },
    (row) => rows.push([row.receivedNs / 1e6, row.mid, row.state]),
    (bar) => bars.push(bar),
  );
  for (const event of events) sampler.onEvent(event);
  return { rows, bars, sampler };
};

describe("feature sampler", () => {
  it("samples at most each interval, and at each change of the mid besides", () => {
    const { rows } = sampled("any", [
      trade(0),
      snapshot(10, 1),
      trade(20),
      delta(30, 1, [100, 2]),
      delta(40, 2, [100.5, 1]),
      trade(59),
      trade(60),
      trade(109),
      delta(111, 3, [99, 1]),
    ]);
    expect(rows.map(([ms, mid]) => [ms, mid])).toEqual([
      [10, 100.5],
      [40, 100.75],
      [60, 100.75],
      [111, 100.75],
    ]);
  });

  it("samples book updates alone when told so", () => {
    const { rows } = sampled("book", [
      snapshot(0, 1),
      trade(60),
      delta(70, 1, []),
    ]);
    expect(rows.map(([ms]) => ms)).toEqual([0, 70]);
  });

  it("gives no row while the book is void, and marks a stale one", () => {
    const { rows, sampler } = sampled("any", [
      snapshot(0, 1),
      delta(100, 5, []),
      trade(200),
      snapshot(300, 6),
      trade(2400),
    ]);
    expect(rows).toEqual([
      [0, 100.5, "LIVE"],
      [300, 100.5, "LIVE"],
      [2400, 100.5, "STALE"],
    ]);
    expect(sampler.sync.counts.gaps).toBe(1);
  });

  it("takes a quiet book for live while quotes agree with it, as its actor does", () => {
    const { rows } = sampled("any", [
      snapshot(0, 1),
      quote(1500, 2),
      trade(3000),
      trade(3600),
    ]);
    expect(rows.map(([ms, , state]) => [ms, state])).toEqual([
      [0, "LIVE"],
      [1500, "LIVE"],
      [3000, "LIVE"],
      [3600, "STALE"],
    ]);
  });

  it("loses a book that a quote of its own sequence contradicts, where the venue's count as one", () => {
    const venue = (event: MarketEvent): MarketEvent => ({
      ...event,
      symbol: symbolId("BTCUSDT.BINANCE"),
    });
    const { rows } = sampled("any", [
      venue(snapshot(0, 1)),
      venue(quote(100, 1, 99)),
      venue(trade(200)),
    ]);
    expect(rows.map(([ms]) => ms)).toEqual([0]);
  });

  it("leaves out what no market can have traded or quoted, as its actor does", () => {
    const events = [
      snapshot(0, 1),
      trade(1000),
      trade(2100),
      snapshot(2200, 2),
    ];
    const far = [trade(1100, 1e9), quote(1200, 2, 1e-6)];
    const { bars, sampler } = sampled("any", [
      ...events.slice(0, 2),
      ...far,
      ...events.slice(2),
    ]);
    const without = sampled("any", events);
    expect(bars).toEqual(without.bars);
    expect([...sampler.features.values]).toEqual([
      ...without.sampler.features.values,
    ]);
  });

  it("builds bars from the trades, but for the interval that it came into", () => {
    const { bars } = sampled("any", [trade(500), trade(1700), trade(2900)]);
    expect(bars.map((bar) => bar.openUs)).toEqual([1e6]);
  });
});
