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
  readonly #file: TapeFile;
  readonly #blockBytes: number;
  #block: TapeBlock;
  #records = 0;

  private constructor(file: TapeFile, options: TapeWriterOptions) {
    this.#file = file;
    this.#blockBytes = Math.min(
      options.blockBytes ?? BLOCK_BYTES_DEFAULT,
      BLOCK_BYTES_MAX,
    );
    this.#block = new TapeBlock(this.#blockBytes);
  }

  /** Begins a tape anew, whatever was there. */
  static async create(
    path: string,
    options: TapeWriterOptions = {},
  ): Promise<TapeWriter> {
    const disk = await openDisk(path, "w");
    const file = TapeFile.begin(disk, options.info ?? {}, {
      ...TAPE_FILE_DEFAULTS,
      ...options,
    });
    await file.writeHeader();
    return new TapeWriter(file, options);
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
    return new TapeWriter(file, options);
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
    await this.#file.writeBlock(this.#block);
    this.#block.clear();
  }

  async close(): Promise<void> {
    await this.flush();
    await this.#file.close();
  }

  /** An empty block with room for one item of so many bytes; larger than the others where it must be. */
  async #room(bytes: number): Promise<void> {
    await this.flush();
    const wanted = Math.max(this.#blockBytes, itemRoom(bytes));
    if (wanted > BLOCK_BYTES_MAX) throw new CodedError("E_INPUT_SIZE");
    if (this.#block.bytesMax !== wanted) this.#block = new TapeBlock(wanted);
  }
}
