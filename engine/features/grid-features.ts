/** Bars of one symbol onto a gap-free grid and through its bar features; the one way there, live and over history. */
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar } from "../domain/market-event.ts";
import { BarGrid } from "../market/bar-grid.ts";
import type { GridRow } from "../market/bar-grid.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import {
  BAR_INPUTS,
  BUY_VOLUME,
  CLOSE,
  HIGH,
  IS_REAL,
  LOW,
  OPEN,
  SELL_VOLUME,
  VOLUME,
} from "./bar-inputs.ts";
import type { BarInputName } from "./bar-inputs.ts";
import { BarSetRun, finite } from "./bar-set-run.ts";
import type { BarSetOptions } from "./bar-set-run.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { FrameFeatures } from "./frame-features.ts";
import { FRAMES_SET } from "./frames-set.ts";
import type { SeriesSet } from "./series-set.ts";

export interface GridFeaturesOptions extends BarSetOptions {
  /** Bar sets, and the frames if the grid is of minutes. */
  readonly sets: readonly DeclaredSet[];
  readonly intervalMs: number;
  /** Missing bars filled in a row; a longer hole begins the features anew. */
  readonly fillMax: number;
}

export { GRID_FILL_MAX } from "./bar-inputs.ts";

const MINUTE_US = 60_000_000;

export class GridFeatures {
  readonly run: BarSetRun;
  /** Of all sets, one after another in their order; overwritten by each row: copy to keep. */
  readonly values: FeatureVector;
  readonly #frames: FrameFeatures | undefined;
  readonly #framesAt: number;
  readonly #options: GridFeaturesOptions;
  readonly grid: BarGrid;
  readonly #onRow: (row: GridRow) => void;

  /** `onRow` is told after each row of the grid, with the values of that row. */
  constructor(
    options: GridFeaturesOptions,
    onRow: (row: GridRow) => void = () => undefined,
  ) {
    const { intervalMs, fillMax, sets } = options;
    this.#options = options;
    const series = sets.filter((set): set is SeriesSet => "spec" in set);
    this.run = new BarSetRun(series, options);
    this.#framesAt = this.run.values.length;
    if (sets.length === series.length) this.values = this.run.values;
    else {
      assert(
        sets.length === series.length + 1 && sets.at(-1) === FRAMES_SET,
        "the frames come last",
      );
      assert(intervalMs === 60_000, "the frames are made of minutes");
      this.#frames = new FrameFeatures();
      this.values = new Float64Array(
        this.#framesAt + this.#frames.values.length,
      ).fill(NaN);
    }
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

  /** Rows of the bars that are missing before one that opens then; `settle` puts in place what stood beside each. A hole too long is left. */
  fillBefore(openUs: number, settle: (openUs: number) => void): void {
    const { grid } = this;
    const { intervalMs, fillMax } = this.#options;
    const stepUs = intervalMs * 1000;
    const first = grid.lastOpenUs + stepUs;
    if ((openUs - first) / stepUs > fillMax) return;
    for (let us = first; us < openUs; us += stepUs) {
      settle(us);
      grid.advanceTo(us + stepUs);
    }
  }

  /** How long before the last row a feature was last computed, in minutes; Infinity if never. */
  minutesOld(feature: number): number {
    const at = feature - this.#framesAt;
    return at < 0 ? 0 : (this.#frames?.minutesOld(at) ?? Infinity);
  }

  save(to: StateWriter): void {
    to.numbers(this.values);
    this.grid.save(to);
    for (const part of [this.run, this.#frames]) {
      if (part === undefined) continue;
      const state = part.snapshot();
      to.number(state.length);
      to.numbers(state);
    }
  }

  load(from: StateReader): void {
    const values = from.take(this.values.length);
    this.grid.load(from);
    for (const part of [this.run, this.#frames])
      part?.restore(from.take(from.number()));
    this.values.set(values);
  }

  #take(row: GridRow): void {
    const { run } = this;
    // The first row of a grid that begins anew has no past.
    if (this.grid.rows === 1) {
      run.reset();
      this.#frames?.reset();
    }
    const { inputs } = run;
    inputs[OPEN] = row.open;
    inputs[HIGH] = row.high;
    inputs[LOW] = row.low;
    inputs[CLOSE] = row.close;
    inputs[VOLUME] = row.volume;
    inputs[IS_REAL] = row.isBackfilled ? 0 : 1;
    inputs[BUY_VOLUME] = row.buyVolume;
    inputs[SELL_VOLUME] = row.sellVolume;
    run.push();
    if (this.#frames !== undefined) {
      this.#frames.push(Math.round(row.openUs / MINUTE_US), inputs);
      this.values.set(run.values);
      const frames = this.#frames.values;
      for (let i = 0; i < frames.length; i++)
        this.values[this.#framesAt + i] = finite(frames[i]!);
    }
    this.#onRow(row);
  }
}
