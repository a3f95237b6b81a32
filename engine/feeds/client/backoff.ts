/** Waits between attempts: exponential with full jitter, so that a thousand clients do not come back together. */
import type { Random } from "../../std/random.ts";

export interface BackoffOptions {
  /** Bound of the first wait; doubles up to the second. */
  readonly minMs: number;
  readonly maxMs: number;
  readonly random: Random;
}

export class Backoff {
  readonly #options: BackoffOptions;
  #attempts = 0;

  constructor(options: BackoffOptions) {
    this.#options = options;
  }

  get attempts(): number {
    return this.#attempts;
  }

  nextMs(): number {
    const { minMs, maxMs, random } = this.#options;
    const boundMs = Math.min(maxMs, minMs * 2 ** this.#attempts);
    this.#attempts++;
    return Math.ceil(random.next() * boundMs);
  }

  reset(): void {
    this.#attempts = 0;
  }
}
