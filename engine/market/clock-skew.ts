/** How far a venue's clock is ahead of ours, from what is known anyway: when it says that things happened, and when we heard. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";

export interface ClockSkewOptions {
  /** Time that one minimum is taken over; a step of either clock shows after some half of all windows. */
  readonly windowMs: number;
  readonly windows: number;
}

export const CLOCK_SKEW_DEFAULTS: ClockSkewOptions = {
  windowMs: 1000,
  windows: 9,
};

/**
 * Every delay is the skew plus a way that takes at least 0, so the least delay of a window is nearest to the skew. The
 * median over windows lets single timestamps from the future, or a clock that went back for a moment, pass by. What
 * remains is the venue's fastest way to us: the estimate is low by so much.
 */
export class ClockSkew {
  readonly #windowNs: number;
  readonly #least: Float64Array;
  readonly #sorted: Float64Array;
  #count = 0;
  #next = 0;
  #windowEndNs = Number.NEGATIVE_INFINITY;
  #leastNow = Infinity;

  constructor(options: Partial<ClockSkewOptions> = {}) {
    const { windowMs, windows } = { ...CLOCK_SKEW_DEFAULTS, ...options };
    this.#windowNs = windowMs * 1e6;
    this.#least = new Float64Array(windows);
    this.#sorted = new Float64Array(windows);
  }

  observe(
    eventUs: UnixMicros,
    receivedUs: UnixMicros,
    receivedNs: MonoNanos,
  ): void {
    if (receivedNs >= this.#windowEndNs) {
      this.#closeWindow();
      this.#windowEndNs = receivedNs + this.#windowNs;
    }
    const delayUs = receivedUs - eventUs;
    if (delayUs < this.#leastNow) this.#leastNow = delayUs;
  }

  /** Venue's clock minus ours, in microseconds; undefined before the first event. */
  get skewUs(): number | undefined {
    if (this.#count === 0)
      return this.#leastNow === Infinity ? undefined : -this.#leastNow;
    const sorted = this.#sorted.subarray(0, this.#count);
    sorted.set(this.#least.subarray(0, this.#count));
    sorted.sort();
    return -sorted[sorted.length >>> 1]!;
  }

  #closeWindow(): void {
    if (this.#leastNow === Infinity) return;
    this.#least[this.#next] = this.#leastNow;
    this.#next = (this.#next + 1) % this.#least.length;
    if (this.#count < this.#least.length) this.#count++;
    this.#leastNow = Infinity;
  }
}
