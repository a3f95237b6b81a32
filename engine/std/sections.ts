/** Named runs of bytes as one, for state that is kept over a restart: versioned, checksummed, bounded, and checked whole before any of it is used. */
import { CodedError } from "./errors.ts";

export type Sections = ReadonlyMap<string, Uint8Array>;

const MAGIC = 0x5746_5321;
const VERSION = 1;
/** Magic, version, sections, checksum of all that follows. */
const HEAD_BYTES = 16;
/** Lengths of name and content. */
const SECTION_HEAD_BYTES = 8;
const SECTIONS_MAX = 256;
const NAME_MAX = 200;
export const SECTIONS_BYTES_MAX = 16 << 20;

const padded = (length: number): number => (length + 7) & ~7;

export const encodeSections = (sections: Sections): Uint8Array => {
  const named = Array.from(sections, ([name, bytes]) => ({
    name: new TextEncoder().encode(name),
    bytes,
  }));
  const size = named.reduce(
    (sum, { name, bytes }) =>
      sum + SECTION_HEAD_BYTES + padded(name.length) + padded(bytes.length),
    HEAD_BYTES,
  );
  const all = new Uint8Array(size);
  const view = new DataView(all.buffer);
  let at = HEAD_BYTES;
  for (const { name, bytes } of named) {
    view.setUint32(at, name.length, true);
    view.setUint32(at + 4, bytes.length, true);
    at += SECTION_HEAD_BYTES;
    all.set(name, at);
    at += padded(name.length);
    all.set(bytes, at);
    at += padded(bytes.length);
  }
  view.setUint32(0, MAGIC, true);
  view.setUint32(4, VERSION, true);
  view.setUint32(8, named.length, true);
  view.setUint32(12, checksum(view), true);
  return all;
};

/** Copies. E_DEP_STORE for anything that encodeSections of this version cannot have written. */
export const decodeSections = (bytes: Uint8Array): Sections => {
  if (bytes.length < HEAD_BYTES || bytes.length > SECTIONS_BYTES_MAX)
    throw refused("length");
  // A Buffer's own slice would share its pool.
  const all = Uint8Array.from(bytes);
  const view = new DataView(all.buffer);
  if (view.getUint32(0, true) !== MAGIC) throw refused("format");
  if (view.getUint32(4, true) !== VERSION) throw refused("version");
  const count = view.getUint32(8, true);
  if (count > SECTIONS_MAX) throw refused("sections");
  if (all.length % 4 !== 0 || view.getUint32(12, true) !== checksum(view))
    throw refused("checksum");
  const sections = new Map<string, Uint8Array>();
  let at = HEAD_BYTES;
  const take = (length: number): Uint8Array => {
    const from = at;
    at += padded(length);
    if (at > all.length) throw refused("length");
    return all.subarray(from, from + length);
  };
  for (let i = 0; i < count; i++) {
    take(SECTION_HEAD_BYTES);
    const nameLength = view.getUint32(at - 8, true);
    const length = view.getUint32(at - 4, true);
    if (nameLength > NAME_MAX) throw refused("name");
    sections.set(new TextDecoder().decode(take(nameLength)), take(length));
  }
  if (at !== all.length) throw refused("length");
  return sections;
};

export const bytesOfNumbers = (numbers: ArrayLike<number>): Uint8Array => {
  const view = new DataView(new ArrayBuffer(numbers.length * 8));
  for (let i = 0; i < numbers.length; i++)
    view.setFloat64(i * 8, numbers[i]!, true);
  return new Uint8Array(view.buffer);
};

export const numbersOfBytes = (bytes: Uint8Array): Float64Array => {
  if (bytes.length % 8 !== 0) throw refused("numbers");
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.length);
  return Float64Array.from({ length: bytes.length / 8 }, (_, i) =>
    view.getFloat64(i * 8, true),
  );
};

/** FNV-1a over words of all behind the head: against accidents, not against a forger. */
const checksum = (view: DataView): number => {
  let hash = 0x811c_9dc5;
  for (let at = HEAD_BYTES; at + 4 <= view.byteLength; at += 4)
    hash = Math.imul(hash ^ view.getUint32(at, true), 0x0100_0193);
  return hash >>> 0;
};

const refused = (detail: string): CodedError =>
  new CodedError("E_DEP_STORE", { field: "sections", detail });
