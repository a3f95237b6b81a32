/** What one frame says in one number: its technical score, the book, the toxicity of its flow and its open interest, by weight of those that are there. */
import type { BarGraph } from "./bar-inputs.ts";
import { absolute, difference, logRatio, product } from "./bar-terms.ts";
import { rollingMean, rollingSum } from "./rolling-series.ts";
import type { Series } from "./series-graph.ts";

/** What a frame's bar carries besides prices; NaN where it is not known. */
export const FRAME_INPUTS = [
  /** Volume of aggressors that bought and sold, and all that was traded. */
  "bought",
  "sold",
  "traded",
  /** Mean over its minutes of how much more is bid than asked. */
  "imbalance",
  /** At its end. */
  "interest",
] as const;

export type FrameInputs = Readonly<
  Record<(typeof FRAME_INPUTS)[number], Series>
>;

export const frameInputs = (g: BarGraph): FrameInputs =>
  Object.fromEntries(
    FRAME_INPUTS.map((name) => [name, g.input(`frame ${name}`)]),
  ) as Record<(typeof FRAME_INPUTS)[number], Series>;

export const VPIN_BARS = 50;
export const INTEREST_BARS = 20;

/** Of bars of equal time in place of equal volume: what was bought more than sold, or less, out of what was traded. Unknown sides are half of each. */
export const toxicity = (
  g: BarGraph,
  { bought, sold, traded }: FrameInputs,
): Series => {
  const apart = absolute(g, difference(g, bought, sold));
  const toxic = rollingSum(g, apart, VPIN_BARS);
  const volume = rollingSum(g, traded, VPIN_BARS);
  return g.map("vpin", [toxic, volume], (slot) => (x) => {
    const all = x[volume.slot]!;
    // No venue's sides are more than the whole but for rounding.
    x[slot] = all > 0 ? Math.min(1, x[toxic.slot]! / all) : NaN;
  });
};

/** A move that brings new contracts goes on, one that closes them does not: by the change's size beside the usual one. */
export const interestPressure = (
  g: BarGraph,
  { interest }: FrameInputs,
  move: Series,
): Series => {
  const growth = logRatio(g, interest, g.lag(interest, 1));
  const square = rollingMean(g, product(g, growth, growth), INTEREST_BARS);
  return g.map("interestPressure", [growth, square, move], (slot) => (x) => {
    const share = x[growth.slot]! / (2 * Math.sqrt(x[square.slot]!));
    x[slot] = Math.sign(x[move.slot]!) * Math.max(-1, Math.min(1, share));
  });
};

/** Relative to the price: what is less is what rounding left of a flat market, and says nothing. */
export const LEVEL = 1e-9;

/** Which way something relative to the price points: 1, -1, or 0 where it is level; NaN stays. */
export const side = (x: number): number =>
  Math.abs(x) <= LEVEL ? 0 : Math.sign(x);

/** The toxicity on the side of the shorter mean. */
const toxicSide = (g: BarGraph, vpin: Series, trend: Series): Series =>
  g.map("toxicSide", [vpin, trend], (slot) => (x) => {
    x[slot] = side(x[trend.slot]!) * x[vpin.slot]!;
  });

export const COMPONENT_WEIGHTS = {
  technical: 0.25,
  obi: 0.3,
  vpin: 0.2,
  oi_pressure: 0.06,
} as const;

export interface ScoreParts {
  readonly technical: Series;
  readonly obi: Series;
  readonly vpin: Series;
  readonly interest: Series;
  /** EMA_20/EMA_50 − 1. */
  readonly trend: Series;
}

/** Missing where `technical` is, which alone needs nothing but bars; of the others those count that are there. */
export const frameScore = (g: BarGraph, parts: ScoreParts): Series => {
  const { technical, obi, interest } = parts;
  const vpin = toxicSide(g, parts.vpin, parts.trend);
  const components = [technical, obi, vpin, interest];
  const weights = Float64Array.from(Object.values(COMPONENT_WEIGHTS));
  return g.add({
    key: `score ${components.map(({ slot }) => slot).join(" ")}`,
    outputs: 1,
    warmUp: technical.warmUp,
    settled: Math.max(...components.map(({ settled }) => settled)),
    bind(slot) {
      const slots = Int32Array.from(components, (component) => component.slot);
      return (x) => {
        let sum = 0;
        let weight = 0;
        for (let i = 0; i < slots.length; i++) {
          const value = x[slots[i]!]!;
          if (Number.isNaN(value)) continue;
          sum += weights[i]! * value;
          weight += weights[i]!;
        }
        x[slot] = Number.isNaN(x[technical.slot]!) ? NaN : sum / weight;
      };
    },
  })[0]!;
};
