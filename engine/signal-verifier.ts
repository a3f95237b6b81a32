/** Compares the signals of a replay with a file of those that the live run said, line by line; tells the first that differs. */
import { createReadStream } from "node:fs";
import { createInterface } from "node:readline";
import type { Signal } from "./domain/signal.ts";
import type { SignalSink } from "./ports.ts";
import { signalLine } from "./signal-file.ts";
import { CodedError } from "./std/errors.ts";

export class SignalVerifier implements SignalSink {
  readonly #lines: AsyncIterator<string>;
  readonly #close: () => void;
  readonly #path: string;
  /** Said by the replay and not compared yet. */
  #said: string[] = [];
  #verified = 0;
  /** The first that the live run's file does not have, as it ends before. */
  #beyond: string | undefined;

  constructor(path: string) {
    const file = createReadStream(path);
    const lines = createInterface({ input: file, crlfDelay: Infinity });
    this.#path = path;
    this.#lines = lines[Symbol.asyncIterator]();
    this.#close = () => {
      lines.close();
      file.destroy();
    };
  }

  /** Signals found equal. */
  get verified(): number {
    return this.#verified;
  }

  publish(signal: Signal): void {
    this.#said.push(signalLine(signal));
  }

  /** Compares what was said since the last call; E_TAPE_DIVERGED at the first difference. */
  async catchUp(): Promise<void> {
    const said = this.#said;
    this.#said = [];
    for (const line of said) {
      if (this.#beyond !== undefined) return;
      const live = await this.#next();
      if (live === line) this.#verified++;
      else if (live === undefined || (await this.#isTorn(live, line)))
        this.#beyond = line;
      else throw this.#differs(live, line);
    }
  }

  /** Neither may have said more than the other, unless the run was cut short: then each got as far as the disk took it. */
  async end(run: "whole" | "cut"): Promise<void> {
    await this.catchUp();
    const live = this.#beyond === undefined ? await this.#next() : undefined;
    this.close();
    if (run === "whole" && (live !== undefined || this.#beyond !== undefined))
      throw this.#differs(live, this.#beyond);
  }

  /** A file that was cut short ends in the middle of a line. */
  async #isTorn(live: string, line: string): Promise<boolean> {
    return line.startsWith(live) && (await this.#next()) === undefined;
  }

  close(): void {
    this.#close();
  }

  async #next(): Promise<string | undefined> {
    try {
      const next = await this.#lines.next();
      return next.done === true ? undefined : next.value;
    } catch (cause) {
      throw new CodedError("E_TAPE_FORMAT", {
        detail: `${this.#path} cannot be read`,
        cause,
      });
    }
  }

  #differs(live: string | undefined, replay: string | undefined): CodedError {
    return new CodedError("E_TAPE_DIVERGED", {
      detail: `signal ${this.#verified + 1} ${describeDifference(live, replay)}`,
    });
  }
}

/** Which signal, and the first field in which the two lines differ. */
export const describeDifference = (
  live: string | undefined,
  replay: string | undefined,
): string => {
  if (live === undefined) return `${nameOf(replay)}: the live run said no more`;
  if (replay === undefined) return `${nameOf(live)}: the replay said no more`;
  const path = firstDifference(parse(live), parse(replay), "");
  return `${nameOf(live)}: ${path ?? "the bytes differ, the fields do not"}`;
};

const parse = (line: string | undefined): unknown => {
  try {
    return JSON.parse(line ?? "") as unknown;
  } catch {
    return line;
  }
};

const nameOf = (line: string | undefined): string => {
  const signal = parse(line);
  if (!isRecord(signal)) return "(no JSON)";
  return `(${String(signal["symbol"])}, seq ${String(signal["seq"])})`;
};

const firstDifference = (
  live: unknown,
  replay: unknown,
  path: string,
): string | undefined => {
  if (isRecord(live) && isRecord(replay)) {
    const keys = new Set([...Object.keys(live), ...Object.keys(replay)]);
    for (const key of keys) {
      const below = path === "" ? key : `${path}.${key}`;
      const found = firstDifference(live[key], replay[key], below);
      if (found !== undefined) return found;
    }
    return undefined;
  }
  if (Object.is(live, replay)) return undefined;
  return `${path === "" ? "line" : path} is ${shown(replay)}, live it was ${shown(live)}`;
};

const shown = (value: unknown): string =>
  value === undefined ? "absent" : JSON.stringify(value).slice(0, 80);

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null;
