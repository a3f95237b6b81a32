/** Every matured prediction as one line of JSON: appended in the background, bounded, rotated by size. */
import { appendFile, mkdir, rename, rm, stat } from "node:fs/promises";
import { dirname } from "node:path";
import type { Outcome } from "../domain/outcome.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Counter,
  type Logger,
  type PredictionLog,
  type Telemetry,
} from "../ports.ts";
import { systemTimers, type TimerHandle, type Timers } from "../std/time.ts";

export interface JsonlPredictionLogOptions {
  readonly path: string;
  readonly flushEveryMs: number;
  /** Lines that wait for the disk; the newest is dropped beyond it. */
  readonly bufferedMax: number;
  readonly fileBytesMax: number;
  /** `path.1` … `path.n` are kept. */
  readonly filesMax: number;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

const DEFAULTS = {
  flushEveryMs: 1_000,
  bufferedMax: 50_000,
  fileBytesMax: 64 * 1024 * 1024,
  filesMax: 4,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
} satisfies Partial<JsonlPredictionLogOptions>;

export class JsonlPredictionLog implements PredictionLog {
  readonly #options: JsonlPredictionLogOptions;
  readonly #dropped: Counter;
  readonly #timer: TimerHandle;
  #lines: string[] = [];
  #bytes: number | undefined;
  #writing: Promise<void> = Promise.resolve();

  constructor(
    options: Partial<JsonlPredictionLogOptions> &
      Pick<JsonlPredictionLogOptions, "path">,
  ) {
    this.#options = { ...DEFAULTS, ...options };
    this.#dropped = this.#options.telemetry.counter(
      "fusewire_prediction_log_dropped_total",
      "Matured predictions that were not logged",
    );
    this.#timer = this.#options.timers.every(
      this.#options.flushEveryMs,
      () => void this.flush(),
    );
  }

  record(outcome: Outcome): void {
    if (this.#lines.length >= this.#options.bufferedMax) this.#dropped.add(1);
    else this.#lines.push(`${JSON.stringify(outcome)}\n`);
  }

  /** Resolves when what was recorded before is written, or given up and counted. */
  flush(): Promise<void> {
    this.#writing = this.#writing.then(() => this.#write());
    return this.#writing;
  }

  async close(): Promise<void> {
    this.#timer.cancel();
    await this.flush();
  }

  async #write(): Promise<void> {
    const lines = this.#lines;
    if (lines.length === 0) return;
    this.#lines = [];
    const text = lines.join("");
    try {
      await this.#rotateBefore(text.length);
      await appendFile(this.#options.path, text);
      this.#bytes = (this.#bytes ?? 0) + text.length;
    } catch (error) {
      this.#dropped.add(lines.length);
      this.#options.log.error("predictionLog.failed", {
        code: "E_DEP_STORE",
        error,
      });
    }
  }

  async #rotateBefore(bytes: number): Promise<void> {
    const { path, fileBytesMax, filesMax } = this.#options;
    if (this.#bytes === undefined) {
      await mkdir(dirname(path), { recursive: true });
      this.#bytes = await stat(path).then(
        (found) => found.size,
        () => 0,
      );
    }
    if (this.#bytes === 0 || this.#bytes + bytes <= fileBytesMax) return;
    await rm(`${path}.${filesMax}`, { force: true });
    for (let i = filesMax - 1; i >= 1; i--)
      await rename(`${path}.${i}`, `${path}.${i + 1}`).catch(() => undefined);
    await rename(path, `${path}.1`);
    this.#bytes = 0;
  }
}
