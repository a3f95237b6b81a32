/** The six features of the sentiment signal generator: mood, and what the bars say of it. */
import type { BarGraph } from "./bar-inputs.ts";
import { growth, macd, ratio, rsi } from "./bar-terms.ts";
import { rollingMean } from "./rolling-series.ts";
import type { Series } from "./series-graph.ts";
import { declareSeriesSet } from "./series-set.ts";

/** No news is no mood. */
const known = (g: BarGraph, source: Series): Series =>
  g.map("known", [source], (slot) => (x) => {
    const value = x[source.slot]!;
    x[slot] = Number.isNaN(value) ? 0 : value;
  });

export const COMPACT_SET = declareSeriesSet({
  name: "compact",
  version: 2,
  title: "six features of sentiment and bars",
  source: "NexusSentinel, signal generator (docs/features.md, Bars)",
  define(g) {
    const { close, volume, sentiment, sentimentMomentum } = g.inputs;
    return [
      {
        name: "sentiment_score",
        unit: "ratio in [-1, 1]",
        formula: "news_avg_sentiment of the last closed window; 0 without news",
        series: known(g, sentiment),
        inputs: ["headline"],
      },
      {
        name: "sentiment_momentum",
        unit: "ratio in [-2, 2]",
        formula:
          "sentiment_score less that of the window before; 0 without news",
        series: known(g, sentimentMomentum),
        inputs: ["headline"],
      },
      {
        name: "rsi_14",
        unit: "0 to 100",
        formula: "100 - 100/(1 + MA_14(max(dC, 0))/MA_14(max(-dC, 0)))",
        series: rsi(g, 14),
      },
      {
        name: "volume_change",
        unit: "ratio",
        formula: "V/V[t-1] - 1",
        series: growth(g, volume, 1),
      },
      {
        name: "price_sma_20",
        unit: "ratio",
        formula: "C/MA_20(C)",
        series: ratio(g, close, rollingMean(g, close, 20)),
      },
      {
        name: "macd",
        unit: "price",
        formula: "EMA_12(C) - EMA_26(C)",
        series: macd(g).macd,
      },
    ];
  },
});
