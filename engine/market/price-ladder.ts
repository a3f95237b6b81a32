/** A window of consecutive ticks near the market: a size a tick and a bitmap of the ticks that have one. */

/**
 * Position 0 is the window's best tick. The arrays are open to BookSide, whose loop over a message's levels lives on
 * not calling anything: whoever writes a size keeps bit, `count`, `best` and `worst` true.
 */
export class PriceLadder {
  readonly width: number;
  readonly sizes: Float64Array;
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
    this.sizes = new Float64Array(width);
    this.bits = new Int32Array(width >>> 5);
    this.best = width;
  }

  clear(): void {
    if (this.count > 0) {
      this.sizes.fill(0);
      this.bits.fill(0);
    }
    this.count = 0;
    this.best = this.width;
    this.worst = -1;
  }

  set(at: number, size: number): void {
    this.sizes[at] = size;
    this.bits[at >>> 5]! |= 1 << at;
    this.count++;
    if (at < this.best) this.best = at;
    if (at > this.worst) this.worst = at;
  }

  unset(at: number): void {
    this.sizes[at] = 0;
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
    const { sizes, bits, width } = this;
    this.base += ticks;
    if (this.count === 0) return;
    if (ticks > 0) {
      sizes.copyWithin(0, ticks);
      sizes.fill(0, width - ticks);
    } else {
      sizes.copyWithin(-ticks, 0, width + ticks);
      sizes.fill(0, 0, -ticks);
    }
    for (let word = 0; word < bits.length; word++) {
      let set = 0;
      const from = word << 5;
      for (let i = 0; i < 32; i++) if (sizes[from + i] !== 0) set |= 1 << i;
      bits[word] = set;
    }
    this.best -= ticks;
    this.worst -= ticks;
  }
}
