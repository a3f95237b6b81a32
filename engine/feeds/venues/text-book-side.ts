/** One side of a book with its levels' digits as the venue sent them, for checksums over the best few. */

/**
 * Worst level first, so that changes near the best, which are most, move the fewest levels. `texts` holds what a level
 * gives to the checksum, made once when the level is set.
 */
export class TextBookSide {
  readonly #sign: 1 | -1;
  /** Prices times the sign: falling. */
  readonly #keys: number[] = [];
  readonly #texts: string[] = [];

  constructor(order: "highestFirst" | "lowestFirst") {
    this.#sign = order === "lowestFirst" ? 1 : -1;
  }

  get count(): number {
    return this.#keys.length;
  }

  /** What the i-th best level gives to the checksum; undefined where there is none. */
  text(i: number): string | undefined {
    return this.#texts[this.#texts.length - 1 - i];
  }

  set(price: number, text: string): void {
    const key = price * this.#sign;
    const at = this.#find(key);
    if (this.#keys[at] === key) this.#texts[at] = text;
    else if (at === this.#keys.length) {
      this.#keys.push(key);
      this.#texts.push(text);
    } else {
      this.#keys.splice(at, 0, key);
      this.#texts.splice(at, 0, text);
    }
  }

  remove(price: number): void {
    const key = price * this.#sign;
    const at = this.#find(key);
    if (this.#keys[at] !== key) return;
    this.#keys.splice(at, 1);
    this.#texts.splice(at, 1);
  }

  /** Drops the worst levels beyond `depth` and gives their prices. */
  truncate(depth: number): readonly number[] {
    const surplus = this.#keys.length - depth;
    if (surplus <= 0) return [];
    this.#texts.splice(0, surplus);
    return this.#keys.splice(0, surplus).map((key) => key * this.#sign);
  }

  clear(): void {
    this.#keys.length = 0;
    this.#texts.length = 0;
  }

  /** Where the key is or belongs: the first place whose key is not above it. */
  #find(key: number): number {
    let low = 0;
    let high = this.#keys.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#keys[middle]! > key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}
