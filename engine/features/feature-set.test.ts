import { describe, expect, it } from "vitest";
import type { Bar, BookDelta, Quote, Trade } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { MARKET_FEATURES } from "./feature-schema.ts";
import { FeatureSet } from "./feature-set.ts";

const symbol = symbolId("BTCUSDT.TEST");
const head = (ms: number) => ({
  symbol,
  eventUs: unixMicros(ms * 1000),
  receivedUs: unixMicros(ms * 1000),
  receivedNs: monoNanos(ms * 1e6),
});
const trade = (ms: number, price: number, size: number): Trade => ({
  type: "trade",
  ...head(ms),
  tradeId: ms,
  price,
  size,
  side: "buy",
});
const quote = (ms: number, over: Partial<Quote> = {}): Quote => ({
  type: "quote",
  ...head(ms),
  seq: 0,
  bidPrice: 100,
  bidSize: 1,
  askPrice: 101,
  askSize: 1,
  ...over,
});

class Stand {
  readonly book = new OrderBook({ depthMax: 10 });
  readonly features = new FeatureSet();

  update(ms: number, bids: number[], asks: number[]): void {
    const prevSeq = this.book.seq;
    this.book.applyDelta(bids, asks, prevSeq + 1);
    const delta: BookDelta = {
      type: "bookDelta",
      ...head(ms),
      prevSeq,
      seq: prevSeq + 1,
      bids,
      asks,
    };
    this.features.onBook(this.book, delta);
  }

  read(ms: number, name: string): number {
    const at = MARKET_FEATURES.features.findIndex((f) => f.name === name);
    expect(at, name).toBeGreaterThanOrEqual(0);
    return this.features.write(this.book, { receivedNs: monoNanos(ms * 1e6) })[
      at
    ]!;
  }
}

