/** Makes bars that end after so many trades, so much volume or so much money. */
import type { Bar, Trade } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert } from "../std/assert.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { unixMicros } from "../std/time.ts";
import type { BarKind } from "./bar-kind.ts";
import { BarSum } from "./bar-sum.ts";
import type { TradePart } from "./bar-sum.ts";

export interface BarSizeBuilderOptions {
  readonly symbol: SymbolId;
  readonly kind: BarKind;
  /**
   * The trade that ends a bar. `whole`: all of it belongs to the bar, which may grow over its size. `split`: the bar takes what it
   * lacks, the rest begins the next one, so that each is exactly its size; a part counts as a trade in each.
   */
  readonly overshoot: "whole" | "split";
  /** Bars that one trade may end where it is split; what is left then stays in the last. */
  readonly splitMax: number;
}

export const BAR_SIZE_BUILDER_DEFAULTS = {
  overshoot: "whole",
  splitMax: 1000,
} as const;

/** What is less than this share of a bar is rounding. */
const ROUNDING_SHARE = 1e-12;

export class BarSizeBuilder {
  /** Trades too large to be split as often as they should. */
  capped = 0;
  readonly #symbol: SymbolId;
  readonly #kind: BarKind;
  readonly #overshoot: BarSizeBuilderOptions["overshoot"];
  readonly #splitMax: number;
  readonly #onBar: (bar: Bar) => void;
  readonly #sum = new BarSum();
  /** A late trade counts where it comes, for the order of arrival is the time of these bars: all have the same one. */
  readonly #part: { -readonly [K in keyof TradePart]: TradePart[K] } = {
    price: 0,
    size: 0,
    side: "unknown",
    eventUs: unixMicros(0),
  };
  #openUs = Number.NEGATIVE_INFINITY;

  constructor(
    options: Partial<BarSizeBuilderOptions> &
      Pick<BarSizeBuilderOptions, "symbol" | "kind">,
    onBar: (bar: Bar) => void,
  ) {
    const { symbol, kind, overshoot, splitMax } = {
      ...BAR_SIZE_BUILDER_DEFAULTS,
      ...options,
    };
    assert(
      kind.basis !== "time" && kind.size > 0,
      "bars of a size have a size",
    );
    this.#symbol = symbol;
    this.#kind = kind;
    this.#overshoot = overshoot;
    this.#splitMax = splitMax;
    this.#onBar = onBar;
  }

  /** Trades count in the order that they come in: there is no clock that one could be late by. */
  onTrade(trade: Trade): void {
    const part = this.#part;
    part.price = trade.price;
    part.side = trade.side;
    part.size = trade.size;
    if (this.#overshoot === "split" && this.#kind.basis !== "tick") {
      this.#split(trade);
      if (part.size * this.#unit(trade) <= ROUNDING_SHARE * this.#kind.size)
        return;
    }
    this.#add(trade);
    if (this.#missing() <= 0) this.#close(trade);
  }

  save(to: StateWriter): void {
    to.number(this.#openUs);
    this.#sum.save(to);
  }

  /** Goes on with the bar that was in progress before an absence; trades that have come already count in it. */
  resume(from: StateReader): void {
    const openUs = from.number();
    const sum = new BarSum();
    sum.load(from);
    if (!sum.isEmpty || this.#openUs < openUs) this.#openUs = openUs;
    this.#sum.addSum(sum);
  }

  /** Ends as many bars as the trade is worth; what is left stays in `#part`. */
  #split(trade: Trade): void {
    const part = this.#part;
    const unit = this.#unit(trade);
    let left = trade.size;
    for (let bars = 0; left * unit >= this.#missing(); bars++) {
      if (bars === this.#splitMax) {
        this.capped++;
        break;
      }
      part.size = Math.min(left, this.#missing() / unit);
      left -= part.size;
      this.#add(trade);
      this.#close(trade);
    }
    part.size = left;
  }

  /** What a bar's size counts, for each unit of a trade's. */
  #unit(trade: Trade): number {
    return this.#kind.basis === "dollar" ? trade.price : 1;
  }

  #missing(): number {
    const { basis, size } = this.#kind;
    const sum = this.#sum;
    const grown =
      basis === "tick"
        ? sum.trades
        : basis === "volume"
          ? sum.volume
          : sum.notional;
    const missing = size - grown;
    return missing <= ROUNDING_SHARE * size ? 0 : missing;
  }

  #add(trade: Trade): void {
    // Two bars may begin in one microsecond: the later one is moved on, so that the open time tells them apart.
    if (this.#sum.isEmpty)
      this.#openUs = Math.max(trade.eventUs, this.#openUs + 1);
    this.#sum.addTrade(this.#part);
  }

  #close(trade: Trade): void {
    const bar = this.#sum.toBar(
      this.#symbol,
      this.#kind,
      {
        openUs: this.#openUs,
        eventUs: Math.max(trade.eventUs, this.#openUs),
        receivedUs: trade.receivedUs,
        receivedNs: trade.receivedNs,
      },
      "anyKnown",
    );
    this.#sum.begin(bar.close);
    this.#onBar(bar);
  }
}
