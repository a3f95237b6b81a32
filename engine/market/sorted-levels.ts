/** Levels in two sorted typed arrays, nearest to the market first: any price at all, at the cost of a search and a move. */

/** Below this many levels a plain loop beats the call into copyWithin. */
const LOOP_MAX = 24;
const START_CAPACITY = 32;

/** A key is price times the side's sign, so that lower is always better. */
export class SortedLevels {
  count = 0;
  #keys = new Float64Array(START_CAPACITY);
  #sizes = new Float64Array(START_CAPACITY);

  key(i: number): number {
    return this.#keys[i]!;
  }

  size(i: number): number {
    return this.#sizes[i]!;
  }

  setSize(i: number, size: number): void {
    this.#sizes[i] = size;
  }

  /** The first position whose key is not below this one. */
  find(key: number): number {
    const keys = this.#keys;
    let at = 0;
    let rest = this.count;
    if (rest === 0) return 0;
    if (keys[rest - 1]! < key) return rest;
    // Which half it is cannot be foretold: a product instead of a branch.
    while (rest > 1) {
      const half = rest >>> 1;
      at += half * +(keys[at + half - 1]! < key);
      rest -= half;
    }
    return at + +(keys[at]! < key);
  }

  has(at: number, key: number): boolean {
    return at < this.count && this.#keys[at] === key;
  }

  /** The caller has made sure that there is room. */
  insert(at: number, key: number, size: number): void {
    if (this.count === this.#keys.length) this.#grow();
    const keys = this.#keys;
    const sizes = this.#sizes;
    const count = this.count++;
    if (count - at <= LOOP_MAX) {
      for (let i = count; i > at; i--) {
        keys[i] = keys[i - 1]!;
        sizes[i] = sizes[i - 1]!;
      }
    } else {
      keys.copyWithin(at + 1, at, count);
      sizes.copyWithin(at + 1, at, count);
    }
    keys[at] = key;
    sizes[at] = size;
  }

  /** Takes out `n` levels from `at` on. */
  remove(at: number, n = 1): void {
    const keys = this.#keys;
    const sizes = this.#sizes;
    const count = this.count;
    this.count -= n;
    if (count - at <= LOOP_MAX) {
      for (let i = at; i < count - n; i++) {
        keys[i] = keys[i + n]!;
        sizes[i] = sizes[i + n]!;
      }
    } else {
      keys.copyWithin(at, at + n, count);
      sizes.copyWithin(at, at + n, count);
    }
  }

  /** Keeps the first `count` levels. */
  cut(count: number): void {
    this.count = count;
  }

  #grow(): void {
    const capacity = 2 * this.#keys.length;
    const keys = new Float64Array(capacity);
    const sizes = new Float64Array(capacity);
    keys.set(this.#keys);
    sizes.set(this.#sizes);
    this.#keys = keys;
    this.#sizes = sizes;
  }
}
