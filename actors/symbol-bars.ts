/** One symbol's closed bars, a lane an interval: built from its trades, or told as they are. */
import type { Bar, MarketEvent, Trade } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { BarBuilder } from "../engine/market/bar-builder.ts";
import { BarSeries } from "../engine/market/bar-series.ts";

interface BarLane {
  readonly builder: BarBuilder;
  readonly series: BarSeries;
  hasClosed: boolean;
}

export class SymbolBars {
  readonly #lanes: readonly BarLane[];
  readonly #onClosed: (bar: Bar) => void;

  /** `windows`: bars kept by interval. `onClosed` is told each bar that a lane took. */
  constructor(
    symbol: SymbolId,
    windows: ReadonlyMap<number, number>,
    onClosed: (bar: Bar) => void,
  ) {
    this.#onClosed = onClosed;
    this.#lanes = Array.from(windows, ([intervalMs, length]) => ({
      builder: new BarBuilder({ symbol, intervalMs }, (bar) => this.push(bar)),
      series: new BarSeries(intervalMs, length),
      hasClosed: false,
    }));
  }

  /** Closes what has passed by the time of any event of the symbol. */
  advanceTo(event: MarketEvent): void {
    for (const { builder } of this.#lanes) builder.advanceTo(event);
  }

  onTrade(trade: Trade): void {
    for (const { builder } of this.#lanes) builder.onTrade(trade);
  }

  /** True when a lane took the bar. */
  push(bar: Bar): boolean {
    let took = false;
    for (const lane of this.#lanes) {
      if (!lane.series.push(bar)) continue;
      took = true;
      lane.hasClosed = true;
      this.#onClosed(bar);
    }
    return took;
  }

  /** Each series that grew since the last call. */
  takeGrown(onGrown: (series: BarSeries) => void): void {
    for (const lane of this.#lanes) {
      if (!lane.hasClosed) continue;
      lane.hasClosed = false;
      onGrown(lane.series);
    }
  }
}
