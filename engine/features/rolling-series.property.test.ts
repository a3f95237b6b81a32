import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { drawdown, moments, rankShare, rollingSum } from "./rolling-series.ts";
import { SeriesGraph } from "./series-graph.ts";
import type { Series } from "./series-graph.ts";

const RUNS = 60;

/** What a graph of one input gives for each value. */
const follow = (
  values: readonly number[],
  define: (g: SeriesGraph, source: Series) => readonly Series[],
): number[][] => {
  const g = new SeriesGraph();
  const source = g.input("x");
  const series = define(g, source);
  const run = g.compile();
  return values.map((value) => {
    run.x[source.slot] = value;
    run.step();
    return series.map(({ slot }) => run.x[slot]!);
  });
};

const window = (values: readonly number[], i: number, n: number) =>
  i + 1 < n ? undefined : values.slice(i + 1 - n, i + 1);

const plainMoments = (w: readonly number[]) => {
  const mean = w.reduce((a, b) => a + (b - w[0]!), 0) / w.length;
  const squares = w.reduce((a, b) => a + (b - w[0]! - mean) ** 2, 0);
  return [w[0]! + mean, Math.sqrt(squares / (w.length - 1))] as const;
};

const prices = fc.array(fc.double({ min: 50, max: 150, noNaN: true }), {
  minLength: 1,
  maxLength: 120,
});
const lengths = fc.integer({ min: 2, max: 17 });

describe("rolling series", () => {
  it("rank a value among the last rows, and none with a missing one among them", () => {
    const values = [1, 2, NaN, 3, 1, 2, 4];
    const rows = follow(values, (g, x) => [rankShare(g, x, 3)]);
    expect(rows.flat()).toEqual([NaN, NaN, NaN, NaN, NaN, 2 / 3, 1]);
  });

  it("say nothing at all of equal values, whatever came before", () => {
    fc.assert(
      fc.property(prices, prices, lengths, ([value], before, n) => {
        const values = [...before, ...Array<number>(2 * n).fill(value!)];
        const rows = follow(values, (g, x) => {
          const { mean, variance, deviation, excess } = moments(g, x, n);
          return [mean, variance, deviation, excess];
        });
        for (const row of rows.slice(before.length + n - 1))
          expect(row).toEqual([value, 0, 0, 0]);
      }),
      { numRuns: RUNS },
    );
  });

  it("are what their windows say, and missing until these have filled", () => {
    fc.assert(
      fc.property(prices, lengths, (values, n) => {
        const rows = follow(values, (g, x) => {
          const { mean, deviation } = moments(g, x, n);
          const { deepest, sinceHigh, highest } = drawdown(g, x, n);
          return [
            rollingSum(g, x, n),
            mean,
            deviation,
            deepest,
            sinceHigh,
            highest,
            rankShare(g, x, n),
          ];
        });
        rows.forEach((row, i) => {
          const w = window(values, i, n);
          if (w === undefined) {
            expect(row.every(Number.isNaN)).toBe(true);
            return;
          }
          const [mean, deviation] = plainMoments(w);
          const high = Math.max(...w);
          const falls = w.flatMap((from, j) =>
            w.slice(j).map((to) => (from - to) / from),
          );
          const step = (value: number) => Math.round(value * 2 ** 30);
          expect(row[0]).toBeCloseTo(
            w.reduce((a, b) => a + b, 0),
            9,
          );
          expect(row[1]).toBeCloseTo(mean, 9);
          expect(row[2]).toBeCloseTo(deviation, 9);
          expect(row[3]).toBeCloseTo(Math.max(...falls), 12);
          expect(row[4]).toBe(n - 1 - w.lastIndexOf(high));
          expect(row[5]).toBe(high);
          expect(row[6]).toBeCloseTo(
            w.filter((value) => step(value) <= step(w.at(-1)!)).length / n,
            12,
          );
        });
      }),
      { numRuns: RUNS },
    );
  });

  it("keep nothing of a missing or enormous value that has left", () => {
    const values = [1, 2, NaN, 3, 1e300, 4, 5, 6, 7, 8, 9, 10];
    const rows = follow(values, (g, x) => [
      rollingSum(g, x, 3),
      moments(g, x, 3).deviation,
    ]);
    expect(rows.slice(2, 5).every(([sum]) => Number.isNaN(sum!))).toBe(true);
    expect(rows.slice(7)).toEqual([
      [15, 1],
      [18, 1],
      [21, 1],
      [24, 1],
      [27, 1],
    ]);
  });

  it("have exactly no deviation where all values are equal", () => {
    const rows = follow(
      Array.from({ length: 50 }, () => 0.1 + 0.2),
      (g, x) => [moments(g, x, 7).deviation, moments(g, x, 7).excess],
    );
    expect(
      rows.slice(6).every(([sd, excess]) => sd === 0 && excess === 0),
    ).toBe(true);
  });

  it("say the same to the bit while what enters equals what leaves, so that their own deviation is exactly none", () => {
    fc.assert(
      fc.property(prices, lengths, fc.nat(16), (before, n, turns) => {
        // A window that goes round: the same values in another order, as of a lone move among rows in which nothing traded.
        const round = before.slice(0, n);
        while (round.length < n) round.push(100);
        const values = [...before];
        for (let i = 0; i < 3 * n + turns; i++) values.push(round[i % n]!);
        const rows = follow(values, (g, x) => {
          const { mean, deviation, variance } = moments(g, x, n);
          const again = moments(g, deviation, n);
          return [mean, deviation, variance, again.deviation, again.excess];
        });
        const settled = before.length + n - 1;
        for (const row of rows.slice(settled))
          expect(row.slice(0, 3)).toEqual(rows[settled]!.slice(0, 3));
        for (const row of rows.slice(settled + n - 1))
          expect(row.slice(3)).toEqual([0, 0]);
      }),
      { numRuns: RUNS },
    );
  });

  it("do not drift over a hundred thousand values (DRIFT_EVENTS for more)", () => {
    const count = Number(process.env.DRIFT_EVENTS ?? 100_000);
    const n = 50;
    const g = new SeriesGraph();
    const source = g.input("x");
    const sum = rollingSum(g, source, n);
    const { mean, deviation } = moments(g, source, n);
    const run = g.compile();
    const random = new Random("drift");
    const last: number[] = [];
    let worst = 0;
    let price = 50_000;
    for (let i = 0; i < count; i++) {
      price = Math.max(1, price * (1 + 0.001 * (random.next() - 0.5)));
      // Now and then a value that would leave its rounding in a running sum for good.
      const value = i % 9973 === 0 ? price * 1e9 : price;
      last.push(value);
      if (last.length > n) last.shift();
      run.x[source.slot] = value;
      run.step();
      if (last.length < n || i % 97 !== 0) continue;
      const [wantedMean, wantedDeviation] = plainMoments(last);
      const wantedSum = last.reduce((a, b) => a + b, 0);
      worst = Math.max(
        worst,
        Math.abs(run.x[sum.slot]! / wantedSum - 1),
        Math.abs(run.x[mean.slot]! / wantedMean - 1),
        Math.abs(run.x[deviation.slot]! / wantedDeviation - 1),
      );
    }
    expect(worst).toBeLessThan(1e-10);
  }, 600_000);
});
