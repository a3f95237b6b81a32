/** Where on a tape which time lies: index frames that chain backwards from the end, or the same rebuilt from the frames themselves. */
import type { FileHandle } from "node:fs/promises";
import {
  FRAME_BYTES_MAX,
  FRAME_HEAD_BYTES,
  FRAME_KINDS,
  decodeFrame,
  encodeFrame,
  readAt,
  type Frame,
} from "./tape-frame.ts";
import { itemsOf, type TapeBlock } from "./tape-block.ts";

/** One frame of items. */
export interface IndexEntry {
  /** Of its frame, from the beginning of the file. */
  readonly position: number;
  /** Of its frame, whole. */
  readonly bytes: number;
  readonly records: number;
  readonly marks: number;
  readonly holes: number;
  /** Earliest and latest receive time in it: infinite where nothing in it has one. */
  readonly minUs: number;
  readonly maxUs: number;
}

export interface TapeIndex {
  readonly entries: readonly IndexEntry[];
  /** Whether it was read off a closed tape; rebuilt otherwise. */
  readonly source: "footer" | "rebuilt";
}

/** A footer is an index frame that ends a closed tape. */
type IndexRole = "inner" | "footer";

interface IndexFrame {
  readonly role: IndexRole;
  /** Position of the index frame before; 0 for the first. */
  readonly previous: number;
  readonly entries: readonly IndexEntry[];
}

const HEAD_BYTES = 16;
const ENTRY_BYTES = 40;
const TRAILER_MAGIC = Buffer.from("FWTINDEX", "latin1");
const TRAILER_BYTES = 4 + TRAILER_MAGIC.length;

export const entryOf = (
  position: number,
  bytes: number,
  block: Pick<TapeBlock, "records" | "marks" | "holes" | "minUs" | "maxUs">,
): IndexEntry => {
  const { records, marks, holes, minUs, maxUs } = block;
  return { position, bytes, records, marks, holes, minUs, maxUs };
};

/** The whole frame. It ends in its own length and a magic, so that it is found from the end of the file. */
export const encodeIndex = (index: IndexFrame): Buffer => {
  const { entries } = index;
  const body = Buffer.alloc(
    HEAD_BYTES + entries.length * ENTRY_BYTES + TRAILER_BYTES,
  );
  body.writeUInt32LE(entries.length, 0);
  body.writeUInt32LE(index.role === "footer" ? 1 : 0, 4);
  body.writeDoubleLE(index.previous, 8);
  let at = HEAD_BYTES;
  for (const entry of entries) {
    body.writeDoubleLE(entry.position, at);
    body.writeUInt32LE(entry.bytes, at + 8);
    body.writeUInt32LE(entry.records, at + 12);
    body.writeUInt32LE(entry.marks, at + 16);
    body.writeUInt32LE(entry.holes, at + 20);
    body.writeDoubleLE(entry.minUs, at + 24);
    body.writeDoubleLE(entry.maxUs, at + 32);
    at += ENTRY_BYTES;
  }
  body.writeUInt32LE(FRAME_HEAD_BYTES + 1 + body.length, at);
  TRAILER_MAGIC.copy(body, at + 4);
  return encodeFrame(FRAME_KINDS.index, body);
};

const decodeIndex = (body: Buffer): IndexFrame | undefined => {
  if (body.length < HEAD_BYTES + TRAILER_BYTES) return undefined;
  const count = body.readUInt32LE(0);
  if (body.length !== HEAD_BYTES + count * ENTRY_BYTES + TRAILER_BYTES)
    return undefined;
  const entries: IndexEntry[] = [];
  for (let i = 0; i < count; i++) {
    const at = HEAD_BYTES + i * ENTRY_BYTES;
    entries.push({
      position: body.readDoubleLE(at),
      bytes: body.readUInt32LE(at + 8),
      records: body.readUInt32LE(at + 12),
      marks: body.readUInt32LE(at + 16),
      holes: body.readUInt32LE(at + 20),
      minUs: body.readDoubleLE(at + 24),
      maxUs: body.readDoubleLE(at + 32),
    });
  }
  return {
    role: body.readUInt32LE(4) === 1 ? "footer" : "inner",
    previous: body.readDoubleLE(8),
    entries,
  };
};

/** Of an open tape whose frames begin at `start`. Never fails on a damaged tape: it ends where the damage begins. */
export const loadIndex = async (
  file: FileHandle,
  start: number,
  size: number,
): Promise<TapeIndex> => {
  const entries = await chainedEntries(file, start, size);
  return entries === undefined
    ? { entries: await rebuiltEntries(file, start, size), source: "rebuilt" }
    : { entries, source: "footer" };
};

