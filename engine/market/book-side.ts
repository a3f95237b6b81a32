/** One side of an order book: levels sorted best first in two typed arrays. */
import type { Levels } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";

export type SideOrder = "highestFirst" | "lowestFirst";

/** Below this many levels a plain loop beats the call into copyWithin. */
const LOOP_MAX = 24;

export class BookSide {
  readonly depthMax: number;
  /** Levels that fell off the far end because the side was full. */
  dropped = 0;
  /** Removals of a level that was not there: normal beyond the snapshot's depth. */
  unknownRemoved = 0;
  #count = 0;
  readonly #sign: 1 | -1;
  /** Price times sign, so that both sides are ascending and share one search. */
  readonly #keys: Float64Array;
  readonly #sizes: Float64Array;

  constructor(order: SideOrder, depthMax: number) {
    assert(
      Number.isInteger(depthMax) && depthMax > 0,
      "book depth is a positive integer",
    );
    this.depthMax = depthMax;
    this.#sign = order === "highestFirst" ? -1 : 1;
    this.#keys = new Float64Array(depthMax);
    this.#sizes = new Float64Array(depthMax);
  }

  get count(): number {
    return this.#count;
  }

  /** 0 where there is no such level. */
  price(i: number): number {
    return i < this.#count ? this.#keys[i]! * this.#sign : 0;
  }

  /** 0 where there is no such level. */
  size(i: number): number {
    return i < this.#count ? this.#sizes[i]! : 0;
  }

  /** Price and size of level i at `into[at + 4i]`; zeros where there is none. */
  copyTop(into: Float64Array, at: number, levels: number): void {
    const count = Math.min(levels, this.#count);
    let to = at;
    for (let i = 0; i < count; i++, to += 4) {
      into[to] = this.#keys[i]! * this.#sign;
      into[to + 1] = this.#sizes[i]!;
    }
    for (let i = count; i < levels; i++, to += 4) {
      into[to] = 0;
      into[to + 1] = 0;
    }
  }

  clear(): void {
    this.#count = 0;
  }

  /** Prices and sizes stay inside this one method, for a number passed on is boxed where the call is not inlined. */
  apply(levels: Levels): void {
    assert(levels.length % 2 === 0, "levels are pairs of price and size");
    const keys = this.#keys;
    const sizes = this.#sizes;
    for (let i = 0; i < levels.length; i += 2) {
      const price = levels[i]!;
      const size = levels[i + 1]!;
      assert(
        price > 0 && price < Infinity && size >= 0 && size < Infinity,
        "a level has a finite positive price and a finite size of at least 0",
      );
      const key = price * this.#sign;
      // The first position whose key is not below this one.
      let at = 0;
      let end = this.#count;
      if (end > 0 && keys[end - 1]! < key) at = end;
      while (at < end) {
        const middle = (at + end) >>> 1;
        if (keys[middle]! < key) at = middle + 1;
        else end = middle;
      }
      if (at < this.#count && keys[at] === key) {
        if (size === 0) this.#remove(at);
        else sizes[at] = size;
      } else if (size === 0) this.unknownRemoved++;
      else if (this.#makeRoom(at)) {
        keys[at] = key;
        sizes[at] = size;
      }
    }
  }

  /** Fast when `levels` come best first, as snapshots do; correct in any order. */
  replace(levels: Levels): void {
    this.#count = 0;
    this.apply(levels);
  }

  /** Moves what lies behind; false at the far end of a full side. */
  #makeRoom(at: number): boolean {
    if (this.#count === this.depthMax) {
      this.dropped++;
      if (at === this.depthMax) return false;
      this.#count--;
    }
    const keys = this.#keys;
    const sizes = this.#sizes;
    const count = this.#count;
    if (count - at <= LOOP_MAX) {
      for (let i = count; i > at; i--) {
        keys[i] = keys[i - 1]!;
        sizes[i] = sizes[i - 1]!;
      }
    } else {
      keys.copyWithin(at + 1, at, count);
      sizes.copyWithin(at + 1, at, count);
    }
    this.#count = count + 1;
    return true;
  }

  #remove(at: number): void {
    const keys = this.#keys;
    const sizes = this.#sizes;
    const count = --this.#count;
    if (count - at <= LOOP_MAX) {
      for (let i = at; i < count; i++) {
        keys[i] = keys[i + 1]!;
        sizes[i] = sizes[i + 1]!;
      }
    } else {
      keys.copyWithin(at, at + 1, count + 1);
      sizes.copyWithin(at, at + 1, count + 1);
    }
  }
}
