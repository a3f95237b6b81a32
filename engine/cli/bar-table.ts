/** A table of bar features: a row a bar of the grid, at its close. */
import type { FeatureConstants } from "../domain/feature-constants.ts";
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FRAMES_SET } from "../features/frames-set.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import type { SeriesSet } from "../features/series-set.ts";
import type { GridRow } from "../market/bar-grid.ts";
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
  const horizonsS = horizonsOf(options.horizonsS, intervalMs);
  if (sets.includes(FRAMES_SET) && intervalMs !== MINUTE_MS)
    throw new CodedError("E_BARS_FORMAT", {
      field: "set",
      detail: `frames are made of minutes, these bars are of ${intervalMs} ms`,
    });
  const rows = new BarRows(intervalMs, sets, options);
  for (const bar of bars) rows.onBar(bar);
  return rows.finish(symbol, { ...options, horizonsS });
};

class BarRows {
  readonly #intervalMs: number;
  readonly #options: BarTableOptions;
  readonly #sets: readonly TableSet[];
  readonly #table: TableBuilder;
  readonly #grid: GridFeatures;
  readonly #beside: BesideBars;
  /** Where each set's values stand after every row. */
  readonly #parts: readonly FeatureVector[];
  readonly #highs: number[] = [];
  readonly #lows: number[] = [];
  readonly #knownUntil: number[] = [];
  /** What stood beside a bar, of the file or left out by it. */
  readonly #settle = (openUs: number): void => this.#beside.settle(openUs);
  #restarts = 0;

  constructor(
    intervalMs: number,
    sets: readonly DeclaredSet[],
    options: BarTableOptions,
  ) {
    this.#intervalMs = intervalMs;
    this.#options = options;
    this.#sets = sets.map((set) => tableSet(set, sets.length, options));
    this.#table = new TableBuilder(["timeUs", "price"], this.#sets);
    const constants = this.#sets.map((one) => one.constants);
    this.#grid = new GridFeatures(
      {
        sets: gridOrder(sets),
        intervalMs,
        fillMax: GRID_FILL_MAX,
        constants: Object.assign({}, ...constants) as FeatureConstants,
      },
      (row) => this.#take(row),
    );
    this.#beside = new BesideBars(this.#grid, intervalMs * 1000, options);
    this.#parts = partsOf(sets, this.#grid, this.#beside);
  }

  onBar(bar: Bar): void {
    this.#grid.fillBefore(bar.openUs, this.#settle);
    this.#settle(bar.openUs);
    this.#grid.onBar(bar);
  }

  finish(symbol: SymbolId, labels: TableOptions): FeatureTable {
    const table = this.#table;
    if (table.rows === 0)
      throw new CodedError("E_BARS_FORMAT", {
        detail: "no bar has a volume: these are quotes, or nothing traded",
      });
    return table.finish(
      {
        symbol,
        leader: this.#options.leader?.[0]?.symbol,
        path: {
          times: table.head("timeUs"),
          prices: table.head("price"),
          highs: Float64Array.from(this.#highs),
          lows: Float64Array.from(this.#lows),
          knownUntil: Float64Array.from(this.#knownUntil),
        },
        unitsPerS: US_PER_S,
        sets: this.#sets,
        given: this.#beside.given,
        barsLeftOut: this.#grid.grid.ignored,
        metadata: { "fusewire.intervalMs": String(this.#intervalMs) },
      },
      labels,
    );
  }

  #take(row: GridRow): void {
    const { restarts } = this.#grid.grid;
    const last = this.#knownUntil.length - 1;
    // A hole too long to fill: the price was known at the last close before it.
    if (restarts !== this.#restarts && last >= 0)
      this.#knownUntil[last] = this.#table.head("timeUs")[last]!;
    this.#restarts = restarts;
    this.#knownUntil.push(Infinity);
    // What a missing bar repeats lies before it, and was touched by nobody in its time.
    this.#highs.push(row.isBackfilled ? row.close : row.high);
    this.#lows.push(row.isBackfilled ? row.close : row.low);
    const closeUs = row.openUs + this.#intervalMs * 1000;
    this.#beside.writeNews(closeUs);
    this.#table.push([closeUs, row.close], this.#parts);
  }
}

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
