/** Bars that no trade and no venue made: what a lane fills holes with, and what it was kept from before. */
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
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
