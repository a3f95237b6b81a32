/** The 76 features of a bar and its close: prices, returns, technical, momentum, volatility and liquidity from bars alone. */
import type { BarGraph } from "./bar-inputs.ts";
import {
  bands,
  change,
  difference,
  gain,
  growth,
  loss,
  logRatio,
  macd,
  product,
  ratio,
  root,
  rsi,
  times,
  trueRange,
} from "./bar-terms.ts";
import {
  exponential,
  exponentialDeviation,
  spanAlpha,
} from "./fading-series.ts";
import { moments, rollingMean, rollingSum } from "./rolling-series.ts";
import { declareSeriesSet } from "./series-set.ts";
import type { SeriesFeature } from "./series-set.ts";
import type { Series } from "./series-graph.ts";

const RETURNS = [1, 5, 10, 30, 60, 90, 120, 150, 180, 210, 240, 270, 360];
/** The seed's factor on minute returns; it is no annualisation. */
const YEAR = Math.sqrt(252);
/** Weight of the open-to-close variance for a window of 20. */
const YANG_ZHANG = 0.34 / (1.34 + 21 / 19);

type Define = (
  name: string,
  unit: string,
  formula: string,
  series: Series,
) => void;

const defineBase = (g: BarGraph, define: Define): void => {
  const { open, high, low, close, volume, isReal } = g.inputs;
  define("close", "price", "C", close);
  define("open", "price", "O", open);
  define("high", "price", "H", high);
  define("low", "price", "L", low);
  define("volume", "size", "V", volume);
  define(
    "is_backfilled",
    "0 or 1",
    "1 - o; o = 1 for a bar that the market made",
    g.map("1-a", [isReal], (slot) => (x) => {
      x[slot] = 1 - x[isReal.slot]!;
    }),
  );
  const past30 = g.lag(isReal, 31);
  for (const bars of [60, 360]) {
    const seen = rollingSum(g, past30, bars - 30);
    define(
      `has_original_prev_30_to_${bars}min`,
      "0 or 1",
      `1 if any o[t-31] … o[t-${bars}] is 1`,
      g.map("a>0", [seen], (slot) => (x) => {
        const count = x[seen.slot]!;
        x[slot] = Number.isNaN(count) ? NaN : count > 0 ? 1 : 0;
      }),
    );
  }
};

const defineTechnical = (g: BarGraph, define: Define): void => {
  const { close } = g.inputs;
  for (const n of [14, 20])
    define(
      `rsi_${n}`,
      "0 to 100",
      `100 - 100/(1 + MA_${n}(max(dC, 0))/MA_${n}(max(-dC, 0))); 100 without a loss, missing when still`,
      rsi(g, n),
    );
  const { macd: line, signal, histogram } = macd(g);
  define("macd", "price", "EMA_12(C) - EMA_26(C)", line);
  define("macd_signal", "price", "EMA_9(macd)", signal);
  define("macd_histogram", "price", "macd - macd_signal", histogram);
  const { upper, middle, lower, width, position } = bands(g);
  define("bb_upper", "price", "MA_20(C) + 2 SD_20(C)", upper);
  define("bb_middle", "price", "MA_20(C)", middle);
  define("bb_lower", "price", "MA_20(C) - 2 SD_20(C)", lower);
  define("bb_width", "ratio", "(bb_upper - bb_lower)/bb_middle", width);
  define(
    "bb_position",
    "ratio",
    "(C - bb_lower)/(bb_upper - bb_lower)",
    position,
  );
  for (const n of [7, 14, 21, 50])
    define(`sma_${n}`, "price", `MA_${n}(C)`, rollingMean(g, close, n));
  for (const n of [7, 14, 21])
    define(
      `ema_${n}`,
      "price",
      `EMA_${n}(C): alpha 2/${n + 1}, seeded with the first close`,
      exponential(g, close, n).value,
    );
  const range = rollingMean(g, trueRange(g), 14);
  define(
    "atr_14",
    "price",
    "MA_14(max(H - L, abs(H - C[t-1]), abs(L - C[t-1])))",
    range,
  );
  define(
    "adx_14",
    "0 to 100",
    "MA_14(100 abs(P - M)/(P + M)); P = MA_14(max(dH, 0))/atr_14, M = MA_14(max(-dL, 0))/atr_14",
    directionalIndex(g, range),
  );
};

