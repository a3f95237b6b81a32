/** Bars from recorded trades and recorded bars, against plain references; skipped where the recordings are not on this machine. */
import { existsSync, readFileSync } from "node:fs";
import { gunzipSync } from "node:zlib";
import { describe, expect, it } from "vitest";
import type { Bar, Side, Trade } from "../engine/domain/market-event.ts";
import { BarBook } from "../engine/market/bar-book.ts";
import { BarGrid } from "../engine/market/bar-grid.ts";
import { parseBarKind } from "../engine/market/bar-kind.ts";
import {
  SYMBOL,
  barAt,
  numbersOf,
  referenceBars,
  timeAt,
  tradeAt,
} from "./support/bar-samples.ts";

const DATA = "../shared/data";
const TRADES = [
  "binance-usdm-btcusdt_20240808",
  "binance-spot-btcusdt_20240808",
  "binance-spot-btcusdt_20240809",
  "binance-cm-ethusd_perp_20240808",
].map((name) => `${DATA}/l2/${name}.gz`);
const MINUTES = `${DATA}/bars/nautilus_btc-perp_1m_20211231-20220122.csv.gz`;

const linesOf = (path: string): string[] =>
  gunzipSync(readFileSync(path)).toString("utf8").split("\n");

/** The trades of a recording: `<receive ns> <stream message>`. */
const recordedTrades = (path: string): Trade[] =>
  linesOf(path)
    .filter((line) => line.includes('"e":"trade"'))
    .map((line) => {
      const { data } = JSON.parse(line.slice(line.indexOf(" "))) as {
        data: { T: number; t: number; p: string; q: string; m: boolean };
      };
      const side: Side = data.m ? "sell" : "buy";
      return tradeAt(data.T, Number(data.p), Number(data.q), {
        tradeId: data.t,
        side,
      });
    });

const expectClose = (
  bar: Record<string, number | undefined>,
  reference: Readonly<Record<string, number>>,
): void => {
  for (const [name, value] of Object.entries(reference))
    expect(
      Math.abs(bar[name]! - value),
      `${name} of ${reference["openUs"]}`,
    ).toBeLessThanOrEqual(1e-12 * Math.abs(value));
};

describe("recorded trades", () => {
  for (const path of TRADES)
    it.skipIf(!existsSync(path))(
      `give the reference's bars at every interval: ${path}`,
      () => {
        const trades = recordedTrades(path);
        expect(trades.length).toBeGreaterThan(500);
        const bars: Bar[] = [];
        const kinds = ["1s", "5s", "1m", "tick:100", "volume:10"];
        const book = new BarBook(
          SYMBOL,
          kinds.map((kind) => ({ kind: parseBarKind(kind), length: 10 })),
          { firstBar: "emit" },
          (bar) => bars.push(bar),
        );
        // Each is told twice, as after a reconnection.
        for (const trade of trades) {
          expect(book.onTrade(trade)).toBe(true);
          expect(book.onTrade(trade)).toBe(false);
        }
        book.advanceTo({
          type: "gap",
          symbol: SYMBOL,
          ...timeAt(trades.at(-1)!.eventUs / 1000 + 59_000),
          reason: "resync",
        });
        for (const intervalMs of [1000, 5000, 60_000]) {
          const built = bars
            .filter((bar) => bar.intervalMs === intervalMs && bar.trades > 0)
            .map(numbersOf);
          const reference = referenceBars(trades, intervalMs);
          // The last interval of the recording need not have ended.
          expect(reference.length - built.length).toBeLessThanOrEqual(1);
          built.forEach((bar, i) => expectClose(bar, reference[i]!));
        }
        expect(book.counts()).toMatchObject({
          lateTrades: 0,
          ahead: 0,
          holes: 0,
          conflictingBars: 0,
          duplicateTrades: trades.length,
        });
        expect(bars.filter(({ basis }) => basis === "tick")).toHaveLength(
          Math.floor(trades.length / 100),
        );
      },
    );
});

describe("recorded bars", () => {
  it.skipIf(!existsSync(MINUTES))(
    "give every longer interval, a grid without holes, and the same after faults",
    () => {
      const minutes = linesOf(MINUTES)
        .slice(1)
        .filter((line) => line !== "")
        .map((line) => {
          const [time, ...numbers] = line.split(",");
          const [open, high, low, close, volume] = numbers.map(Number);
          const iso = time!
            .trim()
            .replace(" ", "T")
            .replace(/(\+00:00)?$/, "Z");
          return barAt(Date.parse(iso), close!, {
            open: open!,
            high: high!,
            low: low!,
            volume: volume!,
            trades: 0,
          });
        });
      expect(minutes).toHaveLength(31_739);
      const kinds = ["1m", "5m", "15m", "1h", "4h", "1d"];
      const run = (told: readonly Bar[]): Bar[] => {
        const bars: Bar[] = [];
        const book = new BarBook(
          SYMBOL,
          kinds.map((kind) => ({ kind: parseBarKind(kind), length: 10 })),
          {},
          (bar) => bars.push(bar),
        );
        for (const bar of told) book.onBar(bar);
        return bars;
      };
      const clean = run(minutes);
      // 59 minutes from 23:01 on, then 22 whole days.
      for (const [intervalMs, count] of [
        [60_000, 31_739],
        [300_000, 11 + 22 * 288],
        [3_600_000, 22 * 24],
        [86_400_000, 22],
      ] as const)
        expect(
          clean.filter((bar) => bar.intervalMs === intervalMs),
        ).toHaveLength(count);
      for (const day of clean.filter((bar) => bar.intervalMs === 86_400_000)) {
        const parts = minutes.filter(
          ({ openUs }) =>
            openUs >= day.openUs && openUs < day.openUs + 86_400e6,
        );
        expect(parts).toHaveLength(1440);
        expectClose(numbersOf(day), {
          open: parts[0]!.open,
          close: parts.at(-1)!.close,
          high: Math.max(...parts.map(({ high }) => high)),
          low: Math.min(...parts.map(({ low }) => low)),
          volume: parts.reduce((sum, { volume }) => sum + volume, 0),
        });
      }
      const doubled = minutes.flatMap((bar, i) =>
        i % 7 === 0
          ? [bar, { ...bar, closed: false }, bar, minutes[Math.max(0, i - 3)]!]
          : [bar],
      );
      expect(run(doubled).map(numbersOf)).toEqual(clean.map(numbersOf));
      let rows = 0;
      let filled = 0;
      const grid = new BarGrid(
        { intervalMs: 60_000, windowMax: 360, fillMax: 1440 },
        (row) => {
          rows++;
          if (row.isBackfilled) filled++;
        },
      );
      minutes.forEach((bar, i) => {
        if (i % 50 !== 49) grid.onBar(bar);
      });
      expect([rows, filled]).toEqual([31_739, Math.floor(31_739 / 50)]);
    },
  );
});
