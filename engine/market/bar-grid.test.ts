import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barAt } from "../../test/support/bar-samples.ts";
import { BarGrid } from "./bar-grid.ts";
import type { GridRow } from "./bar-grid.ts";

const MINUTE = 60_000;
const grid = (windowMax = 360, fillMax = 1440) => {
  const rows: GridRow[] = [];
  const fills = new BarGrid({ intervalMs: MINUTE, windowMax, fillMax }, (row) =>
    rows.push({ ...row }),
  );
  return { rows, fills };
};

describe("bar grid", () => {
  it("repeats every column of the row before a missing one, and says so", () => {
    const { rows, fills } = grid();
    fills.onBar(barAt(0, 10, { volume: 7, high: 12 }));
    fills.onBar(barAt(3 * MINUTE, 11));
    expect(
      rows.map((r) => [
        r.openUs / 6e7,
        r.close,
        r.high,
        r.volume,
        r.isBackfilled,
      ]),
    ).toEqual([
      [0, 10, 12, 7, false],
      [1, 10, 12, 7, true],
      [2, 10, 12, 7, true],
      [3, 11, 11, 1, false],
    ]);
  });

  it("takes a bar in which nothing traded for a missing one", () => {
    const { rows, fills } = grid();
    fills.onBar(barAt(0, 9, { volume: 0, trades: 0 }));
    fills.onBar(barAt(MINUTE, 10, { volume: 3 }));
    fills.onBar(barAt(2 * MINUTE, 10, { volume: 0, trades: 0 }));
    expect(rows.map((r) => [r.volume, r.isBackfilled])).toEqual([
      [3, false],
      [3, true],
    ]);
  });

  it("knows who bought and sold: nobody where no bar came, nothing where the venue does not say", () => {
    const { rows, fills } = grid();
    fills.onBar(barAt(0, 10, { volume: 3, buyVolume: 2, sellVolume: 1 }));
    fills.onBar(barAt(2 * MINUTE, 10, { volume: 3 }));
    expect(rows.map((r) => [r.buyVolume, r.sellVolume])).toEqual([
      [2, 1],
      [0, 0],
      [NaN, NaN],
    ]);
  });

  it.each([
    ["no range and a body", { low: 10, high: 10, open: 9 }],
    ["a close outside its range", { high: 9.5 }],
    ["a price of 0", { low: 0 }],
    ["a price below 0", { low: -1 }],
    ["no number", { open: NaN }],
    ["an endless price", { high: Infinity }],
    ["an endless volume", { volume: Infinity }],
    ["no volume", { volume: NaN }],
  ])("takes a bar of %s for a missing one", (_, fields) => {
    const { rows, fills } = grid();
    const broken = barAt(MINUTE, 10, { volume: 4, ...fields });
    fills.onBar(broken);
    expect(rows).toEqual([]);
    fills.onBar(barAt(0, 9, { volume: 3 }));
    fills.onBar(broken);
    fills.onBar(barAt(2 * MINUTE, 11, { volume: 5 }));
    expect(rows.map((r) => [r.close, r.volume, r.isBackfilled])).toEqual([
      [9, 3, false],
      [9, 3, true],
      [11, 5, false],
    ]);
    expect(fills.filled).toBe(1);
  });

  it("fills by time what can no longer come, and leaves out what comes then", () => {
    const { rows, fills } = grid();
    fills.onBar(barAt(0, 10));
    fills.advanceTo(3 * MINUTE * 1000 + 1);
    expect(rows).toHaveLength(3);
    fills.onBar(barAt(MINUTE, 99));
    fills.onBar(barAt(3 * MINUTE, 11, { closed: false }));
    fills.onBar(barAt(3.5 * MINUTE, 11));
    expect(fills.ignored).toBe(3);
    expect(rows).toHaveLength(3);
  });

  it("begins anew after a hole too long to be filled", () => {
    const { rows, fills } = grid(10, 5);
    fills.onBar(barAt(0, 10));
    fills.onBar(barAt(7 * MINUTE, 11));
    expect(fills).toMatchObject({ restarts: 1, rows: 1, filled: 0 });
    expect(rows.at(-1)!.isBackfilled).toBe(false);
    expect(fills.realBefore(10)).toBe(0);
  });

  it("counts the real rows of any window as they stand there", () => {
    fc.assert(
      fc.property(
        fc.array(fc.boolean(), { minLength: 1, maxLength: 120 }),
        fc.integer({ min: 1, max: 40 }),
        (real, windowMax) => {
          const { rows, fills } = grid(windowMax);
          real.forEach((isReal, minute) => {
            if (isReal) fills.onBar(barAt(minute * MINUTE, 10));
            else fills.advanceTo((minute + 1) * MINUTE * 1000);
            const before = rows
              .slice(0, -1)
              .reverse()
              .map(({ isBackfilled }) => Number(!isBackfilled));
            for (let k = 0; k <= windowMax; k++)
              expect(fills.realBefore(k)).toBe(
                before.slice(0, k).reduce((sum, one) => sum + one, 0),
              );
          });
        },
      ),
      { numRuns: 30 },
    );
  });
});
