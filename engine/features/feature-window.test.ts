import { describe, expect, it } from "vitest";
import {
  FeatureWindow,
  PATCHTST_WINDOW,
  TFT_WINDOW,
} from "./feature-window.ts";

const small = {
  name: "small",
  channels: ["a", "b"],
  length: 3,
  shorter: "firstRow",
} as const;

describe("feature window", () => {
  it("holds the last rows, oldest first", () => {
    const window = new FeatureWindow(small);
    for (let i = 0; i < 5; i++) window.push([i, -i]);
    const into = new Float32Array(6);
    expect(window.copy(into)).toBe(true);
    expect([...into]).toEqual([2, -2, 3, -3, 4, -4]);
  });

  it("repeats its first row where it is short and may be", () => {
    const window = new FeatureWindow(small);
    const into = new Float32Array(6);
    expect(window.copy(into)).toBe(false);
    window.push([1, 2]);
    window.push([3, 4]);
    expect(window.copy(into)).toBe(true);
    expect([...into]).toEqual([1, 2, 1, 2, 3, 4]);
    window.clear();
    expect(window.count).toBe(0);
  });

  it("gives nothing where it is short and may not be", () => {
    const window = new FeatureWindow({ ...small, shorter: "none" });
    window.push([1, 2]);
    expect(window.copy(new Float32Array(6))).toBe(false);
  });

  it("knows PatchTST's 512 bars and TFT's 60 rows", () => {
    expect(PATCHTST_WINDOW.length * PATCHTST_WINDOW.channels.length).toBe(3072);
    expect(TFT_WINDOW.channels).toContain("macd");
  });
});
