/** Writes a journal's entries into one buffer, which is handed out a chunk at a time; only whole steps lie in a chunk. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { ENTRY, MARK, READING, type StepCode } from "./journal-format.ts";

const BYTES_MIN = 64 * 1024;
/** Of any entry without its bytes: two varints and a double. */
const ENTRY_BYTES_MAX = 32;
/** A difference that is written as one: times four it is still exact. */
const DIFFERENCE_MAX = 2 ** 50;

export class JournalWriter {
  #bytes = new Uint8Array(BYTES_MIN);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  #lastNs = 0;
  #lastUs = 0;
  readonly #text = new TextEncoder();

  /** Bytes of the chunk so far. */
  get size(): number {
    return this.#at;
  }

  /** Hands the chunk so far out, in parts of at most `bytesMax`, each with the byte before it that says what it is. */
  take(bytesMax: number, put: (mark: Uint8Array) => boolean): boolean {
    const end = this.#at;
    this.#at = 0;
    let from = 0;
    do {
      const to = Math.min(end, from + bytesMax - 1);
      const mark = new Uint8Array(1 + to - from);
      mark[0] = to === end ? MARK.journal : MARK.part;
      mark.set(this.#bytes.subarray(from, to), 1);
      if (!put(mark)) return false;
      from = to;
    } while (from < end);
    return true;
  }

  nowNs(ns: MonoNanos): void {
    const difference = ns - this.#lastNs;
    this.#room(0);
    if (
      difference >= 0 &&
      isDifference(difference) &&
      this.#lastNs + difference === ns
    )
      this.#varint(difference * 4 + ENTRY.ns);
    else this.#exact(READING.exactNs, ns);
    this.#lastNs = ns;
  }

  nowUs(us: UnixMicros): void {
    const difference = us - this.#lastUs;
    this.#room(0);
    if (isDifference(difference) && this.#lastUs + difference === us)
      this.#varint(zigzag(difference) * 4 + ENTRY.us);
    else this.#exact(READING.exactUs, us);
    this.#lastUs = us;
  }

  probability(value: number): void {
    this.#room(0);
    this.#exact(READING.probability, value);
  }

  failure(text: string): void {
    this.#room(0);
    this.#varint(READING.failure * 4 + ENTRY.reading);
    this.text(text);
  }

  step(code: StepCode): void {
    this.#room(0);
    this.#varint(code * 4 + ENTRY.step);
  }

  /** After a step that says whose turn it was. */
  number(value: number): void {
    this.#room(0);
    this.#varint(value);
  }

  /** After a step; only what isDifference. */
  signed(value: number): void {
    this.#room(0);
    this.#varint(zigzag(value));
  }

  double(value: number): void {
    this.#room(0);
    this.#double(value);
  }

  bytes(value: Uint8Array): void {
    this.#block(value);
  }

  text(value: string): void {
    this.#block(this.#text.encode(value));
  }

  json(value: unknown): void {
    this.text(JSON.stringify(value));
  }

  #exact(reading: number, value: number): void {
    this.#varint(reading * 4 + ENTRY.reading);
    this.#double(value);
  }

  #block(value: Uint8Array): void {
    this.#room(value.length);
    this.#varint(value.length);
    this.#bytes.set(value, this.#at);
    this.#at += value.length;
  }

  #double(value: number): void {
    this.#view.setFloat64(this.#at, value, true);
    this.#at += 8;
  }

  #varint(value: number): void {
    let left = value;
    while (left >= 0x8000_0000) {
      this.#bytes[this.#at++] = (left % 128) | 0x80;
      left = Math.floor(left / 128);
    }
    while (left >= 0x80) {
      this.#bytes[this.#at++] = (left & 0x7f) | 0x80;
      left >>>= 7;
    }
    this.#bytes[this.#at++] = left;
  }

  /** Grows by doubling: a chunk ends with a step, and what one step reads is bounded by the run's budget of messages. */
  #room(bytes: number): void {
    const needed = this.#at + bytes + ENTRY_BYTES_MAX;
    if (needed <= this.#bytes.length) return;
    const wide = new Uint8Array(Math.max(needed, 2 * this.#bytes.length));
    wide.set(this.#bytes.subarray(0, this.#at));
    this.#bytes = wide;
    this.#view = new DataView(wide.buffer);
  }
}

/** A whole number that is exact on the way there and back. */
export const isDifference = (value: number): boolean =>
  Number.isInteger(value) && Math.abs(value) <= DIFFERENCE_MAX / 2;

const zigzag = (value: number): number =>
  value < 0 ? -2 * value - 1 : 2 * value;
