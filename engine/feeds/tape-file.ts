/** The end of a tape that is being written: blocks go to it one at a time, with index frames among them and a footer at last. */
import { open, type FileHandle } from "node:fs/promises";
import { promisify } from "node:util";
import { brotliCompress } from "node:zlib";
import {
  BROTLI_OPTIONS,
  CODECS,
  type Codec,
  type TapeBlock,
} from "./tape-block.ts";
import {
  FRAME_KINDS,
  FrameScan,
  TAPE_VERSION,
  damaged,
  encodeFrame,
  encodeHeader,
  readHeader,
  type TapeInfo,
} from "./tape-frame.ts";
import {
  encodeIndex,
  entryOf,
  surveyFrames,
  type IndexEntry,
} from "./tape-index.ts";

/** What is needed of an open file; a test puts a slow or a full one in its place. */
export interface TapeDisk {
  write(
    buffer: Uint8Array,
    offset: number,
    length: number,
    position: number,
  ): Promise<{ readonly bytesWritten: number }>;
  truncate(length: number): Promise<void>;
  sync(): Promise<void>;
  close(): Promise<void>;
}

export type OpenDisk = (path: string, flags: "w" | "wx") => Promise<TapeDisk>;
export const openDisk: OpenDisk = (path, flags) => open(path, flags);

export interface TapeFileOptions {
  readonly compression: Codec;
  /** Blocks between two index frames: what a reader of a crashed tape has to unpack to know its times. */
  readonly indexEveryBlocks: number;
}

export const TAPE_FILE_DEFAULTS: TapeFileOptions = {
  compression: "brotli",
  indexEveryBlocks: 64,
};

const compress = promisify(brotliCompress);

/** Where a tape that is continued ends, and what its last index does not cover. */
interface TapeEnd {
  readonly position: number;
  readonly previousIndex: number;
  readonly entries: readonly IndexEntry[];
  readonly cutBytes: number;
}

const findEnd = async (file: FileHandle, start: number): Promise<TapeEnd> => {
  const { size } = await file.stat();
  const scan = new FrameScan(file, start, size);
  let previousIndex = 0;
  let uncovered: number[] = [];
  for (let at = scan.end; ; at = scan.end) {
    const frame = await scan.next();
    if (frame === undefined) break;
    if (frame.kind === FRAME_KINDS.index) {
      previousIndex = at;
      uncovered = [];
    } else uncovered.push(at);
  }
  return {
    position: scan.end,
    previousIndex,
    entries: await surveyFrames(file, uncovered, scan.end),
    cutBytes: scan.tornBytes,
  };
};

/** Calls must not overlap: the owner awaits each. */
export class TapeFile {
  readonly #disk: TapeDisk;
  readonly #options: TapeFileOptions;
  /** Until it is written. */
  #header: Uint8Array | undefined;
  /** Where the last whole frame ends. */
  #position: number;
  /** Entries of blocks that no index frame covers yet. */
  #entries: IndexEntry[];
  #previousIndex: number;
  /** A failed write left bytes after the last whole frame: they are cut before the next. */
  #isTailDirty = false;
  /** Cut off a tape that was continued. */
  readonly cutBytes: number;

  private constructor(
    disk: TapeDisk,
    options: TapeFileOptions,
    begin: { readonly header: Uint8Array } | TapeEnd,
  ) {
    this.#disk = disk;
    this.#options = options;
    const isNew = "header" in begin;
    this.#header = isNew ? begin.header : undefined;
    this.#position = isNew ? 0 : begin.position;
    this.#previousIndex = isNew ? 0 : begin.previousIndex;
    this.#entries = isNew ? [] : [...begin.entries];
    this.cutBytes = isNew ? 0 : begin.cutBytes;
  }

  /** Begins a tape in a file that is empty. */
  static begin(
    disk: TapeDisk,
    info: TapeInfo,
    options: TapeFileOptions,
  ): TapeFile {
    return new TapeFile(disk, options, { header: encodeHeader(info) });
  }

  /** Continues a tape: its torn tail is cut off. E_TAPE_FORMAT where it is damaged before its end, or of an older version. */
  static async resume(
    path: string,
    options: TapeFileOptions,
  ): Promise<TapeFile> {
    const disk = await open(path, "r+");
    try {
      const { bytes, version } = await readHeader(disk);
      if (version !== TAPE_VERSION)
        throw damaged(`version ${version} is only read, not appended to`);
      const found = await findEnd(disk, bytes);
      if (found.cutBytes > 0) await disk.truncate(found.position);
      return new TapeFile(disk, options, found);
    } catch (error) {
      await disk.close();
      throw error;
    }
  }

  get position(): number {
    return this.#position;
  }

  /** Comes by itself with the first block; asked for, it shows at once whether the disk takes anything. */
  async writeHeader(): Promise<void> {
    if (this.#header === undefined) return;
    await this.#append(this.#header);
    this.#header = undefined;
  }

  /** Compresses off this thread. On failure the tape ends where it ended before. */
  async writeBlock(block: TapeBlock): Promise<void> {
    const { compression, indexEveryBlocks } = this.#options;
    await this.writeHeader();
    // Before the block, so that a block whose write has failed is not on the tape.
    if (this.#entries.length >= indexEveryBlocks)
      await this.#writeIndex("inner");
    const { data } = block;
    const packed =
      compression === "none" ? data : await compress(data, BROTLI_OPTIONS);
    const frame = encodeFrame(
      FRAME_KINDS.block,
      packed,
      Uint8Array.of(CODECS[compression]),
    );
    const entry = entryOf(this.#position, frame.length, block);
    await this.#append(frame);
    this.#entries.push(entry);
  }

  sync(): Promise<void> {
    return this.#disk.sync();
  }

  /** Without a footer: for a tape that could not be begun. */
  abandon(): Promise<void> {
    return this.#disk.close();
  }

  /** The footer, durably; the file is closed whatever happens. */
  async close(): Promise<void> {
    try {
      await this.writeHeader();
      await this.#writeIndex("footer");
      await this.#disk.sync();
    } finally {
      await this.#disk.close();
    }
  }

  async #writeIndex(role: "inner" | "footer"): Promise<void> {
    const position = this.#position;
    await this.#append(
      encodeIndex({
        role,
        previous: this.#previousIndex,
        entries: this.#entries,
      }),
    );
    this.#previousIndex = position;
    this.#entries = [];
  }

  async #append(bytes: Uint8Array): Promise<void> {
    if (this.#isTailDirty) await this.#disk.truncate(this.#position);
    this.#isTailDirty = true;
    for (let done = 0; done < bytes.length;) {
      // A disk that is nearly full takes a part and says so only at the next write.
      const { bytesWritten } = await this.#disk.write(
        bytes,
        done,
        bytes.length - done,
        this.#position + done,
      );
      done += bytesWritten;
    }
    this.#isTailDirty = false;
    this.#position += bytes.length;
  }
}
