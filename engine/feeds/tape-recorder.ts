/**
 * Records without ever holding up the thread that it records: handing over copies the bytes into a bounded buffer, packing and
 * writing happen on the thread pool. When the disk does not keep pace the newest events are not kept, and a hole says so.
 */
import type {
  Clock,
  Logger,
  Telemetry,
  TimerHandle,
  Timers,
} from "../ports.ts";
import { NO_LOG, NO_TELEMETRY } from "../ports.ts";
import { PartWriter, type SyncPolicy } from "./part-writer.ts";
import { itemRoom, type Codec, type TapeBlock } from "./tape-block.ts";
import { TapeBuffers } from "./tape-buffers.ts";
import { openDisk, type OpenDisk } from "./tape-file.ts";
import type { TapeInfo } from "./tape-frame.ts";
import type { HoleReason } from "./tape-hole.ts";
import { TapeLoss } from "./tape-loss.ts";
import { tapeMetrics, type TapeMetrics } from "./tape-metrics.ts";
import { TapePump } from "./tape-pump.ts";
import {
  SUBJECT_BYTES_MAX,
  recordBytes,
  type TapeRecord,
} from "./tape-record.ts";

export interface TapeRecorderOptions {
  /** Of the first part, or of a folder for all of them; `{time}` stands for when it began. */
  readonly path: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly info?: TapeInfo;
  readonly compression?: Codec;
  /** Of one buffer; larger than any event. */
  readonly blockBytes?: number;
  /** Handed over at this size while the disk keeps pace: packing takes a core, which a thread beside it must not wait for long. */
  readonly eagerBytes?: number;
  /** Buffers between the engine and the disk: their bytes are all that a slow disk costs. */
  readonly blocksMax?: number;
  /** Longest that an event waits for its buffer to fill: what a crash loses. */
  readonly flushMs?: number;
  /** A new part begins once this is exceeded; Infinity for never. */
  readonly rotateBytes?: number;
  readonly rotateMs?: number;
  /** Parts kept: the oldest is removed when another begins. */
  readonly partsMax?: number;
  /** What is handed over from here on stands in another part: the moment to hand over the states with which it begins. */
  readonly onPart?: () => void;
  readonly sync?: SyncPolicy;
  /** Between attempts while the disk takes nothing. */
  readonly retryMs?: number;
  /** Longest that an orderly end waits for the disk. */
  readonly closeMsMax?: number;
  readonly telemetry?: Telemetry;
  readonly log?: Logger;
  readonly openDisk?: OpenDisk;
}

export const RECORDER_DEFAULTS = {
  compression: "brotli",
  blockBytes: 512 * 1024,
  eagerBytes: 128 * 1024,
  blocksMax: 16,
  flushMs: 1000,
  rotateBytes: 1024 * 1024 * 1024,
  rotateMs: Number.POSITIVE_INFINITY,
  partsMax: Number.POSITIVE_INFINITY,
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
  readonly states: number;
  /** Events that are not on the tape. */
  readonly lost: number;
  readonly holes: number;
  /** On the disk, compressed. */
  readonly bytes: number;
  /** Nothing that was handed over is missing. */
  readonly isWhole: boolean;
  /** In order, those that were removed among them. */
  readonly parts: readonly string[];
  readonly writeErrors: number;
}

type FilledOptions = Required<TapeRecorderOptions>;

export class TapeRecorder {
  readonly #parts: PartWriter;
  readonly #buffers: TapeBuffers;
  readonly #pump: TapePump;
  readonly #timers: Timers;
  readonly #closeMsMax: number;
  readonly #log: Logger;
  readonly #metrics: TapeMetrics;
  readonly #flushing: TimerHandle;
  /** What was not kept since there was no room: said before anything else is kept. */
  #loss: TapeLoss | undefined;
  #isOpen = true;
  /** The disk did not take what was left at the end. */
  #isCutShort = false;
  #records = 0;
  #marks = 0;
  #states = 0;
  #lost = 0;
  #holes = 0;

