import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { rollingShape } from "./rolling-shape.ts";
import { SeriesGraph } from "./series-graph.ts";

const RUNS = 60;

/** Skewness and excess kurtosis after each value. */
const follow = (values: readonly number[], n: number): [number, number][] => {
  const g = new SeriesGraph();
  const source = g.input("x");
  const { skew, kurtosis } = rollingShape(g, source, n);
  const run = g.compile();
  return values.map((value) => {
    run.x[source.slot] = value;
    run.step();
    return [run.x[skew.slot]!, run.x[kurtosis.slot]!];
  });
};

/** By the formulas, about the window's own mean. */
const plainShape = (w: readonly number[]): [number, number] => {
  const n = w.length;
  const mean = w[0]! + w.reduce((a, b) => a + (b - w[0]!), 0) / n;
  const central = (power: number) =>
    w.reduce((a, b) => a + (b - mean) ** power, 0) / n;
  const [m2, m3, m4] = [central(2), central(3), central(4)];
  return [
    ((Math.sqrt(n * (n - 1)) / (n - 2)) * m3) / m2 ** 1.5,
    ((n - 1) / ((n - 2) * (n - 3))) * ((n + 1) * (m4 / m2 ** 2 - 3) + 6),
  ];
};

const lengths = fc.integer({ min: 4, max: 17 });
const drawn = fc.array(fc.double({ min: -1, max: 1, noNaN: true }), {
  minLength: 1,
  maxLength: 120,
});

describe("a rolling shape", () => {
  it("is what its window says, however far from 0 that lies", () => {
    fc.assert(
      fc.property(
        drawn,
        lengths,
        fc.constantFrom(0, 1, -1e3),
        (values, n, far) => {
          const shifted = values.map((value) => value + far);
          follow(shifted, n).forEach(([skew, kurtosis], i) => {
            const w = shifted.slice(Math.max(0, i + 1 - n), i + 1);
            if (w.length < n) {
              expect([skew, kurtosis]).toEqual([NaN, NaN]);
              return;
            }
            // A window of next to no width is the rounding of its values.
            if (Math.max(...w) - Math.min(...w) < 0.01) return;
            const [wantedSkew, wantedKurtosis] = plainShape(w);
            expect(Math.abs(skew - wantedSkew)).toBeLessThan(1e-8);
            expect(Math.abs(kurtosis - wantedKurtosis)).toBeLessThan(1e-8);
          });
        },
      ),
      { numRuns: RUNS },
    );
  });

  it("has none of equal values, whatever came before, and stays where what enters equals what leaves", () => {
    fc.assert(
      fc.property(drawn, lengths, ([value, ...before], n) => {
        const still = [...before, ...Array<number>(2 * n).fill(value!)];
        for (const row of follow(still, n).slice(before.length + n - 1))
          expect(row).toEqual([NaN, NaN]);
        const lone = [...still, value! + 1, ...Array<number>(n).fill(value!)];
        const rows = follow(lone, n).slice(still.length, still.length + n);
        for (const row of rows) expect(row).toEqual(rows[0]);
        expect(rows[0]![0]).toBeGreaterThan(0);
      }),
      { numRuns: RUNS },
    );
  });

  it("keeps nothing of a missing or enormous value that has left", () => {
    const values = [1, 2, NaN, 3, 1e60, 4, 5, 7, 8, 9, 10, 20];
    const rows = follow(values, 4);
    expect(rows.slice(0, 6).every((row) => row.every(Number.isNaN))).toBe(true);
    rows.slice(8).forEach(([skew, kurtosis], i) => {
      const [a, b] = plainShape(values.slice(i + 5, i + 9));
      expect(skew).toBeCloseTo(a, 9);
      expect(kurtosis).toBeCloseTo(b, 9);
    });
  });
});
