/** The same look at the market in eight frames from a minute to six hours, each from its own closed bars, where they agree, and where to enter. */
import { BarGraph } from "./bar-inputs.ts";
import {
  change,
  difference,
  gain,
  growth,
  loss,
  ratio,
  relativeStrength,
  times,
} from "./bar-terms.ts";
import { seededExponential, wilder } from "./fading-series.ts";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredFeature, FeatureInput } from "./feature-declaration.ts";
import {
  COMPONENT_WEIGHTS,
  INTEREST_BARS,
  VPIN_BARS,
  frameInputs,
  frameScore,
  interestPressure,
  side,
  toxicity,
} from "./frame-score.ts";
import { moments } from "./rolling-series.ts";
import type { Series } from "./series-graph.ts";

interface Frame {
  readonly name: string;
  readonly minutes: number;
  readonly weight: number;
  /** Beyond the frame's own length, and how long ago a minute last traded for the frame to count. */
  readonly staleS: number;
}

export const FRAMES: readonly Frame[] = [
  { name: "m1", minutes: 1, weight: 0.05, staleS: 15 },
  { name: "m5", minutes: 5, weight: 0.08, staleS: 30 },
  { name: "m15", minutes: 15, weight: 0.1, staleS: 60 },
  { name: "m30", minutes: 30, weight: 0.12, staleS: 120 },
  { name: "h1", minutes: 60, weight: 0.2, staleS: 240 },
  { name: "h2", minutes: 120, weight: 0.12, staleS: 360 },
  { name: "h4", minutes: 240, weight: 0.18, staleS: 600 },
  { name: "h6", minutes: 360, weight: 0.15, staleS: 900 },
];

interface FrameFeature {
  readonly name: string;
  readonly unit: string;
  readonly formula: string;
  readonly series: Series;
  /** Bars alone when absent. */
  readonly inputs?: readonly FeatureInput[];
}

/** What each frame says, from its own bars. Means are seeded with the plain mean of their first n, deviations are a population's. */
export const defineFrame = (g: BarGraph): readonly FrameFeature[] => {
  const { close } = g.inputs;
  const own = frameInputs(g);
  const [ema20, ema50, ema200] = [20, 50, 200].map((n) =>
    seededExponential(g, close, n),
  );
  const move = change(g, close, 1);
  const rsi = relativeStrength(
    g,
    wilder(g, gain(g, move), 14, "mean"),
    wilder(g, loss(g, move), 14, "mean"),
  );
  const line = difference(
    g,
    seededExponential(g, close, 12).offset,
    seededExponential(g, close, 26).offset,
  );
  const histogram = ratio(
    g,
    times(g, seededExponential(g, line, 9).offset, -1),
    close,
  );
  const position = bandPosition(g);
  const apart = difference(g, ema20!.offset, ema50!.offset);
  const trend = ratio(g, apart, ema50!.value);
  const technical = technicalOf(g, {
    ema20: ema20!.value,
    ema50: ema50!.value,
    ema200: ema200!.value,
    rsi,
    histogram,
    position,
  });
  const vpin = toxicity(g, own);
  const interest = interestPressure(g, own, move);
  const obi = own.imbalance;
  return [
    {
      name: "technical",
      unit: "ratio in [-1, 1]",
      formula:
        "±0.3 for EMA_20, 50, 200 in order (±0.15 for 20 and 50 alone), ±0.25 for RSI beyond 30, 70 (±0.1 beyond 40, 60), ±0.2 for the MACD histogram's sign, (0.5 - bb_position)/2; clipped to 1; means within 1e-9 of one another, and a histogram within 1e-9 of 0, say nothing",
      series: technical,
    },
    {
      name: "rsi_14",
      unit: "0 to 100",
      formula:
        "100 G/(G + L); Wilder means over 14, seeded with the mean of 14",
      series: rsi,
    },
    {
      name: "macd_histogram",
      unit: "ratio",
      formula: "(macd - EMA_9(macd))/C; macd = EMA_12(C) - EMA_26(C)",
      series: histogram,
    },
    {
      name: "bb_position",
      unit: "ratio",
      formula:
        "(C - lower)/(upper - lower); MA_20(C) ± 2 population deviations",
      series: position,
    },
    {
      name: "ema_trend",
      unit: "ratio",
      formula: "EMA_20(C)/EMA_50(C) - 1",
      series: trend,
    },
    {
      name: "return",
      unit: "ratio",
      formula: "C/C[t-1] - 1",
      series: growth(g, close, 1),
    },
    {
      name: "obi",
      unit: "ratio in [-1, 1]",
      formula:
        "mean of (Σ5 Qb - Σ5 Qa)/(Σ5 Qb + Σ5 Qa) at the close of each of its minutes with a live book, if half of them had one",
      series: obi,
      inputs: ["bar", "book"],
    },
    {
      name: "vpin",
      unit: "ratio in [0, 1]",
      formula: `sum of |bought - sold| over sum of V, ${VPIN_BARS} bars, at most 1; bought, sold: volume of aggressors; a minute without trades adds nothing`,
      series: vpin,
    },
    {
      name: "oi_pressure",
      unit: "ratio in [-1, 1]",
      formula: `sign(C - C[t-1]) clip(g/(2 sqrt(mean of g² over ${INTEREST_BARS})), -1, 1); g = ln(OI/OI[t-1]), OI at the bar's close, at most 120 s old`,
      series: interest,
      inputs: ["bar", "openInterest"],
    },
    {
      name: "score",
      unit: "ratio in [-1, 1]",
      formula: `sum of weight × component over sum of weights, components that are there; ${weightsText(COMPONENT_WEIGHTS)}; vpin counts with the sign of EMA_20 - EMA_50`,
      series: frameScore(g, { technical, obi, vpin, interest, trend }),
    },
  ];
};