  private constructor(options: FilledOptions, parts: PartWriter) {
    const { timers, log, flushMs, retryMs, closeMsMax, onPart } = options;
    this.#parts = parts;
    this.#timers = timers;
    this.#closeMsMax = closeMsMax;
    this.#log = log;
    const metrics = (this.#metrics = tapeMetrics(options.telemetry));
    const buffers = (this.#buffers = new TapeBuffers({
      blockBytes: options.blockBytes,
      blocksMax: options.blocksMax,
      eagerBytes: options.eagerBytes,
      onSealed: () => this.#pump.run(),
    }));
    this.#pump = new TapePump({
      buffers,
      parts,
      timers,
      retryMs,
      onPartDue: () => this.#beginPart(onPart),
      metrics,
      log,
    });
    this.#flushing = timers.every(flushMs, () => this.#flush());
  }

  /** E_TAPE_EXISTS, or E_TAPE_WRITE where no file can be begun. */
  static async start(options: TapeRecorderOptions): Promise<TapeRecorder> {
    const filled: FilledOptions = {
      ...RECORDER_DEFAULTS,
      openDisk,
      onPart: () => undefined,
      info: {},
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
      ...options,
    };
    return new TapeRecorder(filled, await PartWriter.begin(filled));
  }

  get counts(): TapeRecorderCounts {
    return {
      records: this.#records,
      written: this.#pump.written,
      marks: this.#marks,
      states: this.#states,
      lost: this.#lost,
      holes: this.#holes,
      bytes: this.#pump.bytes,
      isWhole: this.#lost === 0 && !this.#isCutShort,
      parts: this.#parts.paths,
      writeErrors: this.#pump.errors,
    };
  }

  /** Of the disk, the last one; undefined where it took all that it was given. */
  get writeError(): unknown {
    return this.#pump.lastError;
  }

  /** Copies the bytes; false when they are not kept, which a hole then tells. */
  record(record: TapeRecord): boolean {
    if (!this.#isOpen) return false;
    const isKept =
      this.#hasRoom() && this.#buffers.put((block) => block.putRecord(record));
    if (isKept) this.#records++;
    else this.#lose(record);
    return isKept;
  }

  /** Bytes that stand between the records before and after them; false when they are not kept, and nothing tells it then but this. */
  mark(bytes: Uint8Array): boolean {
    const isKept =
      this.#isOpen &&
      this.#hasRoom() &&
      this.#buffers.put((block) => block.putMark(bytes));
    if (isKept) this.#marks++;
    return isKept;
  }

  /**
   * No event, but what events of earlier parts came to, for whoever reads from this part on. False when it is not kept, which no hole
   * tells: whoever reads from the beginning misses nothing.
   */
  state(record: TapeRecord): boolean {
    const isKept =
      this.#isOpen &&
      this.#hasRoom() &&
      this.#buffers.put((block) => block.putState(record));
    if (isKept) this.#states++;
    return isKept;
  }

  /** Writes what is buffered and the footer; gives up after `closeMsMax`. */
  async close(): Promise<TapeRecorderCounts> {
    if (!this.#isOpen) return this.counts;
    this.#isOpen = false;
    this.#flushing.cancel();
    const loss = this.#loss;
    this.#loss = undefined;
    this.#buffers.end(loss && ((block) => this.#putHole(loss, block)));
    if (!(await this.#within(this.#pump.drain()))) this.#abandon();
    this.#log.info("tape.closed", { ...this.counts });
    return this.counts;
  }

  /** What the disk did not take in time is lost; nothing waits for it any longer. */
  #abandon(): void {
    this.#isCutShort = true;
    this.#pump.stop();
    const { unwritten } = this.#buffers;
    this.#lost += unwritten;
    this.#metrics.lost.failed.add(unwritten);
    this.#log.error("tape.lost", { code: "E_TAPE_HOLE", events: unwritten });
  }

  /** Without room for it, after the next block. */
  #beginPart(onPart: () => void): void {
    if (this.#isOpen && this.#hasRoom() && this.#buffers.beginPart()) onPart();
  }

  /** After a loss, only once the hole stands on the tape. */
  #hasRoom(): boolean {
    const loss = this.#loss;
    if (loss === undefined) return true;
    if (!this.#buffers.seal()) return false;
    this.#buffers.put((block) => this.#putHole(loss, block));
    this.#loss = undefined;
    return true;
  }

  /** Into an empty block: naming all symbols, where their names are too many for one, always fits. */
  #putHole(loss: TapeLoss, block: TapeBlock): boolean {
    this.#holes++;
    const { lost, reason } = loss;
    this.#log.warn("tape.lost", { code: "E_TAPE_HOLE", events: lost, reason });
    return (
      block.putHole(loss.hole("symbols")) || block.putHole(loss.hole("all"))
    );
  }

  #lose(record: TapeRecord): void {
    this.#loss ??= new TapeLoss(this.#reasonOf(record), record);
    this.#loss.add(record);
    this.#lost++;
    this.#metrics.lost[this.#loss.reason].add(1);
  }

  #reasonOf(record: TapeRecord): HoleReason {
    if (
      itemRoom(recordBytes(record)) > this.#buffers.bytesMax ||
      record.subject.length > SUBJECT_BYTES_MAX
    )
      return "size";
    return this.#pump.isFailing ? "failed" : "slow";
  }

  /** Says a hole as soon as there is room, and lets no event wait for others to fill its block. */
  #flush(): void {
    if (this.#hasRoom() && this.#buffers.queued === 0) this.#buffers.seal();
  }

  /** False when it took longer than an orderly end may. */
  async #within(work: Promise<void>): Promise<boolean> {
    // Our timers keep no process alive, and nothing else may by now: it must not end before its tape.
    const alive = setInterval(() => undefined, 60_000);
    try {
      return await new Promise((resolve, reject) => {
        const timer = this.#timers.after(this.#closeMsMax, () =>
          resolve(false),
        );
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
