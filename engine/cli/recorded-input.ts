/** What the feature verbs read: files of bars, or tapes and recordings of market events, told apart by their names. */
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BarsFile, readBars } from "../feeds/bars-file.ts";
import { parseBarsName } from "../feeds/bars-name.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import { openTape } from "../feeds/tape.ts";
import { UsageError } from "./command.ts";

const BARS_NAME = /\.(csv|csv\.gz|zip|parquet)$/;

/** For files of bars that do not say whose they are. */
const UNNAMED = symbolId("BARS.FILE");

export const isBarsPath = (path: string): boolean => BARS_NAME.test(path);

export const barsOf = async (
  path: string,
  symbol?: SymbolId,
): Promise<Bar[]> => {
  const bars: Bar[] = [];
  const named = symbol ?? parseBarsName(path)?.symbol ?? UNNAMED;
  for await (const bar of readBars(new BarsFile(path), path, { symbol: named }))
    bars.push(bar);
  if (bars.length === 0) throw new UsageError(`${path}: no bar in it`);
  return bars;
};

/** Events of one symbol: the one that is named, or the first that speaks. */
export async function* eventsOf(
  path: string,
  symbol?: SymbolId,
): AsyncGenerator<MarketEvent> {
  let wanted = symbol;
  for await (const event of await openTape(path, {})) {
    if (isHeadline(event)) continue;
    wanted ??= event.symbol;
    if (event.symbol === wanted) yield event;
  }
}

export const tapeEvents = async (
  path: string,
  symbol?: SymbolId,
): Promise<MarketEvent[]> => {
  const events: MarketEvent[] = [];
  for await (const event of eventsOf(path, symbol)) events.push(event);
  if (events.length === 0)
    throw new UsageError(`${path}: no market event in it`);
  return events;
};
