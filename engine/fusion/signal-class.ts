/** From a probability to one of the five classes and a direction. */
import { CodedError } from "../std/errors.ts";
import type { Direction, SignalClass } from "../domain/signal.ts";

/** Strict bounds on P(up): above for buys, below for sells. */
export interface ClassThresholds {
  readonly strongBuy: number;
  readonly buy: number;
  readonly sell: number;
  readonly strongSell: number;
}

export const DEFAULT_THRESHOLDS: ClassThresholds = {
  strongBuy: 0.9,
  buy: 0.7,
  sell: 0.3,
  strongSell: 0.1,
};

/** Refuses thresholds under which a class could not be reached. */
export const checkThresholds = (t: ClassThresholds): ClassThresholds => {
  const ordered =
    0 < t.strongSell &&
    t.strongSell < t.sell &&
    t.sell <= t.buy &&
    t.buy < t.strongBuy &&
    t.strongBuy < 1;
  if (!ordered)
    throw new CodedError("E_CONFIG_INVALID", { field: "fusion.thresholds" });
  return t;
};

/** The outer classes are tested first: the other order makes them unreachable. */
export const signalClass = (
  probability: number,
  t: ClassThresholds,
): SignalClass => {
  if (probability > t.strongBuy) return "STRONG_BUY";
  if (probability > t.buy) return "BUY";
  if (probability < t.strongSell) return "STRONG_SELL";
  if (probability < t.sell) return "SELL";
  return "HOLD";
};

export const directionOf = (probability: number): Direction =>
  probability > 0.5 ? "LONG" : probability < 0.5 ? "SHORT" : "NEUTRAL";
