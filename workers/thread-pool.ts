/** A piscina pool that is never cut off inside a native call: that would abort the whole process. */
import { fileURLToPath } from "node:url";
import { Piscina } from "piscina";
import type {
  RunReply,
  RunTask,
  StatusReply,
  StatusTask,
  WorkerSetup,
} from "./job.ts";

/** About 24 days: the longest that a timer can wait. Piscina would destroy busy threads after it. */
const NEVER_MS = 2 ** 31 - 1;

export interface ThreadPoolOptions {
  /** Compiled JavaScript: Node 20 starts no thread from TypeScript. */
  readonly workerUrl: URL;
  readonly setup: WorkerSetup;
  readonly threads: number;
  onError(error: Error): void;
}

export class ThreadPool {
  readonly #piscina: Piscina;
  #running = 0;

  constructor(options: ThreadPoolOptions) {
    this.#piscina = new Piscina({
      filename: fileURLToPath(options.workerUrl),
      workerData: options.setup,
      minThreads: options.threads,
      maxThreads: options.threads,
      idleTimeout: Infinity,
      // Without it one caller of four waited two seconds while the others were served a thousand times.
      stricterFIFO: true,
      // Our own queue is the one that is bounded; this one holds what waits for a thread to come back.
      maxQueue: "auto",
      closeTimeout: NEVER_MS,
      recordTiming: false,
      workerHistogram: false,
      // The engine's secrets are none of a model's business.
      env: {},
    });
    this.#piscina.on("error", (error: Error) => {
      options.onError(error);
    });
  }

  /** Calls handed to a thread and not returned. */
  get running(): number {
    return this.#running;
  }

  get isAlive(): boolean {
    return this.#piscina.threads.length > 0;
  }

  async run(task: RunTask): Promise<RunReply> {
    return (await this.#call(task)) as RunReply;
  }

  async status(): Promise<StatusReply> {
    return (await this.#call({ kind: "status" })) as StatusReply;
  }

  /** Only when nothing runs: piscina ends its threads then. */
  async close(): Promise<void> {
    await this.#piscina.close();
  }

  async #call(task: RunTask | StatusTask): Promise<unknown> {
    this.#running++;
    try {
      // No AbortSignal, ever: aborting ends the thread, and with it the process if the thread is in native code.
      return (await this.#piscina.run(task)) as unknown;
    } finally {
      this.#running--;
    }
  }
}