/** The moves of highs and lows do not exclude one another; without a range there is no index. */
const directionalIndex = (g: BarGraph, range: Series): Series => {
  const { high, low } = g.inputs;
  const up = rollingMean(g, gain(g, change(g, high, 1)), 14);
  const down = rollingMean(g, loss(g, change(g, low, 1)), 14);
  const index = g.map("dx", [up, down, range], (slot) => (x) => {
    const plus = x[up.slot]!;
    const minus = x[down.slot]!;
    if (x[range.slot] === 0) x[slot] = NaN;
    else x[slot] = (100 * Math.abs(plus - minus)) / (plus + minus);
  });
  return rollingMean(g, index, 14);
};

const defineMomentum = (g: BarGraph, define: Define): void => {
  const { close } = g.inputs;
  for (const k of [5, 10, 20])
    define(`momentum_${k}`, "price", `C - C[t-${k}]`, change(g, close, k));
  for (const k of [5, 10])
    define(
      `roc_${k}`,
      "percent",
      `100 (C/C[t-${k}] - 1)`,
      times(g, growth(g, close, k), 100),
    );
  const r = growth(g, close, 1);
  for (const n of [20, 50])
    define(
      `volatility_${n}`,
      "ratio",
      `SD_${n}(r)`,
      moments(g, r, n).deviation,
    );
};

const defineLiquidity = (g: BarGraph, define: Define): void => {
  const { open, high, low, close, volume } = g.inputs;
  const range = difference(g, high, low);
  const rangeShare = ratio(g, range, close);
  define("hl_range", "price", "H - L", range);
  define("hl_range_pct", "ratio", "(H - L)/C", rangeShare);
  define("hl_range_ma20", "price", "MA_20(H - L)", rollingMean(g, range, 20));
  define("spread_proxy", "price", "H - L", range);
  define("spread_pct", "ratio", "(H - L)/C", rangeShare);
  const volumes = moments(g, volume, 20);
  define("volume_ma20", "size", "MA_20(V)", volumes.mean);
  define("volume_ma50", "size", "MA_50(V)", rollingMean(g, volume, 50));
  define("volume_ratio", "ratio", "V/MA_20(V)", ratio(g, volume, volumes.mean));
  define(
    "volume_zscore",
    "deviations",
    "(V - MA_20(V))/SD_20(V)",
    ratio(g, volumes.excess, volumes.deviation),
  );
  const overVolume = (name: string, a: Series): Series =>
    g.map(name, [a, volume], (slot) => (x) => {
      x[slot] = Math.abs(x[a.slot]!) / (x[volume.slot]! + 1);
    });
  const impact = overVolume("abs(a)/(v+1)", change(g, close, 1));
  define("price_impact", "price/size", "abs(C - C[t-1])/(V + 1)", impact);
  define(
    "price_impact_ma20",
    "price/size",
    "MA_20(price_impact)",
    rollingMean(g, impact, 20),
  );
  define(
    "order_flow_imbalance",
    "ratio",
    "(C - O)/(H - L); 0 where both are 0, missing where H - L alone is",
    g.map("flow", [close, open, range], (slot) => (x) => {
      const body = x[close.slot]! - x[open.slot]!;
      const reach = x[range.slot]!;
      // Assignments of their own: a choice between 0 and a fraction would be boxed.
      if (reach !== 0) x[slot] = body / reach;
      else if (body === 0) x[slot] = 0;
      else x[slot] = NaN;
    }),
  );
  const illiquidity = overVolume("abs(a)/(v+1)", growth(g, close, 1));
  define("illiquidity", "1/size", "abs(r)/(V + 1)", illiquidity);
  define(
    "illiquidity_ma20",
    "1/size",
    "MA_20(illiquidity)",
    rollingMean(g, illiquidity, 20),
  );
  const vwap = ratio(
    g,
    rollingSum(g, product(g, close, volume), 20),
    rollingSum(g, volume, 20),
  );
  define("vwap", "price", "sum_20(C V)/sum_20(V)", vwap);
  define("close_vwap_ratio", "ratio", "C/vwap", ratio(g, close, vwap));
  const velocity = change(g, volume, 1);
  define("volume_velocity", "size", "V - V[t-1]", velocity);
  define(
    "volume_acceleration",
    "size",
    "volume_velocity - volume_velocity[t-1]",
    change(g, velocity, 1),
  );
};

