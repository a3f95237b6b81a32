/** REST answers one after the other: within the venue's weight, retried with growing patience, silent when the venue says so. */
import type { Clock, Counter, TimerHandle, Timers } from "../../ports.ts";
import { CodedError, toCodedError } from "../../std/errors.ts";
import type { Random } from "../../std/random.ts";
import { Backoff } from "./backoff.ts";
import type { RateWindow } from "./rate-window.ts";
import type { RestGet, RestReply } from "./rest.ts";

export interface RestQueueOptions {
  readonly get: RestGet;
  /** Shared by all queues of the venue: the limit is of our address. */
  readonly weights: RateWindow;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly timeoutMs: number;
  readonly bytesMax: number;
  /** Tries of one task before it fails. */
  readonly triesMax: number;
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly tasksMax: number;
  /** One count a try. */
  readonly outcomes: Readonly<Record<RestOutcome, Counter>>;
  readonly onWeight: (used: number) => void;
}

export const REST_OUTCOMES = ["taken", "stale", "failed", "limited"] as const;
export type RestOutcome = (typeof REST_OUTCOMES)[number];

export interface RestTask {
  readonly url: string;
  readonly post?: string | undefined;
  readonly weight: number;
  /** `stale`: the answer is of no use, fetch again. A thrown CodedError counts as a failed try. */
  accept(body: string): "taken" | "stale";
  /** After the last try. */
  onFailed(error: CodedError): void;
}

interface Pending {
  readonly task: RestTask;
  readonly backoff: Backoff;
  isCancelled: boolean;
  /** Waiting for its own next try. */
  retry: TimerHandle | undefined;
}

/** Without a word from the venue how long, this is how long a refused address keeps quiet. */
const LIMITED_MS = { 429: 10_000, 418: 120_000 } as const;

export class RestQueue {
  readonly #options: RestQueueOptions;
  readonly #ready: Pending[] = [];
  readonly #pending = new Set<Pending>();
  #isBusy = false;
  #isStopped = false;
  #wake: TimerHandle | undefined;

  constructor(options: RestQueueOptions) {
    this.#options = options;
  }

  /** Returns what takes it back. Beyond the bound it fails at once. */
  add(task: RestTask): () => void {
    const { tasksMax, retryMinMs, retryMaxMs, random } = this.#options;
    if (this.#pending.size >= tasksMax || this.#isStopped) {
      task.onFailed(new CodedError("E_LIMIT_QUEUE"));
      return () => undefined;
    }
    const pending: Pending = {
      task,
      backoff: new Backoff({ minMs: retryMinMs, maxMs: retryMaxMs, random }),
      isCancelled: false,
      retry: undefined,
    };
    this.#pending.add(pending);
    this.#ready.push(pending);
    this.#next();
    return () => this.#cancel(pending);
  }

  stop(): void {
    this.#isStopped = true;
    this.#wake?.cancel();
    for (const pending of this.#pending) this.#cancel(pending);
    this.#ready.length = 0;
  }

  #cancel(pending: Pending): void {
    pending.isCancelled = true;
    pending.retry?.cancel();
    this.#pending.delete(pending);
  }

  #next(): void {
    if (this.#isBusy || this.#isStopped) return;
    while (this.#ready[0]?.isCancelled === true) this.#ready.shift();
    const [pending] = this.#ready;
    if (pending === undefined) return;
    const { clock, timers, weights } = this.#options;
    const nowNs = clock.nowNs();
    const waitMs = weights.waitMs(nowNs, pending.task.weight);
    if (waitMs > 0) {
      this.#wake?.cancel();
      this.#wake = timers.after(waitMs, () => this.#next());
      return;
    }
    weights.take(nowNs, pending.task.weight);
    this.#options.onWeight(weights.usedAt(nowNs));
    this.#ready.shift();
    void this.#try(pending);
  }

  async #try(pending: Pending): Promise<void> {
    const { get, timeoutMs, bytesMax, outcomes } = this.#options;
    this.#isBusy = true;
    let outcome: RestOutcome;
    let error = new CodedError("E_BOOK_NOSYNC");
    try {
      const { url, post } = pending.task;
      const reply = await get({ url, post, timeoutMs, bytesMax });
      this.#observe(reply);
      outcome = this.#judge(pending, reply);
    } catch (cause) {
      outcome = "failed";
      error = toCodedError(cause);
    }
    this.#isBusy = false;
    if (!pending.isCancelled) {
      outcomes[outcome].add(1);
      if (outcome === "taken") this.#pending.delete(pending);
      else this.#again(pending, error);
    }
    this.#next();
  }

  #judge(pending: Pending, { status, body }: RestReply): RestOutcome {
    if (status === 429 || status === 418) return "limited";
    if (status !== 200)
      throw new CodedError("E_DEP_VENUE", { detail: `status ${status}` });
    return pending.isCancelled ? "taken" : pending.task.accept(body);
  }

  /** The venue's own count, and its order to keep quiet. */
  #observe({ status, retryAfterMs, usedWeight }: RestReply): void {
    const { clock, weights, onWeight } = this.#options;
    const nowNs = clock.nowNs();
    if (usedWeight !== undefined) {
      weights.observe(nowNs, usedWeight);
      onWeight(weights.usedAt(nowNs));
    }
    if (status !== 429 && status !== 418) return;
    const quietMs = retryAfterMs ?? LIMITED_MS[status];
    weights.keepQuiet(nowNs, quietMs);
  }

  #again(pending: Pending, error: CodedError): void {
    const { triesMax, timers } = this.#options;
    const waitMs = pending.backoff.nextMs();
    if (pending.backoff.attempts >= triesMax) {
      this.#pending.delete(pending);
      pending.task.onFailed(error);
      return;
    }
    pending.retry = timers.after(waitMs, () => {
      this.#ready.push(pending);
      this.#next();
    });
  }
}
