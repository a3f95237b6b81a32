/** Writes a tape at the disk's pace: for tools. What must not wait records with tape-recorder.ts. */
import { CodedError } from "../std/errors.ts";
import type { FeedEvent } from "./feed-event.ts";
import {
  BLOCK_BYTES_DEFAULT,
  BLOCK_BYTES_MAX,
  TapeBlock,
  itemRoom,
} from "./tape-block.ts";
import { TAPE_FILE_DEFAULTS, TapeFile, openDisk } from "./tape-file.ts";
import type { TapeFileOptions } from "./tape-file.ts";
import type { TapeInfo } from "./tape-frame.ts";
import { encodeHole, type TapeHole } from "./tape-hole.ts";
import { recordBytes, toRecord, type TapeRecord } from "./tape-record.ts";

export interface TapeWriterOptions extends Partial<TapeFileOptions> {
  readonly info?: TapeInfo;
  /** Held in memory before it is compressed and written. */
  readonly blockBytes?: number;
}

/** Await every call. */
export class TapeWriter {
  readonly #path: string;
  readonly #file: TapeFile;
  readonly #blockBytes: number;
  #block: TapeBlock;
  #records = 0;

  private constructor(
    path: string,
    file: TapeFile,
    options: TapeWriterOptions,
  ) {
    this.#path = path;
    this.#file = file;
    this.#blockBytes = Math.min(
      options.blockBytes ?? BLOCK_BYTES_DEFAULT,
      BLOCK_BYTES_MAX,
    );
    this.#block = new TapeBlock(this.#blockBytes);
  }

  /** Begins a tape anew, whatever was there. E_TAPE_WRITE here and below where the disk takes nothing. */
  static async create(
    path: string,
    options: TapeWriterOptions = {},
  ): Promise<TapeWriter> {
    const file = await onDisk(path, async () => {
      const disk = await openDisk(path, "w");
      const begun = TapeFile.begin(disk, options.info ?? {}, {
        ...TAPE_FILE_DEFAULTS,
        ...options,
      });
      await begun.writeHeader();
      return begun;
    });
    return new TapeWriter(path, file, options);
  }

  /** Continues a tape: its torn tail is cut off. E_TAPE_FORMAT where it is damaged before its end. */
  static async append(
    path: string,
    options: TapeWriterOptions = {},
  ): Promise<TapeWriter> {
    const file = await TapeFile.resume(path, {
      ...TAPE_FILE_DEFAULTS,
      ...options,
    });
    return new TapeWriter(path, file, options);
  }

  get records(): number {
    return this.#records;
  }

  /** What `append` cut off. */
  get cutBytes(): number {
    return this.#file.cutBytes;
  }

  /** Written so far, what is held in memory not counted. */
  get bytes(): number {
    return this.#file.position;
  }

  write(event: FeedEvent): Promise<void> {
    return this.writeRecord(toRecord(event));
  }

  async writeRecord(record: TapeRecord): Promise<void> {
    if (!this.#block.putRecord(record)) {
      await this.#room(recordBytes(record));
      if (!this.#block.putRecord(record))
        throw new CodedError("E_INPUT_LIMIT", { field: "subject" });
    }
    this.#records++;
  }

  /** Stands between the records before and after it. */
  async writeMark(bytes: Uint8Array): Promise<void> {
    if (this.#block.putMark(bytes)) return;
    await this.#room(bytes.length);
    this.#block.putMark(bytes);
  }

  async writeHole(hole: TapeHole): Promise<void> {
    if (this.#block.putHole(hole)) return;
    await this.#room(encodeHole(hole).length);
    this.#block.putHole(hole);
  }

  async flush(): Promise<void> {
    if (this.#block.bytes === 0) return;
    await onDisk(this.#path, () => this.#file.writeBlock(this.#block));
    this.#block.clear();
  }

  async close(): Promise<void> {
    await this.flush();
    await onDisk(this.#path, () => this.#file.close());
  }

  /** Closes the file as it is, without a footer. */
  abandon(): Promise<void> {
    return this.#file.abandon();
  }

  /** An empty block with room for one item of so many bytes; larger than the others where it must be. */
  async #room(bytes: number): Promise<void> {
    await this.flush();
    const wanted = Math.max(this.#blockBytes, itemRoom(bytes));
    if (wanted > BLOCK_BYTES_MAX) throw new CodedError("E_INPUT_SIZE");
    if (this.#block.bytesMax !== wanted) this.#block = new TapeBlock(wanted);
  }
}

const onDisk = async <T>(path: string, work: () => Promise<T>): Promise<T> => {
  try {
    return await work();
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    const reason = cause instanceof Error ? cause.message : String(cause);
    throw new CodedError("E_TAPE_WRITE", {
      detail: `${path}: ${reason}`,
      cause,
    });
  }
};
