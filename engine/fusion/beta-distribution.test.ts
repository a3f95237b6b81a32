import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import {
  betaCdf,
  betaDraw,
  betaQuantile,
  logGamma,
} from "./beta-distribution.ts";

describe("the Beta distribution", () => {
  it("knows the logarithm of factorials", () => {
    expect(logGamma(1)).toBeCloseTo(0, 12);
    expect(logGamma(5)).toBeCloseTo(Math.log(24), 12);
    expect(logGamma(0.5)).toBeCloseTo(Math.log(Math.sqrt(Math.PI)), 12);
    expect(logGamma(101)).toBeCloseTo(363.73937555556349, 9);
  });

  it("has closed forms for small integers", () => {
    expect(betaCdf(0.3, 1, 1)).toBeCloseTo(0.3, 13);
    expect(betaCdf(0.3, 2, 1)).toBeCloseTo(0.09, 13);
    expect(betaCdf(0.3, 1, 3)).toBeCloseTo(1 - 0.7 ** 3, 13);
    expect(betaCdf(0.5, 7.5, 7.5)).toBeCloseTo(0.5, 13);
  });

  it("gives the interval 0.289 .. 0.711 for Beta(10, 10)", () => {
    expect(betaQuantile(0.025, 10, 10)).toBeCloseTo(0.28864, 4);
    expect(betaQuantile(0.975, 10, 10)).toBeCloseTo(0.71136, 4);
  });

  it("inverts its own distribution function, also at large evidence", () => {
    for (const [a, b] of [
      [0.5, 0.5],
      [4, 4],
      [1, 40],
      [800, 650],
      [50_000, 49_000],
      [3, 100_000],
      [0.3, 7],
    ] as const)
      for (const p of [0.001, 0.025, 0.5, 0.975, 0.999])
        expect(betaCdf(betaQuantile(p, a, b), a, b)).toBeCloseTo(p, 9);
  });

  it("inverts at once where Newton's steps lead astray", () => {
    expect(betaQuantile(0.5, 0.05, 0.05)).toBeCloseTo(0.5, 6);
    expect(betaQuantile(1e-9, 2, 2)).toBeCloseTo(Math.sqrt(1e-9 / 3), 9);
    expect(betaQuantile(0, 2, 2)).toBe(0);
    expect(betaQuantile(1, 2, 2)).toBe(1);
  });

  it("draws with the mean and variance of the distribution", () => {
    for (const [a, b] of [
      [4, 4],
      [0.5, 2],
      [30, 10],
    ] as const) {
      const random = new Random(7);
      const draws = Array.from({ length: 20_000 }, () =>
        betaDraw(a, b, random),
      );
      const mean = draws.reduce((sum, x) => sum + x, 0) / draws.length;
      const variance =
        draws.reduce((sum, x) => sum + (x - mean) ** 2, 0) / draws.length;
      expect(mean).toBeCloseTo(a / (a + b), 2);
      expect(variance).toBeCloseTo((a * b) / ((a + b) ** 2 * (a + b + 1)), 2);
    }
  });
});
