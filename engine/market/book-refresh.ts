/** A live book's wish for a fresh snapshot, where the market runs towards levels that the book cannot know. */
import type { OrderBook } from "./order-book.ts";
import { ResyncPlan } from "./resync-plan.ts";

/** A live book has time. */
const REQUESTS = {
  resyncMax: Infinity,
  resyncMinMs: 1000,
  resyncMaxMs: 30_000,
};
/** Deltas between two looks at whether the best levels are still complete. */
const LOOK_EVERY = 64;

export class BookRefresh {
  readonly plan = new ResyncPlan(REQUESTS);
  readonly #completeMin: number;
  #isUnderWay = false;
  #deltas = 0;

  /** Best levels a side that must be known without holes; 0 for none. */
  constructor(completeMin: number) {
    this.#completeMin = completeMin;
  }

  /** The deltas from here on are kept for the snapshot to come. */
  get isUnderWay(): boolean {
    return this.#isUnderWay;
  }

  /** After a delta; true when this begins a refresh. */
  look(book: OrderBook): boolean {
    if (this.#completeMin === 0 || this.#isUnderWay) return false;
    if (++this.#deltas % LOOK_EVERY !== 0) return false;
    const levels = Math.min(this.#completeMin, book.depthMax >>> 1);
    this.#isUnderWay = !book.isComplete(levels);
    return this.#isUnderWay;
  }

  end(): void {
    this.#isUnderWay = false;
  }
}
