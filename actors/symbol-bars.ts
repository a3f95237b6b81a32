/** Which bars one symbol keeps: those that models and features ask for, and those of the configuration. What goes wrong is counted. */
import type { Bar } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { BarBook } from "../engine/market/bar-book.ts";
import type { BarBookOptions, BarCounts } from "../engine/market/bar-book.ts";
import { timeBars } from "../engine/market/bar-kind.ts";
import type { BarKind } from "../engine/market/bar-kind.ts";
import type { BarCounters } from "./bar-counters.ts";

export interface SymbolBarOptions {
  /** Kept beside those that models ask for. */
  readonly kinds: readonly BarKind[];
  /** How many of each of them. */
  readonly length: number;
  readonly policies: Partial<BarBookOptions>;
}

export const SYMBOL_BAR_DEFAULTS: SymbolBarOptions = {
  kinds: [],
  length: 500,
  policies: {},
};

/** `windows`: how many bars of which interval are asked for. `onClosed` is told each bar once, in order. */
export const symbolBars = (
  symbol: SymbolId,
  windows: ReadonlyMap<number, number>,
  options: SymbolBarOptions,
  counters: BarCounters,
  onClosed: (bar: Bar) => void,
): BarBook => {
  const requests = [
    ...Array.from(windows, ([intervalMs, length]) => ({
      kind: timeBars(intervalMs),
      length,
    })),
    ...options.kinds.map((kind) => ({ kind, length: options.length })),
  ];
  let counted: BarCounts | undefined;
  const book: BarBook = new BarBook(
    symbol,
    requests,
    options.policies,
    (bar) => {
      const counts = book.counts();
      counters.closed(counted, counts);
      counted = counts;
      onClosed(bar);
    },
  );
  return book;
};
