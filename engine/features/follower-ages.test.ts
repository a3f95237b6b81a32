import { describe, expect, it } from "vitest";
import type { Bar, Funding } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { staleFeatures } from "./event-features.ts";
import type { EventFeatures } from "./event-features.ts";
import { createEventFeatures, featureSet } from "./feature-sets.ts";
import { JoinedFeatures } from "./joined-features.ts";

const symbol = symbolId("BTCUSDT.TEST");
const at = (ms: number) => ({
  eventUs: unixMicros(ms * 1000),
  receivedUs: unixMicros(ms * 1000),
  receivedNs: monoNanos(ms * 1e6),
});
const bar = (openMs: number, intervalMs: number): Bar => ({
  type: "bar",
  symbol,
  ...at(openMs + intervalMs),
  intervalMs,
  openUs: unixMicros(openMs * 1000),
  open: 100,
  high: 101,
  low: 99,
  close: 100,
  volume: 1,
  vwap: 100,
  trades: 1,
  closed: true,
});
const MINUTE = 60_000;
const minutes = (follower: EventFeatures, from: number, to: number): void => {
  for (let i = from; i < to; i++) follower.onBar(bar(i * MINUTE, MINUTE));
};
const ageOf = (follower: EventFeatures, name: string, ms: number): number =>
  follower.ageMs(
    follower.schema.features.findIndex((feature) => feature.name === name),
    at(ms),
  );
const book = (): OrderBook => {
  const made = new OrderBook({ depthMax: 10 });
  made.applySnapshot([100, 3], [101, 1], 1);
  return made;
};
const snapshot = (ms: number) => ({
  type: "bookSnapshot" as const,
  symbol,
  ...at(ms),
  seq: 1,
  bids: [100, 3],
  asks: [101, 1],
});

describe("the age of a feature", () => {
  it("of bars is that of the last row, and beyond two minutes all are out of date", () => {
    const bars = createEventFeatures(featureSet("bars"));
    expect(ageOf(bars, "rsi_14", 1)).toBe(Infinity);
    minutes(bars, 0, 3);
    expect(ageOf(bars, "rsi_14", 3 * MINUTE + 500)).toBe(500);
    expect(staleFeatures(bars, at(5 * MINUTE))).toEqual([]);
    expect(staleFeatures(bars, at(5 * MINUTE + 1))).toHaveLength(77);
  });

  it("of a frame counts from when the frame last closed", () => {
    const frames = createEventFeatures(featureSet("frames"));
    minutes(frames, 0, 13);
    const now = 13 * MINUTE;
    expect(ageOf(frames, "return_m1", now)).toBe(0);
    expect(ageOf(frames, "return_m5", now)).toBe(3 * MINUTE);
    expect(ageOf(frames, "return_m15", now)).toBe(Infinity);
    expect(ageOf(frames, "frames_net", now)).toBe(0);
    expect(staleFeatures(frames, at(now))).not.toContain("return_m5");
    expect(staleFeatures(frames, at(now + 2 * MINUTE + 31_000))).toContain(
      "return_m5",
    );
  });

  it("of what stands beside bars is that of its oldest input as it stood at their close", () => {
    const direction = createEventFeatures(featureSet("direction"));
    minutes(direction, 0, 1);
    expect(ageOf(direction, "order_book_imbalance", MINUTE)).toBe(Infinity);
    direction.onBook(book(), snapshot(MINUTE + 10_000));
    direction.onFunding?.({
      type: "funding",
      symbol,
      ...at(MINUTE + 1000),
      rate: 1e-4,
      markPrice: 100,
      nextUs: unixMicros(0),
    } satisfies Funding);
    minutes(direction, 1, 2);
    const now = 2 * MINUTE + 1000;
    expect(ageOf(direction, "order_book_imbalance", now)).toBe(51_000);
    expect(ageOf(direction, "funding_rate", now)).toBe(MINUTE);
    expect(ageOf(direction, "rsi_14", now)).toBe(1000);
    expect(ageOf(direction, "btc_returns_lag1", now)).toBe(Infinity);
    expect(staleFeatures(direction, at(now))).toEqual([
      "btc_returns_lag1",
      "btc_returns_lag2",
      "btc_correlation_60m",
      "btc_volatility_ratio",
    ]);
  });

  it("is told of what a set requires: of a book that has said nothing for two minutes, then and at the next close", () => {
    const direction = createEventFeatures(featureSet("direction"));
    const value = (name: string) =>
      direction.values[
        direction.schema.features.findIndex((feature) => feature.name === name)
      ];
    const awaited = (ms: number) => {
      direction.write(book(), at(ms));
      return direction.staleInput;
    };
    expect(awaited(1)).toBe("bar");
    direction.onBook(book(), snapshot(MINUTE - 10_000));
    minutes(direction, 0, 2);
    expect(value("order_book_imbalance")).toBe(0.5);
    expect(awaited(3 * MINUTE - 10_000)).toBe("otherBar");
    expect(awaited(3 * MINUTE - 9999)).toBe("book");
    minutes(direction, 2, 3);
    expect(value("order_book_imbalance")).toBeNaN();
    expect(ageOf(direction, "order_book_imbalance", 3 * MINUTE)).toBe(Infinity);
    expect(awaited(3 * MINUTE)).toBe("book");
    direction.onBook(book(), snapshot(4 * MINUTE - 1));
    minutes(direction, 3, 4);
    expect(awaited(4 * MINUTE)).toBe("otherBar");
  });

  it("of news is that of the hour they are of", () => {
    const news = createEventFeatures(featureSet("news"));
    expect(ageOf(news, "news_avg_sentiment", 1)).toBe(Infinity);
    news.onArticle?.({
      publishedUs: 1e6,
      receivedUs: 2e6,
      positive: 0.8,
      negative: 0.1,
      neutral: 0.1,
      headline: "h",
      source: "s",
    });
    expect(ageOf(news, "news_avg_sentiment", 61 * MINUTE)).toBe(MINUTE);
    expect(ageOf(news, "news_avg_sentiment", 8 * 60 * MINUTE)).toBe(Infinity);
  });

  it("of the moment is that of book, trade and bar; the book stands in for a quote", () => {
    const market = createEventFeatures(featureSet("market"));
    market.onBook(book(), snapshot(1000));
    expect(ageOf(market, "imbalance1", 1500)).toBe(500);
    expect(ageOf(market, "quoteImbalance", 1500)).toBe(500);
    expect(ageOf(market, "tradeFlowOver1S", 1500)).toBe(Infinity);
    market.onBar(bar(0, 1000));
    expect(ageOf(market, "rsi14", 3000)).toBe(2000);
    expect(staleFeatures(market, at(1500))).toHaveLength(6);
    const joined = new JoinedFeatures([
      market,
      createEventFeatures(featureSet("news")),
    ]);
    expect(joined.ageMs(0, at(1500))).toBe(500);
    expect(joined.ageMs(36, at(1500))).toBe(Infinity);
  });
});
