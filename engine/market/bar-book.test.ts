import { describe, expect, it } from "vitest";
import {
  SYMBOL,
  barAt,
  timeAt,
  tradeAt,
} from "../../test/support/bar-samples.ts";
import type { Bar, Quote } from "../domain/market-event.ts";
import { BarBook } from "./bar-book.ts";
import type { BarBookOptions } from "./bar-book.ts";
import { barKindText, parseBarKind } from "./bar-kind.ts";

const quoteAt = (ms: number): Quote => ({
  type: "quote",
  symbol: SYMBOL,
  ...timeAt(ms),
  seq: ms,
  bidPrice: 1,
  bidSize: 1,
  askPrice: 2,
  askSize: 1,
});
const book = (kinds: string[], options: Partial<BarBookOptions> = {}) => {
  const bars: Bar[] = [];
  const keeps = new BarBook(
    SYMBOL,
    kinds.map((kind) => ({ kind: parseBarKind(kind), length: 50 })),
    options,
    (bar) => bars.push(bar),
  );
  const of = (kind: string): Bar[] =>
    bars.filter(
      (bar) =>
        barKindText({
          basis: bar.basis ?? "time",
          intervalMs: bar.intervalMs,
          size: bar.basisSize ?? 0,
        }) === kind,
    );
  return { bars, keeps, of };
};

