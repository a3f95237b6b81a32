/** How long a NATS link waits before it tries again. */
import type { Random } from "../std/random.ts";

export interface NatsDelayOptions {
  /** Doubles from the first to the second, plus up to a quarter at random. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** After a refused password: a server that says no is not asked again at once. */
  readonly refusedWaitMs: number;
  readonly random: Random;
}

export class NatsDelay {
  readonly #options: NatsDelayOptions;
  #attempts = 0;
  #wasRefused = false;
  #ms = 0;

  constructor(options: NatsDelayOptions) {
    this.#options = options;
    this.#choose();
  }

  /** Fixed until the next attempt: the library asks more than once for the same wait. */
  get ms(): number {
    return this.#ms;
  }

  attempted(): void {
    this.#attempts++;
    this.#choose();
  }

  refused(): void {
    this.#wasRefused = true;
    this.#choose();
  }

  connected(): void {
    this.#attempts = 0;
    this.#wasRefused = false;
    this.#choose();
  }

  #choose(): void {
    const { reconnectMinMs, reconnectMaxMs, refusedWaitMs, random } =
      this.#options;
    const base = this.#wasRefused
      ? refusedWaitMs
      : Math.min(reconnectMaxMs, reconnectMinMs * 2 ** this.#attempts);
    this.#ms = Math.ceil(base * (1 + 0.25 * random.next()));
  }
}
