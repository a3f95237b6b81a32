import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Bar } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BAR_INPUTS } from "./bar-inputs.ts";
import { BarSetRun } from "./bar-set-run.ts";
import { BAR_SETS, GRID_SETS } from "./feature-sets.ts";
import { FrameFeatures } from "./frame-features.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";

const RUNS = 40;
const MINUTE_US = 60e6;

const barAt = (minute: number, close: number, volume: number): Bar => ({
  type: "bar",
  symbol: symbolId("BTCUSDT.BINANCE"),
  eventUs: unixMicros((minute + 1) * MINUTE_US),
  receivedUs: unixMicros((minute + 1) * MINUTE_US),
  receivedNs: monoNanos(1),
  intervalMs: 60_000,
  openUs: unixMicros(minute * MINUTE_US),
  open: close * 1.001,
  high: close * 1.002,
  low: close * 0.999,
  close,
  volume,
  vwap: close,
  trades: 1,
  closed: true,
});

/** Steps in minutes, prices and volumes: flat stretches, holes and bars without trades among them. */
const walks = fc.array(
  fc.record({
    step: fc.oneof(
      { weight: 9, arbitrary: fc.constant(1) },
      { weight: 1, arbitrary: fc.integer({ min: 2, max: 2000 }) },
    ),
    close: fc.oneof(
      fc.constant(100),
      fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
    ),
    volume: fc.oneof(
      fc.constant(0),
      fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
    ),
  }),
  { minLength: 1, maxLength: 150 },
);

const barsOf = (
  walk: readonly { step: number; close: number; volume: number }[],
): Bar[] => {
  let minute = 0;
  return walk.map(({ step, close, volume }) =>
    barAt((minute += step), close, volume),
  );
};

describe("bar features", () => {
  it("are finite or missing whatever the bars", () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const names = GRID_SETS.flatMap((set) =>
          set.features.map(({ name }) => name),
        );
        const grid = new GridFeatures(
          { sets: GRID_SETS, intervalMs: 60_000, fillMax: GRID_FILL_MAX },
          () => {
            const wild = names.filter(
              (_, i) => Math.abs(grid.values[i]!) === Infinity,
            );
            expect(wild).toEqual([]);
          },
        );
        for (const bar of barsOf(walk)) grid.onBar(bar);
      }),
      { numRuns: RUNS },
    );
  });

  it("go on to the bit from a snapshot taken anywhere", () => {
    fc.assert(
      fc.property(walks, fc.nat(149), (walk, cut) => {
        const whole = new BarSetRun(BAR_SETS);
        const resumed = new BarSetRun(BAR_SETS);
        const frames = new FrameFeatures();
        const framesResumed = new FrameFeatures();
        walk.forEach(({ close, volume }, i) => {
          for (const run of [whole, resumed]) {
            run.inputs.fill(NaN);
            run.inputs.set([close, close, close, close, volume, 1]);
          }
          whole.push();
          frames.push(i, whole.inputs);
          if (i < cut) return;
          if (i === cut) {
            resumed.restore(whole.snapshot());
            framesResumed.restore(frames.snapshot());
          } else {
            resumed.push();
            framesResumed.push(i, resumed.inputs);
          }
          expect(resumed.values).toEqual(whole.values);
          expect(framesResumed.values).toEqual(frames.values);
        });
      }),
      { numRuns: RUNS },
    );
  });

  it("compute what two sets share once", () => {
    const single = BAR_SETS.map(
      (set) => new BarSetRun([set]).snapshot().length,
    );
    const all = new BarSetRun(BAR_SETS).snapshot().length;
    expect(all).toBeLessThan(single.reduce((a, b) => a + b, 0));
    const [bars] = BAR_SETS;
    const aliasOf = Object.fromEntries(
      bars!.features.flatMap(({ name, aliasOf }) =>
        aliasOf === undefined ? [] : [[name, aliasOf]],
      ),
    );
    expect(aliasOf).toEqual({
      spread_proxy: "hl_range",
      spread_pct: "hl_range_pct",
      realized_range: "hl_range_pct",
    });
  });

  it("begin anew after a hole too long to be filled", () => {
    const grid = new GridFeatures({
      sets: BAR_SETS,
      intervalMs: 60_000,
      fillMax: 10,
    });
    for (let i = 0; i < 100; i++) grid.onBar(barAt(i, 100 + (i % 7), 1));
    grid.onBar(barAt(1000, 200, 1));
    const fresh = new GridFeatures({
      sets: BAR_SETS,
      intervalMs: 60_000,
      fillMax: 10,
    });
    fresh.onBar(barAt(1000, 200, 1));
    expect(grid.values).toEqual(fresh.values);
    expect(grid.run.inputs).toHaveLength(BAR_INPUTS.length);
  });
});
