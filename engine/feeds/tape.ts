/** Opens whatever was recorded, told by its content: our own tapes, and raw recordings and dumps of any venue, gzipped or plain. */
import { open } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { FeedEvent } from "./feed-event.ts";
import { looksLikeRawLine } from "./raw-line.ts";
import { RawRecording } from "./raw-recording.ts";
import { TAPE_MAGIC } from "./tape-frame.ts";
import { TapeReader } from "./tape-reader.ts";

export interface TapeOptions {
  /** For raw recordings: overrides what they say. */
  readonly symbol?: SymbolId;
}

/** Iterate once; `malformed` is complete when the iteration is. */
export interface Tape extends AsyncIterable<FeedEvent> {
  readonly malformed: number;
}

const HEAD_BYTES = 4096;

/** E_TAPE_FORMAT for a file that is neither, or cannot be read. */
export const openTape = async (
  path: string,
  options: TapeOptions = {},
): Promise<Tape> => {
  const head = await readHead(path);
  if (head.subarray(0, TAPE_MAGIC.length).equals(TAPE_MAGIC))
    return new TapeReader(path);
  if (looksLikeRawLine(inflatedHead(head).toString("latin1", 0, 64)))
    return new RawRecording(path, options);
  throw new CodedError("E_TAPE_FORMAT", {
    detail: `${path} is neither a tape nor a recording`,
  });
};

const readHead = async (path: string): Promise<Buffer> => {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(
        Buffer.alloc(HEAD_BYTES),
        0,
        HEAD_BYTES,
        0,
      );
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (error) {
    throw new CodedError("E_TAPE_FORMAT", {
      detail: `${path} cannot be opened`,
      cause: error,
    });
  }
};

const inflatedHead = (head: Buffer): Buffer => {
  if (head[0] !== 0x1f || head[1] !== 0x8b) return head;
  try {
    return gunzipSync(head, { finishFlush: constants.Z_SYNC_FLUSH });
  } catch {
    return head;
  }
};
