import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { calibratorOf } from "./calibration.ts";

const unit = fc.double({ min: 0, max: 1, noNaN: true });

describe("calibration", () => {
  it("leaves the probability alone when there is none, but for the very ends", () => {
    const calibrate = calibratorOf({ method: "none", impact: undefined });
    expect(calibrate(0.3)).toBe(0.3);
    expect(calibrate(0)).toBeGreaterThan(0);
    expect(calibrate(1)).toBeLessThan(1);
  });

  it("shifts and stretches log-odds by Platt's two numbers", () => {
    const identity = calibratorOf({ method: "platt", a: 1, b: 0 });
    expect(identity(0.2)).toBeCloseTo(0.2, 12);
    const shifted = calibratorOf({ method: "platt", a: 2, b: 0.5 });
    const logit = (p: number): number => Math.log(p / (1 - p));
    expect(logit(shifted(0.7))).toBeCloseTo(2 * logit(0.7) + 0.5, 9);
  });

  it("interpolates between isotonic points and is flat outside them", () => {
    const calibrate = calibratorOf({
      method: "isotonic",
      x: [0.2, 0.4, 0.4, 0.8],
      y: [0.1, 0.3, 0.5, 0.9],
    });
    expect(calibrate(0.1)).toBe(0.1);
    expect(calibrate(0.3)).toBeCloseTo(0.2, 12);
    expect(calibrate(0.6)).toBeCloseTo(0.7, 12);
    expect(calibrate(0.9)).toBe(0.9);
  });

  it("never descends and never leaves the open interval", () => {
    const points = fc
      .array(fc.tuple(unit, unit), { minLength: 2, maxLength: 20 })
      .map((pairs) => ({
        method: "isotonic" as const,
        x: pairs.map(([x]) => x).sort((a, b) => a - b),
        y: pairs.map(([, y]) => y).sort((a, b) => a - b),
      }));
    fc.assert(
      fc.property(points, unit, unit, (calibration, p, q) => {
        const calibrate = calibratorOf(calibration);
        const low = calibrate(Math.min(p, q));
        const high = calibrate(Math.max(p, q));
        expect(low).toBeLessThanOrEqual(high + 1e-12);
        expect(low).toBeGreaterThan(0);
        expect(high).toBeLessThan(1);
      }),
    );
  });
});
