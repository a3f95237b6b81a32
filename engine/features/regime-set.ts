/** What kind of market it is: volatility and trend by rank among the last bars, range expansion, persistence. */
import type { BarGraph } from "./bar-inputs.ts";
import { growth, ratio, trueRange } from "./bar-terms.ts";
import { wilder } from "./fading-series.ts";
import {
  moments,
  rankShare,
  rollingMean,
  rollingSum,
} from "./rolling-series.ts";
import { declareSeriesSet } from "./series-set.ts";
import type { Series } from "./series-graph.ts";

/** Bars among which a value is ranked: a year of daily bars. */
const RANKED = 250;
const SHORTEST_LAG = 2;
const LONGEST_LAG = 20;
/** Bars over which rescaled ranges are averaged. */
const HURST_BARS = 100;

/** C/MA_n(C) − 1. */
const overMean = (g: BarGraph, n: number): Series => {
  const { mean, excess } = moments(g, g.inputs.close, n);
  return ratio(g, excess, mean);
};

/** Sums R/S and counts by lag over the last bars, then the slope of their logarithms. */
const hurst = (g: BarGraph, r: Series): Series => {
  const sums: Series[] = [];
  const counts: Series[] = [];
  for (let lag = SHORTEST_LAG; lag <= LONGEST_LAG; lag++) {
    const [range, isThere] = rescaledRange(g, r, lag);
    sums.push(rollingSum(g, range, HURST_BARS));
    counts.push(rollingSum(g, isThere, HURST_BARS));
  }
  const weights = slopeWeights();
  return g.map("hurst", [...sums, ...counts], (slot) => (x) => {
    let slope = 0;
    for (let i = 0; i < weights.length; i++)
      slope += weights[i]! * Math.log(x[sums[i]!.slot]! / x[counts[i]!.slot]!);
    x[slot] = slope;
  });
};

/** Least squares on ln(lag): slope = sum of weight · value. */
const slopeWeights = (): Float64Array => {
  const xs = Float64Array.from(
    { length: LONGEST_LAG - SHORTEST_LAG + 1 },
    (_, i) => Math.log(SHORTEST_LAG + i),
  );
  const mean = xs.reduce((sum, value) => sum + value, 0) / xs.length;
  const squares = xs.reduce((sum, value) => sum + (value - mean) ** 2, 0);
  return xs.map((value) => (value - mean) / squares);
};

/** Range of the cumulated deviations of the last `lag` returns over their deviation, and 1; both 0 where the returns are all equal. */
const rescaledRange = (
  g: BarGraph,
  r: Series,
  lag: number,
): readonly [Series, Series] => {
  const past = Array.from({ length: lag - 1 }, (_, i) => g.lag(r, i + 1).slot);
  const slots = Int32Array.from([r.slot, ...past]);
  const [range, isThere] = g.add({
    key: `rescaledRange ${lag} ${r.slot}`,
    outputs: 2,
    warmUp: r.warmUp + lag - 1,
    settled: r.settled + lag - 1,
    bind: (slot) => (x) => {
      let sum = 0;
      for (let i = 0; i < lag; i++) sum += x[slots[i]!]!;
      const mean = sum / lag;
      let squares = 0;
      let path = 0;
      let low = 0;
      let high = 0;
      for (let i = lag - 1; i >= 0; i--) {
        const y = x[slots[i]!]! - mean;
        squares += y * y;
        path += y;
        low = Math.min(low, path);
        high = Math.max(high, path);
      }
      const deviation = Math.sqrt(squares / lag);
      // A deviation that is only what rounding left is none.
      const isFlat = deviation <= 1e-14 * Math.abs(mean);
      x[slot] = isFlat ? 0 : (high - low) / deviation;
      x[slot + 1] = isFlat ? 0 : Number.isNaN(deviation) ? NaN : 1;
    },
  });
  return [range!, isThere!];
};

