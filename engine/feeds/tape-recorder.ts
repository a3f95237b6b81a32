/**
 * Records without ever holding up the thread that it records: handing over copies the bytes into a bounded buffer, packing and
 * writing happen on the thread pool. When the disk does not keep pace the newest events are not kept, and a hole says so.
 */
import { mkdir, rm } from "node:fs/promises";
import { dirname } from "node:path";
import type {
  Clock,
  Logger,
  Telemetry,
  TimerHandle,
  Timers,
} from "../ports.ts";
import { NO_LOG, NO_TELEMETRY } from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import type { UnixMicros } from "../std/time.ts";
import { TapeBlock, itemRoom, type Codec } from "./tape-block.ts";
import {
  TAPE_FILE_DEFAULTS,
  TapeFile,
  openDisk,
  type OpenDisk,
  type TapeDisk,
} from "./tape-file.ts";
import type { TapeInfo } from "./tape-frame.ts";
import type { HoleReason } from "./tape-hole.ts";
import { TapeLoss } from "./tape-loss.ts";
import { tapeMetrics, type TapeMetrics } from "./tape-metrics.ts";
import { hasTime, partPath } from "./tape-part-path.ts";
import {
  SUBJECT_BYTES_MAX,
  recordBytes,
  type TapeRecord,
} from "./tape-record.ts";

/** When what was written is made to survive a loss of power; a crash of the process alone loses nothing written. */
export const SYNC_POLICIES = ["onClose", "everySecond", "everyBlock"] as const;
export type SyncPolicy = (typeof SYNC_POLICIES)[number];

export interface TapeRecorderOptions {
  /** Of the first part; `{time}` stands for when it began. */
  readonly path: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly info?: TapeInfo;
  readonly compression?: Codec;
  /** Of one buffer; larger than any event. */
  readonly blockBytes?: number;
  /** Buffers between the engine and the disk: their bytes are all that a slow disk costs. */
  readonly blocksMax?: number;
  /** Longest that an event waits for its buffer to fill: what a crash loses. */
  readonly flushMs?: number;
  /** A new part begins once this is exceeded; Infinity for never. */
  readonly rotateBytes?: number;
  readonly rotateMs?: number;
  readonly sync?: SyncPolicy;
  /** Between attempts while the disk takes nothing. */
  readonly retryMs?: number;
  /** Longest that an orderly end waits for the disk. */
  readonly closeMsMax?: number;
  readonly telemetry?: Telemetry;
  readonly log?: Logger;
  /** Told when something is lost, at the first event of each hole. */
  readonly onLoss?: (reason: HoleReason) => void;
  readonly openDisk?: OpenDisk;
}

export const RECORDER_DEFAULTS = {
  compression: "brotli",
  blockBytes: 512 * 1024,
  blocksMax: 16,
  flushMs: 1000,
  rotateBytes: 1024 * 1024 * 1024,
  rotateMs: Number.POSITIVE_INFINITY,
  sync: "everySecond",
  retryMs: 1000,
  closeMsMax: 5000,
} as const satisfies Partial<TapeRecorderOptions>;

export interface TapeRecorderCounts {
  /** Taken. */
  readonly records: number;
  /** Of these, on the disk. */
  readonly written: number;
  readonly marks: number;
  /** Events that are not on the tape. */
  readonly lost: number;
  readonly holes: number;
  /** On the disk, compressed. */
  readonly bytes: number;
  readonly parts: readonly string[];
  readonly writeErrors: number;
}

const SYNC_EVERY_NS = 1_000_000_000;
const PARTS_MAX = 9999;

export class TapeRecorder {
  readonly #options: Required<
    Omit<TapeRecorderOptions, "onLoss" | "info" | "telemetry" | "log">
  > & { readonly info: TapeInfo };
  readonly #log: Logger;
  readonly #onLoss: (reason: HoleReason) => void;
  readonly #free: TapeBlock[];
  /** Filled, in order; the one that is being written is the first. */
  readonly #queue: TapeBlock[] = [];
  /** Being filled. */
  #current: TapeBlock;
  /** What was not kept since there was no room: said before anything else is kept. */
  #loss: TapeLoss | undefined;
  #file: TapeFile | undefined;
  #part = 0;
  #partStartedNs = 0;
  #syncedNs = 0;
  #isFailing = false;
  #state: "open" | "closing" | "closed" = "open";
  #pumping: Promise<void> = Promise.resolve();
  #isPumping = false;
  #wake: (() => void) | undefined;
  #records = 0;
  #written = 0;
  #marks = 0;
  #lost = 0;
  #holes = 0;
  #bytes = 0;
  #writeErrors = 0;
  readonly #parts: string[] = [];
  readonly #metrics: TapeMetrics;
  readonly #flushing: TimerHandle;

