/** The last rows of a sequence in a ring, and their copy as a model takes them. */
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";

export class FeatureWindow {
  readonly #length: number;
  readonly #width: number;
  /** In double precision: it is the copy that rounds. */
  readonly #rows: Float64Array;
  #next = 0;
  #count = 0;

  constructor(length: number, width: number) {
    this.#length = length;
    this.#width = width;
    this.#rows = new Float64Array(length * width);
  }

  get isFull(): boolean {
    return this.#count === this.#length;
  }

  push(row: ArrayLike<number>): void {
    const width = this.#width;
    assert(row.length === width, "a row has a value for each channel");
    for (let i = 0; i < width; i++)
      this.#rows[this.#next * width + i] = row[i]!;
    this.#next = this.#next + 1 === this.#length ? 0 : this.#next + 1;
    if (this.#count < this.#length) this.#count++;
  }

  /** Oldest row first; false, and nothing copied, while there are fewer than the window holds. */
  copy(into: Float32Array): boolean {
    assert(into.length >= this.#rows.length, "the target holds the window");
    if (!this.isFull) return false;
    const oldest = this.#next * this.#width;
    into.set(this.#rows.subarray(oldest));
    into.set(this.#rows.subarray(0, oldest), this.#rows.length - oldest);
    return true;
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
  }

  save(to: StateWriter): void {
    to.numbers([this.#next, this.#count]);
    to.numbers(this.#rows);
  }

  /** What a window of the same shape saved. */
  load(from: StateReader): void {
    this.#next = from.number();
    this.#count = from.number();
    from.numbers(this.#rows);
  }
}
