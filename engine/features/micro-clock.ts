/** How much of the past is left at each time scale of the microstructure features: one set of exponentials an event. */
import type { MicroState } from "./micro-state.ts";

/** Time scales in seconds, by position. */
export const SCALES_S: readonly number[] = [0.1, 1, 5, 30, 300];
export const T_100_MS = 0;
export const T_1_S = 1;
export const T_5_S = 2;
export const T_30_S = 3;
export const T_300_S = 4;

/** Positions in `MicroClock.values`: what the last step left of the past, a scale each; 1 less that; the time, the first time. */
export const LEFT = 0;
export const SHARE = 5;
export const NOW_NS = 10;
export const FIRST_NS = 11;

const NS_PER_S = 1e9;

export class MicroClock {
  static readonly STATE = 12;
  readonly values: Float64Array;

  constructor(state: MicroState) {
    this.values = state.take(MicroClock.STATE);
    this.values.fill(1, LEFT, SHARE);
    this.values[NOW_NS] = NaN;
    this.values[FIRST_NS] = NaN;
  }

  /** False, and nothing to do, when time has not moved: several events of one instant, or one told late. */
  advance(nowNs: number): boolean {
    const { values } = this;
    const elapsedNs = nowNs - values[NOW_NS]!;
    if (elapsedNs <= 0) return false;
    values[NOW_NS] = nowNs;
    if (Number.isNaN(elapsedNs)) {
      values[FIRST_NS] = nowNs;
      return false;
    }
    const seconds = elapsedNs / NS_PER_S;
    for (let i = 0; i < SCALES_S.length; i++) {
      // Without the cancellation that 1 − exp has for a short step.
      const share = -Math.expm1(-seconds / SCALES_S[i]!);
      values[SHARE + i] = share;
      values[LEFT + i] = 1 - share;
    }
    return true;
  }
}

/** Sums of what events add, each fading at several scales. */
export class FadingSum {
  static stateOf(scales: readonly number[]): number {
    return scales.length;
  }

  /** By position in the constructor's list. */
  readonly sums: Float64Array;
  readonly #scales: readonly number[];

  constructor(state: MicroState, scales: readonly number[]) {
    this.#scales = scales;
    this.sums = state.take(scales.length);
  }

  fade(clock: MicroClock): void {
    const { sums } = this;
    for (let i = 0; i < sums.length; i++)
      sums[i]! *= clock.values[LEFT + this.#scales[i]!]!;
  }

  add(value: number): void {
    const { sums } = this;
    for (let i = 0; i < sums.length; i++) sums[i]! += value;
  }
}

/** Means over time of a number that stands until the next update, each fading at one of several scales. */
export class FadingMean {
  static stateOf(scales: readonly number[]): number {
    return 2 + 2 * scales.length;
  }

  readonly #scales: readonly number[];
  /** The number, whether it stands, then weighted sum and weight by scale. */
  readonly #state: Float64Array;

  constructor(state: MicroState, scales: readonly number[]) {
    this.#scales = scales;
    this.#state = state.take(FadingMean.stateOf(scales));
  }

  /** The time since the last step was spent at the number that stands; while none does, the means stand still. */
  fade(clock: MicroClock): void {
    const state = this.#state;
    if (state[1] === 0) return;
    for (let i = 0, at = 2; i < this.#scales.length; i++, at += 2) {
      const share = clock.values[SHARE + this.#scales[i]!]!;
      const left = clock.values[LEFT + this.#scales[i]!]!;
      state[at] = state[at]! * left + state[0]! * share;
      state[at + 1] = state[at + 1]! * left + share;
    }
  }

  set(value: number): void {
    this.#state[0] = value;
    this.#state[1] = 1;
  }

  /** The number is not known for now. */
  void(): void {
    this.#state[1] = 0;
  }

  /** By position in the constructor's list; the number itself before any time has passed. */
  mean(i: number): number {
    const weight = this.#state[3 + 2 * i]!;
    return weight > 0 ? this.#state[2 + 2 * i]! / weight : this.#state[0]!;
  }
}
