/** A circuit breaker: after some failures in a row nothing is tried but one probe an interval, until a probe succeeds. */
import type { Clock, MonoNanos } from "../std/time.ts";
import { msToNs } from "../std/time.ts";

export interface BreakerOptions {
  readonly failuresMax: number;
  readonly probeEveryMs: number;
  readonly clock: Clock;
}

export class Breaker {
  readonly #options: BreakerOptions;
  #failures = 0;
  #probeNs: MonoNanos | undefined;

  constructor(options: BreakerOptions) {
    this.#options = options;
  }

  get isOpen(): boolean {
    return this.#probeNs !== undefined;
  }

  /** Whether to try now; while open, true once an interval. */
  allows(): boolean {
    if (this.#probeNs === undefined) return true;
    const nowNs = this.#options.clock.nowNs();
    if (nowNs < this.#probeNs) return false;
    this.#arm(nowNs);
    return true;
  }

  succeeded(): void {
    this.#failures = 0;
    this.#probeNs = undefined;
  }

  failed(): void {
    this.#failures++;
    if (
      this.#failures >= this.#options.failuresMax &&
      this.#probeNs === undefined
    )
      this.#arm(this.#options.clock.nowNs());
  }

  #arm(nowNs: number): void {
    this.#probeNs = (nowNs + msToNs(this.#options.probeEveryMs)) as MonoNanos;
  }
}
