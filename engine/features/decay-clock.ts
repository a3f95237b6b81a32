/** How much is left of the past at each time scale: one set of exponentials an event, shared by all accumulators. */

const NS_PER_S = 1e9;

export class DecayClock {
  /** Factors for the step that the last `advance` made. */
  per100Ms = 1;
  per1S = 1;
  per5S = 1;
  per30S = 1;
  /** 1 − per30S without cancellation, for time-weighted means. */
  share30S = 0;
  #nowNs = Number.NaN;

  /** False, and nothing to do, when time has not moved: several events of one instant, or one told late. */
  advance(nowNs: number): boolean {
    const elapsedNs = nowNs - this.#nowNs;
    if (elapsedNs <= 0) return false;
    this.#nowNs = nowNs;
    // NaN at the first event: there is no past yet.
    if (Number.isNaN(elapsedNs)) return false;
    const seconds = elapsedNs / NS_PER_S;
    this.per1S = Math.exp(-seconds);
    this.per100Ms = Math.exp(-seconds / 0.1);
    this.per5S = Math.exp(-seconds / 5);
    this.share30S = -Math.expm1(-seconds / 30);
    this.per30S = 1 - this.share30S;
    return true;
  }
}
