/** Bars of one symbol onto a gap-free grid and through its bar features; the one way there, live and over history. */
import type { Bar } from "../domain/market-event.ts";
import { BarGrid } from "../market/bar-grid.ts";
import type { GridRow } from "../market/bar-grid.ts";
import { BAR_INPUTS } from "./bar-inputs.ts";
import type { BarInputName } from "./bar-inputs.ts";
import { BarSetRun } from "./bar-set-run.ts";
import type { BarSetOptions } from "./bar-set-run.ts";
import type { SeriesSet } from "./series-set.ts";

export interface GridFeaturesOptions extends BarSetOptions {
  readonly sets: readonly SeriesSet[];
  readonly intervalMs: number;
  /** Missing bars filled in a row; a longer hole begins the features anew. */
  readonly fillMax: number;
}

/** A day of minutes. */
export const GRID_FILL_MAX = 1440;

const OPEN = 0;
const HIGH = 1;
const LOW = 2;
const CLOSE = 3;
const VOLUME = 4;
const IS_REAL = 5;

export class GridFeatures {
  readonly run: BarSetRun;
  readonly grid: BarGrid;
  readonly #onRow: (row: GridRow) => void;

  /** `onRow` is told after each row of the grid, with the values of that row in `run.values`. */
  constructor(
    options: GridFeaturesOptions,
    onRow: (row: GridRow) => void = () => undefined,
  ) {
    const { intervalMs, fillMax } = options;
    this.run = new BarSetRun(options.sets, options);
    this.#onRow = onRow;
    this.grid = new BarGrid({ intervalMs, fillMax, windowMax: 1 }, (row) =>
      this.#take(row),
    );
  }

  /** What stands beside the bars from now on: book, leading symbol, funding, mood. NaN where it is not known. */
  set(name: BarInputName, value: number): void {
    this.run.inputs[BAR_INPUTS.indexOf(name)] = value;
  }

  onBar(bar: Bar): void {
    this.grid.onBar(bar);
  }

  #take(row: GridRow): void {
    const { run } = this;
    // The first row of a grid that begins anew has no past.
    if (this.grid.rows === 1) run.reset();
    const { inputs } = run;
    inputs[OPEN] = row.open;
    inputs[HIGH] = row.high;
    inputs[LOW] = row.low;
    inputs[CLOSE] = row.close;
    inputs[VOLUME] = row.volume;
    inputs[IS_REAL] = row.isBackfilled ? 0 : 1;
    run.push();
    this.#onRow(row);
  }
}
