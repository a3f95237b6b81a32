import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { logReturnZ, windowScale } from "./log-return-z.ts";

const LENGTH = 8;
const bar = fc.tuple(
  fc.double({ min: 1e-3, max: 1e6, noNaN: true }),
  fc.double({ min: 0, max: 1e9, noNaN: true }),
);
const windows = fc
  .array(bar, { minLength: LENGTH, maxLength: LENGTH })
  .map((bars) =>
    Float32Array.from(
      bars.flatMap(([price, volume]) => [
        price,
        price,
        price,
        price,
        volume,
        price,
      ]),
    ),
  );
const normalised = (bars: Float32Array): Float32Array => {
  const into = new Float32Array(bars.length);
  logReturnZ(bars, into);
  return into;
};

describe("the logReturnZ normalisation", () => {
  it("puts the last close at zero and gives back prices through its scale", () => {
    fc.assert(
      fc.property(windows, (bars) => {
        const z = normalised(bars);
        const { lastClose, returnStd } = windowScale(bars);
        expect(z[(LENGTH - 1) * 6 + 3]).toBe(0);
        for (let i = 0; i < LENGTH; i++) {
          const close = bars[i * 6 + 3]!;
          const back = lastClose * Math.exp(z[i * 6 + 3]! * returnStd);
          expect(Math.abs(back / close - 1)).toBeLessThan(1e-4);
        }
      }),
    );
  });

  it("is finite for every window of positive prices", () => {
    fc.assert(
      fc.property(windows, (bars) => {
        expect(normalised(bars).every(Number.isFinite)).toBe(true);
      }),
    );
  });

  it("does not care for the unit of the price", () => {
    const bars = Float32Array.from({ length: LENGTH * 6 }, (_, i) =>
      i % 6 === 4 ? i : 100 + Math.sin(i),
    );
    const scaled = bars.map((value, i) => (i % 6 === 4 ? value : value * 1024));
    const a = normalised(bars);
    const b = normalised(scaled);
    a.forEach((value, i) => {
      expect(b[i]).toBeCloseTo(value, 4);
    });
  });

  it("has volumes of mean 0 and deviation 1", () => {
    const bars = Float32Array.from({ length: LENGTH * 6 }, (_, i) =>
      i % 6 === 4 ? i * i : 100,
    );
    const volumes = [...normalised(bars)].filter((_, i) => i % 6 === 4);
    const mean = volumes.reduce((a, b) => a + b) / LENGTH;
    const variance =
      volumes.reduce((sum, v) => sum + (v - mean) ** 2, 0) / LENGTH;
    expect(mean).toBeCloseTo(0, 5);
    expect(variance).toBeCloseTo(1, 5);
  });
});
