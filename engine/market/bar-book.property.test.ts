import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barFaults } from "../../test/support/bar-faults.ts";
import {
  SYMBOL,
  numbersOf,
  referenceBars,
  timeAt,
  tradeAt,
} from "../../test/support/bar-samples.ts";
import type { Bar, Side, Trade } from "../domain/market-event.ts";
import { BarBook } from "./bar-book.ts";
import { BarBuilder } from "./bar-builder.ts";
import { parseBarKind } from "./bar-kind.ts";

const MINUTE = 60_000;

/** Sizes and prices are dyadic: sums are exact whatever their order. */
const trades = fc
  .array(
    fc.record({
      gapMs: fc.oneof(
        fc.integer({ min: 0, max: 400 }),
        fc.integer({ min: 0, max: 30_000 }),
      ),
      price: fc.integer({ min: 1, max: 64 }).map((n) => n / 4),
      size: fc.integer({ min: 1, max: 64 }).map((n) => n / 16),
      side: fc.constantFrom<Side>("buy", "sell"),
    }),
    { minLength: 1, maxLength: 150 },
  )
  .map((steps): Trade[] => {
    let ms = 0;
    return steps.map(({ gapMs, price, size, side }, i) => {
      ms += gapMs;
      return tradeAt(ms, price, size, { tradeId: i + 1, side });
    });
  });

const endOf = (told: readonly Trade[]): number =>
  Math.max(...told.map(({ eventUs }) => eventUs)) / 1000;

/** Bars of the kinds that closed by so long after the last trade. */
const barsOf = (
  told: readonly Trade[],
  kinds: readonly string[],
  afterMs = 61_000,
): Bar[] => {
  const bars: Bar[] = [];
  const book = new BarBook(
    SYMBOL,
    kinds.map((kind) => ({ kind: parseBarKind(kind), length: 10 })),
    { flatMax: 100_000, firstBar: "emit" },
    (bar) => bars.push(bar),
  );
  for (const trade of told) book.onTrade(trade);
  book.advanceTo({
    type: "quote",
    symbol: SYMBOL,
    ...timeAt(endOf(told) + afterMs),
    seq: 1,
    bidPrice: 1,
    bidSize: 1,
    askPrice: 2,
    askSize: 1,
  });
  return bars;
};

const real = (bars: readonly Bar[], intervalMs: number) =>
  bars
    .filter((bar) => bar.intervalMs === intervalMs && bar.trades > 0)
    .map(numbersOf);

