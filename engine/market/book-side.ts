/** One side of an order book: a ladder of ticks near the market, sorted levels beyond it. */
import type { Levels } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";
import { gridOfTick, refineGrid } from "./price-grid.ts";
import type { PriceGrid } from "./price-grid.ts";
import { PriceLadder } from "./price-ladder.ts";
import { SortedLevels } from "./sorted-levels.ts";

export type SideOrder = "highestFirst" | "lowestFirst";

/** Ticks of the ladder: it begins narrow and is widened as its market needs, within bounds that caches and memory set. */
const WIDTH_MIN = 1024;
const WIDTH_MAX = 16_384;
const TICKS_A_LEVEL = 16;
/** Far levels that a window of twice the width would take in, and that are worth its memory. */
const WIDEN_FOR = 16;

export interface BookSideOptions {
  readonly order: SideOrder;
  /** Levels that readers see. */
  readonly depthMax: number;
  /** 0: to be learnt from the prices. */
  readonly tickSize: number;
}

/**
 * A key is a price times the side's sign: lower is better on both sides. Levels that the ladder's window covers are in
 * the ladder, all others are worse and in `far`. A price between ticks refines the grid; without a grid every level is in
 * `far`. A quarter more levels than are seen are held in reserve: they come into sight as better ones go.
 */
export class BookSide {
  readonly depthMax: number;
  /** Levels that fell off the far end because the side was full, its reserve too. */
  dropped = 0;
  readonly #heldMax: number;
  readonly #widthMax: number;
  readonly #sign: 1 | -1;
  readonly #ladder: PriceLadder;
  readonly #far = new SortedLevels();
  /** Levels whose size changed, but for those that the ladder counts. */
  #changed = 0;
  /** Key of the best level that was dropped since the last snapshot: what lies behind it may lack levels. */
  #horizon = Infinity;
  /** Where the walk of `price` and `size` stands: the i-th level's position in the ladder. */
  #cursorI = -1;
  #cursorAt = 0;

  constructor(options: BookSideOptions) {
    const { depthMax, order, tickSize } = options;
    assert(
      Number.isInteger(depthMax) && depthMax > 0,
      "book depth is a positive integer",
    );
    this.depthMax = depthMax;
    this.#heldMax = depthMax + Math.ceil(depthMax / 4);
    this.#sign = order === "highestFirst" ? -1 : 1;
    this.#widthMax = Math.min(WIDTH_MAX, TICKS_A_LEVEL * depthMax);
    this.#ladder = new PriceLadder(WIDTH_MIN, this.#sign);
    if (tickSize > 0) this.#ladder.place(gridOfTick(tickSize), 0);
  }

