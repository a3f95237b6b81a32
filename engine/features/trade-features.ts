/** What the trades say: which side pays, how much and how often. */
import type { Trade } from "../domain/market-event.ts";
import type { DecayClock } from "./decay-clock.ts";

/** Trades a second that count as quiet: keeps the ratio of two small rates near 1. */
const QUIET_PER_S = 0.1;
/** Less volume than this share of a best level is rounding left by decay. */
const VOLUME_SHARE_MIN = 1e-9;

export class TradeFeatures {
  #flow100Ms = 0;
  #flow1S = 0;
  #flow5S = 0;
  #volume5S = 0;
  #count1S = 0;
  #count30S = 0;
  #lastPrice = 0;

  decay(clock: DecayClock): void {
    this.#flow100Ms *= clock.per100Ms;
    this.#flow1S *= clock.per1S;
    this.#flow5S *= clock.per5S;
    this.#volume5S *= clock.per5S;
    this.#count1S *= clock.per1S;
    this.#count30S *= clock.per30S;
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
    this.#flow100Ms += sign * size;
    this.#flow1S += sign * size;
    this.#flow5S += sign * size;
    this.#volume5S += size;
    this.#count1S++;
    this.#count30S++;
    this.#lastPrice = price;
  }

  /** Six features. */
  write(mid: number, meanDepth1: number, to: Float64Array, at: number): void {
    to[at] = this.#flow100Ms / meanDepth1;
    to[at + 1] = this.#flow1S / meanDepth1;
    to[at + 2] = this.#flow5S / meanDepth1;
    to[at + 3] =
      this.#volume5S > VOLUME_SHARE_MIN * meanDepth1
        ? this.#flow5S / this.#volume5S
        : 0;
    to[at + 4] = Math.log(
      (this.#count1S + QUIET_PER_S) / (this.#count30S / 30 + QUIET_PER_S),
    );
    to[at + 5] =
      this.#lastPrice > 0 ? 1e4 * Math.log(this.#lastPrice / mid) : 0;
  }
}
