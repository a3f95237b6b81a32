/** Features of bars that hardly are any, beside the reference: what is finite on one side is on the other. */
import { describe, expect, it } from "vitest";
import { barsTask } from "../engine/cli/parity-bars.ts";
import { runParity } from "../engine/cli/verify-parity.ts";
import type { Bar } from "../engine/domain/market-event.ts";
import { BAR_SETS, GRID_SETS } from "../engine/features/feature-sets.ts";
import { FRAMES_SET } from "../engine/features/frames-set.ts";
import { Random } from "../engine/std/random.ts";
import { barAt } from "./support/bar-samples.ts";
import { pythonWith } from "./support/python.ts";

const python = pythonWith("numpy", "pandas");
const MINUTE = 60_000;
const TICK = 0.25;

/** Ticks up and down, long stretches of one price, rows without a range or a trade, and rows that cannot be. */
const degenerateBars = (count: number): Bar[] => {
  const random = new Random("degenerate");
  let ticks = 400;
  return Array.from({ length: count }, (_, minute) => {
    const isStill = minute % 400 > 150;
    if (!isStill || random.next() < 0.02) ticks += random.int(5) - 2;
    const close = ticks * TICK;
    const volume = isStill ? 1 : random.next() < 0.1 ? 0 : random.int(9);
    const range = random.next() < 0.5 ? 0 : TICK;
    const whole = { volume, high: close + range, low: close - range };
    return barAt(minute * MINUTE, close, { ...whole, ...brokenOf(random) });
  });
};

const brokenOf = (random: Random): Partial<Bar> => {
  if (random.next() > 0.03) return {};
  const price = 100;
  const cases = [
    { open: price + TICK, high: price, low: price, close: price },
    { low: 0 },
    { open: -1 },
    { high: Infinity },
    { close: NaN },
  ];
  return cases[random.int(cases.length)]!;
};

describe("parity", () => {
  it.skipIf(python === undefined)(
    "holds of flat, still and broken bars (needs a Python with numpy and pandas)",
    async () => {
      const bars = degenerateBars(1600);
      const report = await runParity(barsTask(BAR_SETS, bars), python!);
      expect(report.rows).toBe(1600);
      expect(report.nanMismatches).toBe(0);
      expect(report.maxRelError).toBeLessThan(1e-9);
    },
    60_000,
  );

  it("leaves frames out of what is no minute, and is refused with a code where nothing is left", () => {
    const intervalMs = 1000;
    const seconds = [0, 1000].map((at) => barAt(at, 10, { intervalMs }));
    const { sets } = barsTask(GRID_SETS, seconds);
    expect(sets).toEqual(BAR_SETS);
    expect(() => barsTask([FRAMES_SET], seconds)).toThrow("E_BARS_FORMAT");
  });

  it("is refused with a code where nothing traded, as in a file of quotes", () => {
    const quotes = [
      barAt(0, 10, { volume: 0 }),
      barAt(MINUTE, 10, { volume: 0 }),
    ];
    expect(() => barsTask(BAR_SETS, quotes)).toThrow("E_BARS_FORMAT");
  });
});
