import { describe, expect, it } from "vitest";
import { Random, hash32 } from "./random.ts";

const take = (random: Random, n: number): number[] =>
  Array.from({ length: n }, () => random.next());

const mean = (values: readonly number[]): number =>
  values.reduce((sum, value) => sum + value, 0) / values.length;

describe("Random", () => {
  it("repeats itself for a seed and differs for another", () => {
    expect(take(new Random("a"), 20)).toEqual(take(new Random("a"), 20));
    expect(take(new Random("a"), 20)).not.toEqual(take(new Random("b"), 20));
  });

  it("is uniform in [0, 1)", () => {
    const values = take(new Random(1), 50_000);
    expect(values.every((value) => value >= 0 && value < 1)).toBe(true);
    expect(mean(values)).toBeCloseTo(0.5, 2);
    const counts = new Array<number>(10).fill(0);
    for (const value of values) counts[Math.floor(value * 10)]!++;
    // Chi-square with 9 degrees of freedom: 27.9 is the 0.1 % quantile.
    const chi2 = counts.reduce((sum, n) => sum + (n - 5000) ** 2 / 5000, 0);
    expect(chi2).toBeLessThan(27.9);
  });

  it("draws normals and exponentials of the right moments", () => {
    const random = new Random(7);
    const normals = Array.from({ length: 50_000 }, () => random.normal());
    expect(mean(normals)).toBeCloseTo(0, 1);
    expect(mean(normals.map((x) => x * x))).toBeCloseTo(1, 1);
    const waits = Array.from({ length: 50_000 }, () => random.exponential(4));
    expect(mean(waits)).toBeCloseTo(0.25, 2);
  });

  it("forks streams that depend on name and parent alone", () => {
    const child = (seed: number, name: string): number[] =>
      take(new Random(seed).fork(name), 5);
    expect(child(1, "x")).toEqual(child(1, "x"));
    expect(child(1, "x")).not.toEqual(child(1, "y"));
    expect(child(1, "x")).not.toEqual(child(2, "x"));
  });

  it("hashes text as FNV-1a does", () => {
    expect(hash32("")).toBe(0x811c9dc5);
    expect(hash32("foobar")).toBe(0xbf9cf968);
  });
});
