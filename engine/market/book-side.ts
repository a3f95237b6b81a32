/** One side of an order book: a ladder of ticks near the market, sorted levels beyond it. */
import type { Levels } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";
import { gridOfTick, priceOf, refineGrid } from "./price-grid.ts";
import type { PriceGrid } from "./price-grid.ts";
import { PriceLadder } from "./price-ladder.ts";
import { SortedLevels } from "./sorted-levels.ts";

export type SideOrder = "highestFirst" | "lowestFirst";

/** Ticks of the ladder: some for each level kept, within bounds that caches and memory set. */
const TICKS_A_LEVEL = 4;
const WIDTH_MIN = 1024;
const WIDTH_MAX = 4096;

export interface BookSideOptions {
  readonly order: SideOrder;
  /** Levels kept; the worst is dropped and counted where there would be more. */
  readonly depthMax: number;
  /** 0: to be learnt from the prices. */
  readonly tickSize: number;
}

/**
 * A key is a tick or price times the side's sign: lower is better on both sides. Levels that the ladder's window covers
 * are in the ladder, all others are worse and in `far`. A price between ticks refines the grid; without a grid every level
 * is in `far`.
 */
export class BookSide {
  readonly depthMax: number;
  /** Levels that fell off the far end because the side was full. */
  dropped = 0;
  /** Removals of a level that was not there: normal beyond the snapshot's depth. */
  unknownRemoved = 0;
  /** Levels whose size an update really changed. */
  changed = 0;
  readonly #sign: 1 | -1;
  readonly #ladder: PriceLadder;
  readonly #far: SortedLevels;
  #grid: PriceGrid | undefined;
  /** Key of the best level that was dropped since the last snapshot: what lies behind it may lack levels. */
  #horizon = Infinity;
  /** No level lies behind this key, and the side is full: what does is dropped. Infinity where that is not known. */
  #fullKey = Infinity;
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
    this.#sign = order === "highestFirst" ? -1 : 1;
    this.#ladder = new PriceLadder(widthFor(depthMax));
    this.#far = new SortedLevels(depthMax);
    if (tickSize > 0) this.#grid = gridOfTick(tickSize);
  }

  get count(): number {
    return this.#ladder.count + this.#far.count;
  }

  /** Price of the i-th best level; 0 where there is none. Walking i upwards costs a step each. */
  price(i: number): number {
    const near = this.#ladder.count;
    if (i < near) return this.#ladder.price(this.#seek(i));
    return i < near + this.#far.count
      ? this.#far.key(i - near) * this.#sign
      : 0;
  }

  /** 0 where there is no such level. */
  size(i: number): number {
    const near = this.#ladder.count;
    if (i < near) return this.#ladder.size(this.#seek(i));
    return i < near + this.#far.count ? this.#far.size(i - near) : 0;
  }

  /** Price and size of level i at `into[at + 4i]`; zeros where there is none. */
  copyTop(into: Float64Array, at: number, levels: number): void {
    const ladder = this.#ladder;
    const { cells } = ladder;
    const end = at + 4 * levels;
    const near = Math.min(end, at + 4 * ladder.count);
    let to = at;
    for (let position = ladder.best; to < near; to += 4) {
      into[to] = cells[2 * position]!;
      into[to + 1] = cells[2 * position + 1]!;
      position = ladder.next(position + 1);
    }
    for (let i = 0; i < this.#far.count && to < end; i++, to += 4) {
      into[to] = this.#far.key(i) * this.#sign;
      into[to + 1] = this.#far.size(i);
    }
    for (; to < end; to += 4) {
      into[to] = 0;
      into[to + 1] = 0;
    }
  }

  /** No level better than the n-th can be missing. */
  isComplete(levels: number): boolean {
    if (this.#horizon === Infinity) return true;
    return (
      this.count >= levels &&
      this.price(levels - 1) * this.#sign < this.#horizon
    );
  }

  /** The last snapshot ended here, and the venue's book may not have. */
  endHere(): void {
    const { count } = this;
    if (count === 0) return;
    const lastKey = this.price(count - 1) * this.#sign;
    if (lastKey < this.#horizon) this.#horizon = lastKey;
  }

  clear(): void {
    this.#ladder.clear();
    this.#far.clear();
    this.#horizon = Infinity;
    this.#fullKey = Infinity;
    this.#cursorI = -1;
  }

  /** Fast when `levels` come best first, as snapshots do; correct in any order. */
  replace(levels: Levels): void {
    // Learnt anew where the grid has become too fine for its window, as by one odd price.
    if (this.#far.count > this.#ladder.count) this.#grid = undefined;
    this.clear();
    this.#grid ??= refineGrid(undefined, levels);
    if (this.#grid !== undefined && levels.length > 0)
      this.#ladder.base = this.#baseFor(this.#ticksOf(levels[0]! * this.#sign));
    this.apply(levels);
  }

  /**
   * Sets each level; the caller has checked that they are numbers in range. One loop without calls for the usual case: a
   * price on the grid, in the window, that leaves room.
   */
  apply(levels: Levels): void {
    this.#cursorI = -1;
    const grid = this.#grid;
    if (grid === undefined) {
      for (let i = 0; i < levels.length; i += 2)
        this.#applyFar(levels[i]! * this.#sign, levels[i + 1]!);
      return;
    }
    const { num, den } = grid;
    const sign = this.#sign;
    const signedNum = num * sign;
    const perPrice = (den / num) * sign;
    const ladder = this.#ladder;
    const { cells, bits, width } = ladder;
    const halfWidth = width >>> 1;
    const { length } = levels;
    let { base } = ladder;
    let shift = 0.5 - base;
    let fullKey = this.#fullKey;
    let room = this.depthMax - this.count;
    let changed = 0;
    for (let i = 0; i < length; i += 2) {
      const price = levels[i]!;
      const size = levels[i + 1]!;
      if (price * sign > fullKey) {
        // Behind all levels of a full side.
        if (size === 0) this.unknownRemoved++;
        else {
          this.dropped++;
          if (price * sign < this.#horizon) this.#horizon = price * sign;
        }
        continue;
      }
      // Rounding is monotone, so a price between ticks falls on the right side of the window's edges too.
      const offset = price * perPrice + shift;
      if (offset >= 0 && offset < width) {
        const at = offset | 0;
        const cell = 2 * at;
        const before = cells[cell + 1]!;
        if (before === 0) {
          if (size === 0) {
            this.unknownRemoved++;
            continue;
          }
          if (((at + base) * signedNum) / den === price) {
            if (room > 0) room--;
            else {
              const hasRoom = this.#makeRoom(price * sign);
              fullKey = this.#fullKey;
              if (!hasRoom) continue;
            }
            changed++;
            cells[cell] = price;
            cells[cell + 1] = size;
            bits[at >>> 5]! |= 1 << at;
            ladder.count++;
            if (at < ladder.best) ladder.best = at;
            if (at > ladder.worst) ladder.worst = at;
            continue;
          }
        } else if (cells[cell] === price) {
          if (size === before) continue;
          changed++;
          cells[cell + 1] = size;
          if (size !== 0) continue;
          room++;
          fullKey = Infinity;
          bits[at >>> 5]! &= ~(1 << at);
          ladder.count--;
          if (at !== ladder.best) continue;
          ladder.best = ladder.next(at + 1);
          if (ladder.best <= halfWidth) continue;
          this.#follow();
          if (this.#grid !== grid) {
            this.#goOn(levels, i + 2, changed, fullKey);
            return;
          }
          base = ladder.base;
          shift = 0.5 - base;
          continue;
        }
      } else if (size === 0 && this.#far.count === 0) {
        this.unknownRemoved++;
        continue;
      }
      this.#fullKey = fullKey;
      this.#applyRare(price, size);
      fullKey = this.#fullKey;
      if (this.#grid !== grid) {
        this.#goOn(levels, i + 2, changed, fullKey);
        return;
      }
      base = ladder.base;
      shift = 0.5 - base;
      room = this.depthMax - this.count;
    }
    this.changed += changed;
    this.#fullKey = fullKey;
  }

  /** The grid was refined or given up: the rest goes by the new one. */
  #goOn(levels: Levels, from: number, changed: number, fullKey: number): void {
    this.changed += changed;
    this.#fullKey = fullKey;
    this.apply(levels.slice(from));
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

  /** Off the grid, outside the window, or in a full side. */
  #applyRare(price: number, size: number): void {
    const grid = this.#grid!;
    const ladder = this.#ladder;
    const key = price * this.#sign;
    const ticks = this.#ticksOf(key);
    if (ticks >= ladder.base + ladder.width && this.count > 0) {
      this.#applyFar(key, size);
      return;
    }
    const at = ticks - ladder.base;
    const before = at >= 0 && at < ladder.width ? ladder.size(at) : 0;
    if (before !== 0 && ladder.price(at) === price) {
      this.#resize(at, size);
      return;
    }
    if (size === 0) {
      this.unknownRemoved++;
      return;
    }
    if (priceOf(grid, ticks) !== key) {
      this.#regrid(refineGrid(grid, [price, size]));
      this.apply([price, size]);
      return;
    }
    if (this.count === this.depthMax && !this.#makeRoom(key)) return;
    if (ticks < ladder.base || this.count === 0) {
      this.#moveTo(this.#baseFor(ticks));
      if (this.#grid !== grid) {
        this.apply([price, size]);
        return;
      }
    }
    this.changed++;
    ladder.set(ticks - ladder.base, price, size);
  }

  /** A level that is there, where the loop's arithmetic has missed its tick by rounding. */
  #resize(at: number, size: number): void {
    const ladder = this.#ladder;
    if (size === ladder.size(at)) return;
    this.changed++;
    if (size !== 0) ladder.cells[2 * at + 1] = size;
    else {
      this.#fullKey = Infinity;
      ladder.unset(at);
      this.#follow();
    }
  }

  #applyFar(key: number, size: number): void {
    const far = this.#far;
    let at = far.find(key);
    if (far.has(at, key)) {
      if (size === far.size(at)) return;
      this.changed++;
      if (size === 0) {
        this.#fullKey = Infinity;
        far.remove(at);
      } else far.setSize(at, size);
      return;
    }
    if (size === 0) {
      this.unknownRemoved++;
      return;
    }
    if (this.count === this.depthMax) {
      if (!this.#makeRoom(key)) return;
      at = Math.min(at, far.count);
    }
    this.changed++;
    far.insert(at, key, size);
  }

  /** A level behind all those of a full side. */
  #turnAway(key: number, size: number): void {
    if (size === 0) this.unknownRemoved++;
    else {
      this.dropped++;
      if (key < this.#horizon) this.#horizon = key;
    }
  }

  /** Makes room in a full side for a level at this key; false when that would be the worst itself. */
  #makeRoom(key: number): boolean {
    const worstKey = this.#worstKey();
    if (key > worstKey) {
      this.#fullKey = worstKey;
      this.#turnAway(key, 1);
      return false;
    }
    this.#dropWorst();
    return true;
  }

  #worstKey(): number {
    const far = this.#far;
    return far.count > 0
      ? far.key(far.count - 1)
      : this.#ladder.price(this.#ladder.last()) * this.#sign;
  }

  #dropWorst(): void {
    const far = this.#far;
    const ladder = this.#ladder;
    const key = this.#worstKey();
    this.dropped++;
    this.changed++;
    this.#fullKey = key;
    if (key < this.#horizon) this.#horizon = key;
    if (far.count > 0) far.remove(far.count - 1);
    else ladder.unset(ladder.worst);
  }

  /** Room for the market to come nearer before the window has to move. */
  #baseFor(bestKey: number): number {
    return bestKey - (this.#ladder.width >>> 3);
  }

  /** Where the best level has gone far into the window, or out of it, the window goes after it. */
  #follow(): void {
    const ladder = this.#ladder;
    if (ladder.best <= ladder.width >>> 1) return;
    if (ladder.count > 0)
      this.#moveTo(this.#baseFor(ladder.base + ladder.best));
    else if (this.#far.count > 0)
      this.#moveTo(this.#baseFor(this.#ticksOf(this.#far.key(0))));
  }

  #moveTo(base: number): void {
    const ladder = this.#ladder;
    const far = this.#far;
    const by = base - ladder.base;
    // Towards the market: what falls out at the far end joins the far levels.
    while (ladder.count > 0) {
      const at = ladder.last();
      if (at < ladder.width + by) break;
      far.insert(0, ladder.price(at) * this.#sign, ladder.size(at));
      ladder.unset(at);
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
      const farKey = far.key(taken);
      const ticks = this.#ticksOf(farKey);
      if (ticks >= ladder.base + ladder.width) break;
      const price = farKey * this.#sign;
      if (priceOf(this.#grid!, ticks) !== farKey) {
        far.remove(0, taken);
        this.#regrid(refineGrid(this.#grid, [price, 0]));
        return;
      }
      ladder.set(ticks - ladder.base, price, far.size(taken));
    }
    far.remove(0, taken);
  }

  /** Another grid: every level is set anew. Without one all are far. */
  #regrid(grid: PriceGrid | undefined): void {
    const levels: number[] = [];
    for (let i = 0; i < this.count; i++)
      levels.push(this.price(i), this.size(i));
    const { changed } = this;
    const horizon = this.#horizon;
    this.clear();
    this.#horizon = horizon;
    this.#grid = grid;
    const ladder = this.#ladder;
    if (grid !== undefined && levels.length > 0)
      ladder.base = this.#baseFor(this.#ticksOf(levels[0]! * this.#sign));
    this.apply(levels);
    this.changed = changed;
  }

  /** A price key as a tick key. */
  #ticksOf(key: number): number {
    const { num, den } = this.#grid!;
    return Math.round((key * den) / num);
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

const widthFor = (depthMax: number): number => {
  let width = WIDTH_MIN;
  while (width < TICKS_A_LEVEL * depthMax && width < WIDTH_MAX) width *= 2;
  return width;
};
