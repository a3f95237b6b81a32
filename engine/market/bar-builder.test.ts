import { describe, expect, it } from "vitest";
import type { Bar, Trade } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BarBuilder } from "./bar-builder.ts";
import { BarSeries } from "./bar-series.ts";

const symbol = symbolId("BTCUSDT.TEST");
const time = (ms: number) => ({
  eventUs: unixMicros(ms * 1000),
  receivedUs: unixMicros(ms * 1000),
  receivedNs: monoNanos(ms * 1e6),
});
const trade = (ms: number, price: number, size: number): Trade => ({
  type: "trade",
  symbol,
  ...time(ms),
  tradeId: ms,
  price,
  size,
  side: "buy",
});
const builder = (flatMax = 600) => {
  const bars: Bar[] = [];
  const builds = new BarBuilder({ symbol, flatMax }, (bar) => bars.push(bar));
  return { bars, builds };
};

describe("bar builder", () => {
  it("closes a bar on the first trade past its interval", () => {
    const { bars, builds } = builder();
    builds.onTrade(trade(1000, 10, 1));
    builds.onTrade(trade(1500, 12, 2));
    builds.onTrade(trade(1999, 9, 1));
    expect(bars).toHaveLength(0);
    builds.onTrade(trade(2000, 11, 1));
    expect(bars).toEqual([
      expect.objectContaining({
        openUs: 1_000_000,
        open: 10,
        high: 12,
        low: 9,
        close: 9,
        volume: 4,
        vwap: 43 / 4,
        trades: 3,
        closed: true,
        intervalMs: 1000,
      }),
    ]);
  });

  it("closes on time once the grace has passed", () => {
    const { bars, builds } = builder();
    builds.onTrade(trade(1000, 10, 1));
    builds.advanceTo(time(2199));
    expect(bars).toHaveLength(0);
    builds.advanceTo(time(2200));
    expect(bars).toHaveLength(1);
    builds.advanceTo(time(2300));
    expect(bars).toHaveLength(1);
  });

  it("fills empty intervals with flat bars once a price is known", () => {
    const { bars, builds } = builder();
    builds.advanceTo(time(5000));
    expect(bars).toHaveLength(0);
    builds.onTrade(trade(5100, 10, 1));
    builds.onTrade(trade(8100, 11, 1));
    expect(bars.map((b) => [b.openUs / 1e6, b.close, b.volume])).toEqual([
      [5, 10, 1],
      [6, 10, 0],
      [7, 10, 0],
    ]);
    expect(bars[1]).toMatchObject({ open: 10, high: 10, vwap: 10, trades: 0 });
  });

  it("opens a bar after a flat one at its own first trade", () => {
    const { bars, builds } = builder();
    builds.onTrade(trade(1000, 10, 1));
    builds.advanceTo(time(2500));
    builds.onTrade(trade(2600, 20, 1));
    builds.advanceTo(time(3500));
    expect(bars[1]).toMatchObject({ open: 20, low: 20 });
  });

  it("fills as many empty intervals as its bound allows", () => {
    const { bars, builds } = builder(3);
    builds.onTrade(trade(1000, 10, 1));
    builds.onTrade(trade(5000, 11, 1));
    expect(bars).toHaveLength(4);
    expect(builds.holes).toBe(0);
  });

  it("leaves a hole after a silence longer than its bound", () => {
    const { bars, builds } = builder(3);
    builds.onTrade(trade(1000, 10, 1));
    builds.onTrade(trade(100_000, 11, 1));
    expect(bars).toHaveLength(1);
    expect(builds.holes).toBe(1);
    builds.onTrade(trade(101_000, 12, 1));
    expect(bars[1]).toMatchObject({ openUs: 100_000_000, open: 11 });
  });

  it("leaves out and counts a trade of a closed interval", () => {
    const { bars, builds } = builder();
    builds.onTrade(trade(2000, 10, 1));
    builds.onTrade(trade(1999, 50, 1));
    builds.onTrade(trade(3000, 10, 1));
    expect(builds.late).toBe(1);
    expect(bars[0]).toMatchObject({ high: 10, trades: 1 });
  });
});

describe("bar series", () => {
  const closed = (openS: number, close: number): Bar => ({
    type: "bar",
    symbol,
    ...time((openS + 1) * 1000),
    intervalMs: 1000,
    openUs: unixMicros(openS * 1e6),
    open: 1,
    high: 9,
    low: 0.5,
    close,
    volume: 7,
    vwap: 2,
    trades: 1,
    closed: true,
  });

  it("holds the newest bars, over the ring's seam", () => {
    const series = new BarSeries(1000, 3);
    for (const s of [1, 2, 3, 4, 5]) series.push(closed(s, s));
    expect(series.length).toBe(3);
    const newest = [0, 1, 2, 3, 4, 5].map((channel) => series.at(0, channel));
    expect(newest).toEqual([1, 9, 0.5, 5, 7, 2]);
    expect(series.at(2, 3)).toBe(3);
  });

  it("takes each interval once, in order, closed only", () => {
    const series = new BarSeries(1000, 3);
    expect(series.push(closed(5, 1))).toBe(true);
    expect(series.push(closed(5, 2))).toBe(false);
    expect(series.push(closed(4, 2))).toBe(false);
    expect(series.push({ ...closed(6, 2), closed: false })).toBe(false);
    expect(series.push({ ...closed(6, 2), intervalMs: 60000 })).toBe(false);
    expect(series).toMatchObject({ length: 1, ignored: 4 });
  });
});
