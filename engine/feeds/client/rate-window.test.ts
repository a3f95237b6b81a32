import { describe, expect, it } from "vitest";
import { monoNanos, msToNs } from "../../std/time.ts";
import { RateWindow } from "./rate-window.ts";

const at = (ms: number) => monoNanos(msToNs(ms));

describe("RateWindow", () => {
  it("spends no more than its bound within any window", () => {
    const window = new RateWindow(3, 1_000);
    expect([0, 1, 2, 3].map((ms) => window.take(at(ms)))).toEqual([
      true,
      true,
      true,
      false,
    ]);
    expect(window.waitMs(at(3))).toBe(997);
    expect(window.take(at(999))).toBe(false);
    expect(window.take(at(1_000))).toBe(true);
    expect(window.usedAt(at(1_000))).toBe(3);
  });

  it("waits until enough of what was spent has left the window", () => {
    const window = new RateWindow(100, 1_000);
    window.take(at(0), 40);
    window.take(at(500), 40);
    expect(window.waitMs(at(600), 20)).toBe(0);
    expect(window.waitMs(at(600), 50)).toBe(400);
    expect(window.waitMs(at(600), 90)).toBe(900);
  });

  it("believes the venue where that has counted more", () => {
    const window = new RateWindow(100, 1_000);
    window.take(at(0), 10);
    window.observe(at(100), 95);
    expect(window.take(at(200), 10)).toBe(false);
    window.observe(at(200), 20);
    expect(window.usedAt(at(200))).toBe(95);
    expect(window.take(at(1_100), 10)).toBe(true);
  });

  it("lets nothing through while the venue wants quiet", () => {
    const window = new RateWindow(100, 1_000);
    window.keepQuiet(at(0), 5_000);
    window.keepQuiet(at(0), 2_000);
    expect(window.waitMs(at(1_000), 10)).toBe(4_000);
    expect(window.take(at(4_999))).toBe(false);
    expect(window.take(at(5_000))).toBe(true);
  });
});
