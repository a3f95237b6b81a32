/** A block of a tape: records, marks and holes one after another in one buffer, compressed and checksummed as a whole. */
import { constants, brotliDecompressSync, gunzipSync } from "node:zlib";
import { CodedError } from "../std/errors.ts";
import {
  FRAME_BYTES_MAX,
  FRAME_KINDS,
  damaged,
  decodeFrame,
  type Frame,
} from "./tape-frame.ts";
import { decodeHole, encodeHole, type TapeHole } from "./tape-hole.ts";
import {
  SUBJECT_BYTES_MAX,
  decodeRecord,
  recordBytes,
  writeRecord,
  type TapeRecord,
} from "./tape-record.ts";

/**
 * `mark` is what a recorder notes beside the events, such as the order in which actors took their turns: bytes that
 * this format does not look into. `state` is a record that no feed sent: the recorder's own word, at the beginning of a part, on
 * what the parts before it came to.
 */
export type TapeItem =
  | { readonly type: "record"; readonly record: TapeRecord }
  | { readonly type: "state"; readonly record: TapeRecord }
  | { readonly type: "mark"; readonly bytes: Uint8Array }
  | { readonly type: "hole"; readonly hole: TapeHole };

const ITEM_HEAD_BYTES = 5;
const ITEM_RECORD = 1;
const ITEM_MARK = 4;
const ITEM_HOLE = 6;
const ITEM_STATE = 7;

export const BLOCK_BYTES_DEFAULT = 256 * 1024;
/** Of one item, and of one block: what a frame holds even where nothing is saved by compressing it. */
export const BLOCK_BYTES_MAX = FRAME_BYTES_MAX / 2;

export const CODECS = { none: 0, brotli: 1 } as const;
export type Codec = keyof typeof CODECS;

/** Quality 3 packs as well as gzip's default at almost three times its speed; measured in docs/tape.md. */
export const BROTLI_OPTIONS = {
  params: {
    [constants.BROTLI_PARAM_QUALITY]: 3,
    [constants.BROTLI_PARAM_LGWIN]: 20,
  },
} as const;

/** Filled in place, so that handing a record over is one copy of its bytes. */
export class TapeBlock {
  readonly #buffer: Buffer;
  #bytes = 0;
  records = 0;
  marks = 0;
  holes = 0;
  /** Of what it holds; infinite while it holds nothing that has a time. */
  minUs = Number.POSITIVE_INFINITY;
  maxUs = Number.NEGATIVE_INFINITY;
  /** It goes into another file than the one before it. */
  beginsPart = false;

  constructor(bytesMax = BLOCK_BYTES_DEFAULT) {
    this.#buffer = Buffer.allocUnsafeSlow(Math.min(bytesMax, BLOCK_BYTES_MAX));
  }

  get bytes(): number {
    return this.#bytes;
  }

  get bytesMax(): number {
    return this.#buffer.length;
  }

  /** Borrowed: valid until the block is cleared. */
  get data(): Buffer {
    return this.#buffer.subarray(0, this.#bytes);
  }

