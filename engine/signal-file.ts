/** Signals as JSON Lines, with their digest; the file is optional. What a live run said and what its replay says are compared by it. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import { createWriteStream, type WriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import type { Signal } from "./domain/signal.ts";
import type { SignalSink } from "./ports.ts";

/** Gathered before they are hashed and written. */
const CHUNK_CHARS = 64 * 1024;
/** Waiting for the disk; what a live run says beyond it is dropped and counted. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

export const signalLine = (signal: Signal): string => JSON.stringify(signal);

export class SignalFile implements SignalSink {
  readonly #hash = createHash("sha256");
  readonly #file: WriteStream | undefined;
  #lines: string[] = [];
  #chars = 0;
  #error: unknown;
  signals = 0;
  dropped = 0;

  constructor(path: string | undefined) {
    if (path === undefined) return;
    this.#file = createWriteStream(path);
    // Told by `end`: until then the stream only takes nothing any more.
    this.#file.on("error", (error) => (this.#error ??= error));
  }

  publish(signal: Signal): void {
    if ((this.#file?.writableLength ?? 0) > WAITING_BYTES_MAX) {
      this.dropped++;
      return;
    }
    const line = signalLine(signal);
    this.signals++;
    this.#lines.push(line);
    this.#chars += line.length;
    if (this.#chars > CHUNK_CHARS) this.flush();
  }

  /** Asked of the stream itself: it may have drained while other threads were waited for. */
  get isBlocked(): boolean {
    return this.#file?.writableNeedDrain === true;
  }

  /** Resolves when a blocked file takes more. */
  async drained(): Promise<void> {
    if (this.#file !== undefined) await once(this.#file, "drain");
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#chars = 0;
    this.#hash.update(text);
    this.#file?.write(text);
  }

  /** The digest of all lines; throws what kept the file from being written. */
  async end(): Promise<string> {
    this.flush();
    if (this.#error !== undefined) throw this.#error as Error;
    if (this.#file !== undefined) {
      this.#file.end();
      await finished(this.#file);
    }
    return this.#hash.digest("hex");
  }
}
