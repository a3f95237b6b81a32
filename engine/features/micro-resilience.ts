/**
 * What trading costs and how fast the book heals. Huang, Stoll 1996 (effective and realised spread); Foucault, Kadan, Kandel 2005, "Limit
 * order book as a market for liquidity", and Large 2007 (resilience), here as the autoregression of spread and depth from second to second.
 */
import { FadingSum, T_30_S } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import type { MicroState } from "./micro-state.ts";

const SCALE = [T_30_S];
/** Past moments matter less by this factor a second. */
const LEFT_A_SECOND = Math.exp(-1 / 300);
/** A variance below this share of the squares is rounding. */
const VARIANCE_SHARE = 1e-12;
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

/** A slot: signed size, size, signed size × ln(price / base), base. */
const SLOT = 4;

export class MicroResilience {
  static readonly STATE =
    2 * MOMENTS + 4 * FadingSum.stateOf(SCALE) + SLOTS * SLOT + 1;
  static readonly FEATURES = 4;
  readonly #spread: Float64Array;
  readonly #depth: Float64Array;
  readonly #paid: FadingSum;
  readonly #paidFor: FadingSum;
  readonly #kept: FadingSum;
  readonly #keptFor: FadingSum;
  readonly #slots: Float64Array;
  /** The slot that trades fall into: it ends at that many times 100 ms. */
  readonly #next: Float64Array;

  constructor(state: MicroState) {
    this.#spread = state.take(MOMENTS);
    this.#depth = state.take(MOMENTS);
    this.#paid = new FadingSum(state, SCALE);
    this.#paidFor = new FadingSum(state, SCALE);
    this.#kept = new FadingSum(state, SCALE);
    this.#keptFor = new FadingSum(state, SCALE);
    this.#slots = state.take(SLOTS * SLOT);
    this.#next = state.take(1);
  }

  fade(clock: MicroClock): void {
    this.#paid.fade(clock);
    this.#paidFor.fade(clock);
    this.#kept.fade(clock);
    this.#keptFor.fade(clock);
  }

  /** One more second ended with this spread in basis points and this logarithm of depth. */
  pushSecond(spreadBps: number, logDepth: number): void {
    regress(this.#spread, spreadBps);
    regress(this.#depth, logDepth);
  }

  /** A second of which the book is not known. */
  skipSecond(): void {
    this.#spread[HAS] = 0;
    this.#depth[HAS] = 0;
  }

  onTrade(sign: number, size: number, price: number, mid: number): void {
    this.#paid.add((2e4 * sign * size * (price - mid)) / mid);
    this.#paidFor.add(size);
    const at = (this.#next[0]! % SLOTS) * SLOT;
    const slots = this.#slots;
    if (slots[at + 3] === 0) slots[at + 3] = mid;
    slots[at]! += sign * size;
    slots[at + 1]! += size;
    slots[at + 2]! += sign * size * Math.log(price / slots[at + 3]!);
  }

  /** Every 100 ms up to `slot` has begun; `mid` stood until now, 0 where it is not known. */
  advanceTo(slot: number, mid: number): void {
    const next = this.#next;
    if (next[0] === 0) next[0] = slot;
    if (slot <= next[0]!) return;
    // Slots that nothing fell into are empty: a long silence is one round.
    const until = Math.min(slot, next[0]! + SLOTS);
    for (let k = next[0]!; k < until; k++)
      this.#settle((k - DELAY_SLOTS + SLOTS) % SLOTS, mid);
    next[0] = slot;
  }

  write(unit: number, to: Float64Array, at: number): void {
    to[at] = persistence(this.#spread);
    to[at + 1] = persistence(this.#depth);
    const paidFor = this.#paidFor.sums[0]!;
    const keptFor = this.#keptFor.sums[0]!;
    const little = 1e-9 * unit;
    to[at + 2] = paidFor > little ? this.#paid.sums[0]! / paidFor : NaN;
    to[at + 3] = keptFor > little ? this.#kept.sums[0]! / keptFor : NaN;
  }

  #settle(slot: number, mid: number): void {
    const slots = this.#slots;
    const at = slot * SLOT;
    const base = slots[at + 3]!;
    if (base > 0 && mid > 0) {
      const moved = slots[at]! * Math.log(mid / base);
      this.#kept.add(2e4 * (slots[at + 2]! - moved));
      this.#keptFor.add(slots[at + 1]!);
    }
    slots.fill(0, at, at + SLOT);
  }
}

const regress = (state: Float64Array, value: number): void => {
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
const persistence = (state: Float64Array): number => {
  const weight = state[WEIGHT]!;
  const variance = weight * state[XX]! - state[X]! * state[X]!;
  if (!(variance > VARIANCE_SHARE * weight * state[XX]!)) return NaN;
  const share = (weight * state[XY]! - state[X]! * state[Y]!) / variance;
  return Math.max(-1, Math.min(1, share));
};
