import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { barFaults } from "../../test/support/bar-faults.ts";
import { SYMBOL, timeAt } from "../../test/support/bar-samples.ts";
import type { Bar } from "../domain/market-event.ts";
import { BarBook } from "../market/bar-book.ts";
import { timeBars } from "../market/bar-kind.ts";
import { BAR_SETS } from "./feature-sets.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";

const MINUTE = 60_000;

/** The features of every row of the grid, of bars as they came. */
const rowsOf = (told: readonly Bar[], minutes: number): Float64Array[] => {
  const rows: Float64Array[] = [];
  const grid = new GridFeatures(
    { sets: BAR_SETS, intervalMs: MINUTE, fillMax: GRID_FILL_MAX },
    () => rows.push(grid.values.slice()),
  );
  const book = new BarBook(
    SYMBOL,
    [{ kind: timeBars(MINUTE), length: 9 }],
    { fillWaitMs: 3.5 * MINUTE, firstBar: "emit" },
    (bar) => grid.onBar(bar),
  );
  for (const bar of told) book.onBar(bar);
  book.advanceTo({
    type: "gap",
    symbol: SYMBOL,
    ...timeAt((minutes + 20) * MINUTE),
    reason: "resync",
  });
  return rows;
};

describe("F54: features of faulty bars", () => {
  it("are the reference's to the bit, whatever was late, doubled, overlapping, open or missing", () => {
    let known = 0;
    fc.assert(
      fc.property(barFaults(30), ({ clean, told, minutes }) => {
        const reference = rowsOf(clean, minutes);
        const faulty = rowsOf(told, minutes);
        expect(faulty).toHaveLength(reference.length);
        faulty.forEach((row, i) => {
          // By value: which of the many NaNs a missing one is, is the compiler's choice.
          expect([...row]).toEqual([...reference[i]!]);
          known += row.filter((value) => !Number.isNaN(value)).length;
        });
      }),
      { numRuns: 25 },
    );
    expect(known).toBeGreaterThan(1000);
  });
});
