/** The latest closed bars of one interval, in one preallocated ring. */
import type { Bar } from "../domain/market-event.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";

/** open, high, low, close, volume, vwap: the order that models read. */
export const BAR_CHANNELS = 6;

export class BarSeries {
  readonly intervalMs: number;
  readonly capacity: number;
  /** Bars not appended: still open, of another interval, late or doubled. */
  ignored = 0;
  readonly #rows: Float64Array;
  readonly #opensUs: Float64Array;
  /** When each was whole: nobody may have seen it before. */
  readonly #closesUs: Float64Array;
  #next = 0;
  #length = 0;
  #lastOpenUs = Number.NEGATIVE_INFINITY;

  constructor(intervalMs: number, capacity: number) {
    assert(
      Number.isInteger(capacity) && capacity > 0,
      "bar series capacity is a positive integer",
    );
    this.intervalMs = intervalMs;
    this.capacity = capacity;
    this.#rows = new Float64Array(capacity * BAR_CHANNELS);
    this.#opensUs = new Float64Array(capacity);
    this.#closesUs = new Float64Array(capacity);
  }

  get length(): number {
    return this.#length;
  }

  /** Open time of the newest bar; -Infinity when there is none. */
  get lastOpenUs(): number {
    return this.#lastOpenUs;
  }

  /** Appends a closed bar newer than all before; anything else is counted and left out, so repeats are harmless. */
  push(bar: Bar): boolean {
    if (
      !bar.closed ||
      bar.intervalMs !== this.intervalMs ||
      bar.openUs <= this.#lastOpenUs
    ) {
      this.ignored++;
      return false;
    }
    const at = this.#next * BAR_CHANNELS;
    const rows = this.#rows;
    rows[at] = bar.open;
    rows[at + 1] = bar.high;
    rows[at + 2] = bar.low;
    rows[at + 3] = bar.close;
    rows[at + 4] = bar.volume;
    rows[at + 5] = bar.vwap;
    this.#opensUs[this.#next] = bar.openUs;
    this.#closesUs[this.#next] =
      bar.intervalMs > 0 ? bar.openUs + bar.intervalMs * 1000 : bar.eventUs;
    this.#lastOpenUs = bar.openUs;
    this.#next = this.#next + 1 === this.capacity ? 0 : this.#next + 1;
    if (this.#length < this.capacity) this.#length++;
    return true;
  }

  /** Channel value of a bar; `age` 0 is the newest. */
  at(age: number, channel: number): number {
    return this.#rows[this.#rowOf(age) * BAR_CHANNELS + channel]!;
  }

  openUsAt(age: number): number {
    return this.#opensUs[this.#rowOf(age)]!;
  }

  /**
   * Age of the newest bar that had closed by a time of the venue, and so could be seen then; undefined when the series holds none.
   * This is how bars of several intervals are lined up: at one time each shows its last closed bar, never the one that is growing.
   */
  ageAt(us: number): number | undefined {
    let younger = 0;
    let older = this.#length;
    while (younger < older) {
      const middle = (younger + older) >> 1;
      if (this.#closesUs[this.#rowOf(middle)]! <= us) older = middle;
      else younger = middle + 1;
    }
    return older < this.#length ? older : undefined;
  }

  #rowOf(age: number): number {
    assert(age >= 0 && age < this.#length, "the bar is in the series");
    const row = this.#next - 1 - age;
    return row < 0 ? row + this.capacity : row;
  }

  save(to: StateWriter): void {
    to.numbers([this.#next, this.#length, this.#lastOpenUs, this.ignored]);
    to.numbers(this.#rows);
    to.numbers(this.#opensUs);
    to.numbers(this.#closesUs);
  }

  /** What a series of the same capacity saved. */
  load(from: StateReader): void {
    this.#next = from.number();
    this.#length = from.number();
    this.#lastOpenUs = from.number();
    this.ignored = from.number();
    from.numbers(this.#rows);
    from.numbers(this.#opensUs);
    from.numbers(this.#closesUs);
  }

  clear(): void {
    this.#next = 0;
    this.#length = 0;
    this.#lastOpenUs = Number.NEGATIVE_INFINITY;
  }
}
