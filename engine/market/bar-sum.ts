/** One bar's numbers while it grows, from trades or from smaller bars: prices by time, compensated sums, volume by side. */
import type { Bar, Trade } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { unixMicros } from "../std/time.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { BarKind } from "./bar-kind.ts";

/** Positions in the state, which is one array so that nothing is allocated while a bar grows. */
const OPEN = 0;
const HIGH = 1;
const LOW = 2;
const CLOSE = 3;
const FIRST_US = 4;
const LAST_US = 5;
const TRADES = 6;
/** Parts that were added: trades or bars, empty bars not counted. */
const PARTS = 7;
/** Parts that say which side was the aggressor. */
const SIDED = 8;
/** Sums, each followed by its compensation. */
const VOLUME = 9;
const NOTIONAL = 11;
const BUY = 13;
const SELL = 15;
const FIELDS = 17;

/** What a bar takes of a trade, or of a part of one. */
export type TradePart = Pick<Trade, "price" | "size" | "side" | "eventUs">;

/** When a bar was known: the times of the event that closed it. */
export interface BarTimes {
  readonly openUs: number;
  /** The venue's time at which it was whole. */
  readonly eventUs: number;
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
}

export class BarSum {
  readonly #state = new Float64Array(FIELDS);

  /** Empties it. `price` is what an interval without any trade is flat at. */
  begin(price: number): void {
    const state = this.#state.fill(0);
    state[OPEN] = state[HIGH] = state[LOW] = state[CLOSE] = price;
  }

  /** A part of the same bar that was summed up by itself. */
  addSum(other: BarSum): void {
    const state = this.#state;
    const part = other.#state;
    if (part[PARTS] === 0) return;
    this.#addPrices(
      part[OPEN]!,
      part[HIGH]!,
      part[LOW]!,
      part[CLOSE]!,
      part[FIRST_US]!,
    );
    if (part[LAST_US]! >= state[LAST_US]!) {
      state[CLOSE] = part[CLOSE]!;
      state[LAST_US] = part[LAST_US]!;
    }
    state[TRADES]! += part[TRADES]!;
    state[PARTS]! += part[PARTS]! - 1;
    state[SIDED]! += part[SIDED]!;
    for (const at of [VOLUME, NOTIONAL, BUY, SELL]) {
      this.#add(at, part[at]!);
      this.#add(at, part[at + 1]!);
    }
  }

  save(to: StateWriter): void {
    to.numbers(this.#state);
  }

  load(from: StateReader): void {
    from.numbers(this.#state);
  }

  /** No trade so far. */
  get isEmpty(): boolean {
    return this.#state[PARTS] === 0;
  }

  get close(): number {
    return this.#state[CLOSE]!;
  }

  get trades(): number {
    return this.#state[TRADES]!;
  }

  get volume(): number {
    return this.#state[VOLUME]! + this.#state[VOLUME + 1]!;
  }

  get notional(): number {
    return this.#state[NOTIONAL]! + this.#state[NOTIONAL + 1]!;
  }

  /**
   * In any order of time: the earliest trade opens, the latest closes, of equal times the first and the last that came. It takes the trade
   * whole, for numbers on their way are boxed.
   */
  addTrade(trade: TradePart): void {
    const state = this.#state;
    const { price, size, side } = trade;
    this.#addPrices(price, price, price, price, trade.eventUs);
    state[TRADES]!++;
    this.#add(VOLUME, size);
    this.#add(NOTIONAL, price * size);
    if (side === "unknown") return;
    state[SIDED]!++;
    this.#add(side === "buy" ? BUY : SELL, size);
  }

  /** A smaller bar. One without trades moves no price: what it shows is the close before it. */
  addBar(bar: Bar): void {
    if (bar.volume === 0 && bar.trades === 0) return;
    const state = this.#state;
    const { open, high, low, close, openUs, volume } = bar;
    this.#addPrices(open, high, low, close, openUs);
    state[TRADES]! += bar.trades;
    this.#add(VOLUME, volume);
    this.#add(NOTIONAL, bar.vwap * volume);
    if (bar.buyVolume === undefined || bar.sellVolume === undefined) return;
    state[SIDED]!++;
    this.#add(BUY, bar.buyVolume);
    this.#add(SELL, bar.sellVolume);
  }

  /** The closed bar. `sides`: what a missing side among the parts makes of the volumes by side. */
  toBar(
    symbol: SymbolId,
    kind: BarKind,
    times: BarTimes,
    sides: "anyKnown" | "allKnown",
  ): Bar {
    const state = this.#state;
    const { volume } = this;
    const bar: Bar = {
      type: "bar",
      symbol,
      eventUs: unixMicros(times.eventUs),
      receivedUs: times.receivedUs,
      receivedNs: times.receivedNs,
      intervalMs: kind.intervalMs,
      openUs: unixMicros(times.openUs),
      open: state[OPEN]!,
      high: state[HIGH]!,
      low: state[LOW]!,
      close: state[CLOSE]!,
      volume,
      // Rounding must not put it outside the bar.
      vwap:
        volume > 0
          ? Math.min(
              state[HIGH]!,
              Math.max(state[LOW]!, this.notional / volume),
            )
          : state[CLOSE]!,
      trades: state[TRADES]!,
      ...(kind.basis === "time"
        ? undefined
        : { basis: kind.basis, basisSize: kind.size }),
      ...(this.#knowsSides(sides)
        ? {
            buyVolume: state[BUY]! + state[BUY + 1]!,
            sellVolume: state[SELL]! + state[SELL + 1]!,
          }
        : undefined),
      closed: true,
    };
    return bar;
  }

  #knowsSides(sides: "anyKnown" | "allKnown"): boolean {
    const parts = this.#state[PARTS]!;
    const sided = this.#state[SIDED]!;
    return sides === "allKnown" ? sided === parts : parts === 0 || sided > 0;
  }

  #addPrices(
    open: number,
    high: number,
    low: number,
    close: number,
    atUs: number,
  ): void {
    const state = this.#state;
    if (state[PARTS]!++ === 0) {
      state[OPEN] = open;
      state[HIGH] = high;
      state[LOW] = low;
      state[CLOSE] = close;
      state[FIRST_US] = atUs;
      state[LAST_US] = atUs;
      return;
    }
    if (high > state[HIGH]!) state[HIGH] = high;
    if (low < state[LOW]!) state[LOW] = low;
    if (atUs < state[FIRST_US]!) {
      state[OPEN] = open;
      state[FIRST_US] = atUs;
    }
    if (atUs >= state[LAST_US]!) {
      state[CLOSE] = close;
      state[LAST_US] = atUs;
    }
  }

  /** Neumaier's sum: what a large total would swallow is kept beside it. */
  #add(at: number, value: number): void {
    const state = this.#state;
    const total = state[at]!;
    const next = total + value;
    state[at + 1]! +=
      Math.abs(total) >= Math.abs(value)
        ? total - next + value
        : value - next + total;
    state[at] = next;
  }
}
