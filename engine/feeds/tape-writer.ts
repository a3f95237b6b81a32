/** Appends events to a tape; one that was cut short is continued after its last whole frame. */
import { open } from "node:fs/promises";
import type { FileHandle } from "node:fs/promises";
import { gzipSync } from "node:zlib";
import type { FeedEvent } from "./feed-event.ts";
import {
  FRAME_BYTES_MAX,
  FRAME_GZIP,
  FRAME_RECORD,
  FrameScan,
  encodeFrame,
  encodeHeader,
  readHeader,
} from "./tape-frame.ts";
import type { TapeInfo } from "./tape-frame.ts";
import { encodeRecord, toRecord } from "./tape-record.ts";
import type { TapeRecord } from "./tape-record.ts";

export interface TapeWriterOptions {
  readonly info?: TapeInfo;
  /** gzip makes tapes some four times smaller; none loses the least in a crash. */
  readonly compression?: "none" | "gzip";
  /** Held in memory before it is written, as one compressed frame or several plain ones. */
  readonly blockBytes?: number;
}

export class TapeWriter {
  readonly #file: FileHandle;
  readonly #compression: "none" | "gzip";
  readonly #blockBytes: number;
  #frames: Buffer[] = [];
  #heldBytes = 0;
  #position: number;
  #records = 0;
  #cutBytes: number;

  private constructor(
    file: FileHandle,
    position: number,
    cutBytes: number,
    options: TapeWriterOptions,
  ) {
    const { compression = "gzip", blockBytes = 256 * 1024 } = options;
    this.#file = file;
    this.#position = position;
    this.#cutBytes = cutBytes;
    this.#compression = compression;
    this.#blockBytes = Math.min(blockBytes, FRAME_BYTES_MAX / 4);
  }

  /** Begins a tape anew, whatever was there. */
  static async create(
    path: string,
    options: TapeWriterOptions = {},
  ): Promise<TapeWriter> {
    const file = await open(path, "w+");
    const header = encodeHeader(options.info ?? {});
    await file.write(header, 0, header.length, 0);
    return new TapeWriter(file, header.length, 0, options);
  }

  /** Continues a tape: its torn tail is cut off. E_TAPE_FORMAT where it is damaged before its end. */
  static async append(
    path: string,
    options: TapeWriterOptions = {},
  ): Promise<TapeWriter> {
    const file = await open(path, "r+");
    try {
      const { bytes } = await readHeader(file);
      const { size } = await file.stat();
      const scan = new FrameScan(file, bytes, size);
      while ((await scan.next()) !== undefined);
      const { end, tornBytes } = scan;
      if (tornBytes > 0) await file.truncate(end);
      return new TapeWriter(file, end, tornBytes, options);
    } catch (error) {
      await file.close();
      throw error;
    }
  }

  get records(): number {
    return this.#records;
  }

  /** What `append` cut off. */
  get cutBytes(): number {
    return this.#cutBytes;
  }

  write(event: FeedEvent): Promise<void> {
    return this.writeRecord(toRecord(event));
  }

  /** Resolves at once until a block is full; await it, so that memory stays bounded by the disk's pace. */
  async writeRecord(record: TapeRecord): Promise<void> {
    const frame = encodeFrame(FRAME_RECORD, encodeRecord(record));
    this.#frames.push(frame);
    this.#heldBytes += frame.length;
    this.#records++;
    if (this.#heldBytes >= this.#blockBytes) await this.flush();
  }

  async flush(): Promise<void> {
    if (this.#frames.length === 0) return;
    const block = Buffer.concat(this.#frames);
    this.#frames = [];
    this.#heldBytes = 0;
    const bytes =
      this.#compression === "gzip"
        ? encodeFrame(FRAME_GZIP, gzipSync(block))
        : block;
    // Claimed before the write, so that overlapping flushes never share a place.
    const position = this.#position;
    this.#position += bytes.length;
    await this.#file.write(bytes, 0, bytes.length, position);
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.sync();
    await this.#file.close();
  }
}
