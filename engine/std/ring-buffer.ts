/** A bounded first-in first-out queue in one preallocated array. */
import { assert } from "./assert.ts";

export class RingBuffer<T> {
  readonly capacity: number;
  readonly #items: (T | undefined)[];
  #head = 0;
  #size = 0;

  constructor(capacity: number) {
    assert(
      Number.isInteger(capacity) && capacity > 0,
      "ring buffer capacity is a positive integer",
    );
    this.capacity = capacity;
    this.#items = new Array<T | undefined>(capacity).fill(undefined);
  }

  get size(): number {
    return this.#size;
  }

  get isFull(): boolean {
    return this.#size === this.capacity;
  }

  /** False when full: nothing is stored. */
  push(item: T): boolean {
    if (this.#size === this.capacity) return false;
    this.#items[this.#index(this.#size)] = item;
    this.#size++;
    return true;
  }

  shift(): T | undefined {
    if (this.#size === 0) return undefined;
    const item = this.#items[this.#head];
    this.#items[this.#head] = undefined;
    this.#head = this.#head + 1 === this.capacity ? 0 : this.#head + 1;
    this.#size--;
    return item;
  }

  peek(): T | undefined {
    return this.#size === 0 ? undefined : this.#items[this.#head];
  }

  /** The i-th from the oldest. */
  at(i: number): T | undefined {
    return i < 0 || i >= this.#size ? undefined : this.#items[this.#index(i)];
  }

  /** Replaces the i-th from the oldest in place. */
  replace(i: number, item: T): void {
    assert(i >= 0 && i < this.#size, "replaced position is inside the ring");
    this.#items[this.#index(i)] = item;
  }

  clear(): void {
    this.#items.fill(undefined);
    this.#head = 0;
    this.#size = 0;
  }

  *[Symbol.iterator](): IterableIterator<T> {
    for (let i = 0; i < this.#size; i++) yield this.#items[this.#index(i)] as T;
  }

  #index(i: number): number {
    const at = this.#head + i;
    return at >= this.capacity ? at - this.capacity : at;
  }
}
