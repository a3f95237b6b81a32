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

/** Numbers that no bar of a market has, among some that it may have. */
const number = fc.oneof(
  fc.constantFrom(0, -1, 1, 100, NaN, Infinity, -Infinity, 5e-324, 1e308),
  fc.double(),
);
const degenerate = fc.array(
  fc.record({
    open: number,
    high: number,
    low: number,
    close: number,
    volume: number,
  }),
  { minLength: 1, maxLength: 80 },
);

const degenerateBars = (
  drawn: readonly Pick<Bar, "open" | "high" | "low" | "close" | "volume">[],
): Bar[] =>
  drawn.map((numbers, minute) => ({ ...barAt(minute, 100, 1), ...numbers }));

const wildIn = (names: readonly string[], values: Float64Array): string[] =>
  names.filter((_, i) => Math.abs(values[i]!) === Infinity);

describe("bar features", () => {
  it("are finite or missing of bars that cannot be, and know nothing of these after", () => {
    fc.assert(
      fc.property(degenerate, (drawn) => {
        const names = GRID_SETS.flatMap((set) =>
          set.features.map(({ name }) => name),
        );
        const options = {
          sets: GRID_SETS,
          intervalMs: 60_000,
          fillMax: GRID_FILL_MAX,
        };
        let wild: string[] = [];
        const told = new GridFeatures(options, () => {
          wild = wild.concat(wildIn(names, told.values));
        });
        const sound = new GridFeatures(options);
        const bars = degenerateBars(drawn);
        for (const bar of bars) {
          const { ignored, filled } = told.grid;
          told.onBar(bar);
          if (told.grid.ignored === ignored && told.grid.filled === filled)
            sound.onBar(bar);
        }
        expect(wild).toEqual([]);
        const next = barAt(bars.length, 100, 1);
        told.onBar(next);
        sound.onBar(next);
        expect([...told.values]).toEqual([...sound.values]);
      }),
      { numRuns: RUNS },
    );
  });

  it("are finite or missing whatever numbers stand for a row", () => {
    fc.assert(
      fc.property(degenerate, (drawn) => {
        const run = new BarSetRun(BAR_SETS);
        const names = BAR_SETS.flatMap((set) =>
          set.features.map(({ name }) => name),
        );
        for (const { open, high, low, close, volume } of degenerateBars(
          drawn,
        )) {
          run.inputs.fill(close);
          run.inputs.set([open, high, low, close, volume, 1]);
          run.push();
          expect(wildIn(names, run.values)).toEqual([]);
        }
      }),
      { numRuns: RUNS },
    );
  });

  it("say nothing of a body without a range, and no shape of returns that are all equal", () => {
    const [bars, direction] = BAR_SETS.map((set) => new BarSetRun([set]));
    const of = (run: BarSetRun, name: string) =>
      run.values[run.sets[0]!.features.findIndex((f) => f.name === name)];
    bars!.inputs.set([9, 10, 10, 10, 1, 1]);
    bars!.push();
    expect(of(bars!, "order_flow_imbalance")).toBeNaN();
    bars!.inputs.set([10, 10, 10, 10, 1, 1]);
    bars!.push();
    expect(of(bars!, "order_flow_imbalance")).toBe(0);
    for (const growth of [2, 0.5]) {
      for (let i = 0, close = 1; i < 62; i++, close *= growth) {
        direction!.inputs.fill(close);
        direction!.push();
      }
      for (const name of ["skew_1h", "kurtosis_1h", "btc_correlation_60m"])
        expect(of(direction!, name)).toBeNaN();
    }
  });

  it("are finite or missing whatever the bars", () => {
    fc.assert(
      fc.property(walks, (walk) => {
        const names = GRID_SETS.flatMap((set) =>
          set.features.map(({ name }) => name),
        );
        const grid = new GridFeatures(
          { sets: GRID_SETS, intervalMs: 60_000, fillMax: GRID_FILL_MAX },
          () => {
            expect(wildIn(names, grid.values)).toEqual([]);
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
