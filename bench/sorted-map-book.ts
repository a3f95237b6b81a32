/** The rival of the book bench: the book that one would write without much thought. Sizes by price in a map, prices in a sorted array. */

class SortedMapSide {
  readonly #sizes = new Map<number, number>();
  /** Best last, so that the busy end moves least. */
  readonly #prices: number[] = [];
  readonly #sign: 1 | -1;
  readonly #depthMax: number;

  constructor(sign: 1 | -1, depthMax: number) {
    this.#sign = sign;
    this.#depthMax = depthMax;
  }

  clear(): void {
    this.#sizes.clear();
    this.#prices.length = 0;
  }

  apply(levels: readonly number[]): void {
    for (let i = 0; i < levels.length; i += 2)
      this.#set(levels[i]!, levels[i + 1]!);
  }

  best(): number {
    return this.#prices[this.#prices.length - 1] ?? 0;
  }

  #set(price: number, size: number): void {
    if (size === 0) {
      if (this.#sizes.delete(price))
        this.#prices.splice(this.#indexOf(price), 1);
      return;
    }
    if (!this.#sizes.has(price)) {
      const at = this.#indexOf(price);
      if (this.#prices.length === this.#depthMax) {
        if (at === 0) return;
        this.#sizes.delete(this.#prices.shift()!);
        this.#prices.splice(at - 1, 0, price);
      } else this.#prices.splice(at, 0, price);
    }
    this.#sizes.set(price, size);
  }

  /** Where the price is, or belongs. */
  #indexOf(price: number): number {
    let low = 0;
    let high = this.#prices.length;
    const key = price * this.#sign;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if (this.#prices[middle]! * this.#sign < key) low = middle + 1;
      else high = middle;
    }
    return low;
  }
}

export class SortedMapBook {
  readonly #bids: SortedMapSide;
  readonly #asks: SortedMapSide;

  constructor(depthMax: number) {
    this.#bids = new SortedMapSide(1, depthMax);
    this.#asks = new SortedMapSide(-1, depthMax);
  }

  applySnapshot(bids: readonly number[], asks: readonly number[]): void {
    this.#bids.clear();
    this.#asks.clear();
    this.applyDelta(bids, asks);
  }

  applyDelta(bids: readonly number[], asks: readonly number[]): void {
    this.#bids.apply(bids);
    this.#asks.apply(asks);
  }

  get mid(): number {
    return (this.#bids.best() + this.#asks.best()) / 2;
  }
}
