/** How much is left of the past at each time scale: one set of exponentials an event, shared by all accumulators. */

const NS_PER_S = 1e9;

/** Positions in `DecayClock.values`: what the last step left of the past, a time scale each, … */
export const OVER_100_MS = 0;
export const OVER_1_S = 1;
export const OVER_5_S = 2;
export const OVER_30_S = 3;
/** … 1 less what is left over 30 s, without cancellation, for time-weighted means, … */
export const SHARE_30_S = 4;
/** … the time itself, NaN before the first event, … */
export const NOW_NS = 5;
/** … and when the event in progress came: for `advance`. */
export const EVENT_NS = 6;

/**
 * Here and in the features, numbers that change with each event live in typed arrays and go from function to function in
 * them: a number in a field, a parameter or a return value is boxed wherever V8 happens not to inline.
 */
export class DecayClock {
  readonly values = new Float64Array([1, 1, 1, 1, 0, NaN, NaN]);

  /** False, and nothing to do, when time has not moved: several events of one instant, or one told late. */
  advance(): boolean {
    const { values } = this;
    const nowNs = values[EVENT_NS]!;
    const elapsedNs = nowNs - values[NOW_NS]!;
    if (elapsedNs <= 0) return false;
    values[NOW_NS] = nowNs;
    // NaN at the first event: there is no past yet.
    if (Number.isNaN(elapsedNs)) return false;
    const seconds = elapsedNs / NS_PER_S;
    const share30S = -Math.expm1(-seconds / 30);
    values[OVER_100_MS] = Math.exp(-seconds / 0.1);
    values[OVER_1_S] = Math.exp(-seconds);
    values[OVER_5_S] = Math.exp(-seconds / 5);
    values[OVER_30_S] = 1 - share30S;
    values[SHARE_30_S] = share30S;
    return true;
  }
}

/** One sum that forgets at several speeds at once. */
export class DecayedSum {
  /** By position in the constructor's list. */
  readonly sums: Float64Array;
  readonly #scales: Uint8Array;

  constructor(scales: readonly number[]) {
    this.#scales = Uint8Array.from(scales);
    this.sums = new Float64Array(scales.length);
  }

  decay(clock: DecayClock): void {
    const { sums } = this;
    for (let i = 0; i < sums.length; i++)
      sums[i]! *= clock.values[this.#scales[i]!]!;
  }

  add(from: Float64Array, at: number): void {
    const { sums } = this;
    for (let i = 0; i < sums.length; i++) sums[i]! += from[at]!;
  }
}
