/** Makes bars of one interval from trades, on the venue's time. */
import type { Bar, MarketEvent, Trade } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import { unixMicros } from "../std/time.ts";

export interface BarBuilderOptions {
  readonly symbol: SymbolId;
  readonly intervalMs: number;
  /** How far the venue's time must have passed an interval before it closes without a later trade. */
  readonly graceMs: number;
  /** Empty intervals filled with flat bars in a row; a longer silence leaves a hole. */
  readonly flatMax: number;
}

export const BAR_BUILDER_DEFAULTS = {
  intervalMs: 1000,
  graceMs: 200,
  flatMax: 600,
} as const;

/** The times of any market event. */
export type MarketTime = Pick<
  MarketEvent,
  "eventUs" | "receivedUs" | "receivedNs"
>;

export class BarBuilder {
  /** Trades of an interval that had closed already: left out. */
  late = 0;
  /** Silences too long to be filled. */
  holes = 0;
  readonly #symbol: SymbolId;
  readonly #intervalMs: number;
  readonly #intervalUs: number;
  readonly #graceUs: number;
  readonly #flatMax: number;
  readonly #onBar: (bar: Bar) => void;
  #openUs = Number.NEGATIVE_INFINITY;
  #open = 0;
  #high = 0;
  #low = 0;
  #close = 0;
  #volume = 0;
  #notional = 0;
  #trades = 0;

  constructor(
    options: Partial<BarBuilderOptions> & Pick<BarBuilderOptions, "symbol">,
    onBar: (bar: Bar) => void,
  ) {
    const { symbol, intervalMs, graceMs, flatMax } = {
      ...BAR_BUILDER_DEFAULTS,
      ...options,
    };
    assert(intervalMs > 0, "bar interval is positive");
    this.#symbol = symbol;
    this.#intervalMs = intervalMs;
    this.#intervalUs = intervalMs * 1000;
    this.#graceUs = graceMs * 1000;
    this.#flatMax = flatMax;
    this.#onBar = onBar;
  }

  /** Bars that the trade closes are told before it is counted. */
  onTrade(trade: Trade): void {
    const openUs =
      Math.floor(trade.eventUs / this.#intervalUs) * this.#intervalUs;
    if (openUs < this.#openUs) {
      this.late++;
      return;
    }
    if (this.#openUs === Number.NEGATIVE_INFINITY) this.#begin(openUs, 0);
    else if (openUs > this.#openUs) this.#closeUntil(openUs, trade);
    const { price, size } = trade;
    if (this.#trades === 0) {
      this.#open = price;
      this.#high = price;
      this.#low = price;
    } else {
      this.#high = Math.max(this.#high, price);
      this.#low = Math.min(this.#low, price);
    }
    this.#close = price;
    this.#volume += size;
    this.#notional += price * size;
    this.#trades++;
  }

  /** Closes what has passed, by the time of any event of the symbol. */
  advanceTo(at: MarketTime): void {
    if (at.eventUs - this.#graceUs < this.#openUs + this.#intervalUs) return;
    if (this.#openUs === Number.NEGATIVE_INFINITY) return;
    this.#closeUntil(
      Math.floor((at.eventUs - this.#graceUs) / this.#intervalUs) *
        this.#intervalUs,
      at,
    );
  }

  /** Closes every interval before `openUs`, the last with trades and the rest flat. */
  #closeUntil(openUs: number, at: MarketTime): void {
    this.#emit(at);
    const empty = (openUs - this.#openUs) / this.#intervalUs - 1;
    if (empty > this.#flatMax) {
      this.holes++;
      this.#begin(openUs, this.#close);
      return;
    }
    for (let i = 0; i < empty; i++) {
      this.#begin(this.#openUs + this.#intervalUs, this.#close);
      this.#emit(at);
    }
    this.#begin(openUs, this.#close);
  }

  #begin(openUs: number, price: number): void {
    this.#openUs = openUs;
    this.#open = price;
    this.#high = price;
    this.#low = price;
    this.#close = price;
    this.#volume = 0;
    this.#notional = 0;
    this.#trades = 0;
  }

  #emit(at: MarketTime): void {
    this.#onBar({
      type: "bar",
      symbol: this.#symbol,
      eventUs: unixMicros(this.#openUs + this.#intervalUs),
      receivedUs: at.receivedUs,
      receivedNs: at.receivedNs,
      intervalMs: this.#intervalMs,
      openUs: unixMicros(this.#openUs),
      open: this.#open,
      high: this.#high,
      low: this.#low,
      close: this.#close,
      volume: this.#volume,
      // Rounding must not put it outside the bar.
      vwap:
        this.#volume > 0
          ? Math.min(
              this.#high,
              Math.max(this.#low, this.#notional / this.#volume),
            )
          : this.#close,
      trades: this.#trades,
      closed: true,
    });
  }
}
