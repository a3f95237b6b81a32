/** Many signals in one transferable buffer: one message between the threads per turn, not one per signal. */
import { SIGNAL_CLASSES, type Signal } from "../domain/signal.ts";

/** The part of a signal that the hub reads without decoding it, for the history on the page. */
export interface SignalGist {
  readonly emittedUs: number;
  /** NaN while the book is not LIVE. */
  readonly mid: number;
  readonly probability: number;
  /** Position in SIGNAL_CLASSES. */
  readonly classIndex: number;
}

export interface BatchEntry extends SignalGist {
  readonly symbolIndex: number;
  /** A view into the batch: valid as long as the batch is. */
  readonly bytes: Uint8Array;
}

// Three doubles, then length, symbol index and class; 8-aligned so that typed views read it.
const HEAD_BYTES = 40;
const align8 = (n: number): number => (n + 7) & ~7;

export class BatchWriter {
  #indexes: number[] = [];
  #signals: Signal[] = [];
  #encoded: Uint8Array[] = [];
  #bytes = 0;

  get count(): number {
    return this.#indexes.length;
  }

  add(symbolIndex: number, signal: Signal, encoded: Uint8Array): void {
    this.#indexes.push(symbolIndex);
    this.#signals.push(signal);
    this.#encoded.push(encoded);
    this.#bytes += HEAD_BYTES + align8(encoded.byteLength);
  }

  /** The batch so far in a buffer of its own; the writer starts anew. */
  take(): ArrayBuffer {
    const buffer = new ArrayBuffer(this.#bytes);
    const bytes = new Uint8Array(buffer);
    const doubles = new Float64Array(buffer);
    const words = new Uint32Array(buffer);
    let at = 0;
    for (let i = 0; i < this.#indexes.length; i++) {
      const { emittedUs, book, probability, class: name } = this.#signals[i]!;
      const encoded = this.#encoded[i]!;
      doubles[at >> 3] = emittedUs;
      doubles[(at >> 3) + 1] =
        book.state === "LIVE" ? (book.bidPrice + book.askPrice) / 2 : NaN;
      doubles[(at >> 3) + 2] = probability;
      words[(at >> 2) + 6] = encoded.byteLength;
      words[(at >> 2) + 7] = this.#indexes[i]!;
      words[(at >> 2) + 8] = SIGNAL_CLASSES.indexOf(name);
      bytes.set(encoded, at + HEAD_BYTES);
      at += HEAD_BYTES + align8(encoded.byteLength);
    }
    this.#indexes = [];
    this.#signals = [];
    this.#encoded = [];
    this.#bytes = 0;
    return buffer;
  }
}

/** Calls `onEntry` for each signal in order; returns how many there were. */
export const readBatch = (
  buffer: ArrayBuffer,
  onEntry: (entry: BatchEntry) => void,
): number => {
  const doubles = new Float64Array(buffer);
  const words = new Uint32Array(buffer);
  let at = 0;
  let count = 0;
  while (at < buffer.byteLength) {
    const length = words[(at >> 2) + 6]!;
    onEntry({
      emittedUs: doubles[at >> 3]!,
      mid: doubles[(at >> 3) + 1]!,
      probability: doubles[(at >> 3) + 2]!,
      symbolIndex: words[(at >> 2) + 7]!,
      classIndex: words[(at >> 2) + 8]!,
      bytes: new Uint8Array(buffer, at + HEAD_BYTES, length),
    });
    at += HEAD_BYTES + align8(length);
    count++;
  }
  return count;
};
