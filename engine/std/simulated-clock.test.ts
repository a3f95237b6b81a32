import { describe, expect, it } from "vitest";
import { SimulatedClock } from "./simulated-clock.ts";
import { monoNanos } from "./time.ts";

describe("SimulatedClock", () => {
  it("runs timers in order of due time, then of arming", () => {
    const clock = new SimulatedClock();
    const log: string[] = [];
    clock.after(20, () => log.push("late"));
    clock.after(10, () => log.push("first"));
    clock.after(10, () => log.push("second"));
    clock.advanceMs(15);
    expect(log).toEqual(["first", "second"]);
    clock.advanceMs(5);
    expect(log).toEqual(["first", "second", "late"]);
  });

  it("shows a timer its own due time", () => {
    const clock = new SimulatedClock(1_000_000, 0);
    const seen: [number, number][] = [];
    clock.every(10, () => seen.push([clock.nowNs(), clock.nowUs()]));
    clock.advanceMs(25);
    expect(seen).toEqual([
      [10_000_000, 1_010_000],
      [20_000_000, 1_020_000],
    ]);
  });

  it("runs what a timer arms within the same advance, and nothing cancelled", () => {
    const clock = new SimulatedClock();
    const log: string[] = [];
    const doomed = clock.after(8, () => log.push("cancelled"));
    clock.after(5, () => {
      doomed.cancel();
      clock.after(5, () => log.push("nested"));
    });
    clock.advanceMs(10);
    expect(log).toEqual(["nested"]);
  });

  it("steps the wall clock without moving monotonic time", () => {
    const clock = new SimulatedClock(5_000_000);
    clock.stepWallUs(-3_600_000_000);
    expect(clock.nowNs()).toBe(0);
    expect(clock.nowUs()).toBe(5_000_000 - 3_600_000_000);
  });

  it("refuses to run backwards", () => {
    const clock = new SimulatedClock();
    clock.advanceMs(1);
    expect(() => clock.advanceTo(monoNanos(0))).toThrow("forwards");
  });

  it("tells when its earliest timer is due", () => {
    const clock = new SimulatedClock();
    expect(clock.nextDueNs).toBeUndefined();
    clock.after(7, () => undefined);
    const timer = clock.every(5, () => undefined);
    expect(clock.nextDueNs).toBe(5_000_000);
    clock.advanceMs(6);
    expect(clock.nextDueNs).toBe(7_000_000);
    timer.cancel();
    clock.advanceMs(1);
    expect(clock.nextDueNs).toBeUndefined();
  });
});
