import { describe, expect, it } from "vitest";
import { FeatureWindow } from "./feature-window.ts";

describe("feature window", () => {
  it("holds the last rows, oldest first", () => {
    const window = new FeatureWindow(3, 2);
    const into = new Float32Array(6);
    for (let i = 0; i < 3; i++) {
      expect(window.copy(into)).toBe(false);
      window.push([i, -i]);
    }
    expect(window.copy(into)).toBe(true);
    expect([...into]).toEqual([0, -0, 1, -1, 2, -2]);
    for (let i = 3; i < 5; i++) window.push([i, -i]);
    window.copy(into);
    expect([...into]).toEqual([2, -2, 3, -3, 4, -4]);
  });

  it("gives nothing while it is short", () => {
    const window = new FeatureWindow(2, 1);
    window.push([1]);
    window.push([2]);
    expect(window.isFull).toBe(true);
    window.clear();
    window.push([3]);
    const into = new Float32Array(2);
    expect(window.copy(into)).toBe(false);
    expect([...into]).toEqual([0, 0]);
  });
});
