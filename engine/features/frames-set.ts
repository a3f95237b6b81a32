/** The same look at the market in eight frames from a minute to six hours, each from its own closed bars, and where they agree. */
import type { FeatureVector } from "../domain/feature.ts";
import { assert } from "../std/assert.ts";
import { BAR_INPUTS, BarGraph } from "./bar-inputs.ts";
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
import type { DeclaredFeature } from "./feature-declaration.ts";
import { moments } from "./rolling-series.ts";
import type { Series, SeriesRun } from "./series-graph.ts";

interface Frame {
  readonly name: string;
  readonly minutes: number;
  readonly weight: number;
  /** Beyond the frame's own length. */
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
}

/** What each frame says, from its own bars. Means are seeded with the plain mean of their first n, deviations are a population's. */
const defineFrame = (g: BarGraph): readonly FrameFeature[] => {
  const { close } = g.inputs;
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
  return [
    {
      name: "technical",
      unit: "ratio in [-1, 1]",
      formula:
        "±0.3 for EMA_20, 50, 200 in order (±0.15 for 20 and 50 alone), ±0.25 for RSI beyond 30, 70 (±0.1 beyond 40, 60), ±0.2 for the MACD histogram's sign, (0.5 - bb_position)/2; clipped to 1",
      series: technical(g, {
        ema20: ema20!.value,
        ema50: ema50!.value,
        ema200: ema200!.value,
        rsi,
        histogram,
        position,
      }),
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
  ];
};

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

const technical = (g: BarGraph, parts: TechnicalParts): Series => {
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
      let score = Math.sign(short - middle) * 0.15;
      if (short > middle && middle > long) score = 0.3;
      if (short < middle && middle < long) score = -0.3;
      if (strength < 30) score += 0.25;
      else if (strength < 40) score += 0.1;
      else if (strength > 70) score -= 0.25;
      else if (strength > 60) score -= 0.1;
      score += Math.sign(x[histogram.slot]!) * 0.2;
      const place = x[position.slot]!;
      // A flat market has no place between its bands.
      if (!Number.isNaN(place) || Number.isNaN(middle))
        score += (0.5 - place) * 0.5;
      x[slot] = Math.max(-1, Math.min(1, score));
    },
  })[0]!;
};

const TECHNICAL = 0;
const SOURCE = "LeverageBot, multi-timeframe engine (docs/features.md, Bars)";
const PARTS = defineFrame(new BarGraph());
const PER_FRAME = PARTS.length;
const CROSS_AT = FRAMES.length * PER_FRAME;
const H4 = FRAMES.findIndex(({ name }) => name === "h4");
const H6 = FRAMES.findIndex(({ name }) => name === "h6");

const declareFrame = (frame: Frame): DeclaredFeature[] =>
  PARTS.map(({ name, unit, formula, series: { warmUp, settled } }) => ({
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
    inputs: ["bar"],
    staleAfterMs: (60 * frame.minutes + frame.staleS) * 1000,
  }));

const declareCross = (
  name: string,
  unit: string,
  formula: string,
  warmUpOf: readonly string[],
): DeclaredFeature => {
  const parts = FRAMES.map(declareFrame).map(
    (features) => features[TECHNICAL]!,
  );
  const needed = parts.filter((feature) =>
    warmUpOf.some((frame) => feature.name.endsWith(`_${frame}`)),
  );
  return {
    name,
    unit,
    formula,
    source: SOURCE,
    window: "technical of the frames",
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
  version: 1,
  title: "eight frames from a minute to six hours",
  requires: ["bar"],
  features: [
    ...FRAMES.flatMap(declareFrame),
    declareCross(
      "frames_net",
      "ratio in [-1, 1]",
      `sum of weight × technical over the sum of weights, frames that are warm; weights ${FRAMES.map(({ name, weight }) => `${name} ${weight}`).join(", ")}`,
      ["m1"],
    ),
    declareCross(
      "frames_alignment",
      "-1, -0.5, 0, 0.5, 1",
      "(sign(technical_h4) + sign(technical_h6))/2",
      ["h4", "h6"],
    ),
  ],
});

/** Positions in a frame's bar in progress: the inputs as they stand, and how many minutes it has; NaN while it is a part of one. */
const OPEN = 0;
const HIGH = 1;
const LOW = 2;
const CLOSE = 3;
const VOLUME = 4;
const IS_REAL = 5;
const MINUTES = 6;
/** Minutes since the frame last closed. */
const SINCE = 7;
const FIELDS = 8;

