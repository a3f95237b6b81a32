import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { Calibration } from "./calibration.ts";

describe("calibration", () => {
  it("is silent before any statement", () => {
    const { count, ece, brier, logLoss } = new Calibration();
    expect([count, ece, brier, logLoss]).toEqual([0, 0, 0, 0]);
  });

  it("scores single statements by hand-computed values", () => {
    const calibration = new Calibration();
    calibration.record(0.8, "up");
    calibration.record(0.8, "down");
    expect(calibration.brier).toBeCloseTo((0.04 + 0.64) / 2, 12);
    expect(calibration.logLoss).toBeCloseTo(
      -(Math.log(0.8) + Math.log(0.2)) / 2,
      12,
    );
    expect(calibration.ece).toBeCloseTo(0.3, 12);
    expect(calibration.bins()[8]).toEqual({
      count: 2,
      meanProbability: 0.8,
      upRate: 0.5,
    });
  });

  it("finds an honest model honest and a boasting one not", () => {
    const random = new Random(1);
    const honest = new Calibration();
    const boasting = new Calibration();
    for (let i = 0; i < 20_000; i++) {
      const truth = random.next();
      const moved = random.next() < truth ? "up" : "down";
      honest.record(truth, moved);
      boasting.record(truth < 0.5 ? truth / 4 : 1 - (1 - truth) / 4, moved);
    }
    expect(honest.ece).toBeLessThan(0.02);
    expect(boasting.ece).toBeGreaterThan(0.15);
    expect(boasting.logLoss).toBeGreaterThan(honest.logLoss);
  });

  it("stays finite when certainty is wrong", () => {
    const calibration = new Calibration();
    calibration.record(1, "down");
    calibration.record(0, "up");
    expect(calibration.logLoss).toBeLessThan(21);
  });
});
