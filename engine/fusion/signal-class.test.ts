import { describe, expect, it } from "vitest";
import {
  checkThresholds,
  DEFAULT_THRESHOLDS,
  directionOf,
  signalClass,
} from "./signal-class.ts";

describe("the signal class", () => {
  it.each([
    [0.95, "STRONG_BUY"],
    [0.9, "BUY"],
    [0.71, "BUY"],
    [0.7, "HOLD"],
    [0.5, "HOLD"],
    [0.3, "HOLD"],
    [0.29, "SELL"],
    [0.1, "SELL"],
    [0.09, "STRONG_SELL"],
    [0.0001, "STRONG_SELL"],
  ])("of %f is %s", (probability, expected) => {
    expect(signalClass(probability, DEFAULT_THRESHOLDS)).toBe(expected);
  });

  it("refuses thresholds that make a class unreachable", () => {
    expect(() =>
      checkThresholds({ ...DEFAULT_THRESHOLDS, strongSell: 0.4 }),
    ).toThrow("E_CONFIG_INVALID");
    expect(() =>
      checkThresholds({ ...DEFAULT_THRESHOLDS, strongBuy: 1 }),
    ).toThrow("E_CONFIG_INVALID");
    expect(() => checkThresholds({ ...DEFAULT_THRESHOLDS, buy: NaN })).toThrow(
      "E_CONFIG_INVALID",
    );
  });

  it("is neutral in direction at exactly a half only", () => {
    expect(directionOf(0.5)).toBe("NEUTRAL");
    expect(directionOf(0.5000001)).toBe("LONG");
    expect(directionOf(0.4999999)).toBe("SHORT");
  });
});
