import { describe, expect, it } from "vitest";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BarClock } from "./bar-clock.ts";

const at = (venueMs: number, receivedMs = venueMs) => ({
  eventUs: unixMicros(venueMs * 1000),
  receivedUs: unixMicros(receivedMs * 1000),
  receivedNs: monoNanos(receivedMs * 1e6),
});

describe("bar clock", () => {
  it("believes a time that runs as ours does, whatever lies between them", () => {
    const clock = new BarClock(60_000);
    expect(clock.believes(at(1e9, 5))).toBe(true);
    expect(clock.believes(at(1e9 + 3_600_000, 3_600_005))).toBe(true);
    expect(clock.believes(at(1e9 + 3_000_000, 3_600_006))).toBe(true);
    expect(clock.ahead).toBe(0);
  });

  it("doubts one that jumps, and forgets the doubt when the next is as expected", () => {
    const clock = new BarClock(60_000);
    clock.believes(at(0));
    for (let i = 1; i < 10; i++) {
      expect(clock.believes(at(i * 100 + 1e8, i * 100))).toBe(false);
      expect(clock.believes(at(i * 100))).toBe(true);
    }
    expect(clock.ahead).toBe(9);
  });

  it("believes the third in a row, and from then on any: our time says nothing about a fast replay", () => {
    const clock = new BarClock(60_000);
    const believed = Array.from({ length: 6 }, (_, i) =>
      clock.believes(at(i * 600_000, i)),
    );
    expect(believed).toEqual([true, false, false, true, true, true]);
  });
});
