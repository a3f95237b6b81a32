import { describe, expect, it } from "vitest";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredFeature } from "./feature-declaration.ts";
import {
  BAR_SETS,
  FEATURE_SETS,
  createEventFeatures,
  featureSet,
} from "./feature-sets.ts";

const feature = (name: string, window: string): DeclaredFeature => ({
  name,
  window,
  unit: "ratio",
  formula: "x",
  source: "a test",
  warmUp: { count: 1, unit: "bars" },
  settled: { count: 1, unit: "bars" },
  missing: "nan",
  inputs: ["bar"],
  staleAfterMs: 1000,
});

const declared = (features: readonly DeclaredFeature[], version = 1) =>
  declareSet({ name: "test", version, title: "a test", features });

describe("feature sets", () => {
  it("have the 76 and the close, the 40 and the six", () => {
    const sizes = new Map(FEATURE_SETS.map((s) => [s.name, s.features.length]));
    expect(sizes.get("bars")).toBe(77);
    expect(sizes.get("direction")).toBe(40);
    expect(sizes.get("compact")).toBe(6);
    expect(sizes.get("news")).toBe(11);
    expect(new Set(FEATURE_SETS.map((s) => s.hash)).size).toBe(
      FEATURE_SETS.length,
    );
  });

  it("change their hash with order, windows, version and constants' names, not with wording", () => {
    const a = feature("a", "5 bars");
    const b = feature("b", "9 bars");
    const { hash } = declared([a, b]);
    expect(declared([{ ...a, formula: "y" }, b]).hash).toBe(hash);
    for (const other of [
      declared([b, a]),
      declared([{ ...a, window: "6 bars" }, b]),
      declared([a, b], 2),
      declareSet({
        name: "test",
        version: 1,
        title: "a test",
        features: [a, b],
        constants: { c: 1 },
      }),
    ])
      expect(other.hash).not.toBe(hash);
    expect(() => declared([a, a])).toThrow("once");
  });

  it("tell by their version that articles count since when they came, not since when they were dated", () => {
    const versions = new Map(FEATURE_SETS.map((s) => [s.name, s.version]));
    expect(versions.get("news")).toBe(2);
    expect(versions.get("compact")).toBe(2);
  });

  it("are known by name only", () => {
    expect(featureSet("bars")).toBe(BAR_SETS[0]);
    expect(() => featureSet("nothing")).toThrow("E_FEATURES_UNKNOWN");
  });

  it("have each a follower that a symbol's actor can feed", () => {
    for (const set of FEATURE_SETS)
      expect(createEventFeatures(set).schema, set.name).toBe(set);
  });
});
