/** When to ask for a snapshot: at once, then with doubling waits, bounded in number before the book counts as lost. */
import { msToNs } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";

export interface ResyncPlanOptions {
  readonly resyncMax: number;
  readonly resyncMinMs: number;
  readonly resyncMaxMs: number;
}

const NS_PER_MS = 1_000_000;

export class ResyncPlan {
  readonly #options: ResyncPlanOptions;
  /** Since the last success. */
  #requests = 0;
  #lastNs = Number.NEGATIVE_INFINITY;
  #nextNs = Number.NEGATIVE_INFINITY;

  constructor(options: ResyncPlanOptions) {
    this.#options = options;
  }

  get requests(): number {
    return this.#requests;
  }

  get isSpent(): boolean {
    return this.#requests >= this.#options.resyncMax;
  }

  isDue(nowNs: MonoNanos): boolean {
    return nowNs >= this.#nextNs;
  }

  waitMs(nowNs: MonoNanos): number {
    return Math.max(0, (this.#nextNs - nowNs) / NS_PER_MS);
  }

  requested(nowNs: MonoNanos): void {
    const { resyncMinMs, resyncMaxMs } = this.#options;
    const waitMs = Math.min(resyncMaxMs, resyncMinMs * 2 ** this.#requests);
    this.#lastNs = nowNs;
    this.#nextNs = nowNs + msToNs(waitMs);
    this.#requests++;
  }

  /** No more than a look now and then. */
  pause(nowNs: MonoNanos): void {
    this.#nextNs = nowNs + msToNs(this.#options.resyncMaxMs);
  }

  /** A book that keeps breaking right after each snapshot still asks no faster than the shortest wait. */
  succeeded(): void {
    this.#requests = 0;
    this.#nextNs = this.#lastNs + msToNs(this.#options.resyncMinMs);
  }

  /** The next request is due at once. */
  reset(): void {
    this.#requests = 0;
    this.#nextNs = Number.NEGATIVE_INFINITY;
  }
}
