import { describe, expect, it } from "vitest";
import type { DeclaredFeature } from "../features/feature-declaration.ts";
import { Random } from "../std/random.ts";
import { FeatureRows, tapeSource } from "./feature-rows.ts";
import type { FeatureSource } from "./feature-rows.ts";
import { FeatureSet } from "../features/feature-set.ts";
import { createEventFeatures, featureSet } from "../features/feature-sets.ts";
import { MarketSimulator } from "../feeds/simulator.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import { simulatedTape } from "./simulated-tape.ts";
import { verifyLookahead, verifyWarmup } from "./verify-features.ts";
import { compareColumns } from "./verify-parity.ts";

const feature = (name: string, bars: number): DeclaredFeature => ({
  name,
  unit: "number",
  formula: name,
  source: "a test",
  window: `${bars} bars`,
  warmUp: { count: bars, unit: "bars" },
  settled: { count: bars, unit: "bars" },
  missing: "nan",
  inputs: ["bar"],
  staleAfterMs: 1000,
});

interface Timed {
  readonly at: number;
  readonly value: number;
}

/** Features of a list of numbers, each by a formula over the list and a position in it: a formula can look wherever it likes. */
const sourceOf = (
  formulas: Readonly<
    Record<string, (x: readonly number[], i: number) => number>
  >,
  bars = 1,
): FeatureSource<Timed> => {
  const random = new Random("rows");
  const input = Array.from({ length: 500 }, (_, at) => ({
    at,
    value: random.next(),
  }));
  return {
    unit: "bars",
    features: Object.keys(formulas).map((name) => feature(name, bars)),
    input,
    run(stretch) {
      const x = stretch.map(({ value }) => value);
      const rows = new FeatureRows(Object.keys(formulas).length);
      for (let i = 0; i < x.length; i++)
        rows.push(
          i,
          stretch[i]!.at,
          Object.values(formulas).map((formula) => formula(x, i)),
        );
      return rows;
    },
    from: (start) => ({ input: input.slice(start), added: 0 }),
  };
};

const mean = (x: readonly number[]) => x.reduce((a, b) => a + b, 0) / x.length;

/** Honest, and planted: the next value, and a value beside the mean of all there will ever be. */
const honest = {
  now: (x: readonly number[], i: number) => x[i]!,
  change: (x: readonly number[], i: number) => x[i]! - (x[i - 1] ?? NaN),
};
const planted = {
  next: (x: readonly number[], i: number) => x[i + 1] ?? x[i]!,
  overAll: (x: readonly number[], i: number) => x[i]! - mean(x),
};

describe("verify lookahead", () => {
  it("finds nothing in features that know the past alone", () => {
    const report = verifyLookahead(sourceOf(honest), 10, new Random(1));
    expect(report).toMatchObject({ cuts: 10, changedRows: 0 });
    expect(report.rows).toBeGreaterThan(100);
  });

  it("finds a planted feature that knows the future", () => {
    const report = verifyLookahead(
      sourceOf({ ...honest, ...planted }),
      10,
      new Random(1),
    );
    expect(report.changedFeatures.toSorted()).toEqual(["next", "overAll"]);
    expect(report.changedRows).toBeGreaterThan(0);
  });
});

describe("verify warmup", () => {
  it("finds nothing in features that forget where the tape began when they say so", () => {
    const source = sourceOf(honest, 2);
    const late = {
      ...honest,
      now: (x: readonly number[], i: number) => (i < 1 ? NaN : x[i]!),
    };
    expect(source.features).toHaveLength(2);
    expect(
      verifyWarmup(sourceOf(late, 2), 10, new Random(1), 1e-9),
    ).toMatchObject({
      unsettled: 0,
      early: 0,
      failedFeatures: [],
      uncheckedFeatures: [],
    });
  });

  it("finds a planted feature that depends on the whole tape, and one that speaks before its warm-up", () => {
    const report = verifyWarmup(
      sourceOf({ overAll: planted.overAll, ...honest }, 2),
      10,
      new Random(1),
      1e-9,
    );
    expect(report.unsettled).toBeGreaterThan(0);
    expect(report.early).toBeGreaterThan(0);
    expect(report.failedFeatures.toSorted()).toEqual(["now", "overAll"]);
  });
});

describe("the market features of a simulated tape", () => {
  const tape = (): MarketEvent[] => {
    const events: MarketEvent[] = [];
    let symbol: string | undefined;
    for (const { simNs, event } of new MarketSimulator({ seed: 7 })) {
      if (simNs > 30e9) break;
      if (isHeadline(event)) continue;
      symbol ??= event.symbol;
      if (event.symbol === symbol) events.push(event);
    }
    return events;
  };

  it("hold no future and forget their beginning", () => {
    const source = tapeSource(tape(), () => new FeatureSet());
    const ahead = verifyLookahead(source, 3, new Random(2));
    expect(ahead).toMatchObject({ features: 36, changedRows: 0 });
    expect(ahead.rows).toBeGreaterThan(100);
    expect(verifyWarmup(source, 2, new Random(2), 1e-4)).toMatchObject({
      failedFeatures: [],
    });
  });
});

describe("the event features of a long simulated tape with a leading symbol", () => {
  it.each(["market", "microstructure"])(
    "are all checked, and forget their beginning: %s",
    (name) => {
      const { leader, events } = simulatedTape(5400, "long");
      const source = tapeSource(
        events,
        (leading) =>
          createEventFeatures(
            featureSet(name),
            leading === undefined ? {} : { leading },
          ),
        { leader, sampleMs: 5000 },
      );
      const report = verifyWarmup(source, 2, new Random(3), 1e-4);
      expect(report).toMatchObject({
        checked: source.features.length,
        failedFeatures: [],
        uncheckedFeatures: [],
      });
    },
  );
});

describe("verify parity", () => {
  const names = ["a", "b"];

  it("tells the greatest error, in parts of the reference, and whose it is", () => {
    const reference = Float64Array.of(1, 100, 2, 200, NaN, 300);
    const values = Float64Array.of(1, 100, 2, 200 * (1 + 1e-9), NaN, 300);
    const report = compareColumns(names, values, reference);
    expect(report).toMatchObject({
      features: 2,
      rows: 3,
      nanMismatches: 0,
      worstFeature: "b",
    });
    expect(report.maxRelError).toBeCloseTo(1e-9, 15);
  });

  it("counts what is missing on one side only", () => {
    const report = compareColumns(
      names,
      Float64Array.of(1, NaN, 2, 5),
      Float64Array.of(NaN, NaN, 2, 5),
    );
    expect(report).toMatchObject({ nanMismatches: 1, maxRelError: 0 });
  });
});