export const REGIME_SET = declareSeriesSet({
  name: "regime",
  version: 1,
  title: "volatility, trend and persistence of the market",
  source: "InvestIQ regimes; LeverageBot rule engine (docs/features.md, Bars)",
  define(g) {
    const { close } = g.inputs;
    const r = growth(g, close, 1);
    const volRank = rankShare(
      g,
      ratio(g, moments(g, r, 10).deviation, moments(g, r, RANKED).deviation),
      RANKED,
    );
    const trendRank = rankShare(g, overMean(g, 50), RANKED);
    const momentumRank = rankShare(g, growth(g, close, 20), RANKED);
    const range = wilder(g, trueRange(g), 14, "mean");
    const expansion = ratio(g, range, rollingMean(g, range, 50));
    const persistence = hurst(g, r);
    return [
      {
        name: "vol_percentile",
        unit: "0 to 1",
        formula: `share of the last ${RANKED} values of SD_10(r)/SD_${RANKED}(r) that are not above the newest, in steps of 2^-30`,
        series: volRank,
      },
      {
        name: "trend_percentile",
        unit: "0 to 1",
        formula: `the same of C/MA_50(C) - 1`,
        series: trendRank,
      },
      {
        name: "momentum_percentile",
        unit: "0 to 1",
        formula: `the same of C/C[t-20] - 1`,
        series: momentumRank,
      },
      {
        name: "vol_state",
        unit: "-1 low, 0 normal, 1 high",
        formula: "1 if vol_percentile > 0.85, -1 if < 0.15, else 0",
        series: g.map("volState", [volRank], (slot) => (x) => {
          const rank = x[volRank.slot]!;
          x[slot] = Number.isNaN(rank)
            ? NaN
            : rank > 0.85
              ? 1
              : rank < 0.15
                ? -1
                : 0;
        }),
      },
      {
        name: "trend_state",
        unit: "-1 bear, 0 sideways, 1 bull",
        formula:
          "1 if trend_percentile > 0.70 and momentum_percentile > 0.65; -1 if < 0.30 and < 0.35; else 0",
        series: g.map(
          "trendState",
          [trendRank, momentumRank],
          (slot) => (x) => {
            const trend = x[trendRank.slot]!;
            const momentum = x[momentumRank.slot]!;
            x[slot] =
              Number.isNaN(trend) || Number.isNaN(momentum)
                ? NaN
                : trend > 0.7 && momentum > 0.65
                  ? 1
                  : trend < 0.3 && momentum < 0.35
                    ? -1
                    : 0;
          },
        ),
      },
      {
        name: "atr_ratio",
        unit: "ratio",
        formula:
          "ATR/MA_50(ATR); ATR: Wilder mean of TR over 14, seeded with the mean of 14",
        series: expansion,
      },
      {
        name: "hurst",
        unit: "number",
        formula: `slope of ln(mean R/S) on ln(lag) for lags ${SHORTEST_LAG} to ${LONGEST_LAG}: rescaled ranges of the last lag returns, averaged over ${HURST_BARS} bars, flat ones left out`,
        series: persistence,
      },
      {
        name: "market_state",
        unit: "0 ranging, 1 trending, 2 mean-reverting, 3 volatile",
        formula:
          "3 if atr_ratio > 3; else 1 if hurst > 0.55 and atr_ratio ≥ 1; 2 if hurst < 0.45; else 0",
        series: g.map(
          "marketState",
          [expansion, persistence],
          (slot) => (x) => {
            const widening = x[expansion.slot]!;
            const memory = x[persistence.slot]!;
            x[slot] =
              Number.isNaN(widening) || Number.isNaN(memory)
                ? NaN
                : widening > 3
                  ? 3
                  : memory > 0.55 && widening >= 1
                    ? 1
                    : memory < 0.45
                      ? 2
                      : 0;
          },
        ),
      },
    ];
  },
});
