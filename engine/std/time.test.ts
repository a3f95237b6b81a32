import { describe, expect, it } from "vitest";
import { systemClock, systemTimers } from "./time.ts";

describe("the system clock", () => {
  it("never runs backwards", () => {
    let last = systemClock.nowNs();
    for (let i = 0; i < 10_000; i++) {
      const now = systemClock.nowNs();
      expect(now).toBeGreaterThanOrEqual(last);
      last = now;
    }
  });

  it("tells the wall time in whole microseconds", () => {
    const nowUs = systemClock.nowUs();
    expect(Number.isSafeInteger(nowUs)).toBe(true);
    expect(Math.abs(nowUs / 1000 - Date.now())).toBeLessThan(1100);
  });
});

describe("the system timers", () => {
  it("run once, repeatedly, or not at all when cancelled", async () => {
    const log: string[] = [];
    systemTimers.after(5, () => log.push("cancelled")).cancel();
    const repeating = systemTimers.every(2, () => log.push("tick"));
    await new Promise<void>((resolve) => {
      systemTimers.after(30, resolve);
      // System timers do not keep a process alive; this one does.
      setTimeout(() => undefined, 60);
    });
    repeating.cancel();
    expect(log.length).toBeGreaterThan(2);
    expect(log).not.toContain("cancelled");
  });
});
