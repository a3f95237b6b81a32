/** Guards the venue's time that closes bars: one false time far ahead would close all bars up to it and make every true trade late. */
import type { MarketTime } from "./bar-builder.ts";

/** So many times ahead in a row, with none as expected between, are no mistake. */
const AGREE = 3;

export class BarClock {
  /** Times too far ahead to be believed. */
  ahead = 0;
  #aheadMaxUs: number;
  #latestUs = Number.NEGATIVE_INFINITY;
  #latestNs = 0;
  #agreeing = 0;

  /** `aheadMaxMs`: how much faster than our own clock the venue's may have run since its latest time. */
  constructor(aheadMaxMs: number) {
    this.#aheadMaxUs = aheadMaxMs * 1000;
  }

  /** False for a time that must not move bars. */
  believes(at: MarketTime): boolean {
    const { eventUs, receivedNs } = at;
    if (eventUs > this.#limitUs(receivedNs)) {
      if (++this.#agreeing < AGREE) {
        this.ahead++;
        return false;
      }
      // The venue's time does not run with ours, as in a fast replay: ours says nothing about it.
      this.#aheadMaxUs = Number.POSITIVE_INFINITY;
    }
    this.#agreeing = 0;
    if (eventUs > this.#latestUs) {
      this.#latestUs = eventUs;
      this.#latestNs = receivedNs;
    }
    return true;
  }

  #limitUs(receivedNs: number): number {
    if (this.#latestUs === Number.NEGATIVE_INFINITY)
      return Number.POSITIVE_INFINITY;
    const passedUs = Math.max(0, receivedNs - this.#latestNs) / 1000;
    return this.#latestUs + passedUs + this.#aheadMaxUs;
  }
}
