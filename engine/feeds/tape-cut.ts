/** A span of a tape that stands on its own: each book begins with a snapshot, so that nothing before it is missed. */
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  MarketEvent,
} from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { asksOf, bidsOf } from "./book-levels.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import type { UnixMicros } from "../std/time.ts";
import { LEVELS_MAX } from "../wire/encoding.ts";
import { isHeadline, type FeedEvent } from "./feed-event.ts";

export interface TapeCutOptions {
  /** Received at or after it; from the beginning without it. */
  readonly fromUs?: number;
  /** Received before it; to the end without it. */
  readonly toUs?: number;
  /** All without it. Headlines stay when they name one of them. */
  readonly symbols?: ReadonlySet<SymbolId>;
}

type BookEvent = BookSnapshot | BookDelta | Gap;

/** Reads from the beginning, for a book is what all events before made of it. */
export async function* cutTape(
  tape: AsyncIterable<FeedEvent>,
  options: TapeCutOptions,
): AsyncGenerator<FeedEvent> {
  const { fromUs = -Infinity, toUs = Infinity, symbols } = options;
  const books = new CutBooks();
  let isInside = false;
  for await (const event of tape) {
    if (!concerns(event, symbols)) continue;
    const isWanted = event.receivedUs >= fromUs && event.receivedUs < toUs;
    // A wall clock that steps back does not begin the cut again.
    isInside ||= isWanted;
    if (!isInside) {
      if (isBookEvent(event)) books.follow(event);
      continue;
    }
    if (event.receivedUs >= toUs) return;
    yield* books.begin(event);
    if (isBookEvent(event)) yield* books.pass(event);
    else yield event;
  }
}

const concerns = (
  event: FeedEvent,
  symbols: ReadonlySet<SymbolId> | undefined,
): boolean => {
  if (symbols === undefined) return true;
  return isHeadline(event)
    ? event.symbols.some((symbol) => symbols.has(symbol))
    : symbols.has(event.symbol);
};

const isBookEvent = (event: FeedEvent): event is BookEvent =>
  !isHeadline(event) &&
  (event.type === "bookSnapshot" ||
    event.type === "bookDelta" ||
    event.type === "gap");

/**
 * The books of the symbols that were heard of before the cut. Their events are left out until the book is live with nothing
 * waiting behind it; there its snapshot stands in for all that came before. Symbols that begin inside the cut begin as they did.
 */
class CutBooks {
  readonly #waiting = new Map<SymbolId, BookSync>();
  /** The venue's time of each book's last event. */
  readonly #eventUs = new Map<SymbolId, UnixMicros>();
  #hasBegun = false;

  follow(event: BookEvent): void {
    let sync = this.#waiting.get(event.symbol);
    if (sync === undefined) {
      sync = new BookSync(new OrderBook({ depthMax: LEVELS_MAX }));
      this.#waiting.set(event.symbol, sync);
    }
    sync.apply(event);
    this.#eventUs.set(event.symbol, event.eventUs);
  }

  /** At the first event inside: snapshots of the books that are live. */
  *begin(first: FeedEvent): Generator<MarketEvent> {
    if (this.#hasBegun) return;
    this.#hasBegun = true;
    for (const symbol of [...this.#waiting.keys()].sort())
      yield* this.#join(symbol, first);
  }

  *pass(event: BookEvent): Generator<MarketEvent> {
    if (!this.#waiting.has(event.symbol)) {
      yield event;
      return;
    }
    this.follow(event);
    yield* this.#join(event.symbol, event);
  }

  *#join(symbol: SymbolId, at: FeedEvent): Generator<MarketEvent> {
    const sync = this.#waiting.get(symbol)!;
    if (!sync.isLive || sync.buffered > 0) return;
    const { book } = sync;
    this.#waiting.delete(symbol);
    yield {
      type: "bookSnapshot",
      symbol,
      eventUs: this.#eventUs.get(symbol)!,
      receivedUs: at.receivedUs,
      receivedNs: at.receivedNs,
      seq: book.seq,
      bids: bidsOf(book),
      asks: asksOf(book),
    };
  }
}
