/**
 * The plain subset of MessagePack that the wire allows, read under limits: nil, booleans, numbers, strings, arrays and maps
 * with string keys. Extensions (and with them records, dates, typed arrays), binary, duplicate keys and trailing bytes are refused.
 */
import { CodedError } from "../std/errors.ts";
import { utf8Text } from "./utf8.ts";

export interface ReadLimits {
  readonly depthMax: number;
  readonly itemsMax: number;
  readonly keysMax: number;
  readonly stringBytesMax: number;
}

/** Strings up to this length are looked up before they are built: keys, types, sides and symbols come again and again. */
const INTERNED_BYTES_MAX = 32;
const INTERNED_SLOTS = 1024;
const UINT32_SPAN = 4_294_967_296;

export class MsgpackReader {
  readonly #limits: ReadLimits;
  readonly #interned = new Array<string | undefined>(INTERNED_SLOTS).fill(
    undefined,
  );
  #data: Uint8Array = new Uint8Array(0);
  #view: DataView = new DataView(new ArrayBuffer(0));
  #at = 0;
  #end = 0;

  constructor(limits: ReadLimits) {
    this.#limits = limits;
  }

  /** Exactly one value, to the last byte; throws E_INPUT_DECODE or E_INPUT_LIMIT. */
  read(data: Uint8Array): unknown {
    this.#data = data;
    this.#view = new DataView(data.buffer, data.byteOffset, data.byteLength);
    this.#at = 0;
    this.#end = data.byteLength;
    const value = this.#value(0);
    if (this.#at !== this.#end) throw malformed("trailing bytes");
    return value;
  }

  #value(depth: number): unknown {
    if (this.#at >= this.#end) throw malformed("truncated");
    const head = this.#data[this.#at]!;
    // Doubles first: a book is made of them.
    if (head === 0xcb) {
      const at = this.#at + 1;
      this.#take(9);
      return this.#view.getFloat64(at);
    }
    if (head < 0x80) {
      this.#at++;
      return head;
    }
    if (head >= 0xe0) {
      this.#at++;
      return head - 0x100;
    }
    if (head < 0x90) {
      this.#at++;
      return this.#map(head & 0x0f, depth);
    }
    if (head < 0xa0) {
      this.#at++;
      return this.#array(head & 0x0f, depth);
    }
    if (head < 0xc0) {
      this.#at++;
      return this.#string(head & 0x1f);
    }
    const at = this.#at + 1;
    switch (head) {
      case 0xc0:
        this.#at++;
        return null;
      case 0xc2:
        this.#at++;
        return false;
      case 0xc3:
        this.#at++;
        return true;
      case 0xca:
        this.#take(5);
        return this.#view.getFloat32(at);
      case 0xcc:
        this.#take(2);
        return this.#view.getUint8(at);
      case 0xcd:
        this.#take(3);
        return this.#view.getUint16(at);
      case 0xce:
        this.#take(5);
        return this.#view.getUint32(at);
      // 64 bits become the nearest double; the schemas refuse what is not a safe integer.
      case 0xcf:
        this.#take(9);
        return (
          this.#view.getUint32(at) * UINT32_SPAN + this.#view.getUint32(at + 4)
        );
      case 0xd0:
        this.#take(2);
        return this.#view.getInt8(at);
      case 0xd1:
        this.#take(3);
        return this.#view.getInt16(at);
      case 0xd2:
        this.#take(5);
        return this.#view.getInt32(at);
      case 0xd3:
        this.#take(9);
        return (
          this.#view.getInt32(at) * UINT32_SPAN + this.#view.getUint32(at + 4)
        );
      case 0xd9:
        this.#take(2);
        return this.#string(this.#view.getUint8(at));
      case 0xda:
        this.#take(3);
        return this.#string(this.#view.getUint16(at));
      case 0xdb:
        this.#take(5);
        return this.#string(this.#view.getUint32(at));
      case 0xdc:
        this.#take(3);
        return this.#array(this.#view.getUint16(at), depth);
      case 0xdd:
        this.#take(5);
        return this.#array(this.#view.getUint32(at), depth);
      case 0xde:
        this.#take(3);
        return this.#map(this.#view.getUint16(at), depth);
      case 0xdf:
        this.#take(5);
        return this.#map(this.#view.getUint32(at), depth);
      default:
        throw malformed("an extension, binary or reserved byte");
    }
  }

  #array(length: number, depth: number): unknown[] {
    if (length > this.#limits.itemsMax || depth >= this.#limits.depthMax)
      throw new CodedError("E_INPUT_LIMIT");
    // An item has at least one byte: a claimed length beyond that is a bomb.
    if (length > this.#end - this.#at) throw malformed("truncated");
    const items = new Array<unknown>(length);
    for (let i = 0; i < length; i++) items[i] = this.#value(depth + 1);
    return items;
  }

  #map(size: number, depth: number): Record<string, unknown> {
    if (size > this.#limits.keysMax || depth >= this.#limits.depthMax)
      throw new CodedError("E_INPUT_LIMIT");
    const map: Record<string, unknown> = {};
    for (let i = 0; i < size; i++) {
      const key = this.#key();
      // Refuses a key that was there before, and every name that an object inherits.
      if (map[key] !== undefined) throw malformed("a duplicate or bad key");
      map[key] = this.#value(depth + 1);
    }
    return map;
  }

  #key(): string {
    if (this.#at >= this.#end) throw malformed("truncated");
    const head = this.#data[this.#at]!;
    if (head >= 0xa0 && head < 0xc0) {
      this.#at++;
      return this.#string(head & 0x1f);
    }
    if (head === 0xd9) {
      const at = this.#at + 1;
      this.#take(2);
      return this.#string(this.#view.getUint8(at));
    }
    throw malformed("a key that is not a short string");
  }

  #string(length: number): string {
    if (length > this.#limits.stringBytesMax)
      throw new CodedError("E_INPUT_LIMIT");
    const from = this.#at;
    this.#take(length);
    if (length > INTERNED_BYTES_MAX) return this.#text(from, length);
    const data = this.#data;
    let hash = length;
    for (let i = 0; i < length; i++)
      hash = (Math.imul(hash, 31) + data[from + i]!) | 0;
    const slot = (hash ^ (hash >>> 10)) & (INTERNED_SLOTS - 1);
    const known = this.#interned[slot];
    if (known?.length === length) {
      let i = 0;
      while (i < length && known.charCodeAt(i) === data[from + i]) i++;
      if (i === length) return known;
    }
    const text = this.#text(from, length);
    // As many characters as bytes: ASCII, so the comparison above is exact.
    if (text.length === length) this.#interned[slot] = text;
    return text;
  }

  #text(from: number, length: number): string {
    return utf8Text(this.#data.subarray(from, from + length));
  }

  #take(bytes: number): void {
    if (bytes > this.#end - this.#at) throw malformed("truncated");
    this.#at += bytes;
  }
}

const malformed = (detail: string): CodedError =>
  new CodedError("E_INPUT_DECODE", { detail });
