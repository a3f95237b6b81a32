/**
 * Skewness and kurtosis over the last n values, in the way of `moments`: a full block of n values and the block in progress, each with its
 * central moments (Pébay 2008, "Formulas for robust, one-pass parallel computation of covariances and arbitrary-order statistical moments"),
 * so that no digits are lost where the values lie close together, far from 0.
 */
import { assert } from "../std/assert.ts";
import type { Series, SeriesGraph } from "./series-graph.ts";

export interface Shape {
  /** Adjusted Fisher-Pearson; NaN where all values are equal, as is the kurtosis. */
  readonly skew: Series;
  /** Excess over the normal distribution's, bias-corrected. */
  readonly kurtosis: Series;
}

/** Positions in the state: values in the block in progress, then its central moments. */
const AT = 0;
const MEAN = 1;
const M2 = 2;
const M3 = 3;
const M4 = 4;
/** Central moments of what is added up. */
const SUM = 5;
/** Values of the block in progress; means, then moments of the full one from each position to its end. */
const ROWS = 9;

export const rollingShape = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Shape => {
  assert(Number.isInteger(n) && n > 3, "a kurtosis needs four values");
  const from = source.slot;
  const left = g.lag(source, n).slot;
  const skewScale = (Math.sqrt(n * (n - 1)) / (n - 2)) * Math.sqrt(n);
  const kurtosisScale = (n - 1) / ((n - 2) * (n - 3));
  const [skew, kurtosis] = g.add({
    key: `shape ${n} ${from}`,
    outputs: 2,
    warmUp: source.warmUp + n - 1,
    settled: source.settled + n - 1,
    stateLength: ROWS + 5 * n,
    bind(slot, s) {
      s[AT] = n;
      return (x) => {
        if (s[AT] === n) closeBlock(s, n);
        const at = s[AT]!;
        s[ROWS + at] = x[from]!;
        s[AT] = at + 1;
        push(s, at + 1, ROWS + at);
        if (x[from] === x[left]) return;
        join(s, at + 1, n);
        const squares = s[SUM + 1]!;
        if (squares > 0) {
          x[slot] = (skewScale * s[SUM + 2]!) / (squares * Math.sqrt(squares));
          x[slot + 1] =
            kurtosisScale *
            ((n + 1) * ((n * s[SUM + 3]!) / (squares * squares) - 3) + 6);
        } else {
          x[slot] = NaN;
          x[slot + 1] = NaN;
        }
      };
    },
  });
  return { skew: skew!, kurtosis: kurtosis! };
};

/** The value that stands at a position, into the moments in progress, which are of so many with it. */
const push = (s: Float64Array, count: number, position: number): void => {
  const before = count - 1;
  const step = s[position]! - s[MEAN]!;
  const share = step / count;
  const square = step * share * before;
  const m2 = s[M2]!;
  const m3 = s[M3]!;
  s[MEAN]! += share;
  s[M4]! +=
    square * share * share * (count * count - 3 * count + 3) +
    6 * share * share * m2 -
    4 * share * m3;
  s[M3]! += square * share * (count - 2) - 3 * share * m2;
  s[M2]! += square;
};

/** The block in progress, of `count` values, and the rest of the full one, into SUM. */
const join = (s: Float64Array, count: number, n: number): void => {
  if (count === n) {
    for (let i = 0; i < 4; i++) s[SUM + i] = s[MEAN + i]!;
    return;
  }
  const rest = n - count;
  const full = ROWS + n + 4 * count;
  const gap = s[MEAN]! - s[full]!;
  const share = gap / n;
  const square = gap * share * count * rest;
  const m2 = s[M2]!;
  const fullM2 = s[full + 1]!;
  s[SUM + 1] = m2 + fullM2 + square;
  s[SUM + 2] =
    s[M3]! +
    s[full + 2]! +
    square * share * (rest - count) +
    3 * share * (rest * m2 - count * fullM2);
  s[SUM + 3] =
    s[M4]! +
    s[full + 3]! +
    square * share * share * (rest * rest - rest * count + count * count) +
    6 * share * share * (rest * rest * m2 + count * count * fullM2) +
    4 * share * (rest * s[M3]! - count * s[full + 2]!);
};

/** Makes the full block's moments from each position to its end, back to front. */
const closeBlock = (s: Float64Array, n: number): void => {
  s.fill(0, MEAN, MEAN + 4);
  for (let i = n - 1; i >= 0; i--) {
    push(s, n - i, ROWS + i);
    s.copyWithin(ROWS + n + 4 * i, MEAN, MEAN + 4);
  }
  s.fill(0, MEAN, MEAN + 4);
  s[AT] = 0;
};