const weightsText = (weights: Readonly<Record<string, number>>): string =>
  Object.entries(weights)
    .map(([name, weight]) => `${name} ${weight}`)
    .join(", ");

const bandPosition = (g: BarGraph): Series => {
  const { excess, variance } = moments(g, g.inputs.close, 20);
  return g.map("populationBand", [excess, variance], (slot) => (x) => {
    const spread = Math.sqrt((x[variance.slot]! * 19) / 20);
    x[slot] = (x[excess.slot]! + 2 * spread) / (4 * spread);
  });
};

interface TechnicalParts {
  readonly ema20: Series;
  readonly ema50: Series;
  readonly ema200: Series;
  readonly rsi: Series;
  readonly histogram: Series;
  readonly position: Series;
}

const technicalOf = (g: BarGraph, parts: TechnicalParts): Series => {
  const { ema20, ema50, ema200, rsi, histogram, position } = parts;
  const inputs = Object.values(parts) as Series[];
  return g.add({
    key: `technical ${inputs.map(({ slot }) => slot).join(" ")}`,
    outputs: 1,
    // The longest mean may still be missing: until then the order of the two others counts, by half.
    warmUp: Math.max(ema50.warmUp, histogram.warmUp, position.warmUp),
    settled: Math.max(...inputs.map(({ settled }) => settled)),
    bind: (slot) => (x) => {
      const short = x[ema20.slot]!;
      const middle = x[ema50.slot]!;
      const long = x[ema200.slot]!;
      const strength = x[rsi.slot]!;
      const order = side(short / middle - 1);
      const inOrder = order !== 0 && side(middle / long - 1) === order;
      let score = order * (inOrder ? 0.3 : 0.15);
      if (strength < 30) score += 0.25;
      else if (strength < 40) score += 0.1;
      else if (strength > 70) score -= 0.25;
      else if (strength > 60) score -= 0.1;
      score += side(x[histogram.slot]!) * 0.2;
      const place = x[position.slot]!;
      // A flat market has no place between its bands.
      if (!Number.isNaN(place) || Number.isNaN(middle))
        score += (0.5 - place) * 0.5;
      x[slot] = Math.max(-1, Math.min(1, score));
    },
  })[0]!;
};

/** A frame that says more is one to enter on. */
export const ENTRY_MIN = 0.3;
const SOURCE = "LeverageBot, multi-timeframe engine (docs/features.md, Bars)";
export const FRAME_PARTS = defineFrame(new BarGraph());
/** Position of what the frames are weighed by among the features of one. */
export const SCORE = FRAME_PARTS.findIndex(({ name }) => name === "score");

const declareFrame = (frame: Frame): DeclaredFeature[] =>
  FRAME_PARTS.map(
    ({ name, unit, formula, inputs, series: { warmUp, settled } }) => ({
      name: `${name}_${frame.name}`,
      unit,
      formula,
      source: SOURCE,
      window:
        settled === warmUp
          ? `${warmUp} bars of ${frame.name}`
          : `${warmUp} bars of ${frame.name}, fading over ${settled - warmUp}`,
      // The first frame may be a part of one, which is left out.
      warmUp: { count: warmUp * frame.minutes, unit: "bars" },
      settled: { count: (settled + 1) * frame.minutes, unit: "bars" },
      missing: "nan",
      inputs: inputs ?? ["bar"],
      staleAfterMs: (60 * frame.minutes + frame.staleS) * 1000,
    }),
  );

const declareCross = (
  name: string,
  unit: string,
  formula: string,
  warmUpOf: readonly string[],
): DeclaredFeature => {
  const parts = FRAMES.map(declareFrame).map((features) => features[SCORE]!);
  const needed = parts.filter((feature) =>
    warmUpOf.some((frame) => feature.name.endsWith(`_${frame}`)),
  );
  return {
    name,
    unit,
    formula,
    source: SOURCE,
    window: "scores of the frames",
    warmUp: {
      count: Math.max(...needed.map(({ warmUp }) => warmUp.count)),
      unit: "bars",
    },
    settled: {
      count: Math.max(...parts.map(({ settled }) => settled.count)),
      unit: "bars",
    },
    missing: "nan",
    inputs: ["bar"],
    staleAfterMs: 120_000,
  };
};

export const FRAMES_SET = declareSet({
  name: "frames",
  version: 2,
  title: "eight frames from a minute to six hours",
  requires: ["bar"],
  features: [
    ...FRAMES.flatMap(declareFrame),
    declareCross(
      "frames_net",
      "ratio in [-1, 1]",
      `sum of weight × score over sum of weights, frames that are warm and fresh; ${weightsText(Object.fromEntries(FRAMES.map(({ name, weight }) => [name, weight])))}; fresh: a minute traded within ${FRAMES.map(({ staleS }) => staleS).join(", ")} s`,
      ["m1"],
    ),
    declareCross(
      "frames_alignment",
      "-1, -0.5, 0, 0.5, 1",
      "(sign(score_h4) + sign(score_h6))/2, both fresh",
      ["h4", "h6"],
    ),
    declareCross(
      "frames_entry",
      "minutes",
      `length of the shortest fresh frame with |score| > ${ENTRY_MIN}; 0 where there is none`,
      ["m1"],
    ),
  ],
});
