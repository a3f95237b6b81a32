/** The last rows of a symbol as a sequence model takes them: PatchTST's bars, TFT's bars and indicators, or any chosen features. */
import { assert } from "../std/assert.ts";
import { StateReader } from "../std/state-snapshot.ts";

export interface WindowSpec {
  readonly name: string;
  /** Of each row, in order. */
  readonly channels: readonly string[];
  readonly length: number;
  /** What stands where the window is not full: the first row there is, or nothing at all. */
  readonly shorter: "firstRow" | "none";
}

export const PATCHTST_WINDOW: WindowSpec = {
  name: "patchtst-512",
  channels: ["open", "high", "low", "close", "volume", "vwap"],
  length: 512,
  shorter: "firstRow",
};

export const TFT_WINDOW: WindowSpec = {
  name: "tft-60",
  channels: [
    "open",
    "high",
    "low",
    "close",
    "volume",
    "sentiment_score",
    "rsi_14",
    "macd",
  ],
  length: 60,
  shorter: "none",
};

export class FeatureWindow {
  readonly spec: WindowSpec;
  /** Rows in a ring, in double precision: it is the copy that rounds. */
  readonly #rows: Float64Array;
  #next = 0;
  #count = 0;

  constructor(spec: WindowSpec) {
    this.spec = spec;
    this.#rows = new Float64Array(spec.length * spec.channels.length);
  }

  /** Rows that are there, at most the window's length. */
  get count(): number {
    return this.#count;
  }

  /** The channels' values of the next bar. */
  push(row: ArrayLike<number>): void {
    const { length, channels } = this.spec;
    const width = channels.length;
    assert(row.length === width, "a row has a value for each channel");
    for (let i = 0; i < width; i++)
      this.#rows[this.#next * width + i] = row[i]!;
    this.#next = this.#next + 1 === length ? 0 : this.#next + 1;
    if (this.#count < length) this.#count++;
  }

  /** Oldest row first; false, and nothing copied, where the window may not be short or there is no row at all. */
  copy(into: Float32Array): boolean {
    const { length, channels, shorter } = this.spec;
    const width = channels.length;
    assert(into.length >= length * width, "the target holds the whole window");
    const missing = length - this.#count;
    if (this.#count === 0 || (missing > 0 && shorter === "none")) return false;
    let to = 0;
    for (let i = 0; i < length; i++) {
      const row = this.#rowAt(Math.max(0, i - missing));
      for (let j = 0; j < width; j++) into[to++] = this.#rows[row * width + j]!;
    }
    return true;
  }

  snapshot(): Float64Array {
    return Float64Array.of(this.#next, this.#count, ...this.#rows);
  }

  /** From a snapshot of a window of the same spec. */
  restore(snapshot: Float64Array): void {
    const from = new StateReader(snapshot);
    this.#next = from.number();
    this.#count = from.number();
    from.numbers(this.#rows);
    from.end();
  }

  clear(): void {
    this.#next = 0;
    this.#count = 0;
  }

  /** Place in the ring of the i-th oldest row. */
  #rowAt(i: number): number {
    return (this.#next - this.#count + i + this.spec.length) % this.spec.length;
  }
}
