/**
 * Series over the last n bars in constant amortised time and without drift. The window lies over a full block of n bars and the block in
 * progress: the part of the full block is read from sums that were made back to front when it filled, the other part is added up as it comes.
 * Nothing is ever subtracted, so an outlier that has left leaves no trace, a missing value (NaN) is missing only while it is in the window, and
 * the error stays that of adding up n numbers however long the tape.
 */
import { assert } from "../std/assert.ts";
import type { Series, SeriesGraph } from "./series-graph.ts";

const checkLength = (n: number): void =>
  assert(Number.isInteger(n) && n > 0, "a window is a positive integer");

const reach = (source: Series, n: number) => ({
  warmUp: source.warmUp + n - 1,
  settled: source.settled + n - 1,
});

/** Sum of the last n values. */
export const rollingSum = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Series => {
  checkLength(n);
  const from = source.slot;
  return g.add({
    key: `sum ${n} ${from}`,
    outputs: 1,
    ...reach(source, n),
    // Position in the block, sum of the block so far; then by position: values of the block so far, sums of the full one from there on.
    stateLength: 2 + n,
    bind(slot, s) {
      s[0] = 0;
      s[1] = 0;
      return (x) => {
        let at = s[0]!;
        if (at === n) {
          let sum = 0;
          for (let i = n + 1; i > 1; i--) {
            sum += s[i]!;
            s[i] = sum;
          }
          at = 0;
          s[1] = 0;
        }
        const value = x[from]!;
        const sum = s[1]! + value;
        s[1] = sum;
        s[2 + at] = value;
        x[slot] = at + 1 === n ? sum : sum + s[3 + at]!;
        s[0] = at + 1;
      };
    },
  })[0]!;
};

export const rollingMean = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Series => {
  const sum = rollingSum(g, source, n);
  return g.map(`mean ${n}`, [sum], (slot) => (x) => {
    x[slot] = x[sum.slot]! / n;
  });
};

export interface Moments {
  readonly mean: Series;
  /** Sample standard deviation, n − 1. */
  readonly deviation: Series;
  readonly variance: Series;
  /** The newest value less the mean, without the cancellation of two large numbers. */
  readonly excess: Series;
}

/** Positions in the state of `moments`. */
const AT = 0;
/** First value of the block in progress, last of the full one: sums are of what is relative to it, which saves digits. It is in the window. */
const ANCHOR = 1;
const FULL_ANCHOR = 2;
/** Mean and sum of squares about it of the block in progress. */
const MEAN = 3;
const SQUARES = 4;
const ROWS = 5;

/**
 * Mean and sample standard deviation of the last n values, after Welford, the two parts joined after Chan. Where the value that enters equals the
 * one that leaves, the window holds what it held, in another order: mean and deviation stay the same to the bit, so that no rounding passes for
 * a change of them.
 */
export const moments = (g: SeriesGraph, source: Series, n: number): Moments => {
  assert(Number.isInteger(n) && n > 1, "a deviation needs two values");
  const from = source.slot;
  const left = g.lag(source, n).slot;
  const [mean, deviation, variance, excess] = g.add({
    key: `moments ${n} ${from}`,
    outputs: 4,
    ...reach(source, n),
    stateLength: ROWS + 2 * n,
    bind(slot, s) {
      s[AT] = n;
      s[ANCHOR] = 0;
      const squaresAt = ROWS + n;
      return (x) => {
        let at = s[AT]!;
        const value = x[from]!;
        if (at === n) {
          closeBlock(s, n);
          // A missing value must not be the measure of the others.
          s[ANCHOR] = Number.isFinite(value) ? value : 0;
          at = 0;
        }
        const y = value - s[ANCHOR]!;
        const count = at + 1;
        const step = y - s[MEAN]!;
        let center = s[MEAN]! + step / count;
        let squares = s[SQUARES]! + step * (y - center);
        s[MEAN] = center;
        s[SQUARES] = squares;
        s[ROWS + at] = value;
        s[AT] = count;
        if (count < n) {
          const rest = n - count;
          const gap =
            s[ROWS + count]! + (s[FULL_ANCHOR]! - s[ANCHOR]!) - center;
          squares += s[squaresAt + count]! + (gap * gap * rest * count) / n;
          center += (gap * rest) / n;
        }
        x[slot + 3] = y - center;
        if (value === x[left]) return;
        const spread = squares / (n - 1);
        x[slot] = s[ANCHOR]! + center;
        x[slot + 1] = Math.sqrt(spread);
        x[slot + 2] = spread;
      };
    },
  });
  return {
    mean: mean!,
    deviation: deviation!,
    variance: variance!,
    excess: excess!,
  };
};

/** Makes the full block's means and squares from each position to its end, back to front, in place of its values. */
const closeBlock = (s: Float64Array, n: number): void => {
  const squaresAt = ROWS + n;
  const last = s[ROWS + n - 1]!;
  const anchor = Number.isFinite(last) ? last : 0;
  let mean = 0;
  let squares = 0;
  for (let i = n - 1; i >= 0; i--) {
    const y = s[ROWS + i]! - anchor;
    const step = y - mean;
    mean += step / (n - i);
    squares += step * (y - mean);
    s[ROWS + i] = mean;
    s[squaresAt + i] = squares;
  }
  s[FULL_ANCHOR] = anchor;
  s[MEAN] = 0;
  s[SQUARES] = 0;
};