  get count(): number {
    return Math.min(this.#held, this.depthMax);
  }

  /** Levels whose size an update really changed. */
  get changed(): number {
    return this.#changed + this.#ladder.changed;
  }

  /** Price of the i-th best level; 0 where there is none. Walking i upwards costs a step each. */
  price(i: number): number {
    return i < this.count ? this.#key(i) * this.#sign : 0;
  }

  /** 0 where there is no such level. */
  size(i: number): number {
    return i < this.count ? this.#sizeOf(i) : 0;
  }

  /** Price and size of level i at `into[at + 4i]`; zeros where there is none. */
  copyTop(into: Float64Array, at: number, levels: number): void {
    const far = this.#far;
    const end = at + 4 * levels;
    const seenEnd = at + 4 * Math.min(levels, this.depthMax);
    let to = this.#ladder.copyTop(into, at, seenEnd);
    for (let i = 0; i < far.count && to < seenEnd; i++, to += 4) {
      into[to] = far.key(i) * this.#sign;
      into[to + 1] = far.size(i);
    }
    for (; to < end; to += 4) {
      into[to] = 0;
      into[to + 1] = 0;
    }
  }

  /** No level better than the n-th can be missing. */
  isComplete(levels: number): boolean {
    if (this.#horizon === Infinity) return true;
    return this.count >= levels && this.#key(levels - 1) < this.#horizon;
  }

  /** The last snapshot ended here, and the venue's book may not have. */
  endHere(): void {
    if (this.count > 0) this.#seeHorizon(this.#key(this.count - 1));
  }

  /** Equal to what `replace` would make of these levels, best first. */
  equals(levels: Levels): boolean {
    const count = Math.min(levels.length >>> 1, this.depthMax);
    if (this.count !== count) return false;
    for (let i = 0; i < count; i++)
      if (this.price(i) !== levels[2 * i] || this.size(i) !== levels[2 * i + 1])
        return false;
    return true;
  }

  /** Of the grid that the prices lie on; 0 where none is known. */
  get tickSize(): number {
    const { grid } = this.#ladder;
    return grid === undefined ? 0 : grid.num / grid.den;
  }

  /** The instrument's, told while levels are held: those that lie between such ticks make the grid finer. */
  useTick(tickSize: number): void {
    const told = gridOfTick(tickSize);
    const grid = told && refineGrid(told, this.#heldLevels());
    if (grid !== undefined && grid.num / grid.den !== this.tickSize)
      this.#regrid(grid);
  }

  clear(): void {
    this.#ladder.clear();
    this.#far.cut(0);
    this.#horizon = Infinity;
    this.#cursorI = -1;
  }

  /** Fast when `levels` come best first, as snapshots do; correct in any order. */
  replace(levels: Levels): void {
    // Learnt anew where the grid has become too fine for its window, as by one odd price.
    const isTooFine = this.#far.count > this.#ladder.count;
    const grid = isTooFine ? undefined : this.#ladder.grid;
    this.clear();
    if (levels.length > 0)
      this.#ladder.place(
        grid ?? refineGrid(undefined, levels),
        levels[0]! * this.#sign,
      );
    this.apply(levels);
  }

  /** Sets each level, then drops what is too many; the caller has checked that they are numbers in range. */
  apply(levels: Levels): void {
    const ladder = this.#ladder;
    const { left } = ladder;
    const { length } = levels;
    this.#cursorI = -1;
    for (let i = 0; i < length;) {
      i = ladder.apply(levels, i);
      const { leftCount } = ladder;
      for (let k = 0; k < leftCount; k++)
        this.#set(levels[left[k]!]!, levels[left[k]! + 1]!);
      if (this.#held > this.#heldMax) this.#trim();
    }
    if (ladder.isBehind) this.#follow();
    while (this.#isCrowded) {
      ladder.widen();
      this.#takeFromFar();
    }
  }

  /** Too many levels are just behind the window. */
  get #isCrowded(): boolean {
    const far = this.#far;
    const ladder = this.#ladder;
    return (
      far.count >= WIDEN_FOR &&
      ladder.width < this.#widthMax &&
      ladder.grid !== undefined &&
      far.key(WIDEN_FOR - 1) < ladder.keyAt(2 * ladder.width)
    );
  }

  get #held(): number {
    return this.#ladder.count + this.#far.count;
  }

  /** Key of the i-th best level, which is there. */
  #key(i: number): number {
    const near = this.#ladder.count;
    return i < near
      ? this.#ladder.keyAt(this.#seek(i))
      : this.#far.key(i - near);
  }

