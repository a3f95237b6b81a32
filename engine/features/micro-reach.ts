/** How far back a feature of order book and trades looks: its window, how long until it says something, how long until the start is forgotten. */
import type { FeatureInput, Span } from "./feature-declaration.ts";

/** ln(1e6): after so many time constants a fading sum shows a millionth of its start. */
const FADED = 13.9;
/** The same of a count, of which a burst holds a thousand and a half is next to none. */
const COUNT_FADED = 21.5;
export const STALE_BOOK_MS = 2000;
const STALE_TRADE_MS = 60_000;

export interface Reach {
  readonly window: string;
  readonly warmUp: Span;
  readonly settled: Span;
  readonly inputs: readonly FeatureInput[];
  readonly staleAfterMs: number;
}

export const ms = (count: number): Span => ({ count, unit: "ms" });
const ONCE: Span = { count: 1, unit: "events" };

export const NOW: Reach = {
  window: "now",
  warmUp: ONCE,
  settled: ONCE,
  inputs: ["book"],
  staleAfterMs: STALE_BOOK_MS,
};
/** Something that fades over `scaleMs`, in units of a mean over 30 s where it has one. */
export const fading = (
  scaleMs: number,
  inputs: readonly FeatureInput[] = ["book"],
  slowestMs = Math.max(scaleMs, 30_000),
): Reach => ({
  window: `decay ${scaleMs} ms`,
  warmUp: ms(scaleMs),
  settled: ms(Math.ceil(FADED * slowestMs)),
  inputs,
  staleAfterMs: inputs.includes("trade") ? STALE_TRADE_MS : STALE_BOOK_MS,
});
export const TRADES: readonly FeatureInput[] = ["book", "trade"];
/** Counts of events: a few of them are as good as none, so that a burst shows for longer. */
export const counting = (
  scaleMs: number,
  inputs: readonly FeatureInput[] = TRADES,
): Reach => ({
  ...fading(scaleMs, inputs),
  settled: ms(Math.ceil(COUNT_FADED * scaleMs)),
});
/** A mean by volume: the past shows until what was traded since outweighs it, here where trading was a million times heavier before. */
export const byVolume = (scaleMs: number): Reach => ({
  ...fading(scaleMs, TRADES),
  settled: ms(Math.ceil(2 * FADED * scaleMs)),
});
export const AGAINST_MEAN: Reach = {
  ...NOW,
  window: "now, mean 30000 ms",
  settled: ms(Math.ceil(FADED * 30_000)),
};
export const seconds = (count: number): Reach => ({
  window: `${count} s`,
  warmUp: ms((count + 1) * 1000),
  settled: ms((count + 2) * 1000),
  inputs: ["book"],
  staleAfterMs: STALE_BOOK_MS,
});
export const BUCKETS: Reach = {
  window: "50 volume buckets",
  warmUp: { count: 50, unit: "events" },
  // As long as 50 buckets take where the volume of a minute falls to a tenth from one to the next.
  settled: ms(1_800_000),
  inputs: ["trade"],
  staleAfterMs: STALE_TRADE_MS,
};
export const LEADING: readonly FeatureInput[] = ["book", "otherBook"];
