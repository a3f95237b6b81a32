/**
 * Signals into MessagePack, field by field: the engine's most frequent output by far. A generic packer looks at the type of
 * everything and encodes each key anew; here keys and the few texts that recur are bytes already. A third of the time.
 */
import type { BookView, Contribution, Signal } from "../domain/signal.ts";

/** Buffers are handed out in slices and never written again: whoever publishes one need not copy it. */
const SLAB_BYTES = 256 * 1024;
/** Room for numbers and keys of one source, one missing source, and everything else; texts are added to it. */
const SOURCE_BYTES_MAX = 256;
const MISSING_BYTES_MAX = 64;
const REST_BYTES_MAX = 1024;
/** UTF-16 units of a text become at most this many bytes each. */
const BYTES_PER_UNIT = 3;
const TEXT_HEAD_BYTES = 5;
const RECURRING_MAX = 4_096;
const RECURRING_UNITS_MAX = 64;

const utf8 = new TextEncoder();

const encodeText = (text: string): Uint8Array => {
  const body = utf8.encode(text);
  const n = body.length;
  const head =
    n < 32
      ? [0xa0 | n]
      : n < 0x100
        ? [0xd9, n]
        : n < 0x10000
          ? [0xda, n >> 8, n & 0xff]
          : [0xdb, n >>> 24, (n >> 16) & 0xff, (n >> 8) & 0xff, n & 0xff];
  const bytes = new Uint8Array(head.length + n);
  bytes.set(head);
  bytes.set(body, head.length);
  return bytes;
};

const encodeNumber = (value: number): Uint8Array => {
  const view = new DataView(new ArrayBuffer(9));
  if (isUint32(value)) {
    view.setUint8(0, 0xce);
    view.setUint32(1, value);
    return new Uint8Array(view.buffer, 0, 5);
  }
  view.setUint8(0, 0xcb);
  view.setFloat64(1, value);
  return new Uint8Array(view.buffer);
};

const isUint32 = (value: number): boolean => value >>> 0 === value;

const keys = <const K extends string>(
  ...names: readonly K[]
): Record<K, Uint8Array> =>
  Object.fromEntries(names.map((name) => [name, encodeText(name)])) as Record<
    K,
    Uint8Array
  >;

const KEY = keys(
  "v",
  "symbol",
  "epoch",
  "seq",
  "eventUs",
  "receivedUs",
  "emittedUs",
  "trigger",
  "live",
  "book",
  "state",
  "reason",
  "bidPrice",
  "bidSize",
  "askPrice",
  "askSize",
  "direction",
  "class",
  "probability",
  "confidence",
  "logOdds",
  "agreement",
  "horizonMs",
  "sources",
  "model",
  "version",
  "family",
  "weight",
  "freshness",
  "ageMs",
  "contribution",
  "missing",
  "sentiment",
  "label",
  "score",
  "headlineId",
  "stampsNs",
);

const SIGNAL_FIELDS = 20;
const BOOK_FIELDS = 7;
const SOURCE_FIELDS = 10;
const MISSING_FIELDS = 2;
const SENTIMENT_FIELDS = 5;

/** A source with everything that stays the same from signal to signal, and where its six doubles go. */
interface SourceTemplate {
  readonly version: string;
  readonly family: string;
  readonly horizonMs: number;
  readonly bytes: Uint8Array;
  readonly doubles: readonly number[];
}

const TEMPLATES_MAX = 256;
const DOUBLE = 0xcb;

const makeTemplate = (source: Contribution): SourceTemplate => {
  const { model, version, family, horizonMs } = source;
  const parts: number[] = [0x80 | SOURCE_FIELDS];
  const doubles: number[] = [];
  const textAt = (key: Uint8Array, text: string): void => {
    parts.push(...key, ...encodeText(text));
  };
  const doubleAt = (key: Uint8Array): void => {
    parts.push(...key, DOUBLE);
    doubles.push(parts.length);
    for (let i = 0; i < 8; i++) parts.push(0);
  };
  textAt(KEY.model, model);
  textAt(KEY.version, version);
  textAt(KEY.family, family);
  doubleAt(KEY.probability);
  doubleAt(KEY.confidence);
  parts.push(...KEY.horizonMs, ...encodeNumber(horizonMs));
  doubleAt(KEY.weight);
  doubleAt(KEY.freshness);
  doubleAt(KEY.ageMs);
  doubleAt(KEY.contribution);
  return { version, family, horizonMs, bytes: Uint8Array.from(parts), doubles };
};

