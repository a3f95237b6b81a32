/** Opens whatever was recorded, told by its content: our own tapes, folders of them, and raw recordings and dumps of any venue, gzipped or plain. */
import { open, stat } from "node:fs/promises";
import { constants, gunzipSync } from "node:zlib";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { FeedEvent } from "./feed-event.ts";
import { looksLikeRawLine } from "./raw-line.ts";
import { RawRecording } from "./raw-recording.ts";
import { chainTapes } from "./tape-chain.ts";
import { TAPE_MAGIC } from "./tape-frame.ts";
import { asParts, partsFrom, partsIn } from "./tape-parts.ts";
import { TapeReader } from "./tape-reader.ts";

export interface TapeOptions {
  /** For raw recordings: overrides what they say. */
  readonly symbol?: SymbolId;
}

/** What the recorder could not keep. */
export interface TapeLosses {
  /** Places where something is missing. */
  readonly holes: number;
  /** Events that are. */
  readonly lost: number;
}

/** Iterate once; all counts are complete when the iteration is. Only tapes of ours have holes. */
export interface Tape extends AsyncIterable<FeedEvent>, Partial<TapeLosses> {
  readonly malformed: number;
  /** Where the first of them stands, in files of lines. */
  readonly firstMalformed?: string | undefined;
}

/** Of whatever events come from; complete with the iteration. */
export const lossOf = ({
  holes = 0,
  lost = 0,
}: AsyncIterable<FeedEvent> & Partial<TapeLosses>): TapeLosses => ({
  holes,
  lost,
});

const HEAD_BYTES = 4096;

/** A file, or a folder with the parts of one recording. E_TAPE_FORMAT for what is neither a tape nor a recording, or cannot be read. */
export const openTape = async (
  path: string,
  options: TapeOptions = {},
): Promise<Tape> => {
  if (await isFolder(path)) return new TapeReader(await partsIn(path));
  const head = await readHead(path);
  if (isTapeHead(head)) return new TapeReader(path);
  if (isRecordingHead(head)) return new RawRecording(path, options);
  throw new CodedError("E_TAPE_FORMAT", {
    detail:
      head.length === 0
        ? `${path} is empty`
        : `${path} is neither a tape nor a recording`,
  });
};

/** Whether `openTape` takes it; E_TAPE_FORMAT where it cannot be opened at all. */
export const isTape = async (path: string): Promise<boolean> => {
  if (await isFolder(path)) return true;
  const head = await readHead(path);
  return isTapeHead(head) || isRecordingHead(head) || head.length === 0;
};

/** As one: the parts of a recording in their own order, files of other kinds in that in which they are given. */
export const openTapes = async (
  paths: readonly string[],
  options: TapeOptions = {},
): Promise<Tape> => {
  const [only, ...more] = paths;
  if (only !== undefined && more.length === 0) return openTape(only, options);
  const tapes: Tape[] = [];
  for (const path of paths) tapes.push(await openTape(path, options));
  const readers = tapes.filter((tape) => tape instanceof TapeReader);
  const parts =
    readers.length === tapes.length
      ? await asParts(readers.flatMap((tape) => tape.paths))
      : undefined;
  return parts === undefined ? new TapeChain(tapes) : new TapeReader(parts);
};

/** A tape with all that continues it, where it is a part of a recording; E_TAPE_FORMAT as above. */
export const openWhole = async (
  path: string,
  options: TapeOptions = {},
): Promise<Tape> => {
  const tape = await openTape(path, options);
  if (!(tape instanceof TapeReader) || (await isFolder(path))) return tape;
  return new TapeReader(await partsFrom(path));
};

/** Tapes one after the other, with the counts of all. */
export class TapeChain implements Tape {
  readonly #tapes: readonly Tape[];

  constructor(tapes: readonly Tape[]) {
    this.#tapes = tapes;
  }

  get malformed(): number {
    return this.#tapes.reduce((sum, { malformed }) => sum + malformed, 0);
  }

  get holes(): number {
    return this.#tapes.reduce((sum, { holes = 0 }) => sum + holes, 0);
  }

  get lost(): number {
    return this.#tapes.reduce((sum, { lost = 0 }) => sum + lost, 0);
  }

  get firstMalformed(): string | undefined {
    return this.#tapes.find((tape) => tape.firstMalformed !== undefined)
      ?.firstMalformed;
  }

  [Symbol.asyncIterator](): AsyncIterator<FeedEvent> {
    return chainTapes(this.#tapes);
  }
}

const isTapeHead = (head: Buffer): boolean =>
  head.subarray(0, TAPE_MAGIC.length).equals(TAPE_MAGIC);

const isRecordingHead = (head: Buffer): boolean =>
  looksLikeRawLine(inflatedHead(head).toString("latin1", 0, 64));

const isFolder = async (path: string): Promise<boolean> =>
  (await stat(path).catch(() => undefined))?.isDirectory() === true;

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
