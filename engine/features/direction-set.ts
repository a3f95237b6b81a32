/** The 40 features of the direction service: prices, book at the bar's close, volatility, the leading symbol, lagged returns. */
import { GRID_FILL_MAX } from "./bar-inputs.ts";
import type { BarGraph } from "./bar-inputs.ts";
import {
  absolute,
  bands,
  change,
  gain,
  growth,
  loss,
  logRatio,
  macd,
  product,
  ratio,
  relativeStrength,
  root,
  times,
  trueRange,
} from "./bar-terms.ts";
import {
  carried,
  exponential,
  garchVariance,
  wilder,
} from "./fading-series.ts";
import type { FeatureInput } from "./feature-declaration.ts";
import {
  drawdown,
  moments,
  rollingMean,
  rollingSum,
} from "./rolling-series.ts";
import { rollingShape } from "./rolling-shape.ts";
import { declareSeriesSet } from "./series-set.ts";
import type { SeriesFeature } from "./series-set.ts";
import type { Series } from "./series-graph.ts";

const MINUTES_A_YEAR = 525_600;

type Define = (
  name: string,
  unit: string,
  formula: string,
  series: Series,
  inputs?: readonly FeatureInput[],
) => void;

const BOOK: readonly FeatureInput[] = ["book"];
const OTHER: readonly FeatureInput[] = ["bar", "otherBar"];

const definePrices = (g: BarGraph, define: Define): void => {
  const { close } = g.inputs;
  for (const n of [12, 26, 50])
    define(
      `ema_${n}`,
      "price",
      `EMA_${n}(C): alpha 2/${n + 1}, seeded with the first close`,
      exponential(g, close, n).value,
    );
  const move = change(g, close, 1);
  define(
    "rsi_14",
    "0 to 100",
    "100 G/(G + L); G, L: Wilder means (alpha 1/14, seeded with the first move) of max(dC, 0), max(-dC, 0)",
    relativeStrength(
      g,
      wilder(g, gain(g, move), 14, "first"),
      wilder(g, loss(g, move), 14, "first"),
    ),
  );
  const { macd: line, signal, histogram } = macd(g);
  define("macd", "price", "EMA_12(C) - EMA_26(C)", line);
  define("macd_signal", "price", "EMA_9(macd)", signal);
  define("macd_histogram", "price", "macd - macd_signal", histogram);
  const { upper, lower, position } = bands(g);
  define("bb_upper", "price", "MA_20(C) + 2 SD_20(C)", upper);
  define("bb_lower", "price", "MA_20(C) - 2 SD_20(C)", lower);
  define(
    "bb_position",
    "ratio",
    "(C - bb_lower)/(bb_upper - bb_lower)",
    position,
  );
  define(
    "atr_14",
    "price",
    "EMA_14(TR), seeded with the first TR that has a close before it",
    exponential(g, trueRange(g), 14).value,
  );
};

const imbalance = (g: BarGraph, a: Series, b: Series): Series =>
  g.map("(a-b)/(a+b)", [a, b], (slot) => (x) => {
    const left = x[a.slot]!;
    const right = x[b.slot]!;
    x[slot] = (left - right) / (left + right);
  });

const defineBook = (g: BarGraph, define: Define): void => {
  const { open, close, volume, bidPrice, askPrice } = g.inputs;
  const { bidSize, askSize, bidDepth5, askDepth5 } = g.inputs;
  define(
    "order_book_imbalance",
    "ratio in [-1, 1]",
    "(B - A)/(B + A); B, A: sizes at the best bid and ask",
    imbalance(g, bidSize, askSize),
    BOOK,
  );
  const deep = imbalance(g, bidDepth5, askDepth5);
  define(
    "depth_imbalance_5",
    "ratio in [-1, 1]",
    "the same over the five best levels, clipped to 1",
    g.map("clip1", [deep], (slot) => (x) => {
      x[slot] = Math.max(-1, Math.min(1, x[deep.slot]!));
    }),
    BOOK,
  );
  define(
    "bid_ask_spread",
    "ratio",
    "(ask - bid)/mid",
    g.map("spread", [bidPrice, askPrice], (slot) => (x) => {
      const bid = x[bidPrice.slot]!;
      const ask = x[askPrice.slot]!;
      x[slot] = (ask - bid) / ((ask + bid) / 2);
    }),
    BOOK,
  );
  const signed = g.map("v*sign(c-o)", [volume, close, open], (slot) => (x) => {
    x[slot] = x[volume.slot]! * Math.sign(x[close.slot]! - x[open.slot]!);
  });
  const flow = ratio(g, rollingSum(g, signed, 20), rollingSum(g, volume, 20));
  define(
    "vpin",
    "0 to 1",
    "abs(sum_20 buyV - sum_20 sellV)/sum_20 V; a bar's volume is all bought where C > O, all sold where C < O",
    absolute(g, flow),
  );
  define(
    "trade_flow_imbalance",
    "ratio in [-1, 1]",
    "sum_20(V sign(C - O))/sum_20 V",
    flow,
  );
};