describe("feature set", () => {
  it("writes into one vector of its own, in schema order", () => {
    const { features, book } = new Stand();
    expect(features.values).toHaveLength(MARKET_FEATURES.features.length);
    expect(features.write(book, { receivedNs: monoNanos(1) })).toBe(
      features.values,
    );
  });

  it("is all zeros without a book, whatever else was seen", () => {
    const { features, book } = new Stand();
    features.onTrade(trade(1, 100, 1));
    features.onQuote(quote(1));
    expect([...features.write(book, { receivedNs: monoNanos(2e6) })]).toEqual(
      MARKET_FEATURES.features.map(() => 0),
    );
  });

  it("counts an added bid as demand and an added ask as supply", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    stand.update(1000, [100, 4], []);
    expect(stand.read(1000, "ofi1Over1S")).toBeCloseTo(3, 9);
    stand.update(1000, [], [101, 8]);
    expect(stand.read(1000, "ofi1Over1S")).toBeCloseTo(-4, 9);
  });

  it("forgets flow at its own time scale", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    stand.update(0, [100, 2], []);
    stand.update(0, [100, 1, 99, 1], []);
    stand.features.onTrade(trade(0, 101, 2));
    expect(stand.read(1000, "tradeFlowOver1S")).toBeCloseTo(2 / Math.E, 9);
    expect(stand.read(1000, "tradeFlowOver100Ms")).toBeCloseTo(
      2 * Math.exp(-10),
      9,
    );
  });

  it("takes a book after a void for no change of the book before", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    stand.features.onVoid();
    stand.book.clear();
    stand.update(10, [150, 70], [151, 1]);
    expect(stand.read(10, "ofi1Over100Ms")).toBe(0);
    expect(stand.read(10, "volatility5S")).toBe(0);
    expect(stand.read(10, "return30S")).toBeCloseTo(
      1e4 * Math.log(150.5 / 100.5),
      9,
    );
  });

  it("is void by itself when it is asked to write a void book", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    stand.book.clear();
    expect(stand.read(5, "spreadBps")).toBe(0);
    stand.update(10, [150, 70], [151, 1]);
    expect(stand.read(10, "ofi1Over100Ms")).toBe(0);
  });

  it("lets a quote newer than the book speak, and the book when it is not", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    expect(stand.read(0, "quoteImbalance")).toBe(0);
    stand.features.onQuote(quote(1, { seq: 1, bidSize: 3 }));
    expect(stand.read(1, "quoteImbalance")).toBe(0);
    stand.features.onQuote(quote(2, { seq: 2, bidSize: 3 }));
    expect(stand.read(2, "quoteImbalance")).toBe(0.5);
    expect(stand.read(1002, "quoteImbalance")).toBe(0.5);
    expect(stand.read(1003, "quoteImbalance")).toBe(0);
  });

  it("ignores crossed and overtaken quotes, and follows a sequence that starts anew", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    stand.features.onQuote(quote(1, { seq: 9, bidSize: 3 }));
    stand.features.onQuote(quote(2, { seq: 10, bidPrice: 102 }));
    stand.features.onQuote(quote(3, { seq: 8, bidSize: 100 }));
    expect(stand.read(3, "quoteImbalance")).toBe(0.5);
    stand.features.onQuote(quote(2000, { seq: 2 }));
    stand.features.onQuote(quote(2001, { seq: 3, askSize: 3 }));
    expect(stand.read(2001, "quoteImbalance")).toBe(-0.5);
  });

  it("is warm after five seconds of book", () => {
    const stand = new Stand();
    stand.features.onTrade(trade(0, 100, 1));
    stand.features.onTrade(trade(9000, 100, 1));
    expect(stand.features.isWarm).toBe(false);
    stand.update(9000, [100, 1], [101, 1]);
    stand.read(13_999, "spreadBps");
    expect(stand.features.isWarm).toBe(false);
    stand.read(14_000, "spreadBps");
    expect(stand.features.isWarm).toBe(true);
  });

  it("does not let time run backwards", () => {
    const stand = new Stand();
    stand.update(1000, [100, 1], [101, 1]);
    stand.features.onTrade(trade(1000, 101, 2));
    stand.features.onTrade(trade(500, 101, 2));
    expect(stand.read(900, "tradeFlowOver1S")).toBeCloseTo(4, 9);
  });

  it("stays finite on extreme but valid sizes and prices", () => {
    const stand = new Stand();
    const huge = 2 ** 53;
    const updates: [number[], number[]][] = [
      [
        [1e-8, 1e-8],
        [1e9, huge],
      ],
      [
        [5e8, huge],
        [1e9, 1e-8],
      ],
      [
        [5e8, 0],
        [1e9, huge],
      ],
    ];
    let ms = 1;
    for (const [bids, asks] of updates) {
      stand.update(ms, bids, asks);
      stand.features.onTrade(trade(ms, 1e-8, huge));
      stand.features.onQuote(
        quote(ms, { seq: 100 + ms, bidSize: 0, askSize: 0 }),
      );
      for (const at of [ms, ms + 1, ms + 1e6])
        for (const value of stand.features.write(stand.book, {
          receivedNs: monoNanos(at * 1e6),
        }))
          expect(Number.isFinite(value)).toBe(true);
      ms += 2e6;
    }
  });

  it("reads closed one-second bars once each", () => {
    const stand = new Stand();
    stand.update(0, [100, 1], [101, 1]);
    const bar = (s: number, close: number, over: Partial<Bar> = {}): Bar => ({
      type: "bar",
      ...head(s * 1000),
      intervalMs: 1000,
      openUs: unixMicros(s * 1e6),
      open: 100,
      high: 102,
      low: 99,
      close,
      volume: 1,
      vwap: 100,
      trades: 1,
      closed: true,
      ...over,
    });
    stand.features.onBar(bar(1, 100));
    stand.features.onBar(bar(2, 101));
    stand.features.onBar(bar(2, 150));
    stand.features.onBar(bar(3, 150, { closed: false }));
    stand.features.onBar(bar(3, 150, { intervalMs: 60_000 }));
    expect(stand.read(3000, "barReturn10")).toBeCloseTo(
      1e4 * Math.log(1.01),
      9,
    );
    expect(stand.read(3000, "rsi14")).toBe(100);
  });
});
