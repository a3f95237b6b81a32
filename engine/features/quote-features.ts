/** What the quote stream says beyond the book: on many venues it is ahead of the book's own updates. */
import type { Quote } from "../domain/market-event.ts";
import { orderFlow } from "./book-features.ts";
import type { BookFeatures } from "./book-features.ts";
import type { DecayClock } from "./decay-clock.ts";

/** An older quote says nothing that the book does not. */
const RECENT_NS = 1e9;

export class QuoteFeatures {
  #ofi100Ms = 0;
  #ofi1S = 0;
  #bidPrice = 0;
  #bidSize = 0;
  #askPrice = 0;
  #askSize = 0;
  #seq = 0;
  #atNs = Number.NEGATIVE_INFINITY;

  decay(clock: DecayClock): void {
    this.#ofi100Ms *= clock.per100Ms;
    this.#ofi1S *= clock.per1S;
  }

  onQuote(quote: Quote): void {
    const { bidPrice, bidSize, askPrice, askSize } = quote;
    // A locked or crossed quote is a slip of the venue's; an overtaken one is old news.
    if (bidPrice >= askPrice || quote.seq < this.#seq) {
      // A sequence that starts anew, as after the venue's restart, must not silence the quotes for good.
      if (quote.receivedNs - this.#atNs > RECENT_NS) this.#seq = 0;
      return;
    }
    if (this.#bidPrice > 0) {
      const flow = orderFlow(
        bidPrice,
        bidSize,
        askPrice,
        askSize,
        this.#bidPrice,
        this.#bidSize,
        this.#askPrice,
        this.#askSize,
      );
      this.#ofi100Ms += flow;
      this.#ofi1S += flow;
    }
    this.#bidPrice = bidPrice;
    this.#bidSize = bidSize;
    this.#askPrice = askPrice;
    this.#askSize = askSize;
    this.#seq = quote.seq;
    this.#atNs = quote.receivedNs;
  }

  /** Four features; the book's own stand in where there is no newer quote. */
  write(
    top: Float64Array,
    bookSeq: number,
    book: BookFeatures,
    nowNs: number,
    to: Float64Array,
    at: number,
  ): void {
    const isRecent = nowNs - this.#atNs <= RECENT_NS;
    const unit = book.meanDepth1;
    to[at] = (isRecent ? this.#ofi100Ms : book.ofi1Over100Ms) / unit;
    to[at + 1] = (isRecent ? this.#ofi1S : book.ofi1Over1S) / unit;
    const mid = (top[0]! + top[2]!) / 2;
    let bidSize = top[1]!;
    let askSize = top[3]!;
    let halfSpread = (top[2]! - top[0]!) / 2;
    let shift = 0;
    if (isRecent && this.#seq > bookSeq && this.#bidSize + this.#askSize > 0) {
      bidSize = this.#bidSize;
      askSize = this.#askSize;
      halfSpread = (this.#askPrice - this.#bidPrice) / 2;
      shift = (this.#bidPrice + this.#askPrice) / 2 - mid;
    }
    const imbalance = (bidSize - askSize) / (bidSize + askSize);
    to[at + 2] = imbalance;
    to[at + 3] = (1e4 * (shift + imbalance * halfSpread)) / mid;
  }
}
