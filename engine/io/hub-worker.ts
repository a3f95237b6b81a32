/**
 * The hub thread as its owner holds it. uWebSockets.js keeps native handles in the thread's event loop, and Node aborts the whole
 * process when a thread ends while they are open; so this thread is only ever asked to end, never terminated, also at process.exit().
 */
import { Worker } from "node:worker_threads";
import { CodedError } from "../std/errors.ts";
import type { Timers } from "../std/time.ts";
import type { FromHub, HubThreadData, ToHub } from "./hub-messages.ts";

const CLOSE_MS_MAX = 2000;

export class HubThread {
  readonly #worker: Worker;
  readonly #isClosed = new Int32Array(new SharedArrayBuffer(4));
  readonly #ended: Promise<void>;
  readonly #onProcessExit = (): void => {
    this.post({ type: "close" });
    // No event reaches this thread any more: wait for the other one here.
    Atomics.wait(this.#isClosed, 0, 0, CLOSE_MS_MAX);
  };

  constructor(url: URL, data: Omit<HubThreadData, "isClosed">) {
    const workerData: HubThreadData = { ...data, isClosed: this.#isClosed };
    // Flags of the main script, as --input-type, are not for this thread.
    this.#worker = new Worker(url, { workerData, execArgv: [] });
    process.on("exit", this.#onProcessExit);
    this.#ended = new Promise((resolve) => {
      this.#worker.once("exit", () => {
        process.off("exit", this.#onProcessExit);
        resolve();
      });
    });
  }

  post(message: ToHub): void {
    this.#worker.postMessage(message);
  }

  onMessage(listener: (message: FromHub) => void): void {
    this.#worker.on("message", listener);
  }

  /** Once, however it ended. */
  onEnd(listener: (error: CodedError) => void): void {
    let cause: unknown;
    this.#worker.on("error", (error) => {
      cause = error;
    });
    void this.#ended.then(() =>
      listener(
        new CodedError("E_INTERNAL", {
          detail: `the hub thread ended${cause instanceof Error ? `: ${cause.message}` : ""}`,
          cause,
        }),
      ),
    );
  }

  /** Asks it to close its sockets and end; gives up waiting for one that hangs. */
  async close(timers: Timers): Promise<void> {
    this.post({ type: "close" });
    await new Promise<void>((resolve) => {
      const deadline = timers.after(CLOSE_MS_MAX, () => {
        this.#worker.unref();
        resolve();
      });
      void this.#ended.then(() => {
        deadline.cancel();
        resolve();
      });
    });
  }
}
