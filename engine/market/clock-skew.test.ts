import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { ClockSkew } from "./clock-skew.ts";

const START_US = 1_700_000_000_000_000;

/** Events every 20 ms over ways of 3 ms and more, some of them much longer. */
const watch = (
  skew: ClockSkew,
  skewUsAt: (ms: number) => number,
  untilMs: number,
  falsify: (eventUs: number, i: number) => number = (eventUs) => eventUs,
): void => {
  const random = new Random(7);
  for (let ms = 0, i = 0; ms < untilMs; ms += 20, i++) {
    const wayUs = 3000 + random.exponential(1 / 8000);
    const receivedUs = START_US + ms * 1000;
    const eventUs = receivedUs - wayUs + skewUsAt(ms);
    skew.observe(
      unixMicros(Math.round(falsify(eventUs, i))),
      unixMicros(receivedUs),
      monoNanos(1e9 + ms * 1e6),
    );
  }
};

describe("clock skew", () => {
  it("knows nothing before the first event", () => {
    expect(new ClockSkew().skewUs).toBeUndefined();
  });

  it.each([-5_000_000, -1_270_000, 0, 80_000, 5_000_000])(
    "F52: estimates a skew of %i µs to within 50 ms",
    (skewUs) => {
      const skew = new ClockSkew();
      watch(skew, () => skewUs, 5000);
      expect(Math.abs(skew.skewUs! - skewUs)).toBeLessThan(50_000);
    },
  );

  it("F52: is not fooled by timestamps from the future or from long ago", () => {
    const skew = new ClockSkew();
    watch(
      skew,
      () => -1_270_000,
      20_000,
      (eventUs, i) =>
        i % 333 === 1
          ? eventUs + 5_000_000
          : i % 50 === 3
            ? eventUs - 60_000_000
            : eventUs,
    );
    expect(Math.abs(skew.skewUs! + 1_270_000)).toBeLessThan(50_000);
  });

  it("F52: follows a step of either clock within some five seconds", () => {
    const skew = new ClockSkew();
    watch(skew, (ms) => (ms < 20_000 ? 0 : 5_000_000), 26_000);
    expect(Math.abs(skew.skewUs! - 5_000_000)).toBeLessThan(50_000);
  });
});
