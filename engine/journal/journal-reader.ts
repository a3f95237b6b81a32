/** Reads a journal back: steps for whoever drives the replay, readings for the ports; the first that does not fit is a divergence. */
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { ENTRY, READING, stepName } from "./journal-format.ts";

export class JournalReader {
  #bytes: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(this.#bytes.buffer);
  #at = 0;
  #lastNs = monoNanos(0);
  #lastUs = unixMicros(0);
  #steps = 0;
  #step = "";
  #readings = 0;
  #divergence: CodedError | undefined;
  readonly #text = new TextDecoder();

  /** The next chunk, borrowed until it is read to its end. */
  load(chunk: Uint8Array): void {
    this.#bytes = chunk;
    this.#view = new DataView(chunk.buffer, chunk.byteOffset, chunk.byteLength);
    this.#at = 0;
  }

  get isAtEnd(): boolean {
    return this.#at >= this.#bytes.length;
  }

  get steps(): number {
    return this.#steps;
  }

  /** Set once, by the first mismatch: a throw inside an actor would only look like a crash of it. */
  get divergence(): CodedError | undefined {
    return this.#divergence;
  }

  /** The code of the next step; throws where the recording read more in the last one than the replay. */
  step(): number {
    const entry = this.#varint();
    if (entry % 4 !== ENTRY.step)
      throw this.diverged(`the recording goes on with ${kindName(entry)}`);
    const code = Math.floor(entry / 4);
    this.#steps++;
    this.#step = stepName(code);
    this.#readings = 0;
    return code;
  }

  number(): number {
    return this.#varint();
  }

  signed(): number {
    const value = this.#varint();
    return value % 2 === 0 ? value / 2 : -(value + 1) / 2;
  }

  double(): number {
    if (this.#at + 8 > this.#bytes.length)
      throw this.diverged("the journal's chunk is cut short");
    const value = this.#view.getFloat64(this.#at, true);
    this.#at += 8;
    return value;
  }

  /** Copied: the caller's to keep. */
  bytes(): Uint8Array {
    const length = this.#varint();
    const begin = this.#at;
    if (begin + length > this.#bytes.length)
      throw this.diverged("the journal's chunk is cut short");
    this.#at += length;
    return this.#bytes.slice(begin, this.#at);
  }

  text(): string {
    return this.#text.decode(this.bytes());
  }

  json(): unknown {
    return JSON.parse(this.text());
  }

  nowNs(): MonoNanos {
    const entry = this.#reading();
    if (entry === undefined) return this.#lastNs;
    if (entry % 4 === ENTRY.ns)
      this.#lastNs = monoNanos(this.#lastNs + Math.floor(entry / 4));
    else if (entry === READING.exactNs * 4 + ENTRY.reading)
      this.#lastNs = monoNanos(this.double());
    else this.diverged(`${kindName(entry)} was read, not the monotonic clock`);
    return this.#lastNs;
  }

  nowUs(): UnixMicros {
    const entry = this.#reading();
    if (entry === undefined) return this.#lastUs;
    if (entry % 4 === ENTRY.us) {
      const value = Math.floor(entry / 4);
      this.#lastUs = unixMicros(
        this.#lastUs + (value % 2 === 0 ? value / 2 : -(value + 1) / 2),
      );
    } else if (entry === READING.exactUs * 4 + ENTRY.reading)
      this.#lastUs = unixMicros(this.double());
    else this.diverged(`${kindName(entry)} was read, not the wall clock`);
    return this.#lastUs;
  }

  /** What an inline model said: a probability, or the text of its failure. */
  probability(): number | string {
    const entry = this.#reading();
    if (entry === undefined) return 0.5;
    if (entry === READING.probability * 4 + ENTRY.reading) return this.double();
    if (entry === READING.failure * 4 + ENTRY.reading) return this.text();
    this.diverged(`${kindName(entry)} was read, not an inline model`);
    return 0.5;
  }

  /** Notes where replay and recording part, the first time. */
  diverged(what: string): CodedError {
    this.#divergence ??= new CodedError("E_TAPE_DIVERGED", {
      detail: `step ${this.#steps} (${this.#step}), reading ${this.#readings}: ${what}`,
    });
    return this.#divergence;
  }

  /** The next entry, of whatever kind; undefined when replay and recording have parted. */
  #reading(): number | undefined {
    if (this.#divergence !== undefined) return undefined;
    this.#readings++;
    if (!this.isAtEnd) return this.#varint();
    this.diverged("the recording had read no more");
    return undefined;
  }

  #varint(): number {
    let value = 0;
    let scale = 1;
    for (;;) {
      const byte = this.#bytes[this.#at++];
      if (byte === undefined || scale > 2 ** 56)
        throw this.diverged("the journal's chunk is cut short");
      value += (byte & 0x7f) * scale;
      if (byte < 0x80) return value;
      scale *= 128;
    }
  }
}

const kindName = (entry: number): string => {
  switch (entry % 4) {
    case ENTRY.ns:
      return "the monotonic clock";
    case ENTRY.us:
      return "the wall clock";
    case ENTRY.step:
      return `the next step (${stepName(Math.floor(entry / 4))})`;
    default:
      return READING_NAMES[Math.floor(entry / 4)] ?? "something unknown";
  }
};

/** In the order of READING. */
const READING_NAMES = [
  "the monotonic clock",
  "the wall clock",
  "an inline model",
  "an inline model",
];
