/** From a model's raw probability to the one it has earned on data it did not train on. */
import type { Calibration } from "./manifest.ts";

export type Calibrator = (probability: number) => number;

const EDGE = 1e-6;

/** Into the open interval: a source that is certain would outweigh all others for ever. */
export const openProbability = (probability: number): number =>
  Math.min(1 - EDGE, Math.max(EDGE, probability));

export const calibratorOf = (calibration: Calibration): Calibrator => {
  switch (calibration.method) {
    case "none":
      return openProbability;
    case "platt": {
      const { a, b } = calibration;
      return (probability) => {
        const p = openProbability(probability);
        return openProbability(
          1 / (1 + Math.exp(-(a * Math.log(p / (1 - p)) + b))),
        );
      };
    }
    case "isotonic": {
      const { x, y } = calibration;
      return (probability) => openProbability(interpolate(x, y, probability));
    }
  }
};

/** Flat outside the given points. */
const interpolate = (
  x: readonly number[],
  y: readonly number[],
  at: number,
): number => {
  const last = x.length - 1;
  if (at <= x[0]!) return y[0]!;
  if (at >= x[last]!) return y[last]!;
  let low = 0;
  let high = last;
  while (high - low > 1) {
    const middle = (low + high) >>> 1;
    if (x[middle]! <= at) low = middle;
    else high = middle;
  }
  const width = x[high]! - x[low]!;
  if (width === 0) return y[high]!;
  return y[low]! + ((y[high]! - y[low]!) * (at - x[low]!)) / width;
};
