/** A token bucket on the monotonic clock. */
import type { MonoNanos } from "../std/time.ts";

export class TokenBucket {
  readonly #perNs: number;
  readonly #burst: number;
  #tokens: number;
  #atNs: number | undefined;

  constructor(perSecond: number, burst: number) {
    this.#perNs = perSecond / 1e9;
    this.#burst = burst;
    this.#tokens = burst;
  }

  /** Takes a token if there is one. */
  take(nowNs: MonoNanos): boolean {
    this.#tokens = Math.min(
      this.#burst,
      this.#tokens + (nowNs - (this.#atNs ?? nowNs)) * this.#perNs,
    );
    this.#atNs = nowNs;
    if (this.#tokens < 1) return false;
    this.#tokens--;
    return true;
  }

  /** Until the next token, at least one. */
  get waitMs(): number {
    return Math.max(1, Math.ceil((1 - this.#tokens) / (this.#perNs * 1e6)));
  }
}
