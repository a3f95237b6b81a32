/** What trades and moves of the mid say: flow, intensities of both sides, how they cluster. */
import {
  FadingSum,
  T_100_MS,
  T_1_S,
  T_300_S,
  T_30_S,
  T_5_S,
} from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import {
  BUY,
  MID,
  ONE,
  SELL,
  SIGNED,
  SIZE,
  USUAL_SIZE,
} from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import type { MicroState } from "./micro-state.ts";

const FLOW = [T_1_S, T_5_S, T_30_S];
const COUNT = [T_100_MS, T_1_S, T_5_S, T_300_S];
const MOVES = [T_1_S, T_5_S];
const UPDATES = [T_1_S, T_30_S];
/** Events a second that count as quiet: keeps the ratio of two small rates near 1. */
const QUIET_PER_S = 0.1;

export class MicroTrades {
  static readonly STATE =
    2 * FadingSum.stateOf(FLOW) +
    2 * FadingSum.stateOf(COUNT) +
    2 * FadingSum.stateOf(MOVES) +
    FadingSum.stateOf(UPDATES) +
    1;
  static readonly FEATURES = 12;
  readonly #inputs: MicroInputs;
  readonly #signed: FadingSum;
  readonly #volume: FadingSum;
  readonly #buys: FadingSum;
  readonly #sells: FadingSum;
  readonly #ups: FadingSum;
  readonly #downs: FadingSum;
  readonly #updates: FadingSum;
  /** The mid before; 0 while there is no book to compare with. */
  readonly #mid: Float64Array;

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.#signed = new FadingSum(state, FLOW);
    this.#volume = new FadingSum(state, FLOW);
    this.#buys = new FadingSum(state, COUNT);
    this.#sells = new FadingSum(state, COUNT);
    this.#ups = new FadingSum(state, MOVES);
    this.#downs = new FadingSum(state, MOVES);
    this.#updates = new FadingSum(state, UPDATES);
    this.#mid = state.take(1);
  }

  fade(clock: MicroClock): void {
    this.#signed.fade(clock);
    this.#volume.fade(clock);
    this.#buys.fade(clock);
    this.#sells.fade(clock);
    this.#ups.fade(clock);
    this.#downs.fade(clock);
    this.#updates.fade(clock);
  }

  onBook(): void {
    const { values } = this.#inputs;
    const mid = values[MID]!;
    const before = this.#mid[0]!;
    if (before > 0 && mid > before) this.#ups.add(values, ONE);
    if (before > 0 && mid < before) this.#downs.add(values, ONE);
    this.#mid[0] = mid;
    this.#updates.add(values, ONE);
  }

  onVoid(): void {
    this.#mid[0] = 0;
  }

  onTrade(): void {
    const { values } = this.#inputs;
    this.#signed.add(values, SIGNED);
    this.#volume.add(values, SIZE);
    this.#buys.add(values, BUY);
    this.#sells.add(values, SELL);
  }

  write(to: Float64Array, at: number): void {
    // Less volume than the usual size of a level counts as little.
    const unit = this.#inputs.values[USUAL_SIZE]!;
    const signed = this.#signed.sums;
    const volume = this.#volume.sums;
    const buys = this.#buys.sums;
    const sells = this.#sells.sums;
    const ups = this.#ups.sums;
    const downs = this.#downs.sums;
    const updates = this.#updates.sums;
    for (let i = 0; i < 3; i++) {
      to[at + i] = signed[i]! / (volume[i]! + unit);
      to[at + 3 + i] = (buys[i]! - sells[i]!) / (buys[i]! + sells[i]! + 1);
    }
    to[at + 6] = Math.log(
      (buys[1]! + QUIET_PER_S) / (buys[3]! / 300 + QUIET_PER_S),
    );
    to[at + 7] = Math.log(
      (sells[1]! + QUIET_PER_S) / (sells[3]! / 300 + QUIET_PER_S),
    );
    to[at + 8] = Math.log(
      ((buys[0]! + sells[0]!) / 0.1 + QUIET_PER_S) /
        ((buys[2]! + sells[2]!) / 5 + QUIET_PER_S),
    );
    to[at + 9] = Math.log(
      (updates[0]! + QUIET_PER_S) / (updates[1]! / 30 + QUIET_PER_S),
    );
    for (let i = 0; i < 2; i++)
      to[at + 10 + i] = (ups[i]! - downs[i]!) / (ups[i]! + downs[i]! + 1);
  }
}
