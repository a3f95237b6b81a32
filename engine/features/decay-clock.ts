/** How much is left of the past at each time scale: one set of exponentials an event, shared by all accumulators. */

const NS_PER_S = 1e9;

/** Positions of the time scales in `DecayClock.factors`. */
export const OVER_100_MS = 0;
export const OVER_1_S = 1;
export const OVER_5_S = 2;
export const OVER_30_S = 3;

export class DecayClock {
  /** What the last `advance` left of the past, a time scale each. In an array, where numbers change without being boxed anew. */
  readonly factors = new Float64Array(4).fill(1);
  /** Position 0: 1 − factors[OVER_30_S] without cancellation, for time-weighted means; position 1: the time. */
  readonly #state = new Float64Array([0, NaN]);

  get share30S(): number {
    return this.#state[0]!;
  }

  /** False, and nothing to do, when time has not moved: several events of one instant, or one told late. */
  advance(nowNs: number): boolean {
    const elapsedNs = nowNs - this.#state[1]!;
    if (elapsedNs <= 0) return false;
    this.#state[1] = nowNs;
    // NaN at the first event: there is no past yet.
    if (Number.isNaN(elapsedNs)) return false;
    const seconds = elapsedNs / NS_PER_S;
    const share30S = -Math.expm1(-seconds / 30);
    this.factors[OVER_100_MS] = Math.exp(-seconds / 0.1);
    this.factors[OVER_1_S] = Math.exp(-seconds);
    this.factors[OVER_5_S] = Math.exp(-seconds / 5);
    this.factors[OVER_30_S] = 1 - share30S;
    this.#state[0] = share30S;
    return true;
  }
}

/** One sum that forgets at several speeds at once. */
export class DecayedSum {
  readonly #scales: Uint8Array;
  readonly #sums: Float64Array;

  constructor(scales: readonly number[]) {
    this.#scales = Uint8Array.from(scales);
    this.#sums = new Float64Array(scales.length);
  }

  decay(clock: DecayClock): void {
    const { factors } = clock;
    for (let i = 0; i < this.#sums.length; i++)
      this.#sums[i]! *= factors[this.#scales[i]!]!;
  }

  add(x: number): void {
    for (let i = 0; i < this.#sums.length; i++) this.#sums[i]! += x;
  }

  /** By position in the constructor's list. */
  at(i: number): number {
    return this.#sums[i]!;
  }
}
