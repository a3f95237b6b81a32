/** State copied out as one array of numbers and back in, bit for bit: what is written first is read first. */
import { assert } from "./assert.ts";

export class StateWriter {
  readonly #numbers: number[] = [];

  number(value: number): void {
    this.#numbers.push(value);
  }

  flag(value: boolean): void {
    this.#numbers.push(value ? 1 : 0);
  }

  numbers(values: ArrayLike<number>): void {
    for (let i = 0; i < values.length; i++) this.#numbers.push(values[i]!);
  }

  /** Its length, then its code units. */
  text(value: string): void {
    this.#numbers.push(value.length);
    for (let i = 0; i < value.length; i++)
      this.#numbers.push(value.charCodeAt(i));
  }

  snapshot(): Float64Array {
    return Float64Array.from(this.#numbers);
  }
}

export class StateReader {
  readonly #snapshot: Float64Array;
  #at = 0;

  constructor(snapshot: Float64Array) {
    this.#snapshot = snapshot;
  }

  number(): number {
    assert(this.#at < this.#snapshot.length, "a snapshot holds all state");
    return this.#snapshot[this.#at++]!;
  }

  flag(): boolean {
    return this.number() === 1;
  }

  numbers(into: Float64Array): void {
    into.set(this.take(into.length));
  }

  text(): string {
    return String.fromCharCode(...this.take(this.number()));
  }

  /** Borrowed from the snapshot. */
  take(length: number): Float64Array {
    const from = this.#at;
    this.#at += length;
    assert(this.#at <= this.#snapshot.length, "a snapshot holds all state");
    return this.#snapshot.subarray(from, this.#at);
  }

  end(): void {
    assert(
      this.#at === this.#snapshot.length,
      "a snapshot is of the same state",
    );
  }
}
