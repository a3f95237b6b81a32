/**
 * What trading costs and how fast the book heals. Huang, Stoll 1996 (effective and realised spread); Foucault, Kadan, Kandel 2005, "Limit
 * order book as a market for liquidity", and Large 2007 (resilience), here as the autoregression of spread and depth from second to second.
 */
import { FadingSum, T_30_S } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import {
  LOG_DEPTH,
  MID,
  PRICE,
  SIGNED,
  SIZE,
  SLOT,
  SPREAD_BPS,
  USUAL_SIZE,
} from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import type { MicroState } from "./micro-state.ts";

const SCALE = [T_30_S];
/** Past moments matter less by this factor a second. */
const LEFT_A_SECOND = Math.exp(-1 / 300);
/** A variance below this share of the squares is rounding. */
const VARIANCE_SHARE = 1e-12;
/** Less volume than this share of a level's usual size is what fading left. */
const LITTLE = 1e-9;
/** Trades wait for the mid of 5 s later in slots of 100 ms. */
const DELAY_SLOTS = 50;
const SLOTS = 64;

/** Positions in the state of one autoregression: whether there is a value before, it, the anchor, weight, sums. */
const HAS = 0;
const BEFORE = 1;
const ANCHOR = 2;
const WEIGHT = 3;
const X = 4;
const Y = 5;
const XX = 6;
const XY = 7;
const MOMENTS = 8;

/** Of a slot: signed size, size, signed size × ln(price / base), base. */
const PARTS = 4;

export class MicroResilience {
  static readonly STATE =
    2 * MOMENTS + 4 * FadingSum.stateOf(SCALE) + SLOTS * PARTS + 3;
  static readonly FEATURES = 4;
  readonly #inputs: MicroInputs;
  readonly #spread: Float64Array;
  readonly #depth: Float64Array;
  readonly #paid: FadingSum;
  readonly #paidFor: FadingSum;
  readonly #kept: FadingSum;
  readonly #keptFor: FadingSum;
  readonly #slots: Float64Array;
  /** The slot that trades fall into: it ends at that many times 100 ms. */
  readonly #next: Float64Array;
  /** Of spread and depth, as of the last second. */
  readonly #persistences: Float64Array;
  readonly #step = new Float64Array(2);

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.#spread = state.take(MOMENTS);
    this.#depth = state.take(MOMENTS);
    this.#paid = new FadingSum(state, SCALE);
    this.#paidFor = new FadingSum(state, SCALE);
    this.#kept = new FadingSum(state, SCALE);
    this.#keptFor = new FadingSum(state, SCALE);
    this.#slots = state.take(SLOTS * PARTS);
    this.#next = state.take(1);
    this.#persistences = state.take(2).fill(NaN);
  }

  fade(clock: MicroClock): void {
    this.#paid.fade(clock);
    this.#paidFor.fade(clock);
    this.#kept.fade(clock);
    this.#keptFor.fade(clock);
  }

  /** One more second ended with the book that stands. */
  pushSecond(): void {
    const { values } = this.#inputs;
    regress(this.#spread, values, SPREAD_BPS);
    regress(this.#depth, values, LOG_DEPTH);
    sayPersistence(this.#spread, this.#persistences, 0);
    sayPersistence(this.#depth, this.#persistences, 1);
  }

  /** A second of which the book is not known. */
  skipSecond(): void {
    this.#spread[HAS] = 0;
    this.#depth[HAS] = 0;
  }

  onTrade(): void {
    const { values } = this.#inputs;
    const mid = values[MID]!;
    const step = this.#step;
    step[0] = (2e4 * values[SIGNED]! * (values[PRICE]! - mid)) / mid;
    this.#paid.add(step, 0);
    this.#paidFor.add(values, SIZE);
    const at = (this.#next[0]! % SLOTS) * PARTS;
    const slots = this.#slots;
    if (slots[at + 3] === 0) slots[at + 3] = mid;
    slots[at]! += values[SIGNED]!;
    slots[at + 1]! += values[SIZE]!;
    slots[at + 2]! +=
      values[SIGNED]! * Math.log(values[PRICE]! / slots[at + 3]!);
  }

  /** Every 100 ms up to SLOT has begun, at the mid that stood until now. */
  advance(): void {
    const slot = this.#inputs.values[SLOT]!;
    const next = this.#next;
    if (next[0] === 0) next[0] = slot;
    if (slot <= next[0]!) return;
    // Slots that nothing fell into are empty: a long silence is one round.
    const until = Math.min(slot, next[0]! + SLOTS);
    for (let k = next[0]!; k < until; k++)
      this.#settle((k - DELAY_SLOTS + SLOTS) % SLOTS);
    next[0] = slot;
  }

  write(to: Float64Array, at: number): void {
    const paidFor = this.#paidFor.sums[0]!;
    const keptFor = this.#keptFor.sums[0]!;
    const little = LITTLE * this.#inputs.values[USUAL_SIZE]!;
    to[at] = this.#persistences[0]!;
    to[at + 1] = this.#persistences[1]!;
    to[at + 2] = paidFor > little ? this.#paid.sums[0]! / paidFor : NaN;
    to[at + 3] = keptFor > little ? this.#kept.sums[0]! / keptFor : NaN;
  }

  #settle(slot: number): void {
    const mid = this.#inputs.values[MID]!;
    const step = this.#step;
    const slots = this.#slots;
    const at = slot * PARTS;
    const base = slots[at + 3]!;
    if (base > 0 && mid > 0) {
      const moved = slots[at]! * Math.log(mid / base);
      step[0] = 2e4 * (slots[at + 2]! - moved);
      step[1] = slots[at + 1]!;
      this.#kept.add(step, 0);
      this.#keptFor.add(step, 1);
    }
    slots.fill(0, at, at + PARTS);
  }
}

const regress = (state: Float64Array, from: Float64Array, at: number): void => {
  const value = from[at]!;
  if (state[WEIGHT] === 0 && state[HAS] === 0) state[ANCHOR] = value;
  const y = value - state[ANCHOR]!;
  if (state[HAS] === 1) {
    const x = state[BEFORE]!;
    state[WEIGHT] = state[WEIGHT]! * LEFT_A_SECOND + 1;
    state[X] = state[X]! * LEFT_A_SECOND + x;
    state[Y] = state[Y]! * LEFT_A_SECOND + y;
    state[XX] = state[XX]! * LEFT_A_SECOND + x * x;
    state[XY] = state[XY]! * LEFT_A_SECOND + x * y;
  }
  state[BEFORE] = y;
  state[HAS] = 1;
};

/** Share of a deviation that is left a second later; NaN where nothing deviated. */
const sayPersistence = (
  state: Float64Array,
  to: Float64Array,
  at: number,
): void => {
  const weight = state[WEIGHT]!;
  const variance = weight * state[XX]! - state[X]! * state[X]!;
  const share = (weight * state[XY]! - state[X]! * state[Y]!) / variance;
  // Assignments of their own: a choice between whole numbers and a fraction would be boxed.
  to[at] = NaN;
  if (!(variance > VARIANCE_SHARE * weight * state[XX]!)) return;
  to[at] = share;
  if (share > 1) to[at] = 1;
  if (share < -1) to[at] = -1;
};
