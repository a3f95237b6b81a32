/** What the quote stream says beyond the book: on many venues it is ahead of the book's own updates. */
import type { Quote } from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { MEAN_DEPTH_1, orderFlow } from "./book-features.ts";
import type { BookFeatures } from "./book-features.ts";
import { DecayedSum, NOW_NS, OVER_100_MS, OVER_1_S } from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";

/** An older quote says nothing that the book does not. */
const RECENT_NS = 1e9;

/** Positions in the state. */
const SEQ = 0;
const AT_NS = 1;

export class QuoteFeatures {
  readonly #flow = new DecayedSum([OVER_100_MS, OVER_1_S]);
  readonly #step = new Float64Array(2);
  /** The last quote and the one before: bid price, bid size, ask price, ask size. */
  readonly #quote = new Float64Array(4);
  readonly #before = new Float64Array(4);
  /** Sequence and receive time of the last quote. */
  readonly #state = new Float64Array([0, -Infinity]);
  readonly #all = [this.#flow.sums, this.#quote, this.#before, this.#state];

  save(to: StateWriter): void {
    for (const state of this.#all) to.numbers(state);
  }

  load(from: StateReader): void {
    for (const state of this.#all) from.numbers(state);
  }

  decay(clock: DecayClock): void {
    this.#flow.decay(clock);
  }

  onQuote(quote: Quote): void {
    const { bidPrice, askPrice, seq, receivedNs } = quote;
    const state = this.#state;
    // A locked or crossed quote is a slip of the venue's; an overtaken one is old news.
    if (bidPrice >= askPrice || seq < state[SEQ]!) {
      // A sequence that starts anew, as after the venue's restart, must not silence the quotes for good.
      if (receivedNs - state[AT_NS]! > RECENT_NS) state[SEQ] = 0;
      return;
    }
    const now = this.#quote;
    const before = this.#before;
    for (let i = 0; i < 4; i++) before[i] = now[i]!;
    now[0] = bidPrice;
    now[1] = quote.bidSize;
    now[2] = askPrice;
    now[3] = quote.askSize;
    state[SEQ] = seq;
    state[AT_NS] = receivedNs;
    if (before[0] === 0) return;
    orderFlow(now, before, 1, this.#step);
    this.#flow.add(this.#step, 0);
  }

  /** Four features; the book's own stand in where there is no newer quote. */
  write(
    top: Float64Array,
    orderBook: OrderBook,
    book: BookFeatures,
    clock: DecayClock,
    to: Float64Array,
    at: number,
  ): void {
    const state = this.#state;
    const quote = this.#quote;
    const isRecent = clock.values[NOW_NS]! - state[AT_NS]! <= RECENT_NS;
    const flow = isRecent ? this.#flow.sums : book.flow1.sums;
    to[at] = flow[0]! / book.depth[MEAN_DEPTH_1]!;
    to[at + 1] = flow[1]! / book.depth[MEAN_DEPTH_1]!;
    const isAhead =
      isRecent && state[SEQ]! > orderBook.seq && quote[1]! + quote[3]! > 0;
    const best = isAhead ? quote : top;
    const mid = (top[0]! + top[2]!) / 2;
    const shift = (best[0]! + best[2]!) / 2 - mid;
    const imbalance = (best[1]! - best[3]!) / (best[1]! + best[3]!);
    to[at + 2] = imbalance;
    to[at + 3] =
      (1e4 * (shift + (imbalance * (best[2]! - best[0]!)) / 2)) / mid;
  }
}