describe("bars of trades", () => {
  it("are what a plain grouping of the trades gives, at every interval", () => {
    fc.assert(
      fc.property(trades, (told) => {
        const bars = barsOf(told, ["1s", "7s", "1m", "5m", "1h"], 3_700_000);
        for (const intervalMs of [1000, 7000, MINUTE, 5 * MINUTE, 60 * MINUTE])
          expect(real(bars, intervalMs)).toEqual(
            referenceBars(told, intervalMs),
          );
      }),
      { numRuns: 20 },
    );
  });

  it("are the same from seconds as from trades, and lose no volume", () => {
    fc.assert(
      fc.property(trades, (told) => {
        const direct = real(barsOf(told, ["1m"]), MINUTE);
        expect(real(barsOf(told, ["1s", "1m"]), MINUTE)).toEqual(direct);
        expect(direct.reduce((sum, bar) => sum + bar["volume"]!, 0)).toBe(
          told.reduce((sum, { size }) => sum + size, 0),
        );
      }),
      { numRuns: 40 },
    );
  });

  it("have no hole and no overlap: each begins where the one before ends", () => {
    fc.assert(
      fc.property(trades, (told) => {
        const opens = barsOf(told, ["1s", "1m"])
          .filter(({ intervalMs }) => intervalMs === 1000)
          .map(({ openUs }) => openUs);
        expect(opens).toEqual(opens.map((_, i) => opens[0]! + i * 1_000_000));
      }),
      { numRuns: 40 },
    );
  });

  it("do not change when trades are told twice", () => {
    fc.assert(
      fc.property(
        trades,
        fc.array(fc.tuple(fc.nat(), fc.nat(40)), { maxLength: 40 }),
        (told, again) => {
          const doubled = [...told];
          for (const [at, later] of again) {
            const from = at % doubled.length;
            const to = Math.min(doubled.length, from + 1 + later);
            doubled.splice(to, 0, doubled[from]!);
          }
          const plain = barsOf(told, ["1s", "1m", "tick:5", "volume:8"]);
          const twice = barsOf(doubled, ["1s", "1m", "tick:5", "volume:8"]);
          expect(twice.map(numbersOf)).toEqual(plain.map(numbersOf));
        },
      ),
      { numRuns: 40 },
    );
  });

  it("do not change when trades come late within the grace that awaits them", () => {
    const late = fc.array(fc.integer({ min: 0, max: 900 }), {
      minLength: 150,
      maxLength: 150,
    });
    fc.assert(
      fc.property(trades, late, (drawn, lateMs) => {
        // Two trades of one microsecond have no order of their own.
        const told = drawn.filter(
          ({ eventUs }, i) => eventUs !== drawn[i - 1]?.eventUs,
        );
        const arrival = told
          .map((trade, i) => ({
            trade,
            atUs: trade.eventUs + lateMs[i]! * 1e3,
          }))
          .sort((a, b) => a.atUs - b.atUs)
          .map(({ trade }) => trade);
        const build = (order: readonly Trade[]) => {
          const bars: Bar[] = [];
          const builder = new BarBuilder(
            {
              symbol: SYMBOL,
              graceMs: 1000,
              lateTrades: "await",
              flatMax: 1e6,
            },
            (bar) => bars.push(bar),
          );
          for (const trade of order) builder.onTrade(trade);
          builder.advanceTo(timeAt(endOf(told) + 5000));
          return { bars: bars.map(numbersOf), late: builder.late };
        };
        const inOrder = build(told);
        const outOfOrder = build(arrival);
        // The first to arrive decides where the series begins.
        const from = Math.floor(arrival[0]!.eventUs / 1e6) * 1e6;
        expect(outOfOrder.bars).toEqual(
          inOrder.bars.filter(({ openUs }) => openUs! >= from),
        );
      }),
      { numRuns: 40 },
    );
  });
});

describe("bars of a venue", () => {
  it("F54: are the reference whatever of them is late, doubled, overlapping, open or missing", () => {
    fc.assert(
      fc.property(barFaults(), ({ clean, told, lost, minutes }) => {
        const run = (bars: readonly Bar[]) => {
          const out: Bar[] = [];
          const book = new BarBook(
            SYMBOL,
            ["1m", "5m"].map((kind) => ({
              kind: parseBarKind(kind),
              length: 9,
            })),
            { fillWaitMs: 3.5 * MINUTE, firstBar: "emit" },
            (bar) => out.push(bar),
          );
          for (const bar of bars) book.onBar(bar);
          book.advanceTo({
            type: "gap",
            symbol: SYMBOL,
            ...timeAt((minutes + 20) * MINUTE),
            reason: "resync",
          });
          return out;
        };
        const reference = run(clean);
        const faulty = run(told);
        const of = (bars: readonly Bar[], intervalMs: number) =>
          bars.filter((bar) => bar.intervalMs === intervalMs).map(numbersOf);
        expect(of(faulty, MINUTE)).toEqual(of(reference, MINUTE));
        expect(of(faulty, 5 * MINUTE)).toEqual(of(reference, 5 * MINUTE));
        // Filled where lost, and nowhere else.
        for (const bar of reference.filter((b) => b.intervalMs === MINUTE))
          if (bar.openUs / 6e7 < minutes)
            expect(bar.trades === 0).toBe(lost.has(bar.openUs / 6e7));
      }),
      { numRuns: 80 },
    );
  });
});
