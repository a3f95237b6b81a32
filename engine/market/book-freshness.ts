/** How long a book may still count as fresh: from when something of it was heard, and when that told anything new. */
import { msToNs } from "../std/time.ts";

export interface BookFreshnessOptions {
  readonly staleAfterMs: number;
  readonly frozenAfterMs: number;
  readonly quietMaxMs: number;
}

/** All times are receive times. */
export class BookFreshness {
  readonly #staleNs: number;
  readonly #frozenNs: number;
  readonly #quietNs: number;
  /** Of the last book event, of the last one that told something new, and of that or an agreeing quote. */
  #heardNs = 0;
  #movedNs = 0;
  #progressNs = 0;

  constructor(options: BookFreshnessOptions) {
    this.#staleNs = msToNs(options.staleAfterMs);
    this.#frozenNs = msToNs(options.frozenAfterMs);
    this.#quietNs = msToNs(options.quietMaxMs);
  }

  /** Heard of since, but nothing new. */
  get isFrozen(): boolean {
    return this.#heardNs > this.#progressNs;
  }

  get untilNs(): number {
    return this.#progressNs + (this.isFrozen ? this.#frozenNs : this.#staleNs);
  }

  /** Of the last book event that told something new. */
  get movedNs(): number {
    return this.#movedNs;
  }

  heard(receivedNs: number): void {
    this.#heardNs = receivedNs;
  }

  moved(receivedNs: number): void {
    if (receivedNs > this.#movedNs) this.#movedNs = receivedNs;
    if (receivedNs > this.#progressNs) this.#progressNs = receivedNs;
  }

  /** A new quote says what the book says: a quiet market, unless the book itself has stood still for too long. */
  agreed(receivedNs: number): void {
    if (receivedNs - this.#movedNs > this.#quietNs) return;
    if (receivedNs > this.#progressNs) this.#progressNs = receivedNs;
  }
}
