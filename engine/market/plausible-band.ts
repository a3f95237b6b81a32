/** The prices that a market may show within moments: so many times under and over the mid. */
import type { Levels } from "../domain/market-event.ts";
import { PRICE_MAX, PRICE_MIN, inspectLevels } from "./level-range.ts";
import type { LevelVerdict } from "./level-range.ts";

export class PlausibleBand {
  /** The band in force; everything is plausible while there is no mid. */
  low = PRICE_MIN;
  high = PRICE_MAX;
  readonly #factor: number;
  /** The extremes that a venue's snapshots have held. */
  #confirmedLow = Infinity;
  #confirmedHigh = 0;

  /** 0: no band. */
  constructor(factor: number) {
    this.#factor = factor === 0 ? Infinity : factor;
  }

  holds(price: number): boolean {
    return price >= this.low && price <= this.high;
  }

  follow(mid: number): void {
    this.low = Math.max(
      PRICE_MIN,
      Math.min(mid / this.#factor, this.#confirmedLow),
    );
    this.high = Math.min(
      PRICE_MAX,
      Math.max(mid * this.#factor, this.#confirmedHigh),
    );
  }

  /** There is no mid any more. */
  open(): void {
    this.low = PRICE_MIN;
    this.high = PRICE_MAX;
  }

  inspect(bids: Levels, asks: Levels): LevelVerdict {
    return worse(
      inspectLevels(bids, this.low, this.high),
      inspectLevels(asks, this.low, this.high),
    );
  }

  /**
   * Against the snapshot's own mid. Whole books hold resting orders at a thousandth of the mid and at a thousand times it, which are
   * believed from then on: only what stands on the wrong side of the market is suspect, until a second opinion repeats it.
   */
  inspectSnapshot(
    bids: Levels,
    asks: Levels,
    opinion: "first" | "second",
  ): LevelVerdict {
    const own = new PlausibleBand(this.#factor);
    own.#confirmedLow = this.#confirmedLow;
    own.#confirmedHigh = this.#confirmedHigh;
    const bid = bids[0];
    const ask = asks[0];
    if (bid !== undefined && ask !== undefined) own.follow((bid + ask) / 2);
    const verdict = worse(
      inspectLevels(bids, PRICE_MIN, own.high),
      inspectLevels(asks, own.low, PRICE_MAX),
    );
    if (verdict === "range" || (verdict === "suspect" && opinion === "first"))
      return verdict;
    for (const levels of [bids, asks])
      for (let i = 0; i < levels.length; i += 2) {
        this.#confirmedLow = Math.min(this.#confirmedLow, levels[i]!);
        this.#confirmedHigh = Math.max(this.#confirmedHigh, levels[i]!);
      }
    return "ok";
  }
}

const worse = (a: LevelVerdict, b: LevelVerdict): LevelVerdict => {
  if (a === "range" || b === "range") return "range";
  return a === "suspect" ? a : b;
};