describe("bar book", () => {
  it("makes longer bars of shorter ones, at the moment that the last of them closes", () => {
    const { keeps, of } = book(["1s", "1m", "5m", "tick:2"]);
    keeps.advanceTo(quoteAt(0));
    for (let s = 0; s < 300; s += 7) keeps.onTrade(tradeAt(s * 1000, 10 + s));
    keeps.advanceTo(quoteAt(300_000));
    expect(of("5m")).toHaveLength(0);
    keeps.advanceTo(quoteAt(300_200));
    expect(of("1s")).toHaveLength(300);
    expect(of("1m")).toHaveLength(5);
    expect(of("5m")).toEqual([
      expect.objectContaining({
        openUs: 0,
        open: 10,
        close: 304,
        low: 10,
        high: 304,
        volume: 43,
        buyVolume: 43,
        sellVolume: 0,
        trades: 43,
        eventUs: 300e6,
      }),
    ]);
    expect(of("tick:2")).toHaveLength(21);
  });

  it("skips the interval whose beginning it did not see", () => {
    const { keeps, of } = book(["1s", "1m"]);
    keeps.advanceTo(quoteAt(30_500));
    keeps.onTrade(tradeAt(30_600, 10));
    keeps.onTrade(tradeAt(31_600, 11));
    keeps.onTrade(tradeAt(60_600, 12));
    keeps.advanceTo(quoteAt(121_000));
    expect(of("1s")[0]!.openUs).toBe(31e6);
    expect(of("1m").map(({ openUs }) => openUs)).toEqual([60e6]);
  });

  it("counts a trade once, however often it is told", () => {
    const { keeps, of } = book(["1s"]);
    const trade = tradeAt(1000, 10, 2, { tradeId: 77 });
    expect(keeps.onTrade(trade)).toBe(true);
    expect(keeps.onTrade(trade)).toBe(false);
    keeps.advanceTo(quoteAt(2200));
    expect(of("1s")[0]).toMatchObject({ volume: 2, trades: 1 });
    expect(keeps.counts().duplicateTrades).toBe(1);
  });

  it("takes the venue's bar for one that lost trades with the connection", () => {
    const { keeps, of } = book(["1m"]);
    keeps.onBar(barAt(0, 10));
    keeps.advanceTo(quoteAt(60_000));
    keeps.onTrade(tradeAt(61_000, 10));
    keeps.onGap("disconnected");
    keeps.onTrade(tradeAt(100_000, 12));
    keeps.onTrade(tradeAt(120_000, 12));
    expect(of("1m")).toHaveLength(1);
    expect(keeps.onBar(barAt(60_000, 12, { high: 15, volume: 9 }))).toBe(true);
    expect(of("1m")[1]).toMatchObject({ high: 15, volume: 9 });
  });

  it("does not count one bar twice from the venue and from trades", () => {
    const { keeps, of } = book(["1s", "1m"]);
    for (let s = 0; s < 120; s++) {
      keeps.onTrade(tradeAt(s * 1000, 10));
      if (s > 0) keeps.onBar(barAt((s - 1) * 1000, 10, { intervalMs: 1000 }));
    }
    keeps.onBar(barAt(0, 10, { volume: 60, trades: 60 }));
    keeps.advanceTo(quoteAt(121_000));
    expect(of("1m").map(({ volume }) => volume)).toEqual([60, 60]);
    expect(of("1s")).toHaveLength(120);
  });

  it("is not moved by one time far ahead of its own clock", () => {
    const { keeps, of } = book(["1s"]);
    keeps.onTrade(tradeAt(1000, 10));
    keeps.advanceTo({
      ...quoteAt(1100),
      ...timeAt(1e9),
      receivedNs: timeAt(1100).receivedNs,
    });
    keeps.onTrade(tradeAt(1900, 11));
    keeps.onTrade(tradeAt(2000, 12));
    expect(of("1s")).toEqual([
      expect.objectContaining({ openUs: 1e6, close: 11, trades: 2 }),
    ]);
    expect(keeps.counts()).toMatchObject({ ahead: 1, lateTrades: 0 });
  });

  it("shows at any time the last bar that had closed by then", () => {
    const { keeps } = book(["1m", "5m"]);
    for (let m = 0; m < 12; m++) keeps.onBar(barAt(m * 60_000, m));
    const five = keeps.series(parseBarKind("5m"))!;
    const closeAt = (us: number): number | undefined => {
      const age = five.ageAt(us);
      return age === undefined ? undefined : five.at(age, 3);
    };
    expect(closeAt(300e6 - 1)).toBeUndefined();
    expect(closeAt(300e6)).toBe(4);
    expect(closeAt(600e6 - 1)).toBe(4);
    expect(closeAt(600e6)).toBe(9);
    expect(closeAt(1e12)).toBe(9);
  });

  it("goes on where it was kept, flat for the time away", () => {
    const before = book(["1s", "1m"]);
    for (let s = 0; s <= 130; s++)
      before.keeps.onTrade(tradeAt(s * 1000, 10 + s));
    const after = book(["1s", "1m"]);
    after.keeps.resume(before.keeps.save(), tradeAt(0, 1));
    after.keeps.onTrade(tradeAt(140_000, 500));
    after.keeps.onTrade(tradeAt(141_000, 501));
    const seconds = after
      .of("1s")
      .map(({ openUs, close }) => [openUs / 1e6, close]);
    expect(seconds.slice(-12)).toEqual([
      [129, 139],
      ...Array.from({ length: 10 }, (_, i) => [130 + i, 140]),
      [140, 500],
    ]);
    expect(seconds).toHaveLength(50 + 11);
    for (let s = 142; s <= 180; s++) after.keeps.onTrade(tradeAt(s * 1000, 7));
    expect(
      after.of("1m").map(({ openUs, close }) => [openUs / 6e7, close]),
    ).toEqual([
      [0, 69],
      [1, 129],
      [2, 7],
    ]);
  });

  it("forgets what was kept longer ago than it fills", () => {
    const before = book(["1s"]);
    for (let s = 0; s < 5; s++) before.keeps.onTrade(tradeAt(s * 1000, 10));
    const after = book(["1s"]);
    after.keeps.resume(before.keeps.save(), tradeAt(0, 1));
    after.keeps.onTrade(tradeAt(1e7, 11));
    after.keeps.onTrade(tradeAt(1e7 + 1000, 12));
    expect(after.bars.map(({ close }) => close)).toEqual([11]);
  });

  it("tells each series that grew once", () => {
    const { keeps } = book(["1s", "tick:1"]);
    keeps.onTrade(tradeAt(1000, 10));
    keeps.onTrade(tradeAt(2000, 10));
    const grown: number[] = [];
    keeps.takeGrown(({ intervalMs }) => grown.push(intervalMs));
    keeps.takeGrown(({ intervalMs }) => grown.push(intervalMs));
    expect(grown).toEqual([1000, 0]);
  });
});
