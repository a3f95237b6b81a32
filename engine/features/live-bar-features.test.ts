import { beforeEach, describe, expect, it } from "vitest";
import type { Bar } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BARS_SET } from "./bars-set.ts";
import { COMPACT_SET } from "./compact-set.ts";
import { DIRECTION_SET } from "./direction-set.ts";
import type { FeatureInput } from "./feature-declaration.ts";
import { FRAMES_SET } from "./frames-set.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";
import { LiveBarFeatures } from "./live-bar-features.ts";

const SECOND_US = 1e6;

const barAt = (startUs: number, intervalMs: number, close: number): Bar => ({
  type: "bar",
  symbol: symbolId("BTCUSDT.BINANCE"),
  eventUs: unixMicros(startUs + intervalMs * 1000),
  receivedUs: unixMicros(startUs + intervalMs * 1000),
  receivedNs: monoNanos(1),
  intervalMs,
  openUs: unixMicros(startUs),
  open: close,
  high: close + 1,
  low: close - 1,
  close,
  volume: 1,
  vwap: close,
  trades: 1,
  closed: true,
});

const closeAt = (second: number): number =>
  100 + 5 * Math.sin(second / 700) + ((second * 7919) % 13) / 13;

describe("live bar features", () => {
  it("make of seconds what the grid makes of minutes", () => {
    const live = new LiveBarFeatures(BARS_SET);
    const minutes = new LiveBarFeatures(BARS_SET);
    const grid = new GridFeatures({
      sets: [BARS_SET],
      intervalMs: 60_000,
      fillMax: GRID_FILL_MAX,
    });
    for (let minute = 0; minute < 400; minute++) {
      const seconds = Array.from({ length: 60 }, (_, i) => 60 * minute + i);
      for (const second of seconds)
        live.onBar({
          ...barAt(second * SECOND_US, 1000, closeAt(second)),
          volume: 1 + (minute % 5),
        });
      const closes = seconds.map(closeAt);
      const whole: Bar = {
        ...barAt(60 * minute * SECOND_US, 60_000, closes.at(-1)!),
        open: closes[0]!,
        high: Math.max(...closes) + 1,
        low: Math.min(...closes) - 1,
        volume: 60 * (1 + (minute % 5)),
      };
      minutes.onBar(whole);
      grid.onBar(whole);
      expect(live.isWarm).toBe(minute >= 360);
    }
    // The last minute is told once the next begins, at the latest.
    live.onBar(barAt(400 * 60 * SECOND_US, 1000, 100));
    expect([...minutes.values]).toEqual([...grid.values]);
    expect([...live.values]).toEqual([...grid.values]);
    expect(
      BARS_SET.features.filter((_, i) => Number.isNaN(live.values[i]!)),
    ).toEqual([]);
  });

  it("are stale two minutes after their last row", () => {
    const live = new LiveBarFeatures(BARS_SET);
    const book = new OrderBook({ depthMax: 5 });
    const at = (seconds: number) => ({ receivedNs: monoNanos(seconds * 1e9) });
    live.write(book, at(0));
    expect(live.staleInput).toBe("bar");
    live.onBar(barAt(0, 60_000, 100));
    live.write(book, at(119));
    expect(live.staleInput).toBeUndefined();
    live.write(book, at(121));
    expect(live.staleInput).toBe("bar");
  });

  it("take minutes that one event fills for no sign of life: they await one that closes by itself", () => {
    const live = new LiveBarFeatures(COMPACT_SET);
    const book = new OrderBook({ depthMax: 5 });
    const stale = (seconds: number) => {
      live.write(book, { receivedNs: monoNanos(seconds * 1e9) });
      return live.staleInput;
    };
    const tell = (minute: number, seconds: number, volume: number): void =>
      live.onBar({
        ...barAt(60 * minute * SECOND_US, 60_000, 100),
        receivedUs: unixMicros(seconds * SECOND_US),
        receivedNs: monoNanos(seconds * 1e9),
        volume,
      });
    tell(0, 60, 1);
    // A minute without a trade, in a market that goes on.
    tell(1, 125, 0);
    expect(stale(180)).toBeUndefined();
    tell(2, 185, 0);
    expect(stale(300)).toBeUndefined();
    // Nothing is heard until 620 s: the minute in progress, and those after it.
    for (let minute = 3; minute < 10; minute++)
      tell(minute, 620, minute === 3 ? 1 : 0);
    expect(stale(620)).toBe("bar");
    expect(live.ageMs(5, { receivedNs: monoNanos(620e9) })).toBe(435_000);
    expect(stale(655)).toBe("bar");
    const kept = live.snapshot();
    tell(10, 665, 0);
    expect(stale(665)).toBeUndefined();
    // Heard again just after a minute's end: that one is still waited for, and nothing was heard in it either.
    for (let minute = 11; minute < 19; minute++) tell(minute, 1202, 0);
    tell(19, 1205, 0);
    expect(stale(1205)).toBe("bar");
    tell(20, 1265, 0);
    expect(stale(1265)).toBeUndefined();
    // Kept in between, and told what the venue knows of the time: traded minutes are no filling.
    live.restore(kept, undefined);
    live.moveClock(1e9);
    for (const minute of [10, 11]) tell(minute, 780, 1);
    expect(stale(780)).toBeUndefined();
  });

  it("leave out bars that no minute is made of", () => {
    const live = new LiveBarFeatures(FRAMES_SET);
    live.onBar(barAt(0, 300_000, 100));
    expect(live.values.every(Number.isNaN)).toBe(true);
    expect(live.isWarm).toBe(false);
  });
});

