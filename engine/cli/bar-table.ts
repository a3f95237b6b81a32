/** A table of bar features: a row a bar of the grid, at its close. */
import type { FeatureConstants } from "../domain/feature-constants.ts";
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar } from "../domain/market-event.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FRAMES_SET } from "../features/frames-set.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import type { SeriesSet } from "../features/series-set.ts";
import { CodedError } from "../std/errors.ts";
import { BesideBars } from "./beside-bars.ts";
import type { BesideBarsOptions } from "./beside-bars.ts";
import type { ConstantsBySet } from "./constants-file.ts";
import { TableBuilder } from "./feature-table.ts";
import type { FeatureTable, TableOptions, TableSet } from "./feature-table.ts";

export interface BarTableOptions
  extends Omit<TableOptions, "horizonsS">, BesideBarsOptions {
  /** Whole bars, in seconds; 1, 5 and 30 bars when absent. */
  readonly horizonsS?: readonly number[] | undefined;
  /** In place of the sets' own. */
  readonly constants?: ConstantsBySet;
}

const US_PER_S = 1e6;
const MINUTE_MS = 60_000;
const HORIZONS_BARS = [1, 5, 30];

/** Bars of one symbol and one interval, in order; sets of bars, and news. */
export const tableOfBars = (
  bars: readonly Bar[],
  sets: readonly DeclaredSet[],
  options: BarTableOptions,
): FeatureTable => {
  const { intervalMs, symbol } = bars[0]!;
  const intervalUs = intervalMs * 1000;
  const horizonsS = horizonsOf(options.horizonsS, intervalMs);
  if (sets.includes(FRAMES_SET) && intervalMs !== MINUTE_MS)
    throw new CodedError("E_BARS_FORMAT", {
      field: "set",
      detail: `frames are made of minutes, these bars are of ${intervalMs} ms`,
    });
  const tableSets = sets.map((set) => tableSet(set, sets.length, options));
  const table = new TableBuilder(["timeUs", "price"], tableSets);
  const extremes = { highs: [] as number[], lows: [] as number[] };
  const knownUntil: number[] = [];
  let restarts = 0;
  const grid = new GridFeatures(
    {
      sets: gridOrder(sets),
      intervalMs,
      fillMax: GRID_FILL_MAX,
      constants: Object.assign(
        {},
        ...tableSets.map(({ constants }) => constants),
      ) as FeatureConstants,
    },
    (row) => {
      const closeUs = row.openUs + intervalUs;
      // A hole too long to fill: the price was known at the last close before it.
      if (grid.grid.restarts !== restarts && knownUntil.length > 0)
        knownUntil[knownUntil.length - 1] = table.head("timeUs").at(-1)!;
      restarts = grid.grid.restarts;
      knownUntil.push(Infinity);
      // What a missing bar repeats lies before it, and was touched by nobody in its time.
      extremes.highs.push(row.isBackfilled ? row.close : row.high);
      extremes.lows.push(row.isBackfilled ? row.close : row.low);
      beside.writeNews(closeUs);
      table.push([closeUs, row.close], parts);
    },
  );
  const beside = new BesideBars(grid, intervalUs, options);
  const parts = partsOf(sets, grid, beside);
  for (const bar of bars) {
    settleMissing(grid, beside, bar.openUs, intervalUs);
    beside.settle(bar.openUs);
    grid.onBar(bar);
  }
  if (table.rows === 0)
    throw new CodedError("E_BARS_FORMAT", {
      detail: "no bar has a volume: these are quotes, or nothing traded",
    });
  return table.finish(
    {
      symbol,
      leader: options.leader?.[0]?.symbol,
      path: {
        times: table.head("timeUs"),
        prices: table.head("price"),
        highs: Float64Array.from(extremes.highs),
        lows: Float64Array.from(extremes.lows),
        knownUntil: Float64Array.from(knownUntil),
      },
      unitsPerS: US_PER_S,
      sets: tableSets,
      given: beside.given,
      barsLeftOut: grid.grid.ignored,
      metadata: { "fusewire.intervalMs": String(intervalMs) },
    },
    { ...options, horizonsS },
  );
};

/** E_INPUT_RANGE for what ends within a bar: its price there is not known. */
const horizonsOf = (
  horizonsS: readonly number[] | undefined,
  intervalMs: number,
): readonly number[] => {
  if (horizonsS === undefined)
    return HORIZONS_BARS.map((bars) => (bars * intervalMs) / 1000);
  const odd = horizonsS.find((seconds) => (seconds * 1000) % intervalMs !== 0);
  if (odd !== undefined)
    throw new CodedError("E_INPUT_RANGE", {
      field: "horizons",
      detail: `${odd} s are no whole bars of ${intervalMs / 1000} s`,
    });
  return horizonsS;
};

const tableSet = (
  set: DeclaredSet,
  sets: number,
  { constants }: BarTableOptions,
): TableSet => ({
  set,
  constants: constants?.get(set.name) ?? set.constants,
  columns: set.features.map(({ name }) =>
    sets > 1 ? `${set.name}.${name}` : name,
  ),
});

/** The frames come last there, the news come from elsewhere. */
const gridOrder = (sets: readonly DeclaredSet[]): readonly DeclaredSet[] => [
  ...sets.filter((set) => set !== FRAMES_SET && set !== NEWS_SET),
  ...sets.filter((set) => set === FRAMES_SET),
];

/** Where each set's values stand after every row. */
const partsOf = (
  sets: readonly DeclaredSet[],
  grid: GridFeatures,
  beside: BesideBars,
): readonly FeatureVector[] =>
  sets.map((set) => {
    if (set === NEWS_SET) return beside.news;
    if (set === FRAMES_SET)
      return grid.values.subarray(-FRAMES_SET.features.length);
    return grid.run.of(set as SeriesSet);
  });

/** Bars that the file leaves out, each with what stood beside it then. */
const settleMissing = (
  { grid }: GridFeatures,
  beside: BesideBars,
  openUs: number,
  intervalUs: number,
): void => {
  const first = grid.lastOpenUs + intervalUs;
  // A longer hole is not filled, and before the first bar there is none.
  if ((openUs - first) / intervalUs > GRID_FILL_MAX) return;
  for (let us = first; us < openUs; us += intervalUs) {
    beside.settle(us);
    grid.advanceTo(us + intervalUs);
  }
};
