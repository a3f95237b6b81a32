/** Judges the events of a tape: in order of time, and by each symbol's book rules. */
import type { SymbolId } from "../domain/symbol.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import type { ErrorCode } from "../std/errors.ts";
import type { MonoNanos } from "../std/time.ts";
import { isHeadline, type FeedEvent } from "./feed-event.ts";

export interface TapeProblem {
  readonly code: ErrorCode;
  /** How often. */
  readonly count: number;
  readonly symbol?: SymbolId;
  /** For people. */
  readonly text: string;
}

export interface BookReport {
  readonly snapshots: number;
  readonly deltas: number;
  readonly duplicates: number;
  readonly gaps: number;
  /** Crossed and locked. */
  readonly crossed: number;
}

const DEPTH_MAX = 5000;

export class TapeCheck {
  readonly #books = new Map<SymbolId, BookSync>();
  #lastNs = Number.NEGATIVE_INFINITY;
  #steps = 0;
  #events = 0;
  #firstStep = 0;

  add(event: FeedEvent): void {
    this.#events++;
    this.#checkOrder(event.receivedNs);
    if (isHeadline(event)) return;
    if (
      event.type !== "bookSnapshot" &&
      event.type !== "bookDelta" &&
      event.type !== "gap"
    )
      return;
    this.#syncOf(event.symbol).apply(event);
  }

  get books(): ReadonlyMap<SymbolId, BookReport> {
    return new Map(
      [...this.#books].map(([symbol, sync]) => [
        symbol,
        {
          snapshots: sync.counts.snapshots,
          deltas: sync.counts.deltas,
          duplicates: sync.counts.duplicates,
          gaps: sync.counts.gaps,
          crossed: sync.counts.crossed + sync.counts.locked,
        },
      ]),
    );
  }

  get problems(): readonly TapeProblem[] {
    const problems: TapeProblem[] = [];
    if (this.#steps > 0)
      problems.push({
        code: "E_TAPE_ORDER",
        count: this.#steps,
        text: `receive times step back, first at event ${this.#firstStep}`,
      });
    for (const [symbol, { gaps, crossed }] of this.books) {
      if (gaps > 0)
        problems.push({
          code: "E_BOOK_GAP",
          count: gaps,
          symbol,
          text: "gaps in the book's sequence, or told by the feed",
        });
      if (crossed > 0)
        problems.push({
          code: "E_BOOK_CROSSED",
          count: crossed,
          symbol,
          text: "updates after which bid met ask",
        });
    }
    return problems;
  }

  /** Monotonic times: the wall clock may step, and says nothing about order. */
  #checkOrder(receivedNs: MonoNanos): void {
    // Written so that a NaN is found too.
    if (!(receivedNs >= this.#lastNs)) {
      this.#steps++;
      if (this.#steps === 1) this.#firstStep = this.#events;
    }
    this.#lastNs = receivedNs;
  }

  #syncOf(symbol: SymbolId): BookSync {
    let sync = this.#books.get(symbol);
    if (sync === undefined) {
      sync = new BookSync(new OrderBook({ depthMax: DEPTH_MAX }));
      this.#books.set(symbol, sync);
    }
    return sync;
  }
}
