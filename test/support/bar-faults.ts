/** Minutes of a venue as they should come, and as they came: late, doubled, overlapping, still open or lost by chance. */
import * as fc from "fast-check";
import type { Bar } from "../../engine/domain/market-event.ts";
import { barAt } from "./bar-samples.ts";

const MINUTE = 60_000;
const MINUTES_MAX = 60;

export interface BarFaults {
  /** Those that were not lost, each once and in order. */
  readonly clean: readonly Bar[];
  /** Minutes that nobody tells. */
  readonly lost: ReadonlySet<number>;
  /** What is told, in order of arrival: at most three minutes late. */
  readonly told: readonly Bar[];
  readonly minutes: number;
}

const minute = fc.nat(MINUTES_MAX - 1);

export const barFaults = (minutesMin = 3): fc.Arbitrary<BarFaults> =>
  fc
    .record({
      minutes: fc.integer({ min: minutesMin, max: MINUTES_MAX }),
      lost: fc.array(minute, { maxLength: 8 }),
      doubled: fc.array(fc.tuple(minute, fc.nat(6)), { maxLength: 12 }),
      late: fc.array(fc.tuple(minute, fc.integer({ min: 1, max: 3 })), {
        maxLength: 12,
      }),
      overlapping: fc.array(minute, { maxLength: 8 }),
      open: fc.array(minute, { maxLength: 8 }),
    })
    .map((fault) => {
      const lost = new Set(fault.lost.filter((m) => m > 0));
      const clean: Bar[] = [];
      const queue: { at: number; bar: Bar }[] = [];
      for (let m = 0; m < fault.minutes; m++) {
        if (lost.has(m)) continue;
        const close = 100 + ((m * 7919) % 64) / 4;
        const bar = barAt(m * MINUTE, close, {
          high: close + 1,
          low: close - 1,
          volume: 1 + m,
          trades: 1 + m,
        });
        clean.push(bar);
        // The first bar says where the series begins.
        const lateBy =
          m === 0 ? 0 : (fault.late.find(([x]) => x === m)?.[1] ?? 0);
        queue.push({ at: m + lateBy, bar });
        for (const [x, by] of fault.doubled)
          if (x === m) queue.push({ at: m + lateBy + by + 0.1, bar });
        if (fault.overlapping.includes(m))
          queue.push({ at: m, bar: barAt((m + 0.5) * MINUTE, 500) });
        if (fault.open.includes(m))
          queue.push({
            at: m - 0.5,
            bar: { ...bar, high: 900, closed: false },
          });
      }
      queue.sort((a, b) => a.at - b.at);
      return {
        clean,
        lost,
        told: queue.map(({ bar }) => bar),
        minutes: fault.minutes,
      };
    });