export class SignalWriter {
  #bytes = new Uint8Array(SLAB_BYTES);
  #view = new DataView(this.#bytes.buffer);
  #at = 0;
  /** Symbols, models, states: at most RECURRING_MAX, then it begins anew. */
  readonly #recurring = new Map<string, Uint8Array>();
  /** By model. */
  readonly #templates = new Map<string, SourceTemplate>();

  write(signal: Signal): Uint8Array {
    this.#reserve(signal);
    const from = this.#at;
    this.#signal(signal);
    return this.#bytes.subarray(from, this.#at);
  }

  #signal(signal: Signal): void {
    const { sentiment } = signal;
    this.#map(SIGNAL_FIELDS + (sentiment === undefined ? 0 : 1));
    this.#numberAt(KEY.v, signal.v);
    this.#textAt(KEY.symbol, signal.symbol);
    this.#textAt(KEY.epoch, signal.epoch);
    this.#numberAt(KEY.seq, signal.seq);
    this.#numberAt(KEY.eventUs, signal.eventUs);
    this.#numberAt(KEY.receivedUs, signal.receivedUs);
    this.#numberAt(KEY.emittedUs, signal.emittedUs);
    this.#textAt(KEY.trigger, signal.trigger);
    this.#raw(KEY.live);
    this.#bytes[this.#at++] = signal.live ? 0xc3 : 0xc2;
    this.#raw(KEY.book);
    this.#book(signal.book);
    this.#textAt(KEY.direction, signal.direction);
    this.#textAt(KEY.class, signal.class);
    this.#numberAt(KEY.probability, signal.probability);
    this.#numberAt(KEY.confidence, signal.confidence);
    this.#numberAt(KEY.logOdds, signal.logOdds);
    this.#numberAt(KEY.agreement, signal.agreement);
    this.#numberAt(KEY.horizonMs, signal.horizonMs);
    this.#raw(KEY.sources);
    this.#array(signal.sources.length);
    for (const source of signal.sources) this.#source(source);
    this.#raw(KEY.missing);
    this.#array(signal.missing.length);
    for (const { model, reason } of signal.missing) {
      this.#map(MISSING_FIELDS);
      this.#textAt(KEY.model, model);
      this.#textAt(KEY.reason, reason);
    }
    if (sentiment !== undefined) {
      this.#raw(KEY.sentiment);
      this.#map(SENTIMENT_FIELDS);
      this.#textAt(KEY.label, sentiment.label);
      this.#numberAt(KEY.score, sentiment.score);
      this.#numberAt(KEY.confidence, sentiment.confidence);
      this.#textAt(KEY.headlineId, sentiment.headlineId);
      this.#numberAt(KEY.ageMs, sentiment.ageMs);
    }
    this.#raw(KEY.stampsNs);
    this.#array(signal.stampsNs.length);
    for (const stampNs of signal.stampsNs) this.#number(stampNs);
  }

  #book(book: BookView): void {
    this.#map(BOOK_FIELDS);
    this.#textAt(KEY.state, book.state);
    this.#textAt(KEY.reason, book.reason);
    this.#numberAt(KEY.seq, book.seq);
    this.#numberAt(KEY.bidPrice, book.bidPrice);
    this.#numberAt(KEY.bidSize, book.bidSize);
    this.#numberAt(KEY.askPrice, book.askPrice);
    this.#numberAt(KEY.askSize, book.askSize);
  }

  #source(source: Contribution): void {
    const { bytes, doubles } = this.#templateOf(source);
    const at = this.#at;
    this.#bytes.set(bytes, at);
    const view = this.#view;
    view.setFloat64(at + doubles[0]!, source.probability);
    view.setFloat64(at + doubles[1]!, source.confidence);
    view.setFloat64(at + doubles[2]!, source.weight);
    view.setFloat64(at + doubles[3]!, source.freshness);
    view.setFloat64(at + doubles[4]!, source.ageMs);
    view.setFloat64(at + doubles[5]!, source.contribution);
    this.#at = at + bytes.length;
  }

  #templateOf(source: Contribution): SourceTemplate {
    const known = this.#templates.get(source.model);
    if (
      known !== undefined &&
      known.version === source.version &&
      known.family === source.family &&
      known.horizonMs === source.horizonMs
    )
      return known;
    if (this.#templates.size >= TEMPLATES_MAX) this.#templates.clear();
    const template = makeTemplate(source);
    this.#templates.set(source.model, template);
    return template;
  }

  /** Room for the whole signal, so that nothing below looks at the end of the slab. */
  #reserve(signal: Signal): void {
    let units = signal.symbol.length + signal.epoch.length;
    let texts = 2;
    for (const { model, version } of signal.sources) {
      units += model.length + version.length;
      texts += 2;
    }
    for (const { model } of signal.missing) {
      units += model.length;
      texts++;
    }
    if (signal.sentiment !== undefined) {
      units += signal.sentiment.headlineId.length;
      texts++;
    }
    const bytesMax =
      REST_BYTES_MAX +
      signal.sources.length * SOURCE_BYTES_MAX +
      signal.missing.length * MISSING_BYTES_MAX +
      signal.stampsNs.length * 9 +
      units * BYTES_PER_UNIT +
      texts * TEXT_HEAD_BYTES;
    if (this.#at + bytesMax <= this.#bytes.length) return;
    this.#bytes = new Uint8Array(Math.max(SLAB_BYTES, bytesMax));
    this.#view = new DataView(this.#bytes.buffer);
    this.#at = 0;
  }

  #map(fields: number): void {
    if (fields < 16) {
      this.#bytes[this.#at++] = 0x80 | fields;
      return;
    }
    this.#bytes[this.#at++] = 0xde;
    this.#view.setUint16(this.#at, fields);
    this.#at += 2;
  }

  #array(length: number): void {
    if (length < 16) {
      this.#bytes[this.#at++] = 0x90 | length;
      return;
    }
    this.#bytes[this.#at++] = 0xdc;
    this.#view.setUint16(this.#at, length);
    this.#at += 2;
  }

  #textAt(key: Uint8Array, text: string): void {
    this.#raw(key);
    this.#raw(this.#text(text));
  }

  #numberAt(key: Uint8Array, value: number): void {
    this.#raw(key);
    this.#number(value);
  }

  #number(value: number): void {
    if (isUint32(value)) {
      const bytes = this.#bytes;
      if (value < 0x80) {
        bytes[this.#at++] = value;
        return;
      }
      if (value < 0x100) {
        bytes[this.#at++] = 0xcc;
        bytes[this.#at++] = value;
        return;
      }
      if (value < 0x10000) {
        bytes[this.#at++] = 0xcd;
        this.#view.setUint16(this.#at, value);
        this.#at += 2;
        return;
      }
      bytes[this.#at++] = 0xce;
      this.#view.setUint32(this.#at, value);
      this.#at += 4;
      return;
    }
    this.#bytes[this.#at++] = 0xcb;
    this.#view.setFloat64(this.#at, value);
    this.#at += 8;
  }

  #text(text: string): Uint8Array {
    const known = this.#recurring.get(text);
    if (known !== undefined) return known;
    const encoded = encodeText(text);
    if (text.length > RECURRING_UNITS_MAX) return encoded;
    if (this.#recurring.size >= RECURRING_MAX) this.#recurring.clear();
    this.#recurring.set(text, encoded);
    return encoded;
  }

  /** A loop: most are shorter than what a call to `set` costs. */
  #raw(from: Uint8Array): void {
    const bytes = this.#bytes;
    let at = this.#at;
    for (let i = 0; i < from.length; i++) bytes[at++] = from[i]!;
    this.#at = at;
  }
}
