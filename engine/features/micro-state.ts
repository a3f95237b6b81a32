/** All state of a feature set in one array of numbers: what is copied out and back in is bit for bit what was. */
import { assert } from "../std/assert.ts";

export class MicroState {
  readonly #all: Float64Array;
  #taken = 0;

  constructor(length: number) {
    this.#all = new Float64Array(length);
  }

  /** The next so many numbers, 0 at first, owned by whoever takes them. */
  take(length: number): Float64Array {
    const from = this.#taken;
    this.#taken += length;
    assert(this.#taken <= this.#all.length, "the state is as long as declared");
    return this.#all.subarray(from, this.#taken);
  }

  snapshot(): Float64Array {
    assert(this.#taken === this.#all.length, "all declared state is taken");
    return this.#all.slice();
  }

  restore(snapshot: Float64Array): void {
    assert(
      snapshot.length === this.#all.length,
      "a snapshot is of the same set",
    );
    this.#all.set(snapshot);
  }
}