const defineVolatility = (
  g: BarGraph,
  define: Define,
  median: number,
): void => {
  const { open, high, low, close } = g.inputs;
  const r = growth(g, close, 1);
  const historical = (n: number): Series =>
    times(g, moments(g, r, n).deviation, YEAR);
  const hist20 = historical(20);
  define("hist_vol_20", "ratio", "sqrt(252) SD_20(r)", hist20);
  define("hist_vol_50", "ratio", "sqrt(252) SD_50(r)", historical(50));
  const range = logRatio(g, high, low);
  const body = logRatio(g, close, open);
  const rangeSquared = product(g, range, range);
  const garmanKlass = g.map("gk", [rangeSquared, body], (slot) => (x) => {
    const move = x[body.slot]!;
    x[slot] = 0.5 * x[rangeSquared.slot]! - (2 * Math.LN2 - 1) * move * move;
  });
  define(
    "gk_vol",
    "ratio",
    "sqrt(252) sqrt(MA_20(0.5 ln(H/L)^2 - (2 ln 2 - 1) ln(C/O)^2))",
    root(g, rollingMean(g, garmanKlass, 20), YEAR),
  );
  define(
    "parkinson_vol",
    "ratio",
    "sqrt(252) sqrt(MA_20(ln(H/L)^2)/(4 ln 2))",
    root(g, rollingMean(g, rangeSquared, 20), YEAR / Math.sqrt(4 * Math.LN2)),
  );
  const rogers = rollingMean(g, rogersSatchell(g), 20);
  define(
    "rs_vol",
    "ratio",
    "sqrt(252) sqrt(MA_20(X)); X = ln(H/C) ln(H/O) + ln(L/C) ln(L/O)",
    root(g, rogers, YEAR),
  );
  const overnight = moments(g, logRatio(g, open, g.lag(close, 1)), 20).variance;
  const daily = moments(g, body, 20).variance;
  define(
    "yz_vol",
    "ratio",
    "sqrt(252) sqrt(Var_20(ln(O/C[t-1])) + k Var_20(ln(C/O)) + (1 - k) MA_20(X)); k = 0.34/(1.34 + 21/19)",
    g.map("yz", [overnight, daily, rogers], (slot) => (x) => {
      x[slot] =
        YEAR *
        Math.sqrt(
          x[overnight.slot]! +
            YANG_ZHANG * x[daily.slot]! +
            (1 - YANG_ZHANG) * x[rogers.slot]!,
        );
    }),
  );
  define(
    "vol_of_vol",
    "ratio",
    "SD_20(hist_vol_20)",
    moments(g, hist20, 20).deviation,
  );
  const regime = (name: string, formula: string, bound: number): void =>
    define(
      name,
      "0 or 1",
      formula,
      g.map(`${name} ${bound}`, [hist20], (slot) => (x) => {
        const now = x[hist20.slot]!;
        const isIn = bound < median ? now < bound : now > bound;
        x[slot] = Number.isNaN(now) ? NaN : isIn ? 1 : 0;
      }),
    );
  regime(
    "vol_regime_low",
    "1 if hist_vol_20 < 0.7 M; M = the constant histVol20Median",
    0.7 * median,
  );
  regime(
    "vol_regime_high",
    "1 if hist_vol_20 > 1.5 M; M = the constant histVol20Median",
    1.5 * median,
  );
  const rangeShare = ratio(g, difference(g, high, low), close);
  define("realized_range", "ratio", "(H - L)/C", rangeShare);
  define(
    "realized_range_ma",
    "ratio",
    "MA_20(realized_range)",
    rollingMean(g, rangeShare, 20),
  );
  define(
    "ewma_vol",
    "ratio",
    "sqrt(252) SD of r with weights (1 - 2/21)^age over all history, bias-corrected",
    times(g, exponentialDeviation(g, r, spanAlpha(20)), YEAR),
  );
};

const rogersSatchell = (g: BarGraph): Series => {
  const { open, high, low, close } = g.inputs;
  const highClose = logRatio(g, high, close);
  const highOpen = logRatio(g, high, open);
  const lowClose = logRatio(g, low, close);
  const lowOpen = logRatio(g, low, open);
  return g.map(
    "rs",
    [highClose, highOpen, lowClose, lowOpen],
    (slot) => (x) => {
      x[slot] =
        x[highClose.slot]! * x[highOpen.slot]! +
        x[lowClose.slot]! * x[lowOpen.slot]!;
    },
  );
};

export const BARS_SET = declareSeriesSet({
  name: "bars",
  version: 1,
  title: "76 features of minute bars, and the close",
  source: "fx-ml-pipeline, silver layer (docs/features.md, Bars)",
  constants: { histVol20Median: 0.00973 },
  define(g, constants) {
    const features: SeriesFeature[] = [];
    const define: Define = (name, unit, formula, series) =>
      void features.push({ name, unit, formula, series });
    defineBase(g, define);
    for (const k of RETURNS)
      define(
        `return_${k}`,
        "ratio",
        `C/C[t-${k}] - 1`,
        growth(g, g.inputs.close, k),
      );
    defineTechnical(g, define);
    defineMomentum(g, define);
    defineLiquidity(g, define);
    defineVolatility(g, define, constants.histVol20Median!);
    return features;
  },
});
