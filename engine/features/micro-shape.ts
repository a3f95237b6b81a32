/** The book as it stands and as it has stood: queue imbalance, microprice, slope, spread. */
import { FadingMean, T_1_S, T_30_S, T_5_S } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import { MICRO_LEVELS } from "./micro-flow.ts";
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
  readonly #table: MicropriceTable;
  readonly #imbalance: FadingMean;
  readonly #spread: FadingMean;
  readonly #size: FadingMean;
  readonly #microprice: FadingMean;

  constructor(state: MicroState, table: MicropriceTable) {
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
  }

  onBook(top: Float64Array): void {
    const spread = top[2]! - top[0]!;
    const imbalance = (top[1]! - top[3]!) / (top[1]! + top[3]!);
    let size = 0;
    for (let i = 1; i < 4 * MICRO_LEVELS; i += 2) size += top[i]!;
    this.#imbalance.set(imbalance);
    this.#spread.set(spread);
    this.#size.set(size / (2 * MICRO_LEVELS));
    this.#microprice.set(
      this.#table.shift(imbalance, spread / this.#usualSpread()) * spread,
    );
  }

  onVoid(): void {
    this.#imbalance.void();
    this.#spread.void();
    this.#size.void();
    this.#microprice.void();
  }

  /** Mean size of a level over 30 s of book: the unit of flows. Above 0 once there was a book. */
  get unit(): number {
    return this.#size.mean(0);
  }

  #usualSpread(): number {
    return this.#spread.mean(0);
  }

  write(top: Float64Array, to: Float64Array, at: number): void {
    const mid = (top[0]! + top[2]!) / 2;
    const toBps = 1e4 / mid;
    const spread = top[2]! - top[0]!;
    const imbalance = (top[1]! - top[3]!) / (top[1]! + top[3]!);
    const shift =
      this.#table.shift(imbalance, spread / this.#usualSpread()) * spread;
    to[at] = imbalance;
    to[at + 1] = this.#imbalance.mean(0);
    to[at + 2] = this.#imbalance.mean(1);
    to[at + 3] = weightedImbalance(top);
    to[at + 4] = toBps * shift;
    to[at + 5] = toBps * (shift - this.#microprice.mean(0));
    this.#writeSlopes(top, mid, to, at + 6);
    to[at + 9] = Math.log(spread / this.#usualSpread());
  }

  /** Depth by distance: the slope through the origin of cumulated size over distance from the mid, least squares, a side each. */
  #writeSlopes(
    top: Float64Array,
    mid: number,
    to: Float64Array,
    at: number,
  ): void {
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
        const distance = (1e4 * (mid - top[i]!)) / mid;
        bidSlope += distance * bids;
        bidSquares += distance * distance;
      }
      if (askSize > 0) {
        const distance = (1e4 * (top[i + 2]! - mid)) / mid;
        askSlope += distance * asks;
        askSquares += distance * distance;
      }
    }
    bidSlope /= bidSquares;
    askSlope /= askSquares;
    to[at] = Math.log((bidSlope + askSlope) / 2 / this.unit);
    to[at + 1] = (bidSlope - askSlope) / (bidSlope + askSlope);
    to[at + 2] = (top[1]! + top[3]!) / (bids + asks);
  }
}

const weightedImbalance = (top: Float64Array): number => {
  let difference = 0;
  let total = 0;
  let weight = 1;
  for (let i = 0; i < 4 * MICRO_LEVELS; i += 4) {
    difference += weight * (top[i + 1]! - top[i + 3]!);
    total += weight * (top[i + 1]! + top[i + 3]!);
    weight *= LEVEL_WEIGHT;
  }
  return difference / total;
};
