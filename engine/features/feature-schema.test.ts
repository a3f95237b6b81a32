import { describe, expect, it } from "vitest";
import { hashOfSchema } from "./feature-declaration.ts";
import { MARKET_FEATURE_LIST, MARKET_FEATURES } from "./feature-schema.ts";

describe("market feature schema", () => {
  it("names each feature once and describes it", () => {
    const names = MARKET_FEATURES.features.map((f) => f.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, unit, formula, source } of MARKET_FEATURE_LIST) {
      expect(name).toMatch(/^[a-z][A-Za-z0-9]*$/);
      for (const text of [unit, formula, source]) expect(text).not.toBe("");
    }
  });

  it("hashes the order, not the wording: shipped models name this hash", () => {
    const names = MARKET_FEATURES.features.map((f) => f.name);
    expect(MARKET_FEATURES.hash).toBe(
      "ead71b20105a9cd36fd9f7169cbbaf539d53cdf37706ed9bfbc078988fd4ef8e",
    );
    expect(hashOfSchema("market", 1, names)).toBe(MARKET_FEATURES.hash);
    expect(hashOfSchema("market", 1, names.toReversed())).not.toBe(
      MARKET_FEATURES.hash,
    );
    expect(hashOfSchema("market", 2, names)).not.toBe(MARKET_FEATURES.hash);
  });
});