export interface Drawdown {
  /** The greatest fall from any earlier value in the window, as a fraction of it; 0 where there was none. */
  readonly deepest: Series;
  /** Bars since the highest value, the latest of equals. */
  readonly sinceHigh: Series;
  readonly highest: Series;
}

/** Deepest fall and distance of the high over the last n values, which are prices: positive, none missing. */
export const drawdown = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Drawdown => {
  checkLength(n);
  const from = source.slot;
  const [deepest, sinceHigh, highest] = g.add({
    key: `drawdown ${n} ${from}`,
    outputs: 3,
    ...reach(source, n),
    // Position; high, its position, low and deepest fall of the block in progress; high, its position and deepest fall by position.
    stateLength: 5 + 3 * n,
    bind(slot, s) {
      s[0] = n;
      const highs = 5;
      const tops = highs + n;
      const falls = tops + n;
      return (x) => {
        let at = s[0]!;
        if (at === n) {
          closeFalls(s, n);
          at = 0;
        }
        const value = x[from]!;
        if (!(value < s[1]!)) {
          s[1] = value;
          s[2] = at;
        }
        s[3] = Math.min(s[3]!, value);
        s[4] = Math.max(s[4]!, (s[1]! - value) / s[1]!);
        s[highs + at] = value;
        const next = at + 1;
        s[0] = next;
        let high = s[1]!;
        let top = at - s[2]!;
        let fall = s[4];
        if (next < n) {
          const high0 = s[highs + next]!;
          fall = Math.max(fall, s[falls + next]!, (high0 - s[3]) / high0);
          if (!(high >= high0)) {
            high = high0;
            top = at + n - s[tops + next]!;
          }
        }
        x[slot] = fall;
        x[slot + 1] = top;
        x[slot + 2] = high;
      };
    },
  });
  return { deepest: deepest!, sinceHigh: sinceHigh!, highest: highest! };
};

const closeFalls = (s: Float64Array, n: number): void => {
  const highs = 5;
  const tops = highs + n;
  const falls = tops + n;
  let high = Number.NEGATIVE_INFINITY;
  let top = 0;
  let low = Number.POSITIVE_INFINITY;
  let fall = 0;
  for (let i = n - 1; i >= 0; i--) {
    const value = s[highs + i]!;
    fall = Math.max(fall, (value - low) / value);
    low = Math.min(low, value);
    // Written so that a block that was never filled stays missing.
    if (!(value <= high)) {
      high = value;
      top = Number.isNaN(value) ? NaN : i;
    }
    s[highs + i] = high;
    s[tops + i] = top;
    s[falls + i] = fall;
  }
  s[1] = Number.NEGATIVE_INFINITY;
  s[2] = 0;
  s[3] = Number.POSITIVE_INFINITY;
  s[4] = 0;
};

/** Values are ranked in steps of 2^-30. */
const RANK_STEPS = 2 ** 30;

/** Share of the last n ratios that are not above the newest, to 2^-30. Binary search in a sorted window: the cost grows with log n and one short move. */
export const rankShare = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Series => {
  checkLength(n);
  const from = source.slot;
  return g.add({
    key: `rank ${n} ${from}`,
    outputs: 1,
    ...reach(source, n),
    // Position, count; the values in order of time; the values in ascending order.
    stateLength: 2 + 2 * n,
    bind(slot, s) {
      s[0] = 0;
      s[1] = 0;
      const sorted = s.subarray(2 + n);
      return (x) => {
        // Equal values that rounding has set apart are equal again.
        const value = Math.round(x[from]! * RANK_STEPS);
        if (!Number.isFinite(value)) {
          // The rank is among the last n rows: with one that is missing there is none until it has left.
          s[0] = 0;
          s[1] = 0;
          x[slot] = NaN;
          return;
        }
        const at = s[0]!;
        let count = s[1]!;
        if (count === n) {
          const gone = positionOf(sorted, count, s[2 + at]!);
          sorted.copyWithin(gone - 1, gone, count);
          count--;
        }
        const rank = positionOf(sorted, count, value);
        sorted.copyWithin(rank + 1, rank, count);
        sorted[rank] = value;
        s[2 + at] = value;
        s[0] = at + 1 === n ? 0 : at + 1;
        s[1] = count + 1;
        x[slot] = count + 1 === n ? (rank + 1) / n : NaN;
      };
    },
  })[0]!;
};

/** How many of the `count` ascending values are at most `value`. */
const positionOf = (
  sorted: Float64Array,
  count: number,
  value: number,
): number => {
  let low = 0;
  let high = count;
  while (low < high) {
    const middle = (low + high) >>> 1;
    if (sorted[middle]! <= value) low = middle + 1;
    else high = middle;
  }
  return low;
};