describe("the minutes of the leading symbol", () => {
  const MINUTE_US = 60 * SECOND_US;
  /** Longer than one that is filled. */
  const HOLE = GRID_FILL_MAX + 1;
  /** Minutes in which all that reads the leader has warmed up. */
  const ENOUGH = 200;
  let leading: Reference;
  let book: OrderBook;
  let minute: number;
  beforeEach(() => {
    leading = new Reference(symbolId("BTCUSDT.BINANCE"));
    book = new OrderBook({ depthMax: 5 });
    book.applySnapshot([99, 1], [101, 1], 1);
    minute = 0;
  });

  const create = () => new LiveBarFeatures(DIRECTION_SET, { leading });
  const at = (us: number) => ({
    eventUs: unixMicros(us),
    receivedUs: unixMicros(us),
    receivedNs: monoNanos(us * 1000),
  });
  /** What is awaited after so many minutes with book and funding, of the leader too or not. */
  const awaitedAfter = (
    live: LiveBarFeatures,
    minutes: number,
    leader: "speaks" | "is silent",
  ): FeatureInput | undefined => {
    const symbol = symbolId("ETHUSDT.BINANCE");
    for (const end = minute + minutes; minute < end; minute++) {
      const openUs = minute * MINUTE_US;
      const now = at(openUs + MINUTE_US);
      live.onBook(book, {
        type: "bookSnapshot",
        symbol,
        ...now,
        seq: 1,
        bids: [99, 1],
        asks: [101, 1],
      });
      live.onFunding({
        type: "funding",
        symbol,
        ...now,
        rate: 1e-4,
        markPrice: 100,
        nextUs: unixMicros(0),
      });
      const bar = { ...barAt(openUs, 60_000, closeAt(minute)), ...now };
      if (leader === "speaks") leading.closed(bar);
      live.onBar({ ...bar, symbol });
      // Long enough after for a leader that does not speak to be given up.
      live.write(book, at(now.eventUs + 6 * SECOND_US));
    }
    return live.staleInput;
  };

  it("are awaited for as long as the features of them need, and then known", () => {
    const live = create();
    expect(awaitedAfter(live, 1, "speaks")).toBe("otherBar");
    expect(awaitedAfter(live, ENOUGH, "speaks")).toBeUndefined();
  });

  it("count from the first, over a snapshot before it too", () => {
    const live = create();
    expect(awaitedAfter(live, 1, "is silent")).toBe("otherBar");
    const resumed = create();
    resumed.restore(live.snapshot(), book);
    expect(awaitedAfter(resumed, ENOUGH, "is silent")).toBe("otherBar");
    expect(awaitedAfter(resumed, 1, "speaks")).toBe("otherBar");
    expect(awaitedAfter(resumed, ENOUGH, "speaks")).toBeUndefined();
  });

  it("count from the first after a hole in which the follower forgot them", () => {
    const live = create();
    expect(awaitedAfter(live, ENOUGH, "speaks")).toBeUndefined();
    minute += HOLE;
    expect(awaitedAfter(live, ENOUGH, "is silent")).toBe("otherBar");
    expect(awaitedAfter(live, 1, "speaks")).toBe("otherBar");
    expect(awaitedAfter(live, ENOUGH, "speaks")).toBeUndefined();
  });
});
