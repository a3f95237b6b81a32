/** The road of signals from the actor thread to the hub thread: shared memory with one writer and one reader. */
import { SIGNAL_CLASSES, type Signal } from "../domain/signal.ts";
import { assert } from "../std/assert.ts";

/** The part of a signal that the hub reads without decoding it, for the history on the page. */
export interface SignalGist {
  readonly emittedUs: number;
  /** NaN while the book is not LIVE. */
  readonly mid: number;
  readonly probability: number;
  /** Position in SIGNAL_CLASSES. */
  readonly classIndex: number;
}

export interface RingEntry extends SignalGist {
  readonly symbolIndex: number;
  /** A view into the ring: valid during the callback only. */
  readonly bytes: Uint8Array;
}

// Shared words before the records. Positions count units of 8 bytes and run on past 2^32.
const WRITTEN = 0;
const TAKEN = 1;
/** 1 from the moment the reader is called until it has found nothing more. */
const AWAKE = 2;
/** 1 while the writer waits for room. */
const WANTS_ROOM = 3;
const CONTROL_BYTES = 16;

const UNIT_BYTES = 8;
// Three doubles, then length, symbol index and class; whole units, so that typed views read it.
const HEAD_UNITS = 5;
const LENGTH_WORD = 6;
/** In place of a length: the next record begins at the start of the ring. */
const SKIP = 0xffffffff;

const unitsOf = (bytes: number): number => HEAD_UNITS + ((bytes + 7) >>> 3);

class SharedRing {
  readonly control: Int32Array;
  readonly units: number;
  readonly doubles: Float64Array;
  readonly words: Uint32Array;
  readonly bytes: Uint8Array;

  constructor(memory: SharedArrayBuffer) {
    const size = memory.byteLength - CONTROL_BYTES;
    assert(
      size >= 1024 && (size & (size - 1)) === 0,
      "a ring holds a power of two of bytes",
    );
    this.control = new Int32Array(memory, 0, CONTROL_BYTES / 4);
    this.units = size / UNIT_BYTES;
    this.doubles = new Float64Array(memory, CONTROL_BYTES);
    this.words = new Uint32Array(memory, CONTROL_BYTES);
    this.bytes = new Uint8Array(memory, CONTROL_BYTES);
  }

  at(word: number): number {
    return Atomics.load(this.control, word) >>> 0;
  }
}

/** Room for `bytes` of records, rounded up to a power of two. */
export const ringMemory = (bytes: number): SharedArrayBuffer =>
  new SharedArrayBuffer(CONTROL_BYTES + 2 ** Math.ceil(Math.log2(bytes)));

export class RingWriter {
  readonly #ring: SharedRing;
  #written: number;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new SharedRing(memory);
    this.#written = this.#ring.at(WRITTEN);
  }

  /** False when there is no room; the reader then says when there is. */
  add(symbolIndex: number, signal: Signal, encoded: Uint8Array): boolean {
    const units = unitsOf(encoded.byteLength);
    const unit = this.#makeRoom(units);
    if (unit === undefined) return false;
    const { bytes, doubles, words } = this.#ring;
    const { emittedUs, book, probability, class: name } = signal;
    doubles[unit] = emittedUs;
    doubles[unit + 1] =
      book.state === "LIVE" ? (book.bidPrice + book.askPrice) / 2 : NaN;
    doubles[unit + 2] = probability;
    const word = 2 * unit + LENGTH_WORD;
    words[word] = encoded.byteLength;
    words[word + 1] = symbolIndex;
    words[word + 2] = SIGNAL_CLASSES.indexOf(name);
    bytes.set(encoded, UNIT_BYTES * (unit + HEAD_UNITS));
    this.#advance(units);
    return true;
  }

  /** True when the reader sleeps and must be called; it takes what is added until it sleeps again. */
  mustCall(): boolean {
    return Atomics.exchange(this.#ring.control, AWAKE, 1) === 0;
  }

  /** Where a record of so many units may be written in one piece. */
  #makeRoom(units: number): number | undefined {
    const ring = this.#ring;
    const unit = this.#written & (ring.units - 1);
    const atEnd = ring.units - unit;
    const skipped = units > atEnd ? atEnd : 0;
    if (!this.#hasRoom(skipped + units)) return undefined;
    if (skipped === 0) return unit;
    // A record's length lies in its fourth unit; at the very end there may be no such, and the reader knows that.
    if (atEnd >= HEAD_UNITS) ring.words[2 * unit + LENGTH_WORD] = SKIP;
    this.#advance(skipped);
    return 0;
  }

  #hasRoom(units: number): boolean {
    if (this.#free() >= units) return true;
    Atomics.store(this.#ring.control, WANTS_ROOM, 1);
    // The reader may have made room just before it could see the wish.
    return this.#free() >= units;
  }

  #free(): number {
    return this.#ring.units - ((this.#written - this.#ring.at(TAKEN)) >>> 0);
  }

  #advance(units: number): void {
    this.#written = (this.#written + units) >>> 0;
    Atomics.store(this.#ring.control, WRITTEN, this.#written | 0);
  }
}

export class RingReader {
  readonly #ring: SharedRing;
  #taken: number;

  constructor(memory: SharedArrayBuffer) {
    this.#ring = new SharedRing(memory);
    this.#taken = this.#ring.at(TAKEN);
  }

  /** Calls `take` for each signal that is there now, in order; one that it refuses stays, and so do those behind it. */
  drain(take: (entry: RingEntry) => boolean): void {
    const written = this.#ring.at(WRITTEN);
    while (this.#taken !== written) {
      const unit = this.#taken & (this.#ring.units - 1);
      const length = this.#lengthAt(unit);
      if (length === SKIP) this.#advance(this.#ring.units - unit);
      else if (take(this.#entryAt(unit, length)))
        this.#advance(unitsOf(length));
      else return;
    }
  }

  /** False when more has come meanwhile: the reader stays awake, for it will not be called. */
  sleep(): boolean {
    const { control } = this.#ring;
    Atomics.store(control, AWAKE, 0);
    if (this.#ring.at(WRITTEN) === this.#taken) return true;
    return Atomics.exchange(control, AWAKE, 1) === 1;
  }

  /** True once after the writer found no room. */
  takeWish(): boolean {
    return Atomics.exchange(this.#ring.control, WANTS_ROOM, 0) === 1;
  }

  #lengthAt(unit: number): number {
    return this.#ring.units - unit < HEAD_UNITS
      ? SKIP
      : this.#ring.words[2 * unit + LENGTH_WORD]!;
  }

  #entryAt(unit: number, length: number): RingEntry {
    const { bytes, doubles, words } = this.#ring;
    const word = 2 * unit + LENGTH_WORD;
    const begin = UNIT_BYTES * (unit + HEAD_UNITS);
    return {
      emittedUs: doubles[unit]!,
      mid: doubles[unit + 1]!,
      probability: doubles[unit + 2]!,
      symbolIndex: words[word + 1]!,
      classIndex: words[word + 2]!,
      bytes: bytes.subarray(begin, begin + length),
    };
  }

  #advance(units: number): void {
    this.#taken = (this.#taken + units) >>> 0;
    Atomics.store(this.#ring.control, TAKEN, this.#taken | 0);
  }
}
