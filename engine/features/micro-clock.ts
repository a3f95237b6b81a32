/** How much of the past is left at each time scale of the microstructure features: one set of exponentials an event. */
import { EVENT_NS } from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
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
  readonly #inputs: MicroInputs;

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.values = state.take(MicroClock.STATE);
    this.values.fill(1, LEFT, SHARE);
    this.values[NOW_NS] = NaN;
    this.values[FIRST_NS] = NaN;
  }

  /** With its first step; everything is as old as that. */
  get hasBegun(): boolean {
    return !Number.isNaN(this.values[NOW_NS]!);
  }

  /** False, and nothing to do, when time has not moved: several events of one instant, or one told late, which counts as of now. */
  advance(): boolean {
    const { values } = this;
    const nowNs = this.#inputs.values[EVENT_NS]!;
    const elapsedNs = nowNs - values[NOW_NS]!;
    if (elapsedNs <= 0) {
      this.#inputs.values[EVENT_NS] = values[NOW_NS]!;
      return false;
    }
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

  add(from: Float64Array, at: number): void {
    const { sums } = this;
    for (let i = 0; i < sums.length; i++) sums[i]! += from[at]!;
  }
}

/** Means over time of a number that stands until the next update, each fading at one of several scales. */
export class FadingMean {
  static stateOf(scales: readonly number[]): number {
    return 2 + 3 * scales.length;
  }

  /** By position in the constructor's list; the number itself before any time has passed. */
  readonly means: Float64Array;
  readonly #scales: readonly number[];
  /** The number and whether it stands. */
  readonly #stands: Float64Array;
  /** Weighted sum and weight by scale. */
  readonly #sums: Float64Array;

  constructor(state: MicroState, scales: readonly number[]) {
    this.#scales = scales;
    this.means = state.take(scales.length);
    this.#stands = state.take(2);
    this.#sums = state.take(2 * scales.length);
  }

  /** The time since the last step was spent at the number that stands; while none does, the means stand still. */
  fade(clock: MicroClock): void {
    const stands = this.#stands;
    if (stands[1] === 0) return;
    const sums = this.#sums;
    const { values } = clock;
    for (let i = 0; i < this.#scales.length; i++) {
      const share = values[SHARE + this.#scales[i]!]!;
      const left = values[LEFT + this.#scales[i]!]!;
      const sum = sums[2 * i]! * left + stands[0]! * share;
      const weight = sums[2 * i + 1]! * left + share;
      sums[2 * i] = sum;
      sums[2 * i + 1] = weight;
      this.means[i] = sum / weight;
    }
  }

  set(from: Float64Array, at: number): void {
    const stands = this.#stands;
    stands[0] = from[at]!;
    stands[1] = 1;
    const sums = this.#sums;
    for (let i = 0; i < this.#scales.length; i++)
      if (sums[2 * i + 1] === 0) this.means[i] = from[at]!;
  }

  /** The number is not known for now. */
  void(): void {
    this.#stands[1] = 0;
  }
}
