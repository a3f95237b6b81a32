import { describe, expect, it } from "vitest";
import { MARKET_FEATURES } from "../engine/features/feature-schema.ts";
import { MICROSTRUCTURE_SET } from "../engine/features/microstructure-set.ts";
import { ActorStage, BTC } from "../test/support/actor-stage.ts";
import { TREES } from "../test/support/fake-inference.ts";

const MICRO = {
  ...TREES,
  name: "micro-1s",
  featureSchemaHash: MICROSTRUCTURE_SET.hash,
};
const POOLED = { ...MICRO, name: "pooled-1s", placement: "pool" } as const;

describe("a symbol's features", () => {
  it("give each model the set that it was trained on, once that set is warm", () => {
    const stage = new ActorStage({ models: [TREES, MICRO, POOLED] });
    const lengths = new Map<string, number>();
    stage.inference.judge = (features, model) => {
      lengths.set(model, features.length);
      return 0.8;
    };
    stage.warm(BTC);
    expect(lengths).toEqual(
      new Map([[TREES.name, MARKET_FEATURES.features.length]]),
    );
    expect(stage.last.missing).toContainEqual({
      model: MICRO.name,
      reason: "absent",
    });
    for (let i = 0; i < 120; i++) {
      stage.advanceMs(500);
      stage.feed(stage.delta(BTC));
    }
    expect(lengths.get(MICRO.name)).toBe(MICROSTRUCTURE_SET.features.length);
    expect(stage.last.sources.map(({ model }) => model)).toContain(MICRO.name);
    expect(stage.inference.requests.map(({ model }) => model)).toContain(
      POOLED.name,
    );
    for (const { input } of stage.inference.requests)
      expect(input).toMatchObject({ kind: "features" });
    expect(stage.inference.requests[0]!.input.kind).toBe("features");
  });

  it("are computed with each model's own frozen constants", () => {
    const values = Object.fromEntries(
      Object.keys(MICROSTRUCTURE_SET.constants).map((name) => [name, 0]),
    );
    const still = {
      ...MICRO,
      name: "still-1s",
      featureConstants: values,
      featureConstantsHash: "of zeros",
    };
    const stage = new ActorStage({ models: [MICRO, still] });
    const shifts = new Map<string, number>();
    const at = MICROSTRUCTURE_SET.features.findIndex(
      ({ name }) => name === "microprice",
    );
    stage.inference.judge = (features, model) => {
      shifts.set(model, features[at]!);
      return 0.8;
    };
    stage.warm(BTC);
    for (let i = 0; i < 130; i++) {
      stage.advanceMs(500);
      stage.feed(stage.delta(BTC));
    }
    expect(shifts.get(still.name)).toBeCloseTo(0, 12);
    expect(Math.abs(shifts.get(MICRO.name)!)).toBeGreaterThan(1e-6);
  });

  it("count a doubled trade once", () => {
    const stage = new ActorStage({ models: [TREES, MICRO] });
    stage.warm(BTC);
    const trade = stage.trade(BTC, 100);
    const before = stage.signals.length;
    stage.feed(trade);
    const once = stage.signals.length;
    expect(once).toBeGreaterThan(before);
    stage.feed(trade);
    expect(stage.signals).toHaveLength(once);
  });
});
