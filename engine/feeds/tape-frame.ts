/** The bytes of a tape: a header, then frames, each with its length and checksum. The format is docs/tape.md. */
import type { FileHandle } from "node:fs/promises";
import { crc32 } from "node:zlib";
import { CodedError } from "../std/errors.ts";

/** Like PNG's: a transfer in text mode or a stripped top bit damages it visibly. */
export const TAPE_MAGIC = Buffer.from("\x89FWT\r\n\x1a\n", "latin1");
/** What is written. Version 1 knows only its own two kinds of frames, version 2 no states; they are read, and never appended to. */
export const TAPE_VERSION = 3;
const TAPE_VERSION_MIN = 1;
const HEADER_FIXED_BYTES = 20;
const HEADER_JSON_BYTES_MAX = 1024 * 1024;

export const FRAME_HEAD_BYTES = 8;
export const FRAME_BYTES_MAX = 8 * 1024 * 1024;

export const FRAME_KINDS = {
  /** Version 1: one record. */
  record: 1,
  /** Version 1: a gzip member of frames of kind 1. */
  gzip: 2,
  index: 3,
  /** A block of items: records, states, marks and holes. */
  block: 5,
} as const;
const FRAME_KIND_MAX = 5;

/** What was recorded, for people and tools; reading does not depend on it. */
export interface TapeInfo {
  readonly startUs?: number;
  readonly symbols?: readonly string[];
  readonly source?: string;
  /** A recorded run: its marks are a journal, of use from the run's beginning alone. */
  readonly content?: "run";
  /** Names the recording that this is a part of. */
  readonly recording?: string;
  /** Of one recording that is spread over several tapes, from 1. */
  readonly part?: number;
  /** Records, marks and holes in the parts before. */
  readonly itemsBefore?: number;
}

export const encodeHeader = (info: TapeInfo): Buffer => {
  const json = Buffer.from(JSON.stringify(info));
  const header = Buffer.alloc(HEADER_FIXED_BYTES + json.length);
  TAPE_MAGIC.copy(header);
  header.writeUInt16LE(TAPE_VERSION, 8);
  header.writeUInt32LE(json.length, 12);
  json.copy(header, HEADER_FIXED_BYTES);
  header.writeUInt32LE(headerSum(header), 16);
  return header;
};

export interface TapeHeader {
  readonly info: TapeInfo;
  readonly version: number;
  /** Where the frames begin. */
  readonly bytes: number;
}

/** Of an open tape; E_TAPE_FORMAT for anything else. */
export const readHeader = async (file: FileHandle): Promise<TapeHeader> => {
  const header = await findHeader(file);
  if (header === undefined)
    throw damaged("nothing was recorded: the header is cut short");
  return header;
};

/** Undefined where a crash has cut it short, or left zeros that the disk never filled: nothing was recorded in this file. */
export const findHeader = async (
  file: FileHandle,
): Promise<TapeHeader | undefined> => {
  const fixed = await readAt(file, 0, HEADER_FIXED_BYTES);
  if (fixed.every((byte) => byte === 0)) return undefined;
  const magic = fixed.subarray(0, TAPE_MAGIC.length);
  if (!magic.equals(TAPE_MAGIC.subarray(0, magic.length)))
    throw damaged("no tape");
  if (fixed.length < HEADER_FIXED_BYTES) return undefined;
  const version = fixed.readUInt16LE(8);
  if (version > TAPE_VERSION)
    throw damaged(
      `version ${version} is newer than what this program reads (${TAPE_VERSION})`,
    );
  if (version < TAPE_VERSION_MIN)
    throw damaged(`version ${version} is not supported`);
  const jsonBytes = fixed.readUInt32LE(12);
  if (jsonBytes > HEADER_JSON_BYTES_MAX) throw damaged("header too long");
  const bytes = HEADER_FIXED_BYTES + jsonBytes;
  const header = await readAt(file, 0, bytes);
  if (header.length < bytes) return undefined;
  if (fixed.readUInt32LE(16) !== headerSum(header))
    throw damaged("the header does not match its checksum");
  return {
    info: parseInfo(header.subarray(HEADER_FIXED_BYTES)),
    version,
    bytes,
  };
};

const parseInfo = (json: Buffer): TapeInfo => {
  try {
    return JSON.parse(json.toString()) as TapeInfo;
  } catch (cause) {
    throw damaged("the description is not JSON", cause);
  }
};

/** `prefix` stands before the body, so that neither has to be copied for the other. */
export const encodeFrame = (
  kind: number,
  body: Uint8Array,
  prefix: Uint8Array = NO_BYTES,
): Buffer => {
  const length = 1 + prefix.length + body.length;
  const frame = Buffer.allocUnsafe(FRAME_HEAD_BYTES + length);
  frame.writeUInt32LE(length, 0);
  frame[FRAME_HEAD_BYTES] = kind;
  frame.set(prefix, FRAME_HEAD_BYTES + 1);
  frame.set(body, FRAME_HEAD_BYTES + 1 + prefix.length);
  frame.writeUInt32LE(crc32(frame.subarray(FRAME_HEAD_BYTES)), 4);
  return frame;
};

const NO_BYTES = new Uint8Array();

export interface Frame {
  readonly kind: number;
  /** Borrowed: valid until the next frame is asked for. */
  readonly body: Buffer;
  /** Bytes of the whole frame. */
  readonly bytes: number;
}

