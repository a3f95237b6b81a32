import { describe, expect, it } from "vitest";
import { FORECAST, TREES } from "../../test/support/fake-inference.ts";
import { parseRunHead } from "./run-head.ts";

const HEAD = {
  v: 1,
  version: "test",
  node: "v20",
  epoch: "e1",
  options: {},
  models: [TREES, FORECAST],
  inline: [TREES.name],
  sha256: {},
};

describe("the head of a recorded run", () => {
  it("is read as it was written", () => {
    expect(parseRunHead(JSON.stringify(HEAD))).toEqual(HEAD);
  });

  it("is refused where it is none, or of a version whose models named no window", () => {
    const { intervalMs, length } = FORECAST.window!;
    const before = { ...FORECAST, window: { intervalMs, length } };
    for (const json of [
      "{",
      "null",
      JSON.stringify({ ...HEAD, v: 2 }),
      JSON.stringify({ ...HEAD, models: "lightgbm" }),
      JSON.stringify({ ...HEAD, models: [TREES, before] }),
    ])
      expect(() => parseRunHead(json)).toThrow("E_TAPE_FORMAT");
  });
});
