/** The mid as it stood at each point of a time grid, so that a past mid costs one read. */
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { NOW_NS } from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";

/** 20 ms: the finest window is five steps. */
const GRID_NS = 20_000_000;
/** 30 s and the step in progress. */
const SLOTS = 1501;

export class MidHistory {
  /** The mid now and the first ever; 0 before there is one. */
  readonly #ends = new Float64Array(2);
  /** Slot of grid point k, k modulo SLOTS: the mid after every update at or before k·GRID_NS. */
  readonly #mids = new Float64Array(SLOTS);
  #firstPoint = 0;
  /** First grid point not yet settled. */
  #nextPoint = 0;

  save(to: StateWriter): void {
    to.numbers(this.#ends);
    to.numbers(this.#mids);
    to.number(this.#firstPoint);
    to.number(this.#nextPoint);
  }

  load(from: StateReader): void {
    from.numbers(this.#ends);
    from.numbers(this.#mids);
    this.#firstPoint = from.number();
    this.#nextPoint = from.number();
  }

  get isEmpty(): boolean {
    return this.#ends[1] === 0;
  }

  /** 0 before there is one. */
  get mid(): number {
    return this.#ends[0]!;
  }

  /** `top` as OrderBook.copyTop lays it out; the time is the clock's. */
  update(clock: DecayClock, top: Float64Array): void {
    const ends = this.#ends;
    const mid = (top[0]! + top[2]!) / 2;
    // Points strictly before now are settled by what stood until now.
    const point = Math.ceil(clock.values[NOW_NS]! / GRID_NS);
    if (ends[1] === 0) {
      ends[1] = mid;
      this.#firstPoint = point;
      this.#nextPoint = point;
    } else if (point > this.#nextPoint) {
      for (let k = Math.max(this.#nextPoint, point - SLOTS); k < point; k++)
        this.#mids[k % SLOTS] = ends[0]!;
      this.#nextPoint = point;
    }
    ends[0] = mid;
  }

  /**
   * For each span in `agoNs`, at most 30 s, the mid at the grid point at or before that long ago, from `into[at]` on;
   * the first ever where that is earlier still.
   */
  copyAgo(
    clock: DecayClock,
    agoNs: Float64Array,
    into: Float64Array,
    at: number,
  ): void {
    const nowNs = clock.values[NOW_NS]!;
    for (let i = 0; i < agoNs.length; i++) {
      const point = Math.floor((nowNs - agoNs[i]!) / GRID_NS);
      into[at + i] =
        point < this.#firstPoint
          ? this.#ends[1]!
          : point >= this.#nextPoint
            ? this.#ends[0]!
            : this.#mids[point % SLOTS]!;
    }
  }
}