/** Undefined for a frame that is not whole or does not match its checksum. */
export const decodeFrame = (
  buffer: Buffer,
  offset: number,
): Frame | undefined => {
  if (buffer.length - offset < FRAME_HEAD_BYTES + 1) return undefined;
  const length = buffer.readUInt32LE(offset);
  if (length === 0 || length > FRAME_BYTES_MAX) return undefined;
  const begin = offset + FRAME_HEAD_BYTES;
  if (buffer.length - begin < length) return undefined;
  const covered = buffer.subarray(begin, begin + length);
  if (crc32(covered) !== buffer.readUInt32LE(offset + 4)) return undefined;
  return {
    kind: covered[0]!,
    body: covered.subarray(1),
    bytes: FRAME_HEAD_BYTES + length,
  };
};

/** Whole frames of a file from `start` on. What follows the last one is a torn tail, or the tape is damaged. */
export class FrameScan {
  readonly #file: FileHandle;
  readonly #size: number;
  #end: number;
  #buffer: Buffer = Buffer.alloc(0);
  #at = 0;
  /** Position in the file of the buffer's end. */
  #readTo: number;

  constructor(file: FileHandle, start: number, size: number) {
    this.#file = file;
    this.#size = size;
    this.#end = start;
    this.#readTo = start;
  }

  /** Where the last whole frame ended. */
  get end(): number {
    return this.#end;
  }

  /** Complete once `next` has given undefined. */
  get tornBytes(): number {
    return this.#size - this.#end;
  }

  async next(): Promise<Frame | undefined> {
    await this.#fill(FRAME_HEAD_BYTES);
    const left = this.#buffer.length - this.#at;
    if (left === 0) return undefined;
    if (left >= FRAME_HEAD_BYTES) {
      const length = this.#buffer.readUInt32LE(this.#at);
      if (length <= FRAME_BYTES_MAX)
        await this.#fill(FRAME_HEAD_BYTES + length);
    }
    const frame = decodeFrame(this.#buffer, this.#at);
    if (frame === undefined) {
      await this.#assertTorn();
      return undefined;
    }
    this.#at += frame.bytes;
    this.#end += frame.bytes;
    return frame;
  }

  /**
   * A write that was cut short leaves the last frame incomplete, or blocks that the disk never filled: zeros. Nothing whole can
   * follow it; where something does, what does not match is damage in the middle of a tape, and cutting there would lose the rest.
   */
  async #assertTorn(): Promise<void> {
    const left = this.#size - this.#end;
    if (left <= FRAME_HEAD_BYTES) return;
    if (left <= FRAME_HEAD_BYTES + FRAME_BYTES_MAX) {
      await this.#fill(left);
      const tail = this.#buffer.subarray(this.#at);
      const length = tail.readUInt32LE(0);
      if (length > 0 && FRAME_HEAD_BYTES + length >= left) {
        if (findFrame(tail, 1) === undefined) return;
      } else if (tail.every((byte) => byte === 0)) return;
    }
    throw damaged(`a frame at byte ${this.#end} does not match its checksum`);
  }

  /** Until `bytes` lie in the buffer from the current place, or the file ends. */
  async #fill(bytes: number): Promise<void> {
    if (this.#buffer.length - this.#at >= bytes) return;
    const have = this.#buffer.subarray(this.#at);
    const want = Math.max(256 * 1024, bytes - have.length);
    const more = await readAt(
      this.#file,
      this.#readTo,
      Math.min(want, this.#size - this.#readTo),
    );
    this.#readTo += more.length;
    this.#buffer = Buffer.concat([have, more]);
    this.#at = 0;
  }
}

/** Where the next whole frame begins, from `offset` on. */
export const findFrame = (
  buffer: Buffer,
  offset: number,
): number | undefined => {
  const last = buffer.length - FRAME_HEAD_BYTES - 1;
  for (let at = offset; at <= last; at++) {
    const kind = buffer[at + FRAME_HEAD_BYTES]!;
    if (kind === 0 || kind > FRAME_KIND_MAX) continue;
    if (decodeFrame(buffer, at) !== undefined) return at;
  }
  return undefined;
};

export const damaged = (detail: string, cause?: unknown): CodedError =>
  new CodedError(
    "E_TAPE_FORMAT",
    cause === undefined ? { detail } : { detail, cause },
  );

/** The same, with the file that it is about. */
export const damageIn = (path: string, error: unknown): unknown =>
  error instanceof CodedError && error.code === "E_TAPE_FORMAT"
    ? damaged(`${path}: ${error.detail ?? ""}`, error)
    : error;

const headerSum = (header: Buffer): number =>
  crc32(header.subarray(HEADER_FIXED_BYTES), crc32(header.subarray(8, 16)));

/** Fewer bytes only at the end of the file. */
export const readAt = async (
  file: FileHandle,
  position: number,
  bytes: number,
): Promise<Buffer> => {
  const buffer = Buffer.alloc(Math.max(0, bytes));
  let filled = 0;
  while (filled < buffer.length) {
    const { bytesRead } = await file.read(
      buffer,
      filled,
      buffer.length - filled,
      position + filled,
    );
    if (bytesRead === 0) break;
    filled += bytesRead;
  }
  return buffer.subarray(0, filled);
};
