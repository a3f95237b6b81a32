import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BayesWeights, DEFAULT_WEIGHT_OPTIONS } from "./bayes-weights.ts";

const OPTIONS = {
  ...DEFAULT_WEIGHT_OPTIONS,
  priorAlpha: 4,
  priorBeta: 4,
  halfLifeMs: 3_600_000,
};

const MODELS = ["a", "b", "c"].map((name) => ({ name, version: "1" }));

const outcome = fc.record({
  model: fc.nat(2),
  verdict: fc.constantFrom("hit" as const, "miss" as const),
  /** Also backwards: outcomes are dated by their maturity, not by when they are told. */
  afterMs: fc.integer({ min: -1_000, max: 10_000_000 }),
});

const history = fc.array(outcome, { maxLength: 200 });

interface Told {
  readonly model: number;
  readonly verdict: "hit" | "miss";
  readonly afterMs: number;
}

const play = (outcomes: readonly Told[]) => {
  const weights = new BayesWeights(MODELS, OPTIONS, monoNanos(0));
  let maturedNs = 0;
  // The clock that reads and saves never stands before an outcome that was told.
  let nowNs = 0;
  for (const { model, verdict, afterMs } of outcomes) {
    maturedNs = Math.max(0, maturedNs + afterMs * 1e6);
    nowNs = Math.max(nowNs, maturedNs);
    weights.record(model, verdict, monoNanos(maturedNs));
  }
  return { weights, nowNs: monoNanos(nowNs) };
};

describe("Bayesian weights, after any outcomes", () => {
  it("never fall below the prior, add up to 1 and lie in their intervals", () => {
    fc.assert(
      fc.property(history, fc.nat(1e9), (outcomes, laterMs) => {
        const { weights, nowNs } = play(outcomes);
        const views = weights.views(monoNanos(nowNs + laterMs * 1e6));
        let sum = 0;
        for (const view of views) {
          expect(view.alpha).toBeGreaterThanOrEqual(4);
          expect(view.beta).toBeGreaterThanOrEqual(4);
          expect(view.lower).toBeLessThan(view.mean);
          expect(view.upper).toBeGreaterThan(view.mean);
          expect(view.weight).toBeGreaterThan(0);
          sum += view.weight;
        }
        expect(Math.abs(sum - 1)).toBeLessThan(1e-9);
      }),
    );
  });

  it("are the same after being saved and restored", () => {
    fc.assert(
      fc.property(history, fc.nat(1e8), (outcomes, downMs) => {
        const { weights, nowNs } = play(outcomes);
        const nowUs = unixMicros(1.7e15);
        const restored = new BayesWeights(MODELS, OPTIONS, monoNanos(5));
        restored.restore(
          weights.encode(nowNs, nowUs),
          monoNanos(5),
          unixMicros(nowUs + downMs * 1000),
        );
        const later = monoNanos(nowNs + downMs * 1e6);
        MODELS.forEach((_model, i) => {
          expect(restored.alpha(i, monoNanos(5))).toBeCloseTo(
            weights.alpha(i, later),
            6,
          );
          expect(restored.beta(i, monoNanos(5))).toBeCloseTo(
            weights.beta(i, later),
            6,
          );
        });
      }),
    );
  });

  it("refuse any bytes that they did not write, and stay as they were", () => {
    fc.assert(
      fc.property(
        fc.oneof(
          fc.uint8Array({ maxLength: 300 }),
          fc.json().map((text) => new TextEncoder().encode(text)),
        ),
        (bytes) => {
          const { weights, nowNs } = play([]);
          const before = weights.views(nowNs);
          try {
            weights.restore(bytes, nowNs, unixMicros(1.7e15));
          } catch (error) {
            expect(String(error)).toMatch(/E_INPUT/);
          }
          expect(weights.views(nowNs)).toEqual(before);
        },
      ),
      { numRuns: 500 },
    );
  });
});
