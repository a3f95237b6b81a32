import { readFileSync } from "node:fs";
import { describe, expect, it } from "vitest";
import {
  hashOfSchema,
  MARKET_FEATURES,
  SOURCED_FEATURES,
} from "./feature-schema.ts";

describe("market feature schema", () => {
  it("names each feature once and describes it", () => {
    const names = MARKET_FEATURES.features.map((f) => f.name);
    expect(new Set(names).size).toBe(names.length);
    for (const { name, unit, formula, source } of SOURCED_FEATURES) {
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

  it("stands in docs/features.md as it is here", () => {
    const page = readFileSync("docs/features.md", "utf8");
    expect(page).toContain(MARKET_FEATURES.hash);
    const rows = page
      .split("\n")
      .filter((line) => /^\| *\d+ +\|/.test(line))
      .map((line) => line.split("|").map((cell) => cell.trim()));
    expect(rows.map(([, number, name]) => [number, name])).toEqual(
      SOURCED_FEATURES.map(({ name }, i) => [String(i + 1), `\`${name}\``]),
    );
    for (const { unit, formula, source } of SOURCED_FEATURES)
      for (const text of [unit, formula, source])
        expect(page, text).toContain(text);
  });
});
