/** What the trades say: which side pays, how much and how often. */
import type { Trade } from "../domain/market-event.ts";
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

export class TradeFeatures {
  readonly #flow = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  readonly #volume = new DecayedSum([OVER_5_S]);
  readonly #count = new DecayedSum([OVER_1_S, OVER_30_S]);
  #lastPrice = 0;

  decay(clock: DecayClock): void {
    this.#flow.decay(clock);
    this.#volume.decay(clock);
    this.#count.decay(clock);
  }

  /** `mid` decides the sign where the venue does not say who was the aggressor; 0 when unknown. */
  onTrade(trade: Trade, mid: number): void {
    const { size, price, side } = trade;
    const sign =
      side === "buy"
        ? 1
        : side === "sell"
          ? -1
          : mid === 0
            ? 0
            : Math.sign(price - mid);
    this.#flow.add(sign * size);
    this.#volume.add(size);
    this.#count.add(1);
    this.#lastPrice = price;
  }

  /** Six features. */
  write(mid: number, meanDepth1: number, to: Float64Array, at: number): void {
    for (let i = 0; i < 3; i++) to[at + i] = this.#flow.at(i) / meanDepth1;
    const volume = this.#volume.at(0);
    to[at + 3] =
      volume > VOLUME_SHARE_MIN * meanDepth1 ? this.#flow.at(2) / volume : 0;
    to[at + 4] = Math.log(
      (this.#count.at(0) + QUIET_PER_S) /
        (this.#count.at(1) / 30 + QUIET_PER_S),
    );
    to[at + 5] =
      this.#lastPrice > 0 ? 1e4 * Math.log(this.#lastPrice / mid) : 0;
  }
}
