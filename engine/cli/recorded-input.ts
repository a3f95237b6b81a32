/** What the feature verbs read: files of bars, or tapes and recordings of market events, told apart by their names. */
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BarsFile, readBars } from "../feeds/bars-file.ts";
import { parseBarsName } from "../feeds/bars-name.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import { chainTapes } from "../feeds/tape-chain.ts";
import { openTape } from "../feeds/tape.ts";
import { CodedError } from "../std/errors.ts";
import { UsageError } from "./command.ts";

const BARS_NAME = /\.(csv|csv\.gz|zip|parquet)$/;

/** For files of bars that do not say whose they are. */
export const UNNAMED = symbolId("BARS.FILE");

/** The wall's clock may be set back by so much between two tapes. */
const CLOCK_STEP_US = 1_000_000;

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

/** Of files that continue one another. E_SYMBOL_UNKNOWN, E_BARS_FORMAT where they are of different symbols or intervals, or not in order. */
export const barsOfAll = async (
  paths: readonly string[],
  symbol?: SymbolId,
): Promise<Bar[]> => {
  const bars: Bar[] = [];
  for (const path of paths) {
    const told = parseBarsName(path)?.symbol ?? symbol;
    const more = await barsOf(path, symbol);
    const first = bars[0] ?? more[0]!;
    if (
      more[0]!.symbol !== first.symbol ||
      (symbol !== undefined && told !== symbol)
    )
      throw otherSymbol(path, first.symbol);
    if (more[0]!.intervalMs !== first.intervalMs)
      throw new CodedError("E_BARS_FORMAT", {
        detail: `${path}: bars of ${more[0]!.intervalMs} ms after bars of ${first.intervalMs} ms`,
      });
    if (more[0]!.openUs <= (bars.at(-1)?.openUs ?? -1))
      throw new CodedError("E_BARS_FORMAT", {
        detail: `${path}: its bars do not come after those of the file before`,
      });
    for (const bar of more) bars.push(bar);
  }
  return bars;
};

const otherSymbol = (path: string, wanted: SymbolId): CodedError =>
  new CodedError("E_SYMBOL_UNKNOWN", {
    detail: `${path} is not of ${wanted}: one table is of one symbol`,
  });

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

/** Tapes that continue one another, as one. E_SYMBOL_UNKNOWN where one has no event of the symbol, E_TAPE_ORDER where they are not in order. */
export async function* eventsOfAll(
  paths: readonly string[],
  symbol?: SymbolId,
): AsyncGenerator<MarketEvent> {
  let wanted = symbol;
  let lastUs = Number.NEGATIVE_INFINITY;
  const tapes = paths.map(async function* (path) {
    let isFirst = true;
    for await (const event of eventsOf(path, wanted)) {
      wanted ??= event.symbol;
      if (isFirst && event.receivedUs < lastUs - CLOCK_STEP_US)
        throw new CodedError("E_TAPE_ORDER", {
          detail: `${path} begins before the tape before it ends`,
        });
      isFirst = false;
      lastUs = event.receivedUs;
      yield event;
    }
    if (!isFirst) return;
    throw wanted === undefined
      ? new UsageError(`${path}: no market event in it`)
      : otherSymbol(path, wanted);
  });
  for await (const event of chainTapes(tapes))
    if (!isHeadline(event)) yield event;
}

export const tapeEvents = async (
  paths: readonly string[],
): Promise<MarketEvent[]> => {
  const events: MarketEvent[] = [];
  for await (const event of eventsOfAll(paths)) events.push(event);
  return events;
};
