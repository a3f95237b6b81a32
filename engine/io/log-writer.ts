/** Bytes to a file or pipe without ever blocking or growing: bounded, dropped on a full disk or a reader that stands still. */
import { mkdirSync, openSync, write, writeSync } from "node:fs";
import { dirname } from "node:path";
import type { Timers } from "../std/time.ts";

const BUFFER_BYTES_MAX = 4 * 1024 * 1024;
/** A pipe whose reader is slow: the same bytes are offered again after this. */
const RETRY_MS = 50;
/** One write that takes longer than this is stuck, and nothing waits for it at the end. */
const CLOSE_MS = 500;

export class LogWriter {
  readonly #fd: number;
  readonly #timers: Timers;
  #lines: string[] = [];
  #bytes = 0;
  /** Handed to the operating system and not yet taken. */
  #flying: Buffer | undefined;
  #dropped = 0;

  constructor(to: string | number, timers: Timers) {
    this.#timers = timers;
    if (typeof to === "number") this.#fd = to;
    else {
      mkdirSync(dirname(to), { recursive: true });
      this.#fd = openSync(to, "a", 0o640);
    }
  }

  /** Lines that were not written. */
  get dropped(): number {
    return this.#dropped;
  }

  write(line: string): void {
    if (this.#bytes + line.length > BUFFER_BYTES_MAX) {
      this.#dropped++;
      return;
    }
    this.#lines.push(line);
    this.#bytes += line.length;
    if (this.#flying === undefined) this.#next();
  }

  /** When the process is about to die: what waits, now, but not to a reader that stands still. */
  flushSync(): void {
    if (this.#lines.length === 0) return;
    const count = this.#lines.length;
    try {
      writeSync(this.#fd, this.#take());
    } catch {
      this.#dropped += count;
    }
  }

  /** Resolves when all is written or given up. */
  async close(): Promise<void> {
    for (
      let waitedMs = 0;
      this.#flying !== undefined && waitedMs < CLOSE_MS;
      waitedMs += 10
    )
      await new Promise<void>((resolve) => this.#timers.after(10, resolve));
  }

  #take(): Buffer {
    const chunk = Buffer.from(this.#lines.join(""));
    this.#lines = [];
    this.#bytes = 0;
    return chunk;
  }

  #next(): void {
    if (this.#lines.length === 0) {
      this.#flying = undefined;
      return;
    }
    const count = this.#lines.length;
    this.#offer(this.#take(), count);
  }

  #offer(chunk: Buffer, lines: number): void {
    this.#flying = chunk;
    write(this.#fd, chunk, 0, chunk.byteLength, null, (error, written) => {
      if (error?.code === "EAGAIN")
        this.#timers.after(RETRY_MS, () => this.#offer(chunk, lines));
      else if (error !== null) {
        // A full disk, a closed pipe: these lines are lost, the next may find room.
        this.#dropped += lines;
        this.#next();
      } else if (written < chunk.byteLength)
        this.#offer(chunk.subarray(written), lines);
      else this.#next();
    });
  }
}
