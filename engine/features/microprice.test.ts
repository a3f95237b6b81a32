import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { MicropriceEstimate } from "./microprice-estimate.ts";
import {
  FIRST_ORDER_MICROPRICE,
  MicropriceTable,
  micropriceName,
} from "./microprice-table.ts";
import { IMBALANCE, SHIFT, SPREAD, USUAL_SPREAD } from "./micro-inputs.ts";

const shiftOf = (
  constants: Readonly<Record<string, number>>,
  imbalance: number,
  spread = 1,
): number => {
  const values = new Float64Array(16);
  values[IMBALANCE] = imbalance;
  values[SPREAD] = spread;
  values[USUAL_SPREAD] = 1;
  new MicropriceTable(constants).shift(values);
  return values[SHIFT]!;
};

describe("microprice", () => {
  it("is half the imbalance in spreads to first order, odd in it", () => {
    for (const imbalance of [-1, -0.37, 0, 0.05, 0.5, 1])
      expect(shiftOf(FIRST_ORDER_MICROPRICE, imbalance)).toBeCloseTo(
        imbalance / 2,
        14,
      );
  });

  it("has a table of its own for wide spreads", () => {
    const constants = {
      ...FIRST_ORDER_MICROPRICE,
      [micropriceName(1, 5)]: 0.9,
    };
    expect(shiftOf(constants, 1, 1.4)).toBeCloseTo(0.7, 14);
    expect(shiftOf(constants, 1, 2)).toBeCloseTo(1.8, 14);
  });

  it("refuses a table that lacks a number", () => {
    expect(() => new MicropriceTable({})).toThrow("microprice");
  });
});

describe("estimate of the microprice", () => {
  it("finds what the mid was made to do", () => {
    // The mid moves by a spread with chance 0.3 an update, up with chance (1 + I)/2; imbalances come and go at random.
    const random = new Random(1);
    const estimate = new MicropriceEstimate();
    let mid = 1000;
    for (let i = 0; i < 300_000; i++) {
      const imbalance = 2 * random.next() - 1;
      estimate.onBook(imbalance, 1, 1, mid);
      if (random.next() < 0.3)
        mid += random.next() < (1 + imbalance) / 2 ? 1 : -1;
    }
    const constants = estimate.constants();
    for (let step = 1; step <= 5; step++)
      expect(
        Math.abs(constants[micropriceName(0, step)]! - (0.3 * step) / 5),
      ).toBeLessThan(0.02);
    // Never seen: no shift.
    expect(constants[micropriceName(1, 3)]).toBe(0);
  });

  it("looks past the first move", () => {
    // Up from a bid-heavy book, then the book turns over, then down: a rise is half taken back by what follows it.
    const estimate = new MicropriceEstimate();
    for (let i = 0; i < 1000; i++) {
      estimate.onBook(0.9, 1, 1, 100);
      estimate.onBook(0.9, 1, 1, 101);
      estimate.onBook(-0.9, 1, 1, 101);
      estimate.onBook(-0.9, 1, 1, 100);
    }
    // First move 1/3, then a third of that each time: 1/2 in all, in the outermost bin; the one before it was never seen.
    const constants = estimate.constants();
    expect(constants[micropriceName(0, 4)]).toBeCloseTo(1 / 4, 2);
    expect(constants[micropriceName(0, 5)]).toBeCloseTo(3 / 4, 2);
  });

  it("counts no change over a void book", () => {
    const estimate = new MicropriceEstimate();
    estimate.onBook(0.5, 1, 1, 100);
    estimate.onVoid();
    estimate.onBook(0.5, 1, 1, 200);
    expect(estimate.updates).toBe(0);
    expect(Object.values(estimate.constants()).every((x) => x === 0)).toBe(
      true,
    );
  });
});
