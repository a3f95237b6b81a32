/** Walks the fields of one protobuf message inside a byte array, without copying it. */
import { CodedError } from "../engine/std/errors.ts";

export const WIRE_VARINT = 0;
export const WIRE_FIXED64 = 1;
export const WIRE_BYTES = 2;
export const WIRE_FIXED32 = 5;

const UTF8 = new TextDecoder("utf-8");

const malformed = (detail: string): CodedError =>
  new CodedError("E_MODEL_CONTRACT", { detail: `protobuf: ${detail}` });

export class ProtobufReader {
  readonly #bytes: Uint8Array;
  readonly #view: DataView;
  #at: number;
  readonly #end: number;
  /** Of the field that `next` has just found. */
  field = 0;
  wire = 0;

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes;
    this.#view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
    this.#at = 0;
    this.#end = bytes.byteLength;
  }

  /** Moves to the next field; false at the end. Read or skip its value before the next call. */
  next(): boolean {
    if (this.#at >= this.#end) return false;
    const tag = this.varint();
    this.field = Math.floor(tag / 8);
    this.wire = tag % 8;
    if (this.field === 0) throw malformed("field number 0");
    return true;
  }

  /** Exact up to 2^53; a negative int64 comes out as its two's complement reading, exact for small magnitudes. */
  varint(): number {
    let low = 0;
    let high = 0;
    for (let shift = 0; shift < 70; shift += 7) {
      if (this.#at >= this.#end) throw malformed("truncated varint");
      const byte = this.#bytes[this.#at++]!;
      const part = byte & 0x7f;
      if (shift < 28) low += part * 2 ** shift;
      else high += part * 2 ** (shift - 28);
      if (byte < 0x80) {
        // Bit 63 set: all ten groups of a negative int64 are present.
        return high >= 2 ** 35
          ? low - 2 ** 28 + (high - (2 ** 36 - 1)) * 2 ** 28
          : low + high * 2 ** 28;
      }
    }
    throw malformed("varint longer than ten bytes");
  }

  float(): number {
    this.#expect(4);
    const value = this.#view.getFloat32(this.#at, true);
    this.#at += 4;
    return value;
  }

  /** A view into the file: copy to keep it beyond the file's life. */
  bytes(): Uint8Array {
    if (this.wire !== WIRE_BYTES) throw malformed("a length was expected");
    const length = this.varint();
    this.#expect(length);
    const value = this.#bytes.subarray(this.#at, this.#at + length);
    this.#at += length;
    return value;
  }

  string(): string {
    return UTF8.decode(this.bytes());
  }

  message(): ProtobufReader {
    return new ProtobufReader(this.bytes());
  }

  /** One value, or a packed run of them. */
  varints(into: number[]): void {
    if (this.wire === WIRE_VARINT) {
      into.push(this.varint());
      return;
    }
    const packed = this.message();
    while (packed.#at < packed.#end) into.push(packed.varint());
  }

  floats(into: number[]): void {
    if (this.wire === WIRE_FIXED32) {
      into.push(this.float());
      return;
    }
    const packed = this.message();
    while (packed.#at < packed.#end) into.push(packed.float());
  }

  skip(): void {
    switch (this.wire) {
      case WIRE_VARINT:
        this.varint();
        return;
      case WIRE_FIXED64:
        this.#expect(8);
        this.#at += 8;
        return;
      case WIRE_BYTES:
        this.bytes();
        return;
      case WIRE_FIXED32:
        this.#expect(4);
        this.#at += 4;
        return;
      default:
        throw malformed(`wire type ${this.wire}`);
    }
  }

  #expect(length: number): void {
    if (length > this.#end - this.#at) throw malformed("truncated field");
  }
}