/** Whether the file ends in a footer: its recorder came to an orderly end. */
export const endsInFooter = async (
  file: FileHandle,
  size: number,
): Promise<boolean> => (await footerAt(file, size))?.index.role === "footer";

/** The entries of a closed tape, from its footer backwards; undefined where anything does not match. */
const chainedEntries = async (
  file: FileHandle,
  start: number,
  size: number,
): Promise<IndexEntry[] | undefined> => {
  const last = await footerAt(file, size);
  if (last?.index.role !== "footer") return undefined;
  const runs: (readonly IndexEntry[])[] = [last.index.entries];
  let { previous } = last.index;
  let before = last.position;
  while (previous !== 0) {
    if (!(previous >= start && previous < before)) return undefined;
    const index = await indexAt(file, previous, size);
    if (index === undefined) return undefined;
    runs.push(index.entries);
    before = previous;
    previous = index.previous;
  }
  return runs.reverse().flat();
};

const footerAt = async (
  file: FileHandle,
  size: number,
): Promise<{ index: IndexFrame; position: number } | undefined> => {
  const trailer = await readAt(file, size - TRAILER_BYTES, TRAILER_BYTES);
  if (
    trailer.length < TRAILER_BYTES ||
    !trailer.subarray(4).equals(TRAILER_MAGIC)
  )
    return undefined;
  const position = size - trailer.readUInt32LE(0);
  if (position <= 0) return undefined;
  const index = await indexAt(file, position, size);
  return index === undefined ? undefined : { index, position };
};

const indexAt = async (
  file: FileHandle,
  position: number,
  size: number,
): Promise<IndexFrame | undefined> => {
  const frame = await readFrame(file, position, size);
  return frame?.kind === FRAME_KINDS.index
    ? decodeIndex(frame.body)
    : undefined;
};

/** Undefined for a frame that is not whole or does not match its checksum. */
export const readFrame = async (
  file: FileHandle,
  position: number,
  size: number,
): Promise<Frame | undefined> => {
  const head = await readAt(file, position, FRAME_HEAD_BYTES);
  if (head.length < FRAME_HEAD_BYTES) return undefined;
  const length = head.readUInt32LE(0);
  if (length > FRAME_BYTES_MAX || position + FRAME_HEAD_BYTES + length > size)
    return undefined;
  const bytes = await readAt(file, position, FRAME_HEAD_BYTES + length);
  return decodeFrame(bytes, 0);
};

/** Hops from frame to frame by their lengths; only what no index frame covers is unpacked. */
const rebuiltEntries = async (
  file: FileHandle,
  start: number,
  size: number,
): Promise<IndexEntry[]> => {
  const entries: IndexEntry[] = [];
  let uncovered: number[] = [];
  for (let position = start; position < size;) {
    const head = await readAt(file, position, FRAME_HEAD_BYTES + 1);
    if (head.length <= FRAME_HEAD_BYTES) break;
    const length = head.readUInt32LE(0);
    if (length === 0 || length > FRAME_BYTES_MAX) break;
    const index =
      head[FRAME_HEAD_BYTES] === FRAME_KINDS.index
        ? await indexAt(file, position, size)
        : undefined;
    if (index === undefined) uncovered.push(position);
    else {
      entries.push(...index.entries);
      uncovered = [];
    }
    position += FRAME_HEAD_BYTES + length;
  }
  return [...entries, ...(await surveyFrames(file, uncovered, size))];
};

/** Entries of frames that no index covers: each is unpacked. Ends at the first that is not whole. */
export const surveyFrames = async (
  file: FileHandle,
  positions: readonly number[],
  size: number,
): Promise<IndexEntry[]> => {
  const entries: IndexEntry[] = [];
  for (const position of positions) {
    const frame = await readFrame(file, position, size);
    if (frame === undefined) break;
    if (frame.kind !== FRAME_KINDS.index)
      entries.push(surveyed(position, frame));
  }
  return entries;
};

const surveyed = (position: number, frame: Frame): IndexEntry => {
  let records = 0;
  let marks = 0;
  let holes = 0;
  let minUs = Number.POSITIVE_INFINITY;
  let maxUs = Number.NEGATIVE_INFINITY;
  for (const item of itemsOf(frame))
    switch (item.type) {
      case "record":
        records++;
        minUs = Math.min(minUs, item.record.receivedUs);
        maxUs = Math.max(maxUs, item.record.receivedUs);
        break;
      case "hole":
        holes++;
        minUs = Math.min(minUs, item.hole.fromUs);
        maxUs = Math.max(maxUs, item.hole.toUs);
        break;
      case "mark":
        marks++;
        break;
      case "state":
        break;
    }
  return entryOf(position, frame.bytes, {
    records,
    marks,
    holes,
    minUs,
    maxUs,
  });
};
