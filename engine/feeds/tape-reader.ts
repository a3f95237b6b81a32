/** Reads a tape front to back: its events, or its records as they were written. */
import { open } from "node:fs/promises";
import { gunzipSync } from "node:zlib";
import { CodedError } from "../std/errors.ts";
import type { FeedEvent } from "./feed-event.ts";
import {
  FRAME_BYTES_MAX,
  FRAME_GZIP,
  FRAME_RECORD,
  FrameScan,
  damaged,
  decodeFrame,
  readHeader,
} from "./tape-frame.ts";
import type { TapeInfo } from "./tape-frame.ts";
import { decodeRecord, toEvent } from "./tape-record.ts";
import type { TapeRecord } from "./tape-record.ts";

/** The counts are those of the last iteration, complete when it is. */
export class TapeReader implements AsyncIterable<FeedEvent> {
  readonly #path: string;
  #info: TapeInfo = {};
  #records = 0;
  #malformed = 0;
  #tornBytes = 0;

  constructor(path: string) {
    this.#path = path;
  }

  get info(): TapeInfo {
    return this.#info;
  }

  get records(): number {
    return this.#records;
  }

  /** Records that the codec refuses: skipped, as the engine would. */
  get malformed(): number {
    return this.#malformed;
  }

  /** After the last whole frame: what a crash cut short. */
  get tornBytes(): number {
    return this.#tornBytes;
  }

  async *[Symbol.asyncIterator](): AsyncGenerator<FeedEvent> {
    for await (const record of this.readRecords()) {
      const event = this.#event(record);
      if (event !== undefined) yield event;
    }
  }

  /** Payloads are borrowed: valid until the next record is asked for. */
  async *readRecords(): AsyncGenerator<TapeRecord> {
    this.#records = 0;
    this.#malformed = 0;
    const file = await open(this.#path);
    try {
      const { info, bytes } = await readHeader(file);
      this.#info = info;
      const { size } = await file.stat();
      const scan = new FrameScan(file, bytes, size);
      for (
        let frame = await scan.next();
        frame !== undefined;
        frame = await scan.next()
      ) {
        if (frame.kind === FRAME_RECORD) {
          this.#records++;
          yield decodeRecord(frame.body);
        } else if (frame.kind === FRAME_GZIP)
          for (const record of recordsOfBlock(frame.body)) {
            this.#records++;
            yield record;
          }
        else throw damaged(`a frame of unknown kind ${frame.kind}`);
      }
      this.#tornBytes = scan.tornBytes;
    } finally {
      await file.close();
    }
  }

  #event(record: TapeRecord): FeedEvent | undefined {
    try {
      return toEvent(record);
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      this.#malformed++;
      return undefined;
    }
  }
}

/** The block's own checksum held, so what does not fit inside it was written wrongly. */
function* recordsOfBlock(body: Buffer): Generator<TapeRecord> {
  const block = inflate(body);
  for (let at = 0; at < block.length;) {
    const frame = decodeFrame(block, at);
    if (frame?.kind !== FRAME_RECORD)
      throw damaged("a compressed block holds something else than records");
    at += frame.bytes;
    yield decodeRecord(frame.body);
  }
}

const inflate = (body: Buffer): Buffer => {
  try {
    return gunzipSync(body, { maxOutputLength: FRAME_BYTES_MAX });
  } catch (error) {
    throw new CodedError("E_TAPE_FORMAT", {
      detail: "a block does not decompress",
      cause: error,
    });
  }
};
