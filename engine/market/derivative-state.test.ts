import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { DerivativeState } from "./derivative-state.ts";

const head = (atMs: number) => ({
  symbol: symbolId("BTCUSDT.SIM"),
  // An hour ahead: the venue's clock decides nothing.
  eventUs: unixMicros(3_600_000_000 + atMs * 1000),
  receivedUs: unixMicros(atMs * 1000),
  receivedNs: monoNanos(atMs * 1e6),
});

describe("the state of a derivative", () => {
  it("is endlessly old before anything was told", () => {
    const state = new DerivativeState();
    expect(state.fundingAgeMs(monoNanos(5e9))).toBe(Infinity);
    expect(state.openInterestAgeMs(monoNanos(5e9))).toBe(Infinity);
  });

  it("keeps the latest funding and open interest, with ages of our own clock", () => {
    const state = new DerivativeState();
    state.onFunding({
      ...head(1_000),
      type: "funding",
      rate: 0.0001,
      markPrice: 100,
      nextUs: unixMicros(9e9),
    });
    for (const [at, openInterest] of [
      [1_000, 500],
      [2_000, 520],
    ] as const)
      state.onOpenInterest({ ...head(at), type: "openInterest", openInterest });
    expect(state).toMatchObject({
      fundingRate: 0.0001,
      markPrice: 100,
      nextFundingUs: 9e9,
      openInterest: 520,
      previousOpenInterest: 500,
    });
    expect(state.fundingAgeMs(monoNanos(4e9))).toBe(3_000);
    expect(state.openInterestAgeMs(monoNanos(4e9))).toBe(2_000);
    expect(state.fundingAgeMs(monoNanos(0))).toBe(0);
  });
});
