/** Carries filled buffers to the disk, one after the other: one that the disk does not take stays whole and is tried again. */
import type { Logger, TimerHandle, Timers } from "../ports.ts";
import type { TapeBlock } from "./tape-block.ts";
import type { TapeBuffers } from "./tape-buffers.ts";
import type { TapeMetrics } from "./tape-metrics.ts";
import type { PartWriter } from "./part-writer.ts";

export interface TapePumpOptions {
  readonly buffers: TapeBuffers;
  readonly parts: PartWriter;
  readonly timers: Timers;
  /** Between attempts while the disk takes nothing. */
  readonly retryMs: number;
  /** The part that is being written is large or old enough: told after each block until another was begun. */
  readonly onPartDue: () => void;
  readonly metrics: TapeMetrics;
  readonly log: Logger;
}

export class TapePump {
  readonly #options: TapePumpOptions;
  #running: Promise<void> = Promise.resolve();
  #isRunning = false;
  #isStopped = false;
  #isFailing = false;
  #retry: TimerHandle | undefined;
  #wake: (() => void) | undefined;
  #written = 0;
  #bytes = 0;
  #errors = 0;
  #lastError: unknown;

  constructor(options: TapePumpOptions) {
    this.#options = options;
  }

  /** Records on the disk. */
  get written(): number {
    return this.#written;
  }

  /** On the disk, compressed. */
  get bytes(): number {
    return this.#bytes;
  }

  get errors(): number {
    return this.#errors;
  }

  /** What the disk last said against a write; undefined while there were none of these. */
  get lastError(): unknown {
    return this.#lastError;
  }

  /** The disk takes nothing: the last attempt failed. */
  get isFailing(): boolean {
    return this.#isFailing;
  }

  /** Begins, unless it is at work. */
  run(): void {
    this.#options.metrics.queued.set(this.#options.buffers.queued);
    if (this.#isRunning || this.#isStopped) return;
    this.#isRunning = true;
    this.#running = this.#carry();
  }

  /** All that was handed over is on the disk, and the last part closed. */
  async drain(): Promise<void> {
    this.run();
    await this.#running;
    await this.#attempt(() => this.#options.parts.close());
  }

  /** Gives up what is not on the disk by now. */
  stop(): void {
    this.#isStopped = true;
    this.#retry?.cancel();
    this.#wake?.();
    void this.#attempt(() => this.#options.parts.abandon());
  }

  async #carry(): Promise<void> {
    const { buffers, parts, metrics, onPartDue } = this.#options;
    for (
      let block = buffers.first;
      block !== undefined && !this.#isStopped;
      block = buffers.first
    ) {
      if (block.beginsPart) {
        block.beginsPart = false;
        await this.#attempt(() => parts.close());
      }
      try {
        this.#wrote(block, await parts.write(block));
      } catch (error) {
        await this.#wait(error);
        continue;
      }
      buffers.release();
      metrics.queued.set(buffers.queued);
      await this.#attempt(() => parts.settle());
      if (parts.isDue && !buffers.isPartBegun) onPartDue();
    }
    // At once, not when the promise is heard of: a block that is sealed in between would wait for the next.
    this.#isRunning = false;
  }

  #wrote({ records }: TapeBlock, bytes: number): void {
    const { metrics, parts, log } = this.#options;
    this.#bytes += bytes;
    this.#written += records;
    metrics.bytes.add(bytes);
    metrics.records.add(records);
    if (!this.#isFailing) return;
    this.#isFailing = false;
    log.info("tape.recovered", { part: parts.paths.at(-1) });
  }

  /** What a full disk costs is what comes once all buffers are full. */
  async #wait(error: unknown): Promise<void> {
    this.#count(error);
    this.#isFailing = true;
    const { timers, retryMs } = this.#options;
    await new Promise<void>((resolve) => {
      this.#wake = resolve;
      this.#retry = timers.after(retryMs, resolve);
    });
    this.#wake = this.#retry = undefined;
  }

  /** What fails here costs no event: a part without its footer reads all the same. */
  async #attempt(work: () => Promise<void>): Promise<void> {
    try {
      await work();
    } catch (error) {
      this.#count(error);
    }
  }

  #count(error: unknown): void {
    this.#errors++;
    this.#lastError = error;
    this.#options.metrics.errors.add(1);
    // Once for each trouble, not for each attempt.
    if (this.#isFailing) return;
    this.#options.log.error("tape.failing", {
      code: "E_TAPE_WRITE",
      error: error instanceof Error ? error.message : String(error),
    });
  }
}
