/**
 * One row an interval, without holes: what is missing repeats the row before it and says so. Each row knows how many of the intervals
 * before it were real, over any window up to a limit.
 */
import type { Bar } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";

export interface BarGridOptions {
  readonly intervalMs: number;
  /** The longest window that `realBefore` can be asked for, in intervals. */
  readonly windowMax: number;
  /** Missing intervals filled in a row; a longer hole begins the grid anew. */
  readonly fillMax: number;
}

/** Borrowed until the next row. */
export interface GridRow {
  readonly openUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  /** Of aggressors that bought and sold: NaN where the venue does not say, 0 where no bar came. */
  readonly buyVolume: number;
  readonly sellVolume: number;
  readonly isBackfilled: boolean;
}

type MutableRow = { -readonly [K in keyof GridRow]: GridRow[K] };

/** Written so that a NaN fails too. */
const isSound = ({ open, high, low, close, volume }: Bar): boolean =>
  volume > 0 &&
  volume < Infinity &&
  low > 0 &&
  low <= open &&
  low <= close &&
  open <= high &&
  close <= high &&
  high < Infinity;

export class BarGrid {
  /** Bars that came again, late, still open or off the grid: left out. */
  ignored = 0;
  /** Rows that repeat the one before. */
  filled = 0;
  /** Holes too long to be filled. */
  restarts = 0;
  readonly #intervalMs: number;
  readonly #intervalUs: number;
  readonly #fillMax: number;
  readonly #onRow: (row: GridRow) => void;
  readonly #row: MutableRow = {
    openUs: Number.NEGATIVE_INFINITY,
    open: 0,
    high: 0,
    low: 0,
    close: 0,
    volume: 0,
    vwap: 0,
    buyVolume: 0,
    sellVolume: 0,
    isBackfilled: false,
  };
  /** Real rows ever, as of each of the latest rows: a window's count is a difference. */
  readonly #totals: Float64Array;
  #rows = 0;

  constructor(options: BarGridOptions, onRow: (row: GridRow) => void) {
    const { intervalMs, windowMax, fillMax } = options;
    assert(windowMax > 0, "the grid's window is positive");
    this.#intervalMs = intervalMs;
    this.#intervalUs = intervalMs * 1000;
    this.#fillMax = fillMax;
    this.#onRow = onRow;
    this.#totals = new Float64Array(windowMax + 2);
  }

  /** Rows since the grid began. */
  get rows(): number {
    return this.#rows;
  }

  /** Start of the newest row; -Infinity before the first. */
  get lastOpenUs(): number {
    return this.#row.openUs;
  }

  /** A bar in which nothing traded is a missing one: venues differ in whether they tell it. So is one whose prices cannot be. */
  onBar(bar: Bar): void {
    const { openUs } = bar;
    if (
      !bar.closed ||
      bar.intervalMs !== this.#intervalMs ||
      openUs % this.#intervalUs !== 0 ||
      openUs <= this.#row.openUs
    ) {
      this.ignored++;
      return;
    }
    this.#fillBefore(openUs);
    if (isSound(bar)) this.#takeRow(bar);
    else if (this.#rows > 0) this.#fill();
    else this.ignored++;
  }

  /** Fills what ended by the venue's time without a bar; call it once bars of that time can no longer come. */
  advanceTo(us: number): void {
    if (this.#rows > 0)
      this.#fillBefore(Math.floor(us / this.#intervalUs) * this.#intervalUs);
  }

  /** How many of the rows `from` … `to` before the newest were real; 1 is the one before it, and what was before the grid was not. */
  realBetween(from: number, to: number): number {
    return this.realBefore(to) - this.realBefore(from - 1);
  }

  /** How many of the `length` rows before the newest were real. */
  realBefore(length: number): number {
    assert(
      length >= 0 && length < this.#totals.length - 1,
      "the window is within the grid's",
    );
    return this.#totalAt(1) - this.#totalAt(length + 1);
  }

  save(to: StateWriter): void {
    const { openUs, open, high, low, close, volume, vwap } = this.#row;
    to.numbers([this.ignored, this.filled, this.restarts, this.#rows]);
    to.numbers([openUs, open, high, low, close, volume, vwap]);
    to.flag(this.#row.isBackfilled);
    to.numbers(this.#totals);
  }

  /** What a grid of the same options saved. */
  load(from: StateReader): void {
    const row = this.#row;
    this.ignored = from.number();
    this.filled = from.number();
    this.restarts = from.number();
    this.#rows = from.number();
    row.openUs = from.number();
    row.open = from.number();
    row.high = from.number();
    row.low = from.number();
    row.close = from.number();
    row.volume = from.number();
    row.vwap = from.number();
    row.isBackfilled = from.flag();
    from.numbers(this.#totals);
  }

  #totalAt(age: number): number {
    const row = this.#rows - 1 - age;
    return row < 0 ? 0 : this.#totals[row % this.#totals.length]!;
  }

  #fillBefore(openUs: number): void {
    if (this.#rows === 0) return;
    const missing = (openUs - this.#row.openUs) / this.#intervalUs - 1;
    if (missing > this.#fillMax) {
      this.restarts++;
      this.#rows = 0;
      this.#row.openUs = Number.NEGATIVE_INFINITY;
      return;
    }
    for (let i = 0; i < missing; i++) this.#fill();
  }

  #fill(): void {
    const row = this.#row;
    row.openUs += this.#intervalUs;
    row.buyVolume = 0;
    row.sellVolume = 0;
    row.isBackfilled = true;
    this.filled++;
    this.#push(0);
  }

  #takeRow(bar: Bar): void {
    const row = this.#row;
    row.openUs = bar.openUs;
    row.open = bar.open;
    row.high = bar.high;
    row.low = bar.low;
    row.close = bar.close;
    row.volume = bar.volume;
    row.vwap = bar.vwap;
    row.buyVolume = bar.buyVolume ?? NaN;
    row.sellVolume = bar.sellVolume ?? NaN;
    row.isBackfilled = false;
    this.#push(1);
  }

  #push(real: 0 | 1): void {
    const before = this.#rows === 0 ? 0 : this.#totalAt(0);
    this.#rows++;
    this.#totals[(this.#rows - 1) % this.#totals.length] = before + real;
    this.#onRow(this.#row);
  }
}
