/** The windows that sequence models are fed: PatchTST's bars, TFT's bars with indicators and mood. Training exports them under these names. */
import { createHash } from "node:crypto";
import { BAR_CHANNELS, windowText } from "../domain/input-window.ts";
import type { InputWindow, WindowShape } from "../domain/input-window.ts";
import { CodedError } from "../std/errors.ts";
import { macd, rsi } from "./bar-terms.ts";
import { declareSeriesSet } from "./series-set.ts";
import type { SeriesSet } from "./series-set.ts";

export const declareWindow = (shape: WindowShape): InputWindow => ({
  ...shape,
  hash: createHash("sha256").update(windowText(shape)).digest("hex"),
});

/** What the shipped PatchTST was trained on. */
export const PATCHTST_1S = declareWindow({
  name: "patchtst-1s-64",
  intervalMs: 1000,
  length: 64,
  channels: BAR_CHANNELS,
});

/** The seed's context, of minutes. */
export const PATCHTST_1M = declareWindow({
  name: "patchtst-1m-512",
  intervalMs: 60_000,
  length: 512,
  channels: BAR_CHANNELS,
});

/** Rows of the minute grid, for windows that say more than bars do. */
const TFT_ROWS = declareSeriesSet({
  name: "tft",
  version: 1,
  title: "what TFT reads of a minute",
  source: "Seed S0, price forecast",
  define: (g) => {
    const { open, high, low, close, volume, sentiment } = g.inputs;
    return [
      { name: "open", unit: "price", formula: "O", series: open },
      { name: "high", unit: "price", formula: "H", series: high },
      { name: "low", unit: "price", formula: "L", series: low },
      { name: "close", unit: "price", formula: "C", series: close },
      { name: "volume", unit: "size", formula: "V", series: volume },
      {
        name: "sentiment_score",
        unit: "ratio in [-1, 1]",
        formula: "mean sentiment of the last window of news; 0 without",
        series: g.map("sentiment or 0", [sentiment], (slot) => (x) => {
          const mood = x[sentiment.slot]!;
          x[slot] = Number.isNaN(mood) ? 0 : mood;
        }),
        inputs: ["bar", "headline"],
      },
      {
        name: "rsi_14",
        unit: "0 to 100",
        formula: "100 G/(G + L); means of 14",
        series: rsi(g, 14),
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

export const TFT_1M = declareWindow({
  name: "tft-1m-60",
  intervalMs: 60_000,
  length: 60,
  channels: TFT_ROWS.features.map(({ name }) => name),
});

export const INPUT_WINDOWS: readonly InputWindow[] = [
  PATCHTST_1S,
  PATCHTST_1M,
  TFT_1M,
];

/** E_FEATURES_UNKNOWN where there is no such window. */
export const inputWindow = (name: string): InputWindow => {
  const found = INPUT_WINDOWS.find((window) => window.name === name);
  if (found === undefined)
    throw new CodedError("E_FEATURES_UNKNOWN", {
      field: "window",
      detail: `${name}; there are ${INPUT_WINDOWS.map((window) => window.name).join(", ")}`,
    });
  return found;
};

/** The rows that a window is made of; undefined where bars say all of it. */
export const rowsOf = ({ channels }: WindowShape): SeriesSet | undefined =>
  channels.join() === TFT_1M.channels.join() ? TFT_ROWS : undefined;
