/** The files that one recording is spread over: begins the next by size and time, says in each what it is, removes the oldest where only some are kept. */
import { mkdir, readdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type { Clock, Logger } from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import type { UnixMicros } from "../std/time.ts";
import type { Codec, TapeBlock } from "./tape-block.ts";
import {
  TAPE_FILE_DEFAULTS,
  TapeFile,
  type OpenDisk,
  type TapeDisk,
} from "./tape-file.ts";
import type { TapeInfo } from "./tape-frame.ts";
import { PartNames } from "./part-names.ts";

/** When what was written is made to survive a loss of power; a crash of the process alone loses nothing written. */
export const SYNC_POLICIES = ["onClose", "everySecond", "everyBlock"] as const;
export type SyncPolicy = (typeof SYNC_POLICIES)[number];

export interface PartWriterOptions {
  /** Of the first part, or of a folder for all of them (docs/tape.md). */
  readonly path: string;
  readonly clock: Clock;
  readonly info: TapeInfo;
  readonly compression: Codec;
  /** A new part begins once this is exceeded; Infinity for never. */
  readonly rotateBytes: number;
  readonly rotateMs: number;
  /** Parts kept, the one that is being written among them; Infinity for all. */
  readonly partsMax: number;
  readonly sync: SyncPolicy;
  readonly openDisk: OpenDisk;
  readonly log: Logger;
}

const SYNC_EVERY_NS = 1_000_000_000;

/** Calls must not overlap: the owner awaits each. */
export class PartWriter {
  readonly #options: PartWriterOptions;
  readonly #names: PartNames;
  readonly #recording: string;
  #file: TapeFile | undefined;
  #startedNs = 0;
  #syncedNs = 0;
  /** Of all parts so far, on the disk. */
  #items = 0;
  readonly #paths: string[] = [];
  /** Those that have not been removed. */
  readonly #kept: string[] = [];

  private constructor(options: PartWriterOptions, names: PartNames) {
    this.#options = options;
    this.#names = names;
    const { clock, info } = options;
    this.#recording =
      info.recording ??
      `${clock.nowUs().toString(36)}-${process.pid.toString(36)}`;
  }

  /** The first part, its header written. E_TAPE_EXISTS, or E_TAPE_WRITE where no file can be begun. */
  static async begin(options: PartWriterOptions): Promise<PartWriter> {
    try {
      const names = await PartNames.of(options.path, options.clock.nowUs());
      const writer = new PartWriter(options, names);
      await makeFolder(names.folder);
      await writer.#refuseTaken();
      await writer.#begin();
      return writer;
    } catch (cause) {
      if (cause instanceof CodedError) throw cause;
      const reason = cause instanceof Error ? cause.message : String(cause);
      throw new CodedError("E_TAPE_WRITE", {
        detail: `${options.path}: ${reason}`,
        cause,
      });
    }
  }

  /** In order, those that were removed among them. */
  get paths(): readonly string[] {
    return this.#paths;
  }

  /** The part that is being written is large or old enough for another to begin. */
  get isDue(): boolean {
    const { rotateBytes, rotateMs, clock } = this.#options;
    return (
      this.#file !== undefined &&
      (this.#file.position >= rotateBytes ||
        clock.nowNs() - this.#startedNs >= rotateMs * 1e6)
    );
  }

  /** The bytes that it took on the disk. On failure the tape ends where it ended before. */
  async write(block: TapeBlock): Promise<number> {
    this.#file ??= await this.#open();
    const before = this.#file.position;
    await this.#file.writeBlock(block);
    this.#items += block.records + block.marks + block.holes;
    return this.#file.position - before;
  }

  /** Between two blocks: makes durable what is due, removes what is too many. */
  async settle(): Promise<void> {
    const file = this.#file;
    if (file === undefined) return;
    const { sync, clock } = this.#options;
    const nowNs = clock.nowNs();
    if (
      sync === "everyBlock" ||
      (sync === "everySecond" && nowNs - this.#syncedNs >= SYNC_EVERY_NS)
    ) {
      this.#syncedNs = nowNs;
      await file.sync();
    }
    await this.#removeOldest();
  }

  /** Ends the part with its footer; the next block begins another. */
  async close(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.close();
  }

  /** Lets go of a disk that takes nothing, whatever it still does. */
  async abandon(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    await file?.abandon();
  }

  async #begin(): Promise<void> {
    const file = await this.#open();
    try {
      await file.writeHeader();
    } catch (error) {
      // An empty file would only stand in the way of the next attempt.
      await file.abandon();
      await rm(this.#paths[0]!, { force: true });
      throw error;
    }
    this.#file = file;
  }

  async #open(): Promise<TapeFile> {
    const { clock, info, compression, log } = this.#options;
    const startUs = clock.nowUs();
    const { disk, path } = await this.#openDisk(startUs);
    this.#paths.push(path);
    this.#kept.push(path);
    this.#startedNs = this.#syncedNs = clock.nowNs();
    log.info("tape.opened", { path });
    return TapeFile.begin(
      disk,
      {
        ...info,
        startUs,
        recording: this.#recording,
        part: this.#paths.length,
        itemsBefore: this.#items,
      },
      { ...TAPE_FILE_DEFAULTS, compression },
    );
  }

  /** Never over what is there: a name that is taken meanwhile is passed over. */
  async #openDisk(
    startUs: UnixMicros,
  ): Promise<{ disk: TapeDisk; path: string }> {
    for (const path of this.#names.from(this.#paths.length + 1, startUs))
      try {
        return { disk: await this.#options.openDisk(path, "wx"), path };
      } catch (error) {
        if (codeOf(error) !== "EEXIST") throw error;
        if (this.#paths.length === 0 && !this.#names.areTimed)
          throw new CodedError("E_TAPE_EXISTS", { detail: path });
      }
    throw new CodedError("E_TAPE_EXISTS", { detail: this.#options.path });
  }

  /** Parts of another recording under the same names: of its first ones some may have been removed. */
  async #refuseTaken(): Promise<void> {
    const taken = (await readdir(this.#names.folder)).find((name) =>
      this.#names.isPart(name),
    );
    if (taken !== undefined)
      throw new CodedError("E_TAPE_EXISTS", {
        detail: `${taken} in ${this.#names.folder}`,
      });
  }

  async #removeOldest(): Promise<void> {
    const { partsMax, log } = this.#options;
    while (this.#kept.length > partsMax) {
      await rm(this.#kept[0]!, { force: true });
      log.info("tape.removed", { path: this.#kept.shift() });
    }
  }
}

/** Not Node's recursive one, which never ends where the system refuses a folder with ENOENT (/proc). */
const makeFolder = async (path: string): Promise<void> => {
  const made = await mkdir(path).then(() => undefined, codeOf);
  if (made === undefined || made === "EEXIST") return;
  if (made === "ENOENT" && dirname(path) !== path)
    await makeFolder(dirname(path));
  await mkdir(path);
};

const codeOf = (error: unknown): string =>
  (error as NodeJS.ErrnoException).code ?? "";