  private constructor(options: TapeRecorderOptions) {
    const {
      telemetry = NO_TELEMETRY,
      log = NO_LOG,
      onLoss = () => undefined,
      info = {},
      ...rest
    } = options;
    this.#options = { ...RECORDER_DEFAULTS, openDisk, info, ...rest };
    this.#log = log;
    this.#onLoss = onLoss;
    const { blocksMax, blockBytes, timers, flushMs } = this.#options;
    this.#current = new TapeBlock(blockBytes);
    this.#free = Array.from(
      { length: Math.max(1, blocksMax - 1) },
      () => new TapeBlock(blockBytes),
    );
    this.#metrics = tapeMetrics(telemetry);
    this.#flushing = timers.every(flushMs, () => this.#flush());
  }

  /** E_TAPE_EXISTS, or E_TAPE_WRITE where no file can be begun. */
  static async start(options: TapeRecorderOptions): Promise<TapeRecorder> {
    const recorder = new TapeRecorder(options);
    try {
      await mkdir(dirname(options.path), { recursive: true });
      const file = await recorder.#openPart();
      recorder.#file = file;
      await file.writeHeader().catch(async (error: unknown) => {
        // An empty file would only stand in the way of the next attempt.
        await file.abandon();
        await rm(recorder.#parts[0]!, { force: true });
        throw error;
      });
      return recorder;
    } catch (cause) {
      recorder.#flushing.cancel();
      if (cause instanceof CodedError) throw cause;
      throw new CodedError("E_TAPE_WRITE", { detail: options.path, cause });
    }
  }

  get counts(): TapeRecorderCounts {
    return {
      records: this.#records,
      written: this.#written,
      marks: this.#marks,
      lost: this.#lost,
      holes: this.#holes,
      bytes: this.#bytes,
      parts: this.#parts,
      writeErrors: this.#writeErrors,
    };
  }

  /** Copies the bytes; false when they are not kept, which a hole then tells. */
  record(record: TapeRecord): boolean {
    if (this.#state !== "open") return false;
    if (
      this.#hasRoom() &&
      (this.#current.putRecord(record) ||
        (this.#seal() && this.#current.putRecord(record)))
    ) {
      this.#records++;
      return true;
    }
    this.#lose(record);
    return false;
  }

  /** Bytes that stand between the records before and after them; false when they are not kept, and nothing tells it then but this. */
  mark(bytes: Uint8Array): boolean {
    if (this.#state !== "open" || !this.#hasRoom()) return false;
    const isKept =
      this.#current.putMark(bytes) ||
      (this.#seal() && this.#current.putMark(bytes));
    if (isKept) this.#marks++;
    return isKept;
  }

  /** Writes what is buffered and the footer; gives up after `closeMsMax`. */
  async close(): Promise<TapeRecorderCounts> {
    if (this.#state !== "open") return this.counts;
    this.#flushing.cancel();
    this.#state = "closing";
    if (this.#current.bytes > 0) this.#queue.push(this.#current);
    if (this.#loss !== undefined) this.#queue.push(this.#lastWord(this.#loss));
    if (!(await this.#within(this.#drain()))) this.#abandon();
    this.#state = "closed";
    this.#log.info("tape.closed", { ...this.counts });
    return this.counts;
  }

  /** A hole at the end needs a block of its own where all others wait for the disk. */
  #lastWord(loss: TapeLoss): TapeBlock {
    this.#current = new TapeBlock(this.#options.blockBytes);
    this.#putHole(loss);
    this.#loss = undefined;
    return this.#current;
  }

  async #drain(): Promise<void> {
    this.#pump();
    await this.#pumping;
    await this.#closePart();
  }

  /** What the disk did not take in time is lost; nothing waits for it any longer. */
  #abandon(): void {
    const unwritten = this.#queue.reduce(
      (sum, { records }) => sum + records,
      0,
    );
    this.#lost += unwritten;
    this.#metrics.lost.failed.add(unwritten);
    this.#log.error("tape.lost", { code: "E_TAPE_HOLE", events: unwritten });
    this.#state = "closed";
    this.#wake?.();
  }

  /** After a loss, only once the hole stands on the tape. */
  #hasRoom(): boolean {
    if (this.#loss === undefined) return true;
    if (!this.#seal()) return false;
    this.#putHole(this.#loss);
    this.#loss = undefined;
    return true;
  }

  #putHole(loss: TapeLoss): void {
    if (!this.#current.putHole(loss.hole("symbols")))
      this.#current.putHole(loss.hole("all"));
    this.#holes++;
    const { lost, reason } = loss;
    this.#log.warn("tape.lost", { code: "E_TAPE_HOLE", events: lost, reason });
  }

  #lose(record: TapeRecord): void {
    if (this.#loss === undefined) {
      const reason = this.#reasonOf(record);
      this.#loss = new TapeLoss(reason, record);
      this.#onLoss(reason);
    }
    this.#loss.add(record);
    this.#lost++;
    this.#metrics.lost[this.#loss.reason].add(1);
  }

  #reasonOf(record: TapeRecord): HoleReason {
    if (
      itemRoom(recordBytes(record)) > this.#current.bytesMax ||
      record.subject.length > SUBJECT_BYTES_MAX
    )
      return "size";
    return this.#isFailing ? "failed" : "slow";
  }

  /** Hands the current block to the disk and takes an empty one; false when there is none. */
  #seal(): boolean {
    if (this.#current.bytes === 0) return true;
    const next = this.#free.pop();
    if (next === undefined) return false;
    this.#queue.push(this.#current);
    this.#current = next;
    this.#metrics.queued.set(this.#queue.length);
    this.#pump();
    return true;
  }

  /** Says a hole as soon as there is room, and lets no event wait for others to fill its block. */
  #flush(): void {
    if (this.#hasRoom() && this.#queue.length === 0) this.#seal();
  }

  #pump(): void {
    if (this.#isPumping) return;
    this.#isPumping = true;
    this.#pumping = this.#writeQueue();
  }

  async #writeQueue(): Promise<void> {
    for (
      let block = this.#queue[0];
      block !== undefined && this.#state !== "closed";
      block = this.#queue[0]
    ) {
      try {
        await this.#writeBlock(block);
      } catch (error) {
        await this.#onWriteError(error);
        continue;
      }
      this.#queue.shift();
      block.clear();
      this.#free.push(block);
      this.#metrics.queued.set(this.#queue.length);
      await this.#afterBlock();
    }
    // At once, not when the promise is heard of: a block that is sealed in between would wait for the next.
    this.#isPumping = false;
  }

  async #writeBlock(block: TapeBlock): Promise<void> {
    this.#file ??= await this.#openPart();
    const before = this.#file.position;
    await this.#file.writeBlock(block);
    const bytes = this.#file.position - before;
    this.#bytes += bytes;
    this.#written += block.records;
    this.#metrics.bytes.add(bytes);
    this.#metrics.records.add(block.records);
    if (!this.#isFailing) return;
    this.#isFailing = false;
    this.#log.info("tape.recovered", { part: this.#parts.at(-1) });
  }

  /** The block is whole in memory and tried again: what a full disk costs is what comes once all buffers are full. */
  async #onWriteError(error: unknown): Promise<void> {
    this.#countError(error);
    this.#isFailing = true;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#options.timers.after(this.#options.retryMs, resolve);
    });
    this.#wake = undefined;
  }

  async #afterBlock(): Promise<void> {
    const file = this.#file!;
    const { rotateBytes, rotateMs, sync, clock } = this.#options;
    const nowNs = clock.nowNs();
    try {
      if (
        file.position >= rotateBytes ||
        nowNs - this.#partStartedNs >= rotateMs * 1e6
      ) {
        await this.#closePart();
        return;
      }
      if (
        sync === "everyBlock" ||
        (sync === "everySecond" && nowNs - this.#syncedNs >= SYNC_EVERY_NS)
      ) {
        this.#syncedNs = nowNs;
        await file.sync();
      }
    } catch (error) {
      this.#countError(error);
    }
  }

  async #openPart(): Promise<TapeFile> {
    const { clock, info, compression } = this.#options;
    const startUs = clock.nowUs();
    const { disk, name } = await this.#openDisk(startUs);
    this.#parts.push(name);
    this.#partStartedNs = this.#syncedNs = clock.nowNs();
    this.#log.info("tape.opened", { path: name });
    return TapeFile.begin(
      disk,
      { ...info, startUs, part: this.#parts.length },
      { ...TAPE_FILE_DEFAULTS, compression },
    );
  }

  /** Never over what is there: a name that is taken gets a number, but for the first one that the user gave. */
  async #openDisk(
    startUs: UnixMicros,
  ): Promise<{ disk: TapeDisk; name: string }> {
    const { path } = this.#options;
    const isNamedByTime = hasTime(path);
    for (let n = isNamedByTime ? 1 : this.#part + 1; n <= PARTS_MAX; n++) {
      const name = partPath(path, n, startUs);
      try {
        const disk = await this.#options.openDisk(name, "wx");
        this.#part = n;
        return { disk, name };
      } catch (error) {
        if ((error as NodeJS.ErrnoException).code !== "EEXIST") throw error;
        if (n === 1 && !isNamedByTime)
          throw new CodedError("E_TAPE_EXISTS", { detail: name });
      }
    }
    throw new CodedError("E_TAPE_EXISTS", { detail: path });
  }

  async #closePart(): Promise<void> {
    const file = this.#file;
    this.#file = undefined;
    if (file === undefined) return;
    try {
      await file.close();
    } catch (error) {
      // The part has no footer then, and reads all the same.
      this.#countError(error);
    }
  }

  #countError(error: unknown): void {
    this.#writeErrors++;
    this.#metrics.errors.add(1);
    // Once for each trouble, not for each attempt.
    if (this.#isFailing) return;
    this.#log.error("tape.failing", {
      code: "E_TAPE_WRITE",
      error: error instanceof Error ? error.message : String(error),
    });
  }

  /** False when it took longer than an orderly end may. */
  async #within(work: Promise<void>): Promise<boolean> {
    const { timers, closeMsMax } = this.#options;
    // Our timers keep no process alive, and nothing else may by now: it must not end before its tape.
    const alive = setInterval(() => undefined, 60_000);
    try {
      return await new Promise((resolve, reject) => {
        const timer = timers.after(closeMsMax, () => resolve(false));
        work.then(() => {
          timer.cancel();
          resolve(true);
        }, reject);
      });
    } finally {
      clearInterval(alive);
    }
  }
}