  #sizeOf(i: number): number {
    const near = this.#ladder.count;
    return i < near
      ? this.#ladder.size(this.#seek(i))
      : this.#far.size(i - near);
  }

  /** One level, wherever it belongs. */
  #set(price: number, size: number): void {
    const ladder = this.#ladder;
    const { grid } = ladder;
    const key = price * this.#sign;
    const isFar = key >= ladder.endKey && this.#held > 0;
    if (isFar || grid === undefined) {
      this.#setFar(key, size);
      return;
    }
    if (!ladder.canReach(key)) {
      this.#setBeyond(key, size);
      return;
    }
    const at = ladder.positionOf(key);
    if (ladder.keyAt(at) !== key) {
      // A level between ticks: none is there to be removed.
      if (size === 0) return;
      this.#regrid(refineGrid(grid, [price, size]));
    } else if (at >= 0 && at < ladder.width) {
      this.#changed += +ladder.put(at, size);
      return;
    } else {
      // Nearer to the market than the window, or the first level of all.
      if (size === 0) return;
      this.#move(ladder.slideFor(at));
    }
    this.#set(price, size);
  }

  /** Where no window goes: behind every one, or, on the side that wants it high, before every one, which then has no use. */
  #setBeyond(key: number, size: number): void {
    if (key < 0) {
      if (size === 0) return;
      this.#regrid(undefined);
    }
    this.#setFar(key, size);
  }

  #setFar(key: number, size: number): void {
    const far = this.#far;
    const at = far.find(key);
    const isThere = far.has(at, key);
    if (size === (isThere ? far.size(at) : 0)) return;
    this.#changed++;
    if (size === 0) far.remove(at);
    else if (isThere) far.setSize(at, size);
    else far.insert(at, key, size);
  }

  /** Drops all that readers do not see. */
  #trim(): void {
    const far = this.#far;
    const ladder = this.#ladder;
    const tooMany = this.#held - this.depthMax;
    const tooFar = Math.min(tooMany, far.count);
    this.dropped += tooMany;
    if (tooFar > 0) {
      far.cut(far.count - tooFar);
      this.#seeHorizon(far.key(far.count));
    }
    for (let i = tooFar; i < tooMany; i++) {
      const at = ladder.last();
      this.#seeHorizon(ladder.keyAt(at));
      ladder.put(at, 0);
    }
  }

  #seeHorizon(key: number): void {
    if (key < this.#horizon) this.#horizon = key;
  }

  /** Where the best level has gone far into the window, or out of it, the window goes after it. */
  #follow(): void {
    const ladder = this.#ladder;
    if (this.#held === 0 || ladder.grid === undefined) return;
    const key = this.#key(0);
    if (ladder.canReach(key))
      this.#move(ladder.slideFor(ladder.positionOf(key)));
  }

  #move(by: number): void {
    const ladder = this.#ladder;
    const far = this.#far;
    // Towards the market: what falls out at the far end joins the far levels.
    while (ladder.count > 0) {
      const at = ladder.last();
      if (at < ladder.width + by) break;
      far.insert(0, ladder.keyAt(at), ladder.size(at));
      ladder.put(at, 0);
    }
    ladder.slide(by);
    this.#takeFromFar();
  }

  /** Far levels that the window has come to cover. */
  #takeFromFar(): void {
    const ladder = this.#ladder;
    const far = this.#far;
    let taken = 0;
    for (; taken < far.count; taken++) {
      const key = far.key(taken);
      if (key >= ladder.endKey) break;
      const at = ladder.positionOf(key);
      if (ladder.keyAt(at) !== key) {
        far.remove(0, taken);
        this.#regrid(refineGrid(ladder.grid, [key * this.#sign, 0]));
        return;
      }
      ladder.put(at, far.size(taken));
    }
    far.remove(0, taken);
  }

  /** Another grid: every level is set anew. Without one all are far. */
  #regrid(grid: PriceGrid | undefined): void {
    const held = this.#heldLevels();
    const { changed } = this;
    const horizon = this.#horizon;
    this.clear();
    this.#horizon = horizon;
    this.#ladder.place(grid, (held[0] ?? 0) * this.#sign);
    for (let i = 0; i < held.length; i += 2) this.#set(held[i]!, held[i + 1]!);
    this.#changed -= this.changed - changed;
  }

  /** Those in reserve too, best first. */
  #heldLevels(): Levels {
    const held: number[] = [];
    for (let i = 0; i < this.#held; i++)
      held.push(this.#key(i) * this.#sign, this.#sizeOf(i));
    return held;
  }

  /** Position of the i-th best level of the ladder. */
  #seek(i: number): number {
    const ladder = this.#ladder;
    if (i === 0) return ladder.best;
    if (this.#cursorI < 0 || this.#cursorI > i) {
      this.#cursorI = 0;
      this.#cursorAt = ladder.best;
    }
    while (this.#cursorI < i) {
      this.#cursorAt = ladder.next(this.#cursorAt + 1);
      this.#cursorI++;
    }
    return this.#cursorAt;
  }
}
