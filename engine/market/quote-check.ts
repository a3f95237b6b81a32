/** Holds a venue's quotes against the book wherever both stand at one sequence: there they must agree to the last digit. */
import type { Quote } from "../domain/market-event.ts";
import type { OrderBook } from "./order-book.ts";

/** Quotes ahead of the book that are remembered; the oldest go first. */
const PENDING_MAX = 64;
/** Numbers of one quote: sequence, bid price, bid size, ask price, ask size. */
const WIDTH = 5;
const NONE = -1;

export type QuoteVerdict = "agrees" | "contradicts" | "unknown";

/** Only for venues whose quotes and books share their sequence. */
export class QuoteCheck {
  readonly #pending = new Float64Array(PENDING_MAX * WIDTH).fill(NONE);
  #next = 0;
  /** Highest sequence that is pending: below the book's there is nothing to look for. */
  #seqMax = NONE;

  /** A quote of the book's own sequence is judged at once, a later one when the book gets there. */
  onQuote(quote: Quote, book: OrderBook): QuoteVerdict {
    const { seq } = quote;
    if (seq < book.seq) return "unknown";
    const pending = this.#pending;
    const at = this.#next * WIDTH;
    pending[at] = seq;
    pending[at + 1] = quote.bidPrice;
    pending[at + 2] = quote.bidSize;
    pending[at + 3] = quote.askPrice;
    pending[at + 4] = quote.askSize;
    if (seq === book.seq) return this.#judge(at, book);
    if (seq > this.#seqMax) this.#seqMax = seq;
    this.#next = (this.#next + 1) % PENDING_MAX;
    return "unknown";
  }

  /** After the book has moved. */
  onBook(book: OrderBook): QuoteVerdict {
    const { seq } = book;
    if (this.#seqMax < seq) return "unknown";
    const pending = this.#pending;
    for (let at = 0; at < pending.length; at += WIDTH)
      if (pending[at] === seq) return this.#judge(at, book);
    return "unknown";
  }

  clear(): void {
    this.#pending.fill(NONE);
    this.#next = 0;
    this.#seqMax = NONE;
  }

  #judge(at: number, book: OrderBook): QuoteVerdict {
    const pending = this.#pending;
    return pending[at + 1] === book.bidPrice(0) &&
      pending[at + 2] === book.bidSize(0) &&
      pending[at + 3] === book.askPrice(0) &&
      pending[at + 4] === book.askSize(0)
      ? "agrees"
      : "contradicts";
  }
}

/** The quote says what the book says. */
export const isBest = (quote: Quote, book: OrderBook): boolean =>
  quote.bidPrice === book.bidPrice(0) &&
  quote.bidSize === book.bidSize(0) &&
  quote.askPrice === book.askPrice(0) &&
  quote.askSize === book.askSize(0);
