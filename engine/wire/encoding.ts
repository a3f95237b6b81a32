/** JSON or MessagePack, told apart by the first byte: bytes to plain values and back, under the wire's limits. */
import { Buffer } from "node:buffer";
import { Packr } from "msgpackr";
import { CodedError } from "../std/errors.ts";
import { MsgpackReader, type ReadLimits } from "./msgpack-reader.ts";
import { utf8Text } from "./utf8.ts";

export type Encoding = "json" | "msgpack";

/** Levels a side of a book. */
export const LEVELS_MAX = 5_000;
export const EVENT_BYTES_MAX = 256 * 1024;
export const REQUEST_BYTES_MAX = 64 * 1024;

const LIMITS: ReadLimits = {
  depthMax: 8,
  itemsMax: 2 * LEVELS_MAX,
  keysMax: 64,
  stringBytesMax: 8_192,
};

const reader = new MsgpackReader(LIMITS);
// Plain maps: a peer needs no shared state to read them. The buffers that pack() returns are fresh slices and never
// written again, which a publish without copying relies on (so: no useBuffer, no reuse flags).
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** E_INPUT_DECODE unless the payload can be an object of one of the two encodings. */
export const encodingOf = (data: Uint8Array): Encoding => {
  const head = data[0] ?? 0;
  if (head === 0x7b) return "json";
  if ((head >= 0x80 && head <= 0x8f) || head === 0xde || head === 0xdf)
    return "msgpack";
  throw new CodedError("E_INPUT_DECODE");
};

/** An object of unknown shape; throws E_INPUT_SIZE, E_INPUT_LIMIT or E_INPUT_DECODE. */
export const readPayload = (data: Uint8Array, bytesMax: number): unknown => {
  if (data.byteLength > bytesMax) throw new CodedError("E_INPUT_SIZE");
  return encodingOf(data) === "msgpack" ? reader.read(data) : readJson(data);
};

export const writePayload = (value: object, encoding: Encoding): Uint8Array =>
  encoding === "msgpack"
    ? packr.pack(value)
    : Buffer.from(JSON.stringify(value), "utf8");

const readJson = (data: Uint8Array): unknown => {
  checkDepth(data);
  try {
    return JSON.parse(utf8Text(data));
  } catch (cause) {
    throw new CodedError("E_INPUT_DECODE", { cause });
  }
};

/** Before the parser sees it: nesting, counted outside strings. Few brackets cannot nest deeply, and a native search counts them. */
const checkDepth = (data: Uint8Array): void => {
  const room = LIMITS.depthMax - countUpTo(data, OPEN_BRACE, LIMITS.depthMax);
  if (room >= 0 && countUpTo(data, OPEN_BRACKET, room) <= room) return;
  let depth = 0;
  let inString = false;
  for (let i = 0; i < data.byteLength; i++) {
    const byte = data[i];
    if (inString) {
      if (byte === BACKSLASH) i++;
      else if (byte === QUOTE) inString = false;
    } else if (byte === QUOTE) inString = true;
    else if (byte === OPEN_BRACE || byte === OPEN_BRACKET) {
      depth++;
      if (depth > LIMITS.depthMax) throw new CodedError("E_INPUT_LIMIT");
    } else if (byte === CLOSE_BRACE || byte === CLOSE_BRACKET) depth--;
  }
};

/** At most `limit` + 1: more need not be told apart. */
const countUpTo = (data: Uint8Array, byte: number, limit: number): number => {
  let count = 0;
  for (
    let at = data.indexOf(byte);
    at >= 0 && count <= limit;
    at = data.indexOf(byte, at + 1)
  )
    count++;
  return count;
};

const QUOTE = 0x22;
const BACKSLASH = 0x5c;
const OPEN_BRACE = 0x7b;
const CLOSE_BRACE = 0x7d;
const OPEN_BRACKET = 0x5b;
const CLOSE_BRACKET = 0x5d;
