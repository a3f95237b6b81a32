/** Messages between the socket and the mapper: a bounded number waits, so that a burst neither blocks the thread nor fills memory. */
import type { Timers } from "../../ports.ts";
import { RingBuffer } from "../../std/ring-buffer.ts";

export interface ReceiveQueueOptions<T> {
  readonly timers: Timers;
  /** Taken at once in one turn of the loop; more of them wait for the next. */
  readonly turnMax: number;
  readonly waitingMax: number;
  readonly onItem: (item: T) => void;
  /** What waited is gone, and the item that did not fit. */
  readonly onOverflow: () => void;
}

export class ReceiveQueue<T> {
  readonly #options: ReceiveQueueOptions<T>;
  readonly #waiting: RingBuffer<T>;
  #taken = 0;
  #isArmed = false;

  constructor(options: ReceiveQueueOptions<T>) {
    this.#options = options;
    this.#waiting = new RingBuffer(options.waitingMax);
  }

  get waiting(): number {
    return this.#waiting.size;
  }

  push(item: T): void {
    this.#arm();
    if (this.#waiting.size === 0 && this.#taken < this.#options.turnMax) {
      this.#taken++;
      this.#options.onItem(item);
      return;
    }
    if (this.#waiting.push(item)) return;
    this.#waiting.clear();
    this.#options.onOverflow();
  }

  clear(): void {
    this.#waiting.clear();
  }

  #arm(): void {
    if (this.#isArmed) return;
    this.#isArmed = true;
    this.#options.timers.after(0, () => this.#turn());
  }

  #turn(): void {
    this.#isArmed = false;
    this.#taken = 0;
    const { turnMax, onItem } = this.#options;
    while (this.#taken < turnMax) {
      const item = this.#waiting.shift();
      if (item === undefined) return;
      this.#taken++;
      onItem(item);
    }
    this.#arm();
  }
}