/** One symbol's frames over the rows of its minute grid. */
export class FrameFeatures {
  readonly values: FeatureVector = new Float64Array(
    FRAMES_SET.features.length,
  ).fill(NaN);
  readonly #runs: readonly SeriesRun[];
  readonly #slots = PARTS.map(({ series }) => series.slot);
  readonly #bars = new Float64Array(FRAMES.length * FIELDS).fill(NaN);
  readonly #empty: Float64Array;

  constructor() {
    this.#runs = FRAMES.map(() => {
      const g = new BarGraph();
      defineFrame(g);
      return g.compile();
    });
    this.#empty = this.snapshot();
  }

  /** One minute of the grid, by its number since the epoch; `inputs` in the order of BAR_INPUTS. */
  push(minute: number, inputs: Float64Array): void {
    assert(inputs.length === BAR_INPUTS.length, "a row has all inputs");
    for (let i = 0; i < FRAMES.length; i++) {
      const { minutes } = FRAMES[i]!;
      this.#add(i, minute % minutes === 0, inputs);
      this.#bars[i * FIELDS + SINCE]! += 1;
      if ((minute + 1) % minutes === 0) this.#close(i, minutes);
    }
    this.#writeCross();
  }

  /** Of the bar that a feature was last computed of, as of the last minute; Infinity before the first. Those across frames are as of now. */
  minutesOld(feature: number): number {
    if (feature >= CROSS_AT) return 0;
    const since = this.#bars[Math.floor(feature / PER_FRAME) * FIELDS + SINCE]!;
    return Number.isNaN(since) ? Infinity : since;
  }

  reset(): void {
    this.restore(this.#empty);
  }

  snapshot(): Float64Array {
    return Float64Array.from([
      ...this.values,
      ...this.#bars,
      ...this.#runs.flatMap((run) => [...run.snapshot()]),
    ]);
  }

  /** What follows is the same to the bit. */
  restore(snapshot: Float64Array): void {
    let at = 0;
    const take = (length: number): Float64Array =>
      snapshot.subarray(at, (at += length));
    this.values.set(take(this.values.length));
    this.#bars.set(take(this.#bars.length));
    for (const run of this.#runs) run.restore(take(run.length));
    assert(at === snapshot.length, "a snapshot is of the same frames");
  }

  #add(frame: number, isFirst: boolean, inputs: Float64Array): void {
    const bars = this.#bars;
    const at = frame * FIELDS;
    if (isFirst) {
      for (let j = OPEN; j <= VOLUME; j++) bars[at + j] = inputs[j]!;
      bars[at + IS_REAL] = inputs[IS_REAL]!;
      bars[at + MINUTES] = 1;
      return;
    }
    bars[at + HIGH] = Math.max(bars[at + HIGH]!, inputs[HIGH]!);
    bars[at + LOW] = Math.min(bars[at + LOW]!, inputs[LOW]!);
    bars[at + CLOSE] = inputs[CLOSE]!;
    bars[at + VOLUME]! += inputs[VOLUME]!;
    bars[at + IS_REAL] = Math.max(bars[at + IS_REAL]!, inputs[IS_REAL]!);
    bars[at + MINUTES]! += 1;
  }

  #close(frame: number, minutes: number): void {
    const bars = this.#bars;
    const at = frame * FIELDS;
    if (bars[at + MINUTES] !== minutes) return;
    bars[at + SINCE] = 0;
    const run = this.#runs[frame]!;
    for (let j = OPEN; j <= IS_REAL; j++) run.x[j] = bars[at + j]!;
    run.step();
    for (let j = 0; j < PER_FRAME; j++)
      this.values[frame * PER_FRAME + j] = run.x[this.#slots[j]!]!;
  }

  #writeCross(): void {
    const { values } = this;
    let net = 0;
    let weights = 0;
    for (let i = 0; i < FRAMES.length; i++) {
      const score = values[i * PER_FRAME + TECHNICAL]!;
      if (Number.isNaN(score)) continue;
      net += FRAMES[i]!.weight * score;
      weights += FRAMES[i]!.weight;
    }
    values[CROSS_AT] = net / weights;
    values[CROSS_AT + 1] =
      (Math.sign(values[H4 * PER_FRAME + TECHNICAL]!) +
        Math.sign(values[H6 * PER_FRAME + TECHNICAL]!)) /
      2;
  }
}
