/** One symbol's closed bars, a lane an interval: built from its trades, or told as they are, or kept from before it was idle. */
import type { Bar, MarketEvent, Trade } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { encodeBars } from "../engine/market/bar-archive.ts";
import type { KeptBars } from "../engine/market/bar-archive.ts";
import {
  BAR_BUILDER_DEFAULTS,
  BarBuilder,
} from "../engine/market/bar-builder.ts";
import { BAR_CHANNELS, BarSeries } from "../engine/market/bar-series.ts";
import { unixMicros } from "../engine/std/time.ts";

interface BarLane {
  readonly builder: BarBuilder;
  readonly series: BarSeries;
  hasClosed: boolean;
  /** Waits for the first bar, which shows how long the symbol was away. */
  kept: KeptBars | undefined;
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
      kept: undefined,
    }));
  }

  /** What was kept of these lanes. A lane whose first bar closed meanwhile goes on without. */
  resume(kept: readonly KeptBars[]): void {
    for (const lane of this.#lanes)
      if (lane.series.length === 0)
        lane.kept = kept.find(
          ({ intervalMs }) => intervalMs === lane.series.intervalMs,
        );
  }

  /** For resume; undefined while there is nothing to keep. */
  encode(): Uint8Array | undefined {
    return encodeBars(this.#lanes.map(({ series }) => series));
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
      if (lane.kept !== undefined) this.#resumeBefore(bar, lane, lane.kept);
      if (!this.#take(bar, lane)) continue;
      took = true;
      lane.hasClosed = true;
    }
    return took;
  }

  #take(bar: Bar, { series }: BarLane): boolean {
    if (!series.push(bar)) return false;
    this.#onClosed(bar);
    return true;
  }

  /** Bars from before, then flat ones for the time away: unless that was longer than a builder fills. */
  #resumeBefore(bar: Bar, lane: BarLane, kept: KeptBars): void {
    if (!bar.closed || bar.intervalMs !== kept.intervalMs) return;
    lane.kept = undefined;
    const intervalUs = kept.intervalMs * 1000;
    const away = (bar.openUs - kept.lastOpenUs) / intervalUs - 1;
    if (away < 0 || away > BAR_BUILDER_DEFAULTS.flatMax) return;
    const oldestUs = kept.lastOpenUs - (kept.length - 1) * intervalUs;
    for (let i = 0; i < kept.length; i++)
      this.#take(keptBar(bar, kept, i, oldestUs + i * intervalUs), lane);
    const close = kept.rows.at(-BAR_CHANNELS + CLOSE)!;
    for (let i = 1; i <= away; i++)
      this.#take(flatBar(bar, close, kept.lastOpenUs + i * intervalUs), lane);
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

const CLOSE = 3;

/** The i-th kept bar, told at the receipt of the bar that brought it back. */
const keptBar = (at: Bar, kept: KeptBars, i: number, openUs: number): Bar => {
  const [open, high, low, close, volume, vwap] = kept.rows.subarray(
    i * BAR_CHANNELS,
    (i + 1) * BAR_CHANNELS,
  );
  return {
    ...flatBar(at, close!, openUs),
    open: open!,
    high: high!,
    low: low!,
    volume: volume!,
    vwap: vwap!,
  };
};

/** Nothing was traded. */
const flatBar = (at: Bar, price: number, openUs: number): Bar => ({
  type: "bar",
  symbol: at.symbol,
  eventUs: unixMicros(openUs + at.intervalMs * 1000),
  receivedUs: at.receivedUs,
  receivedNs: at.receivedNs,
  intervalMs: at.intervalMs,
  openUs: unixMicros(openUs),
  open: price,
  high: price,
  low: price,
  close: price,
  volume: 0,
  vwap: price,
  trades: 0,
  closed: true,
});