const defineVolatility = (g: BarGraph, define: Define): void => {
  const { high, low, close } = g.inputs;
  const r = growth(g, close, 1);
  const realized = (n: number): Series =>
    times(g, moments(g, r, n).deviation, Math.sqrt(MINUTES_A_YEAR / n));
  const quarter = realized(15);
  const hour = realized(60);
  define(
    "realized_volatility_15m",
    "ratio",
    "SD_15(r) sqrt(525600/15)",
    quarter,
  );
  define("realized_volatility_1h", "ratio", "SD_60(r) sqrt(525600/60)", hour);
  const range = logRatio(g, high, low);
  define(
    "parkinson_volatility",
    "ratio",
    "sqrt(MA_20(ln(H/L)^2)/(4 ln 2))",
    root(
      g,
      rollingMean(g, product(g, range, range), 20),
      1 / Math.sqrt(4 * Math.LN2),
    ),
  );
  define(
    "garch_volatility",
    "ratio",
    "sqrt(s2); s2 = 1e-5 + 0.1 r[t-1]^2 + 0.85 s2[t-1], from its long-run value 2e-4",
    root(g, garchVariance(g, r, 1e-5, 0.1, 0.85), 1),
  );
  define(
    "volatility_ratio",
    "ratio",
    "realized_volatility_15m/realized_volatility_1h",
    ratio(g, quarter, hour),
  );
  const fall = drawdown(g, close, 60);
  define(
    "rolling_max_drawdown_1h",
    "ratio",
    "max of 1 - C[j]/C[i], i ≤ j, over the last 60 bars",
    fall.deepest,
  );
  define(
    "time_since_high",
    "bars",
    "bars since the highest close of the last 60, the latest of equals",
    fall.sinceHigh,
  );
};

const defineOther = (g: BarGraph, define: Define): void => {
  const { close, otherClose, fundingRate } = g.inputs;
  const r = growth(g, close, 1);
  // As the grid repeats a bar of this symbol that is missing: one that is not told must not silence an hour.
  const q = growth(g, carried(g, otherClose, GRID_FILL_MAX), 1);
  for (const k of [1, 2])
    define(
      `btc_returns_lag${k}`,
      "ratio",
      `q[t-${k}]; q: one-bar return of the leading symbol, whose close stands where its bar is missing`,
      g.lag(q, k),
      OTHER,
    );
  const own = moments(g, r, 60);
  const other = moments(g, q, 60);
  const joint = rollingSum(g, product(g, r, q), 60);
  define(
    "btc_correlation_60m",
    "ratio in [-1, 1]",
    "correlation of r and q over 60 bars",
    g.map(
      "correlation60",
      [joint, own.mean, other.mean, own.deviation, other.deviation],
      (slot) => (x) => {
        const covariance =
          (x[joint.slot]! - 60 * x[own.mean.slot]! * x[other.mean.slot]!) / 59;
        x[slot] =
          covariance / (x[own.deviation.slot]! * x[other.deviation.slot]!);
      },
    ),
    OTHER,
  );
  define(
    "btc_volatility_ratio",
    "ratio",
    "SD_60(q)/SD_60(r)",
    ratio(g, other.deviation, own.deviation),
    OTHER,
  );
  define(
    "funding_rate",
    "fraction",
    "funding rate of the interval",
    fundingRate,
    ["funding"],
  );
};

const LAGS = [
  ["1m", 1],
  ["5m", 5],
  ["15m", 15],
  ["1h", 60],
  ["4h", 240],
  ["24h", 1440],
] as const;

const defineLagged = (g: BarGraph, define: Define): void => {
  const { close } = g.inputs;
  for (const [name, k] of LAGS)
    define(`return_${name}`, "ratio", `C/C[t-${k}] - 1`, growth(g, close, k));
  for (const [name, k] of LAGS.slice(0, 2))
    define(
      `log_return_${name}`,
      "ln ratio",
      `ln(C/C[t-${k}])`,
      logRatio(g, close, g.lag(close, k)),
    );
  const r = growth(g, close, 1);
  define("sd_15m", "ratio", "SD_15(r)", moments(g, r, 15).deviation);
  define("sd_1h", "ratio", "SD_60(r)", moments(g, r, 60).deviation);
  const { skew, kurtosis } = rollingShape(g, r, 60);
  define(
    "skew_1h",
    "number",
    "skewness of r over 60 bars, bias-corrected (adjusted Fisher-Pearson)",
    skew,
  );
  define(
    "kurtosis_1h",
    "number",
    "excess kurtosis of r over 60 bars, bias-corrected",
    kurtosis,
  );
};

export const DIRECTION_SET = declareSeriesSet({
  name: "direction",
  version: 2,
  title: "40 features of minute bars, the book and a leading symbol",
  source: "LeverageBot, FeatureTransformer (docs/features.md, Bars)",
  requires: ["bar", "book", "otherBar", "funding"],
  define(g) {
    const features: SeriesFeature[] = [];
    const define: Define = (name, unit, formula, series, inputs) =>
      void features.push({
        name,
        unit,
        formula,
        series,
        ...(inputs === undefined ? {} : { inputs }),
      });
    definePrices(g, define);
    defineBook(g, define);
    defineVolatility(g, define);
    defineOther(g, define);
    defineLagged(g, define);
    return features;
  },
});
