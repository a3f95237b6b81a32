/** Terms that several sets of bar features share. */
import type { BarGraph } from "./bar-inputs.ts";
import { exponential } from "./fading-series.ts";
import { moments, rollingMean } from "./rolling-series.ts";
import type { Series } from "./series-graph.ts";

/** source − its value `bars` ago. */
export const change = (g: BarGraph, source: Series, bars: number): Series => {
  const past = g.lag(source, bars);
  return g.map("a-b", [source, past], (slot) => (x) => {
    x[slot] = x[source.slot]! - x[past.slot]!;
  });
};

/** source/its value `bars` ago − 1, without the cancellation. */
export const growth = (g: BarGraph, source: Series, bars: number): Series => {
  const past = g.lag(source, bars);
  return g.map("(a-b)/b", [source, past], (slot) => (x) => {
    const before = x[past.slot]!;
    x[slot] = (x[source.slot]! - before) / before;
  });
};

export const ratio = (g: BarGraph, a: Series, b: Series): Series =>
  g.map("a/b", [a, b], (slot) => (x) => {
    x[slot] = x[a.slot]! / x[b.slot]!;
  });

export const difference = (g: BarGraph, a: Series, b: Series): Series =>
  g.map("a-b", [a, b], (slot) => (x) => {
    x[slot] = x[a.slot]! - x[b.slot]!;
  });

export const product = (g: BarGraph, a: Series, b: Series): Series =>
  g.map("a*b", [a, b], (slot) => (x) => {
    x[slot] = x[a.slot]! * x[b.slot]!;
  });

export const times = (g: BarGraph, a: Series, factor: number): Series =>
  g.map(`a*${factor}`, [a], (slot) => (x) => {
    x[slot] = x[a.slot]! * factor;
  });

export const root = (g: BarGraph, a: Series, factor: number): Series =>
  g.map(`sqrt(a)*${factor}`, [a], (slot) => (x) => {
    x[slot] = Math.sqrt(x[a.slot]!) * factor;
  });

export const absolute = (g: BarGraph, a: Series): Series =>
  g.map("abs", [a], (slot) => (x) => {
    x[slot] = Math.abs(x[a.slot]!);
  });

/** The part above 0, the part below with its sign turned; NaN stays. */
export const gain = (g: BarGraph, a: Series): Series =>
  g.map("max(a,0)", [a], (slot) => (x) => {
    x[slot] = Math.max(x[a.slot]!, 0);
  });

export const loss = (g: BarGraph, a: Series): Series =>
  g.map("max(-a,0)", [a], (slot) => (x) => {
    x[slot] = Math.max(-x[a.slot]!, 0);
  });

/** ln(a/b), exact where a is near b. */
export const logRatio = (g: BarGraph, a: Series, b: Series): Series =>
  g.map("ln(a/b)", [a, b], (slot) => (x) => {
    const base = x[b.slot]!;
    x[slot] = Math.log1p((x[a.slot]! - base) / base);
  });

export const trueRange = (g: BarGraph): Series => {
  const { high, low, close } = g.inputs;
  const before = g.lag(close, 1);
  return g.map("trueRange", [high, low, before], (slot) => (x) => {
    const past = x[before.slot]!;
    const top = x[high.slot]!;
    const bottom = x[low.slot]!;
    x[slot] = Math.max(
      top - bottom,
      Math.abs(top - past),
      Math.abs(bottom - past),
    );
  });
};

/** 100·G/(G + L): 100 without a loss, NaN when still. */
export const relativeStrength = (
  g: BarGraph,
  gains: Series,
  losses: Series,
): Series =>
  g.map("rsi", [gains, losses], (slot) => (x) => {
    const up = x[gains.slot]!;
    x[slot] = (100 * up) / (up + x[losses.slot]!);
  });

/** RSI by simple means of gains and losses. */
export const rsi = (g: BarGraph, n: number): Series => {
  const move = change(g, g.inputs.close, 1);
  return relativeStrength(
    g,
    rollingMean(g, gain(g, move), n),
    rollingMean(g, loss(g, move), n),
  );
};

export interface Macd {
  readonly macd: Series;
  readonly signal: Series;
  readonly histogram: Series;
}

/** EMA_12 − EMA_26 of the close, its EMA_9, and their difference. */
export const macd = (g: BarGraph): Macd => {
  const fast = exponential(g, g.inputs.close, 12);
  const slow = exponential(g, g.inputs.close, 26);
  const line = difference(g, fast.offset, slow.offset);
  const signal = exponential(g, line, 9);
  return {
    macd: line,
    signal: signal.value,
    histogram: times(g, signal.offset, -1),
  };
};

export interface Bands {
  readonly upper: Series;
  readonly middle: Series;
  readonly lower: Series;
  readonly width: Series;
  /** (C − lower)/(upper − lower). */
  readonly position: Series;
}

/** Mean of 20 closes with two sample deviations either side. */
export const bands = (g: BarGraph): Bands => {
  const { mean, deviation, excess } = moments(g, g.inputs.close, 20);
  const band = (name: string, side: 1 | -1): Series =>
    g.map(name, [mean, deviation], (slot) => (x) => {
      x[slot] = x[mean.slot]! + side * 2 * x[deviation.slot]!;
    });
  return {
    upper: band("mean+2sd", 1),
    middle: mean,
    lower: band("mean-2sd", -1),
    width: g.map("4sd/mean", [deviation, mean], (slot) => (x) => {
      x[slot] = (4 * x[deviation.slot]!) / x[mean.slot]!;
    }),
    position: g.map("bandPosition", [excess, deviation], (slot) => (x) => {
      const spread = x[deviation.slot]!;
      x[slot] = (x[excess.slot]! + 2 * spread) / (4 * spread);
    }),
  };
};
