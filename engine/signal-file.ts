/** Signals as JSON Lines, with their digest; the file is optional. What a live run said and what its replay says are compared by it. */
import { createHash } from "node:crypto";
import { once } from "node:events";
import type { WriteStream } from "node:fs";
import { open, rm } from "node:fs/promises";
import { finished } from "node:stream/promises";
import type { Signal } from "./domain/signal.ts";
import type { SignalSink } from "./ports.ts";
import { CodedError } from "./std/errors.ts";

/** Gathered before they are hashed and written. */
const CHUNK_CHARS = 64 * 1024;
/** Waiting for the disk; what a live run says beyond it is dropped and counted. */
const WAITING_BYTES_MAX = 64 * 1024 * 1024;

export const signalLine = (signal: Signal): string => JSON.stringify(signal);

export class SignalFile implements SignalSink {
  readonly #hash = createHash("sha256");
  readonly #path: string;
  readonly #file: WriteStream | undefined;
  #lines: string[] = [];
  #chars = 0;
  #error: unknown;
  #ended: Promise<string> | undefined;
  signals = 0;
  dropped = 0;

  private constructor(path: string, file: WriteStream | undefined) {
    this.#path = path;
    this.#file = file;
    // Told by `end`: until then the stream only takes nothing any more.
    file?.on("error", (error) => (this.#error ??= error));
  }

  /** Without a path they are hashed alone. E_TAPE_EXISTS where no file may be replaced, E_TAPE_WRITE where none can be begun. */
  static async open(
    path: string | undefined,
    existing: "refuse" | "replace",
  ): Promise<SignalFile> {
    if (path === undefined) return new SignalFile("", undefined);
    try {
      const file = await open(path, existing === "refuse" ? "wx" : "w");
      return new SignalFile(path, file.createWriteStream());
    } catch (error) {
      if ((error as NodeJS.ErrnoException).code === "EEXIST")
        throw new CodedError("E_TAPE_EXISTS", { detail: path });
      throw unwritable(path, error);
    }
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
    if (this.#file === undefined) return;
    await once(this.#file, "drain").catch(this.#refuse);
  }

  flush(): void {
    if (this.#lines.length === 0) return;
    const text = `${this.#lines.join("\n")}\n`;
    this.#lines = [];
    this.#chars = 0;
    this.#hash.update(text);
    this.#file?.write(text);
  }

  /** The digest of all lines, however often it is asked for; E_TAPE_WRITE where something kept the file from being written. */
  end(): Promise<string> {
    return (this.#ended ??= this.#end());
  }

  async #end(): Promise<string> {
    this.flush();
    if (this.#error !== undefined) throw unwritable(this.#path, this.#error);
    if (this.#file !== undefined) {
      this.#file.end();
      await finished(this.#file).catch(this.#refuse);
    }
    return this.#hash.digest("hex");
  }

  /** The file goes: what was to be written to it did not begin. */
  async discard(): Promise<void> {
    if (this.#file === undefined) return;
    this.#file.destroy();
    await rm(this.#path, { force: true });
  }

  readonly #refuse = (error: unknown): never => {
    throw unwritable(this.#path, error);
  };
}

const unwritable = (path: string, cause: unknown): CodedError =>
  new CodedError("E_TAPE_WRITE", {
    detail: `${path}: ${cause instanceof Error ? cause.message : String(cause)}`,
    cause,
  });
