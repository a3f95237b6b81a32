/** What a venue's book truly was after each of a stream's deltas: worked out once, for all runs over the stream. */
import type {
  BookDelta,
  BookSnapshot,
  Quote,
} from "../../engine/domain/market-event.ts";
import { OrderBook } from "../../engine/market/order-book.ts";

/** From a snapshot on: deltas without a hole, and quotes between them. */
export interface BookStream {
  readonly name: string;
  readonly start: BookSnapshot;
  readonly events: readonly (BookDelta | Quote)[];
}

interface BookLevels {
  readonly bids: number[];
  readonly asks: number[];
}

/** More than any recording needs: the books are compared whole. */
export const TRUTH_DEPTH = 20_000;
/** Levels of the tops that are held against each live book. */
export const TRUTH_TOP = 20;
/** Deltas between two books that are kept whole; those between are made from the one before. */
const WHOLE_EVERY = 50;

export class BookTruth {
  readonly stream: BookStream;
  readonly #deltas: BookDelta[] = [];
  readonly #at = new Map<number, number>();
  readonly #tops: Float64Array[] = [];
  readonly #wholes: BookLevels[] = [];
  readonly #book = new OrderBook({ depthMax: TRUTH_DEPTH });

  constructor(stream: BookStream) {
    const { start, events } = stream;
    this.stream = stream;
    this.#book.applySnapshot(start.bids, start.asks, start.seq);
    this.#keep();
    for (const event of events) {
      if (event.type === "quote") continue;
      this.#deltas.push(event);
      this.#apply(event);
      this.#keep();
    }
  }

  /** Sequence after so many deltas. */
  seq(deltas: number): number {
    return deltas === 0 ? this.stream.start.seq : this.#deltas[deltas - 1]!.seq;
  }

  /** How many deltas a book at this sequence has; undefined where there never was one. */
  deltasAt(seq: number): number | undefined {
    return this.#at.get(seq);
  }

  top(deltas: number): Float64Array {
    return this.#tops[deltas]!;
  }

  levels(deltas: number): BookLevels {
    const whole = this.#wholes[Math.floor(deltas / WHOLE_EVERY)]!;
    const from = deltas - (deltas % WHOLE_EVERY);
    if (from === deltas) return whole;
    this.#book.applySnapshot(whole.bids, whole.asks, 0);
    for (let i = from; i < deltas; i++) this.#apply(this.#deltas[i]!);
    return levelsOf(this.#book);
  }

  #apply({ bids, asks, seq }: BookDelta): void {
    this.#book.applyDelta(bids, asks, seq);
  }

  #keep(): void {
    const deltas = this.#tops.length;
    const top = new Float64Array(4 * TRUTH_TOP);
    this.#book.copyTop(top, TRUTH_TOP);
    this.#tops.push(top);
    this.#at.set(this.seq(deltas), deltas);
    if (deltas % WHOLE_EVERY === 0) this.#wholes.push(levelsOf(this.#book));
  }
}

const levelsOf = (book: OrderBook): BookLevels => {
  const bids: number[] = [];
  const asks: number[] = [];
  const { bidCount, askCount } = book;
  for (let i = 0; i < bidCount; i++)
    bids.push(book.bidPrice(i), book.bidSize(i));
  for (let i = 0; i < askCount; i++)
    asks.push(book.askPrice(i), book.askSize(i));
  return { bids, asks };
};
