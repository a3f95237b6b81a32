/** Series that follow from their last value by a recurrence: exponential means and their kin. */
import type { Series, SeriesGraph } from "./series-graph.ts";

/** ln(1e12): what is left of the start is then below the twelfth digit. */
const FADED = Math.log(1e12);

/** Bars after which a weight that shrinks by `1 − alpha` a bar has faded. */
const fadeBars = (alpha: number): number =>
  Math.ceil(FADED / -Math.log1p(-alpha));

export const spanAlpha = (n: number): number => 2 / (n + 1);

/** The last value that was not missing, where it is at most so many bars old. */
export const carried = (
  g: SeriesGraph,
  source: Series,
  barsMax: number,
): Series => {
  const from = source.slot;
  return g.add({
    key: `carried ${barsMax} ${from}`,
    outputs: 1,
    warmUp: source.warmUp,
    settled: source.settled + barsMax,
    // The value and its age; NaN before the first.
    stateLength: 2,
    bind: (slot, s) => (x) => {
      const now = x[from]!;
      if (Number.isNaN(now)) s[1]! += 1;
      else {
        s[0] = now;
        s[1] = 0;
      }
      if (s[1]! <= barsMax) x[slot] = s[0]!;
      else x[slot] = NaN;
    },
  })[0]!;
};

export interface Exponential {
  readonly value: Series;
  /** The mean less the newest value: differences of two means are made of these, which keeps the digits that the means share. */
  readonly offset: Series;
}

/** Exponential mean of a span (alpha = 2/(n + 1)) seeded with the first value that is not missing, not bias-corrected. Missing values after it change nothing. */
export const exponential = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Exponential => {
  const from = source.slot;
  const keep = (n - 1) / (n + 1);
  const [value, offset] = g.add({
    key: `exponential ${n} ${from}`,
    outputs: 2,
    warmUp: source.warmUp,
    settled: source.settled + fadeBars(spanAlpha(n)),
    // The offset and the value before; NaN before the first.
    stateLength: 2,
    bind: (slot, s) => (x) => {
      const now = x[from]!;
      if (!Number.isNaN(now)) {
        const before = s[1]!;
        s[0] = Number.isNaN(before) ? 0 : keep * (s[0]! - (now - before));
        s[1] = now;
      }
      x[slot] = s[1]! + s[0]!;
      x[slot + 1] = s[0]!;
    },
  });
  return { value: value!, offset: offset! };
};

/**
 * Wilder's mean of values that are not negative, alpha 1/n. `seed` is how it begins: with the first value, or with the plain mean of the first
 * n. NaN before `warmUp` values.
 */
export const wilder = (
  g: SeriesGraph,
  source: Series,
  n: number,
  seed: "first" | "mean",
): Series => {
  const from = source.slot;
  return g.add({
    key: `wilder ${n} ${seed} ${from}`,
    outputs: 1,
    warmUp: source.warmUp + n - 1,
    settled: source.settled + n + fadeBars(1 / n),
    // Values so far, at most n, and the mean.
    stateLength: 2,
    bind(slot, s) {
      s[0] = 0;
      s[1] = 0;
      return (x) => {
        const now = x[from]!;
        if (!Number.isNaN(now)) {
          const count = Math.min(s[0]! + 1, n);
          s[0] = count;
          const weight = count === 1 ? 1 : seed === "mean" ? count : n;
          s[1]! += (now - s[1]!) / weight;
        }
        x[slot] = s[0]! < n ? NaN : s[1]!;
      };
    },
  })[0]!;
};

/** Exponential mean seeded with the plain mean of the first n values; NaN before them. */
export const seededExponential = (
  g: SeriesGraph,
  source: Series,
  n: number,
): Exponential => {
  const from = source.slot;
  const alpha = spanAlpha(n);
  const [value, offset] = g.add({
    key: `seededExponential ${n} ${from}`,
    outputs: 2,
    warmUp: source.warmUp + n - 1,
    settled: source.settled + n + fadeBars(alpha),
    // Values so far, at most n, the offset and the value before.
    stateLength: 3,
    bind(slot, s) {
      s.fill(0);
      return (x) => {
        const now = x[from]!;
        if (!Number.isNaN(now)) {
          const count = Math.min(s[0]! + 1, n);
          const weight = s[0]! < n ? 1 / count : alpha;
          s[0] = count;
          s[1] = (1 - weight) * (s[1]! - (now - s[2]!));
          s[2] = now;
        }
        const isWarm = s[0]! === n;
        x[slot] = isWarm ? s[2]! + s[1]! : NaN;
        x[slot + 1] = isWarm ? s[1]! : NaN;
      };
    },
  });
  return { value: value!, offset: offset! };
};

/**
 * Standard deviation with weights (1 − alpha)^age over all history, corrected for its bias as a sample's: reliability weights, after West.
 */
export const exponentialDeviation = (
  g: SeriesGraph,
  source: Series,
  alpha: number,
): Series => {
  const from = source.slot;
  const keep = 1 - alpha;
  return g.add({
    key: `exponentialDeviation ${alpha} ${from}`,
    outputs: 1,
    warmUp: source.warmUp + 1,
    settled: source.settled + fadeBars(alpha),
    // Sum of weights, of squared weights, weighted mean, weighted squares about it.
    stateLength: 4,
    bind(slot, s) {
      s.fill(0);
      return (x) => {
        const now = x[from]!;
        if (!Number.isNaN(now)) {
          const weightBefore = keep * s[0]!;
          const weight = weightBefore + 1;
          const step = now - s[2]!;
          s[0] = weight;
          s[1] = keep * keep * s[1]! + 1;
          s[2]! += step / weight;
          s[3] = keep * s[3]! + (weightBefore / weight) * step * step;
        }
        const weight = s[0]!;
        x[slot] = Math.sqrt((s[3]! * weight) / (weight * weight - s[1]!));
      };
    },
  })[0]!;
};

/** s² of t = base + shock·r² of t − 1 + persistence·s² of t − 1; begins at its long-run value with the first r. */
export const garchVariance = (
  g: SeriesGraph,
  returns: Series,
  base: number,
  shock: number,
  persistence: number,
): Series => {
  const from = returns.slot;
  return g.add({
    key: `garch ${base} ${shock} ${persistence} ${from}`,
    outputs: 1,
    warmUp: returns.warmUp,
    settled: returns.settled + fadeBars(1 - persistence),
    // The variance and the return before.
    stateLength: 2,
    bind: (slot, s) => (x) => {
      const now = x[from]!;
      if (!Number.isNaN(now)) {
        const before = s[1]!;
        s[0] = Number.isNaN(before)
          ? base / (1 - shock - persistence)
          : base + shock * before * before + persistence * s[0]!;
        s[1] = now;
      }
      x[slot] = s[0]!;
    },
  })[0]!;
};
