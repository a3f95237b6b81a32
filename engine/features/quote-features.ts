/** What the quote stream says beyond the book: on many venues it is ahead of the book's own updates. */
import type { Quote } from "../domain/market-event.ts";
import { orderFlow } from "./book-features.ts";
import type { BookFeatures } from "./book-features.ts";
import { DecayedSum, OVER_100_MS, OVER_1_S } from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";

/** An older quote says nothing that the book does not. */
const RECENT_NS = 1e9;

export class QuoteFeatures {
  readonly #flow = new DecayedSum([OVER_100_MS, OVER_1_S]);
  /** The last quote and the one before: bid price, bid size, ask price, ask size. */
  readonly #quote = new Float64Array(4);
  readonly #before = new Float64Array(4);
  #seq = 0;
  #atNs = Number.NEGATIVE_INFINITY;

  decay(clock: DecayClock): void {
    this.#flow.decay(clock);
  }

  onQuote(quote: Quote): void {
    const { bidPrice, bidSize, askPrice, askSize } = quote;
    // A locked or crossed quote is a slip of the venue's; an overtaken one is old news.
    if (bidPrice >= askPrice || quote.seq < this.#seq) {
      // A sequence that starts anew, as after the venue's restart, must not silence the quotes for good.
      if (quote.receivedNs - this.#atNs > RECENT_NS) this.#seq = 0;
      return;
    }
    const before = this.#before;
    before.set(this.#quote);
    this.#quote[0] = bidPrice;
    this.#quote[1] = bidSize;
    this.#quote[2] = askPrice;
    this.#quote[3] = askSize;
    if (before[0]! > 0) this.#flow.add(orderFlow(this.#quote, before, 0));
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
    const flow = isRecent ? this.#flow : book.flow1;
    to[at] = flow.at(0) / unit;
    to[at + 1] = flow.at(1) / unit;
    const mid = (top[0]! + top[2]!) / 2;
    const quote = this.#quote;
    const isAhead =
      isRecent && this.#seq > bookSeq && quote[1]! + quote[3]! > 0;
    const best = isAhead ? quote : top;
    const bidSize = best[1]!;
    const askSize = best[3]!;
    const halfSpread = (best[2]! - best[0]!) / 2;
    const shift = (best[0]! + best[2]!) / 2 - mid;
    const imbalance = (bidSize - askSize) / (bidSize + askSize);
    to[at + 2] = imbalance;
    to[at + 3] = (1e4 * (shift + imbalance * halfSpread)) / mid;
  }
}
