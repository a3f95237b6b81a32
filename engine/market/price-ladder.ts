/** A window of consecutive ticks near the market: a size a tick, and a bitmap of the ticks that have one. */
import type { Levels } from "../domain/market-event.ts";
import { priceOf } from "./price-grid.ts";
import type { PriceGrid } from "./price-grid.ts";

/** Levels that one call of `apply` may leave to the caller. */
const LEFT_MAX = 64;
/** Units of the grid's denominator up to which a price's tick can be told by sums of doubles. */
const UNITS_MAX = 2 ** 50;

/**
 * A key is a price times the side's sign: lower is better on both sides. Position 0 is the window's best tick. Prices are
 * not stored, since the grid gives each back from its tick.
 */
export class PriceLadder {
  width: number;
  count = 0;
  /** Position of the best level; `width` when there is none. */
  best: number;
  /** Levels whose size `apply` really changed. */
  changed = 0;
  /** Where in its message each level stands that the last `apply` left to the caller. */
  readonly left = new Int32Array(LEFT_MAX);
  leftCount = 0;
  /** Key of the first tick behind the window; without a grid every key is behind it. */
  endKey = -Infinity;
  readonly #sign: 1 | -1;
  /** 0: no level. */
  #sizes: Float64Array;
  #bits: Int32Array;
  #grid: PriceGrid | undefined;
  /** Key of position 0, in ticks. */
  #base = 0;
  /** No level lies behind this position. */
  #worst = -1;
  /** Positions a price, grid and base as the loop of `apply` needs them: numbers of a typed array are never boxed. */
  readonly #scale = new Float64Array(4);

  /** `width` is a multiple of 32. */
  constructor(width: number, sign: 1 | -1) {
    this.width = width;
    this.best = width;
    this.#sign = sign;
    this.#sizes = new Float64Array(width);
    this.#bits = new Int32Array(width >>> 5);
  }

  get grid(): PriceGrid | undefined {
    return this.#grid;
  }

  /** Ticks can be counted as far as to this key, and over a window from there: the window may be moved there. */
  canReach(key: number): boolean {
    const { num, den } = this.#grid!;
    return Math.abs(key) * den + this.width * num <= UNITS_MAX;
  }

  /** Lays the window of an empty ladder where this key has room on both sides, if it can be reached. */
  place(grid: PriceGrid | undefined, key: number): void {
    this.#grid = grid;
    this.#base = 0;
    if (grid === undefined) {
      this.#scale.fill(0);
      this.endKey = -Infinity;
    } else
      this.slide(this.slideFor(this.canReach(key) ? this.positionOf(key) : 0));
  }

  /**
   * Sets those levels from `from` on that are on the grid and in the window, notes the others in `left`, and returns where
   * it stopped. Which sizes a market sends cannot be foretold: so the loop does sums where it could branch.
   */
  apply(levels: Levels, from: number): number {
    const { length } = levels;
    const { left, width } = this;
    const sizes = this.#sizes;
    const bits = this.#bits;
    const scale = this.#scale;
    const perPrice = scale[0]!;
    const num = scale[1]!;
    const den = scale[2]!;
    const base = scale[3]!;
    const shift = 0.5 - base;
    let leftCount = 0;
    let best = this.best | 0;
    let worst = this.#worst | 0;
    let count = this.count | 0;
    let changed = 0;
    let i = from | 0;
    for (; i < length && leftCount < LEFT_MAX; i += 2) {
      const price = levels[i]!;
      const size = levels[i + 1]!;
      const offset = price * perPrice + shift;
      const at = offset | 0;
      const isInside = offset >= 0 && offset < width;
      if (!isInside || ((at + base) * num) / den !== price) {
        left[leftCount++] = i;
        continue;
      }
      const before = sizes[at]!;
      sizes[at] = size;
      const is = +(size !== 0);
      const word = at >>> 5;
      bits[word] = (bits[word]! & ~(1 << at)) | (is << at);
      count = (count + is - +(before !== 0)) | 0;
      changed = (changed + +(before !== size)) | 0;
      best = Math.min(best, at);
      worst = Math.max(worst, at);
    }
    this.leftCount = leftCount;
    this.best = this.next(best);
    this.#worst = worst;
    this.count = count;
    this.changed += changed;
    return i;
  }

