/** The mid as it stood at each point of a time grid, so that a past mid costs one read. */

/** 20 ms: the finest window is five steps. */
export const GRID_NS = 20_000_000;
/** 30 s and the step in progress. */
const SLOTS = 1501;

export class MidHistory {
  /** Slot of grid point k, k modulo SLOTS: the mid after every update at or before k·GRID_NS. */
  readonly #mids = new Float64Array(SLOTS);
  #mid = 0;
  #first = 0;
  /** First grid point not yet settled. */
  #nextPoint = 0;
  #firstPoint = 0;

  get isEmpty(): boolean {
    return this.#first === 0;
  }

  get mid(): number {
    return this.#mid;
  }

  update(nowNs: number, mid: number): void {
    // Points strictly before now are settled by what stood until now.
    const point = Math.ceil(nowNs / GRID_NS);
    if (this.#first === 0) {
      this.#first = mid;
      this.#firstPoint = point;
      this.#nextPoint = point;
    } else if (point > this.#nextPoint) {
      for (let k = Math.max(this.#nextPoint, point - SLOTS); k < point; k++)
        this.#mids[k % SLOTS] = this.#mid;
      this.#nextPoint = point;
    }
    this.#mid = mid;
  }

  /** The mid at the grid point at or before `nowNs − agoNs`, at most 30 s; the first ever where that is earlier still. */
  ago(nowNs: number, agoNs: number): number {
    const point = Math.floor((nowNs - agoNs) / GRID_NS);
    if (point < this.#firstPoint) return this.#first;
    return point >= this.#nextPoint ? this.#mid : this.#mids[point % SLOTS]!;
  }
}
