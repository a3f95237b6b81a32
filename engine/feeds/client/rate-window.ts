/** A venue's rate limit kept on our side: at most so much cost within any window of time. */
import { assert } from "../../std/assert.ts";
import { RingBuffer } from "../../std/ring-buffer.ts";
import { msToNs, nsToMs, type MonoNanos } from "../../std/time.ts";

interface Spent {
  readonly atNs: number;
  readonly cost: number;
}

export class RateWindow {
  readonly max: number;
  readonly #windowNs: number;
  readonly #spent: RingBuffer<Spent>;
  #used = 0;
  #quietUntilNs = Number.NEGATIVE_INFINITY;

  constructor(max: number, windowMs: number) {
    this.max = max;
    this.#windowNs = msToNs(windowMs);
    // Every cost is at least one.
    this.#spent = new RingBuffer(max);
  }

  /** What the running window has spent. */
  usedAt(nowNs: MonoNanos): number {
    for (
      let oldest = this.#spent.peek();
      oldest !== undefined && nowNs - oldest.atNs >= this.#windowNs;
      oldest = this.#spent.peek()
    ) {
      this.#used -= oldest.cost;
      this.#spent.shift();
    }
    return this.#used;
  }

  /** Spends `cost` if it fits. */
  take(nowNs: MonoNanos, cost = 1): boolean {
    assert(cost >= 1 && cost <= this.max, "a cost fits an empty window");
    if (nowNs < this.#quietUntilNs) return false;
    if (this.usedAt(nowNs) + cost > this.max) return false;
    this.#spend(nowNs, cost);
    return true;
  }

  /** Until `cost` fits: 0 if it does now. */
  waitMs(nowNs: MonoNanos, cost = 1): number {
    return Math.max(this.#roomInMs(nowNs, cost), this.#quietForMs(nowNs));
  }

  /** Nothing fits for so long: the venue has said so. */
  keepQuiet(nowNs: MonoNanos, forMs: number): void {
    this.#quietUntilNs = Math.max(this.#quietUntilNs, nowNs + msToNs(forMs));
  }

  #quietForMs(nowNs: MonoNanos): number {
    return Math.max(0, Math.ceil(nsToMs(this.#quietUntilNs - nowNs)));
  }

  #roomInMs(nowNs: MonoNanos, cost: number): number {
    let over = this.usedAt(nowNs) + cost - this.max;
    if (over <= 0) return 0;
    for (const { atNs, cost: freed } of this.#spent) {
      over -= freed;
      if (over <= 0) return Math.ceil(nsToMs(atNs + this.#windowNs - nowNs));
    }
    return Math.ceil(nsToMs(this.#windowNs));
  }

  /** The venue counts more than we do when others share our address: theirs is the count that bans. */
  observe(nowNs: MonoNanos, used: number): void {
    const missing = Math.min(this.max, used) - this.usedAt(nowNs);
    if (missing >= 1) this.#spend(nowNs, missing);
  }

  #spend(atNs: number, cost: number): void {
    this.#used += cost;
    this.#spent.push({ atNs, cost });
  }
}
