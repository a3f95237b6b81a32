import { describe, expect, it } from "vitest";
import { monoNanos } from "../std/time.ts";
import type { EventFeatures } from "./event-features.ts";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredFeature, FeatureInput } from "./feature-declaration.ts";
import { StaleWatch } from "./stale-watch.ts";

const feature = (
  name: string,
  inputs: readonly FeatureInput[],
  staleAfterMs: number,
): DeclaredFeature => ({
  name,
  unit: "ratio",
  formula: "x",
  source: "a test",
  window: "now",
  warmUp: { count: 1, unit: "events" },
  settled: { count: 1, unit: "events" },
  missing: "nan",
  inputs,
  staleAfterMs,
});

const SCHEMA = declareSet({
  name: "test",
  version: 1,
  title: "a test",
  features: [
    feature("a", ["book"], 2000),
    feature("b", ["book", "trade"], 60_000),
    feature("c", ["book", "trade"], 5000),
    feature("d", ["book", "trade"], 5000),
  ],
});

/** Ages by name, and how often anybody asked. */
const watched = (ages: Record<string, number>) => {
  const told: string[] = [];
  let asked = 0;
  const follower = {
    schema: SCHEMA,
    ageMs: (i: number) => {
      asked++;
      return ages[SCHEMA.features[i]!.name] ?? 0;
    },
  } as unknown as EventFeatures;
  const watch = new StaleWatch(follower, (reads) => void told.push(reads));
  return {
    told,
    asked: () => asked,
    at: (ms: number) => watch.check({ receivedNs: monoNanos(ms * 1e6) }),
  };
};

describe("a watch over what features read", () => {
  it("tells once a second what is beyond its limit, each kind of reader once", () => {
    const { told, at } = watched({ b: 7000, c: 7000, d: 7000 });
    at(0);
    expect(told).toEqual(["book+trade"]);
    at(999);
    expect(told).toHaveLength(1);
    at(1000);
    expect(told).toHaveLength(2);
  });

  it("says nothing of what is at its limit", () => {
    const { told, at } = watched({ a: 2000, b: 60_000, c: 5000 });
    at(0);
    expect(told).toEqual([]);
  });

  it("asks for one feature of each kind and limit, and for none in between", () => {
    const { asked, at } = watched({});
    at(0);
    expect(asked()).toBe(3);
    at(500);
    expect(asked()).toBe(3);
  });
});
