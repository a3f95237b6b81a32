import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { Breaker } from "./breaker.ts";

describe("the breaker", () => {
  it("opens after failures in a row, probes once an interval, closes on success", () => {
    const clock = new SimulatedClock();
    const breaker = new Breaker({ failuresMax: 3, probeEveryMs: 1_000, clock });
    for (let i = 0; i < 2; i++) breaker.failed();
    breaker.succeeded();
    for (let i = 0; i < 2; i++) breaker.failed();
    expect(breaker.allows()).toBe(true);
    breaker.failed();
    expect([breaker.isOpen, breaker.allows()]).toEqual([true, false]);
    clock.advanceMs(1_000);
    expect([breaker.allows(), breaker.allows()]).toEqual([true, false]);
    breaker.failed();
    clock.advanceMs(999);
    expect(breaker.allows()).toBe(false);
    clock.advanceMs(1);
    expect(breaker.allows()).toBe(true);
    breaker.succeeded();
    expect([breaker.isOpen, breaker.allows()]).toEqual([false, true]);
  });
});