  /** Sets the size of one position; false when that changed nothing. */
  put(at: number, size: number): boolean {
    const before = this.#sizes[at]!;
    if (size === before) return false;
    this.#sizes[at] = size;
    if (size === 0) this.#unmark(at);
    else if (before === 0) this.#mark(at);
    return true;
  }

  /** The position nearest to a key, inside the window or not. */
  positionOf(key: number): number {
    const { num, den } = this.#grid!;
    return Math.round((key * den) / num) - this.#base;
  }

  keyAt(at: number): number {
    return priceOf(this.#grid!, this.#base + at);
  }

  price(at: number): number {
    return this.keyAt(at) * this.#sign;
  }

  size(at: number): number {
    return this.#sizes[at]!;
  }

  /** Price and size of each level at `into[at]`, `into[at + 4]` and so on below `end`; returns where it stopped. */
  copyTop(into: Float64Array, at: number, end: number): number {
    const last = Math.min(end, at + 4 * this.count);
    let to = at;
    for (let position = this.best; to < last; to += 4) {
      into[to] = this.price(position);
      into[to + 1] = this.#sizes[position]!;
      position = this.next(position + 1);
    }
    return to;
  }

  clear(): void {
    if (this.count > 0) {
      // No more pages than were in use: most of a quiet symbol's window is never touched.
      this.#sizes.fill(0, this.best, this.#worst + 1);
      this.#bits.fill(0);
    }
    this.count = 0;
    this.best = this.width;
    this.#worst = -1;
  }

  /** The first level at or behind a position; `width` when there is none. */
  next(from: number): number {
    const { width } = this;
    const bits = this.#bits;
    if (from >= width) return width;
    let word = from >>> 5;
    let rest = bits[word]! & (-1 << from);
    while (rest === 0) {
      if (++word === bits.length) return width;
      rest = bits[word]!;
    }
    return (word << 5) + 31 - Math.clz32(rest & -rest);
  }

  /** The last level; -1 when there is none. */
  last(): number {
    if (this.count === 0) return -1;
    const bits = this.#bits;
    let word = this.#worst >>> 5;
    while (bits[word] === 0) word--;
    this.#worst = (word << 5) + 31 - Math.clz32(bits[word]!);
    return this.#worst;
  }

  /** How far to slide for a best level at this position: room before it for a market that comes nearer. */
  slideFor(at: number): number {
    return at - (this.width >>> 3);
  }

  /** Twice as many ticks, all the new ones behind the others. */
  widen(): void {
    const width = 2 * this.width;
    const sizes = new Float64Array(width);
    const bits = new Int32Array(width >>> 5);
    sizes.set(this.#sizes);
    bits.set(this.#bits);
    this.#sizes = sizes;
    this.#bits = bits;
    if (this.count === 0) this.best = width;
    this.width = width;
    this.endKey = this.keyAt(width);
  }

  /** The best level has so little of the window left behind it that the window should go after it. */
  get isBehind(): boolean {
    return this.best > this.width >>> 2;
  }

  /** Moves the window by so many ticks, away from the market if positive. Levels that it would lose must be gone already. */
  slide(ticks: number): void {
    this.#base += ticks;
    this.#rescale();
    if (this.count === 0) {
      this.best = this.width;
      this.#worst = -1;
      return;
    }
    const from = this.best;
    const end = this.#worst + 1;
    const sizes = this.#sizes;
    sizes.copyWithin(from - ticks, from, end);
    if (ticks > 0) sizes.fill(0, Math.max(from, end - ticks), end);
    else sizes.fill(0, from, Math.min(end, from - ticks));
    this.best -= ticks;
    this.#worst -= ticks;
    this.#redrawBits();
  }

  #mark(at: number): void {
    this.#bits[at >>> 5]! |= 1 << at;
    this.count++;
    if (at < this.best) this.best = at;
    if (at > this.#worst) this.#worst = at;
  }

  #unmark(at: number): void {
    this.#bits[at >>> 5]! &= ~(1 << at);
    this.count--;
    if (at === this.best) this.best = this.next(at + 1);
  }

  #rescale(): void {
    const { num, den } = this.#grid!;
    const sign = this.#sign;
    this.#scale.set([(den / num) * sign, num * sign, den, this.#base]);
    this.endKey = this.keyAt(this.width);
  }

  #redrawBits(): void {
    const sizes = this.#sizes;
    const bits = this.#bits;
    bits.fill(0);
    for (let at = this.best; at <= this.#worst; at++)
      bits[at >>> 5]! |= +(sizes[at] !== 0) << at;
  }
}
