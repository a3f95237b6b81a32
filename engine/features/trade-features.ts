/** What the trades say: which side pays, how much and how often. */
import type { Trade } from "../domain/market-event.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { MEAN_DEPTH_1 } from "./book-features.ts";
import type { BookFeatures } from "./book-features.ts";
import {
  DecayedSum,
  OVER_100_MS,
  OVER_1_S,
  OVER_30_S,
  OVER_5_S,
} from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";

/** Trades a second that count as quiet: keeps the ratio of two small rates near 1. */
const QUIET_PER_S = 0.1;
/** Less volume than this share of a best level is rounding left by decay. */
const VOLUME_SHARE_MIN = 1e-9;

/** Positions in the last trade: its signed size, its size, 1 and its price. */
const SIGNED = 0;
const SIZE = 1;
const ONE = 2;
const PRICE = 3;

export class TradeFeatures {
  readonly #flow = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  readonly #volume = new DecayedSum([OVER_5_S]);
  readonly #count = new DecayedSum([OVER_1_S, OVER_30_S]);
  readonly #last = new Float64Array([0, 0, 1, 0]);
  readonly #state = [
    this.#flow.sums,
    this.#volume.sums,
    this.#count.sums,
    this.#last,
  ];

  save(to: StateWriter): void {
    for (const state of this.#state) to.numbers(state);
  }

  load(from: StateReader): void {
    for (const state of this.#state) from.numbers(state);
  }

  decay(clock: DecayClock): void {
    this.#flow.decay(clock);
    this.#volume.decay(clock);
    this.#count.decay(clock);
  }

  /** The book's mid decides the sign where the venue does not say who was the aggressor; none without a mid. */
  onTrade(trade: Trade, book: BookFeatures): void {
    const { size, price, side } = trade;
    const { mids } = book;
    const sign =
      side === "buy"
        ? 1
        : side === "sell"
          ? -1
          : mids.isEmpty
            ? 0
            : Math.sign(price - mids.mid);
    const last = this.#last;
    last[SIGNED] = sign * size;
    last[SIZE] = size;
    last[PRICE] = price;
    this.#flow.add(last, SIGNED);
    this.#volume.add(last, SIZE);
    this.#count.add(last, ONE);
  }

  /** Six features. */
  write(
    top: Float64Array,
    book: BookFeatures,
    to: Float64Array,
    at: number,
  ): void {
    const mid = (top[0]! + top[2]!) / 2;
    const unit = book.depth[MEAN_DEPTH_1]!;
    const flow = this.#flow.sums;
    const volume = this.#volume.sums[0]!;
    const count = this.#count.sums;
    const lastPrice = this.#last[PRICE]!;
    for (let i = 0; i < 3; i++) to[at + i] = flow[i]! / unit;
    to[at + 3] = volume > VOLUME_SHARE_MIN * unit ? flow[2]! / volume : 0;
    to[at + 4] = Math.log(
      (count[0]! + QUIET_PER_S) / (count[1]! / 30 + QUIET_PER_S),
    );
    to[at + 5] = lastPrice > 0 ? 1e4 * Math.log(lastPrice / mid) : 0;
  }
}
