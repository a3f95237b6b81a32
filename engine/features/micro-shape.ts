/** The book as it stands and as it has stood: queue imbalance, microprice, slope, spread. */
import { FadingMean, T_1_S, T_30_S, T_5_S } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import {
  IMBALANCE,
  MID,
  SHIFT,
  SPREAD,
  USUAL_SIZE,
  USUAL_SPREAD,
} from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import { MICRO_LEVELS } from "./micro-levels.ts";
import type { MicroState } from "./micro-state.ts";
import type { MicropriceTable } from "./microprice-table.ts";

const SHORT = [T_1_S, T_5_S];
const LONG = [T_30_S];
const MICROPRICE = [T_5_S];
/** Each level counts exp(−1/2) of the one before it. */
const LEVEL_WEIGHT = Math.exp(-0.5);

export class MicroShape {
  static readonly STATE =
    FadingMean.stateOf(SHORT) +
    2 * FadingMean.stateOf(LONG) +
    FadingMean.stateOf(MICROPRICE);
  static readonly FEATURES = 10;
  readonly #inputs: MicroInputs;
  readonly #table: MicropriceTable;
  readonly #imbalance: FadingMean;
  readonly #spread: FadingMean;
  readonly #size: FadingMean;
  readonly #microprice: FadingMean;
  readonly #mean = new Float64Array(1);

  constructor(state: MicroState, inputs: MicroInputs, table: MicropriceTable) {
    this.#inputs = inputs;
    this.#table = table;
    this.#imbalance = new FadingMean(state, SHORT);
    this.#spread = new FadingMean(state, LONG);
    this.#size = new FadingMean(state, LONG);
    this.#microprice = new FadingMean(state, MICROPRICE);
  }

  fade(clock: MicroClock): void {
    this.#imbalance.fade(clock);
    this.#spread.fade(clock);
    this.#size.fade(clock);
    this.#microprice.fade(clock);
    this.#sayUsual();
  }

  onBook(): void {
    const { top, values } = this.#inputs;
    let size = 0;
    for (let i = 1; i < 4 * MICRO_LEVELS; i += 2) size += top[i]!;
    this.#mean[0] = size / (2 * MICRO_LEVELS);
    this.#imbalance.set(values, IMBALANCE);
    this.#spread.set(values, SPREAD);
    this.#size.set(this.#mean, 0);
    this.#sayUsual();
    this.#table.shift(values);
    this.#microprice.set(values, SHIFT);
  }

  onVoid(): void {
    this.#imbalance.void();
    this.#spread.void();
    this.#size.void();
    this.#microprice.void();
  }

  write(to: Float64Array, at: number): void {
    const { top, values } = this.#inputs;
    this.#table.shift(values);
    const shift = values[SHIFT]!;
    const toBps = 1e4 / values[MID]!;
    to[at] = values[IMBALANCE]!;
    to[at + 1] = this.#imbalance.means[0]!;
    to[at + 2] = this.#imbalance.means[1]!;
    writeWeighted(top, to, at + 3);
    to[at + 4] = toBps * shift;
    to[at + 5] = toBps * (shift - this.#microprice.means[0]!);
    this.#writeSlopes(to, at + 6);
    to[at + 9] = Math.log(values[SPREAD]! / values[USUAL_SPREAD]!);
  }

  /** The units of all others. Above 0 once there was a book. */
  #sayUsual(): void {
    const { values } = this.#inputs;
    values[USUAL_SIZE] = this.#size.means[0]!;
    values[USUAL_SPREAD] = this.#spread.means[0]!;
  }

  /** Depth by distance: the slope through the origin of cumulated size over distance from the mid, least squares, a side each. */
  #writeSlopes(to: Float64Array, at: number): void {
    const { top, values } = this.#inputs;
    const mid = values[MID]!;
    const toBps = 1e4 / mid;
    let bids = 0;
    let asks = 0;
    let bidSlope = 0;
    let askSlope = 0;
    let bidSquares = 0;
    let askSquares = 0;
    for (let i = 0; i < 4 * MICRO_LEVELS; i += 4) {
      const bidSize = top[i + 1]!;
      const askSize = top[i + 3]!;
      bids += bidSize;
      asks += askSize;
      if (bidSize > 0) {
        const distance = toBps * (mid - top[i]!);
        bidSlope += distance * bids;
        bidSquares += distance * distance;
      }
      if (askSize > 0) {
        const distance = toBps * (top[i + 2]! - mid);
        askSlope += distance * asks;
        askSquares += distance * distance;
      }
    }
    bidSlope /= bidSquares;
    askSlope /= askSquares;
    to[at] = Math.log((bidSlope + askSlope) / 2 / values[USUAL_SIZE]!);
    to[at + 1] = (bidSlope - askSlope) / (bidSlope + askSlope);
    to[at + 2] = (top[1]! + top[3]!) / (bids + asks);
  }
}

const writeWeighted = (
  top: Float64Array,
  to: Float64Array,
  at: number,
): void => {
  let difference = 0;
  let total = 0;
  let weight = 1;
  for (let i = 0; i < 4 * MICRO_LEVELS; i += 4) {
    difference += weight * (top[i + 1]! - top[i + 3]!);
    total += weight * (top[i + 1]! + top[i + 3]!);
    weight *= LEVEL_WEIGHT;
  }
  to[at] = difference / total;
};
