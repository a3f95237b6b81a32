/** Bars that no trade and no venue made: what a lane fills holes with, and what it was kept from before. */
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { unixMicros } from "../std/time.ts";
import type { KeptBars } from "./bar-archive.ts";
import type { MarketTime } from "./bar-builder.ts";
import { BAR_CHANNELS } from "./bar-series.ts";

/** What every bar of a lane shares, with the event that it is made at. */
export interface BarFrame {
  readonly symbol: SymbolId;
  readonly intervalMs: number;
  readonly at: MarketTime;
}

/** Nothing was traded: all prices are the close before. */
export const flatBar = (
  { symbol, intervalMs, at }: BarFrame,
  openUs: number,
  price: number,
): Bar => ({
  type: "bar",
  symbol,
  eventUs: unixMicros(openUs + intervalMs * 1000),
  receivedUs: at.receivedUs,
  receivedNs: at.receivedNs,
  intervalMs,
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

export const saveBar = (to: StateWriter, bar: Bar): void => {
  to.numbers([bar.openUs, bar.open, bar.high, bar.low, bar.close]);
  to.numbers([bar.volume, bar.vwap, bar.trades]);
  to.numbers([bar.buyVolume ?? NaN, bar.sellVolume ?? NaN]);
};

/** As `saveBar` put it down, told at the frame's event. */
export const savedBar = (frame: BarFrame, from: StateReader): Bar => {
  const openUs = from.number();
  const open = from.number();
  const high = from.number();
  const low = from.number();
  const close = from.number();
  const volume = from.number();
  const vwap = from.number();
  const trades = from.number();
  const buyVolume = from.number();
  const sellVolume = from.number();
  return {
    ...flatBar(frame, openUs, close),
    open,
    high,
    low,
    volume,
    vwap,
    trades,
    ...(Number.isNaN(buyVolume) ? {} : { buyVolume, sellVolume }),
  };
};

/** The i-th kept bar, told at the receipt of the event that brought it back. How many trades it had was not kept. */
export const keptBar = (frame: BarFrame, kept: KeptBars, i: number): Bar => {
  const [open, high, low, close, volume, vwap] = kept.rows.subarray(
    i * BAR_CHANNELS,
    (i + 1) * BAR_CHANNELS,
  );
  const age = kept.length - 1 - i;
  const openUs = kept.lastOpenUs - age * kept.intervalMs * 1000;
  return {
    ...flatBar(frame, openUs, close!),
    open: open!,
    high: high!,
    low: low!,
    volume: volume!,
    vwap: vwap!,
  };
};