  /** False where it does not fit, as with the three below. */
  putRecord(record: TapeRecord): boolean {
    if (!this.#putRecord(ITEM_RECORD, record)) return false;
    this.records++;
    this.#span(record.receivedUs, record.receivedUs);
    return true;
  }

  /** Not counted, and of no time: it only repeats what stands in the parts before. */
  putState(record: TapeRecord): boolean {
    return this.#putRecord(ITEM_STATE, record);
  }

  putMark(bytes: Uint8Array): boolean {
    if (!this.#begin(ITEM_MARK, bytes.length)) return false;
    this.#buffer.set(bytes, this.#bytes);
    this.#bytes += bytes.length;
    this.marks++;
    return true;
  }

  putHole(hole: TapeHole): boolean {
    const body = encodeHole(hole);
    if (!this.#begin(ITEM_HOLE, body.length)) return false;
    this.#buffer.set(body, this.#bytes);
    this.#bytes += body.length;
    this.holes++;
    this.#span(hole.fromUs, hole.toUs);
    return true;
  }

  clear(): void {
    this.#bytes = this.records = this.marks = this.holes = 0;
    this.beginsPart = false;
    this.minUs = Number.POSITIVE_INFINITY;
    this.maxUs = Number.NEGATIVE_INFINITY;
  }

  #putRecord(kind: number, record: TapeRecord): boolean {
    if (
      record.subject.length > SUBJECT_BYTES_MAX ||
      !this.#begin(kind, recordBytes(record))
    )
      return false;
    this.#bytes = writeRecord(record, this.#buffer, this.#bytes);
    return true;
  }

  #begin(kind: number, bytes: number): boolean {
    if (this.#bytes + ITEM_HEAD_BYTES + bytes > this.#buffer.length)
      return false;
    this.#buffer.writeUInt32LE(bytes, this.#bytes);
    this.#buffer[this.#bytes + 4] = kind;
    this.#bytes += ITEM_HEAD_BYTES;
    return true;
  }

  #span(fromUs: number, toUs: number): void {
    if (fromUs < this.minUs) this.minUs = fromUs;
    if (toUs > this.maxUs) this.maxUs = toUs;
  }
}

/** Room that an item of so many bytes takes in a block. */
export const itemRoom = (bytes: number): number => ITEM_HEAD_BYTES + bytes;

/** The items of a frame that holds any; an index holds none. Its checksum held, so what does not fit was written wrongly. */
export const itemsOf = (frame: Frame): Iterable<TapeItem> => {
  const { kind, body } = frame;
  switch (kind) {
    case FRAME_KINDS.block:
      return itemsOfBlock(inflateBlock(body));
    case FRAME_KINDS.record:
      return [{ type: "record", record: decodeRecord(body) }];
    case FRAME_KINDS.gzip:
      return itemsOfGzip(inflate(() => gunzipSync(body, INFLATED)));
    case FRAME_KINDS.index:
      return [];
    default:
      throw damaged(`a frame of unknown kind ${kind}`);
  }
};

const INFLATED = { maxOutputLength: FRAME_BYTES_MAX } as const;

const inflateBlock = (body: Buffer): Buffer => {
  const data = body.subarray(1);
  switch (body[0]) {
    case CODECS.none:
      return data;
    case CODECS.brotli:
      return inflate(() => brotliDecompressSync(data, INFLATED));
    default:
      throw damaged("a block of unknown compression");
  }
};

function* itemsOfBlock(block: Buffer): Generator<TapeItem> {
  for (let at = 0; at < block.length;) {
    const begin = at + ITEM_HEAD_BYTES;
    const bytes = begin <= block.length ? block.readUInt32LE(at) : Infinity;
    if (begin + bytes > block.length) throw damaged("an item is too short");
    yield toItem(block[at + 4]!, block.subarray(begin, begin + bytes));
    at = begin + bytes;
  }
}

const toItem = (kind: number, body: Buffer): TapeItem => {
  switch (kind) {
    case ITEM_RECORD:
      return { type: "record", record: decodeRecord(body) };
    case ITEM_STATE:
      return { type: "state", record: decodeRecord(body) };
    case ITEM_MARK:
      return { type: "mark", bytes: body };
    case ITEM_HOLE:
      return { type: "hole", hole: decodeHole(body) };
    default:
      throw damaged(`an item of unknown kind ${kind}`);
  }
};

function* itemsOfGzip(block: Buffer): Generator<TapeItem> {
  for (let at = 0; at < block.length;) {
    const frame = decodeFrame(block, at);
    if (frame?.kind !== FRAME_KINDS.record)
      throw damaged("a compressed block holds something else than records");
    at += frame.bytes;
    yield { type: "record", record: decodeRecord(frame.body) };
  }
}

const inflate = (run: () => Buffer): Buffer => {
  try {
    return run();
  } catch (cause) {
    throw new CodedError("E_TAPE_FORMAT", {
      detail: "a block does not decompress",
      cause,
    });
  }
};
