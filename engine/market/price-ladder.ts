/** A window of consecutive ticks near the market: price and size a tick, and a bitmap of the ticks that have one. */

/**
 * Position 0 is the window's best tick. The arrays are open to BookSide, whose loop over a message's levels lives on
 * not calling anything: whoever writes a cell keeps bit, `count`, `best` and `worst` true.
 */
export class PriceLadder {
  readonly width: number;
  /** Price and size of each position, side by side for the cache; a size of 0: no level, whatever the price. */
  readonly cells: Float64Array;
  readonly bits: Int32Array;
  /** Ticks times the side's sign at position 0. */
  base = 0;
  count = 0;
  /** Position of the best level; `width` when there is none. */
  best: number;
  /** No level lies behind this position. */
  worst = -1;

  /** `width` is a multiple of 32. */
  constructor(width: number) {
    this.width = width;
    this.cells = new Float64Array(2 * width);
    this.bits = new Int32Array(width >>> 5);
    this.best = width;
  }

  price(at: number): number {
    return this.cells[2 * at]!;
  }

  size(at: number): number {
    return this.cells[2 * at + 1]!;
  }

  clear(): void {
    if (this.count > 0) {
      // No more pages than were in use: most of a quiet symbol's window is never touched.
      this.cells.fill(0, 2 * this.best, 2 * (this.worst + 1));
      this.bits.fill(0);
    }
    this.count = 0;
    this.best = this.width;
    this.worst = -1;
  }

  set(at: number, price: number, size: number): void {
    this.cells[2 * at] = price;
    this.cells[2 * at + 1] = size;
    this.bits[at >>> 5]! |= 1 << at;
    this.count++;
    if (at < this.best) this.best = at;
    if (at > this.worst) this.worst = at;
  }

  unset(at: number): void {
    this.cells[2 * at + 1] = 0;
    this.bits[at >>> 5]! &= ~(1 << at);
    this.count--;
    if (at === this.best) this.best = this.next(at + 1);
  }

  /** The first level at or behind a position; `width` when there is none. */
  next(from: number): number {
    const { bits, width } = this;
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
    const { bits } = this;
    if (this.count === 0) return -1;
    let word = this.worst >>> 5;
    while (bits[word] === 0) word--;
    this.worst = (word << 5) + 31 - Math.clz32(bits[word]!);
    return this.worst;
  }

  /** Moves the window by so many ticks, away from the market if positive. Levels that it would lose must be gone already. */
  slide(ticks: number): void {
    const { cells, bits, width } = this;
    this.base += ticks;
    if (this.count === 0) {
      this.best = width;
      this.worst = -1;
      return;
    }
    if (ticks > 0) {
      cells.copyWithin(0, 2 * ticks);
      cells.fill(0, 2 * (width - ticks));
    } else {
      cells.copyWithin(-2 * ticks, 0, 2 * (width + ticks));
      cells.fill(0, 0, -2 * ticks);
    }
    for (let word = 0; word < bits.length; word++) {
      let set = 0;
      const from = word << 5;
      for (let i = 0; i < 32; i++)
        if (cells[2 * (from + i) + 1] !== 0) set |= 1 << i;
      bits[word] = set;
    }
    this.best -= ticks;
    this.worst -= ticks;
  }
}
