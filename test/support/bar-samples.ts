/** Trades and bars for the tests of bars, and the plain reference that they are held against. */
import type { Bar, Side, Trade } from "../../engine/domain/market-event.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import { monoNanos, unixMicros } from "../../engine/std/time.ts";

export const SYMBOL = symbolId("BTCUSDT.TEST");

/** All times of one event at so many milliseconds. */
export const timeAt = (ms: number) => ({
  eventUs: unixMicros(ms * 1000),
  receivedUs: unixMicros(ms * 1000),
  receivedNs: monoNanos(ms * 1e6),
});

export const tradeAt = (
  ms: number,
  price: number,
  size = 1,
  rest: { tradeId?: number; side?: Side } = {},
): Trade => ({
  type: "trade",
  symbol: SYMBOL,
  ...timeAt(ms),
  tradeId: rest.tradeId ?? 0,
  price,
  size,
  side: rest.side ?? "buy",
});

/** A closed bar of a venue that opened at so many milliseconds. */
export const barAt = (
  openMs: number,
  close: number,
  rest: Partial<Bar> = {},
): Bar => {
  const intervalMs = rest.intervalMs ?? 60_000;
  return {
    type: "bar",
    symbol: SYMBOL,
    ...timeAt(openMs + intervalMs),
    intervalMs,
    openUs: unixMicros(openMs * 1000),
    open: close,
    high: close,
    low: close,
    close,
    volume: 1,
    vwap: close,
    trades: 1,
    closed: true,
    ...rest,
  };
};

/** Bars of whole intervals from trades in order of time, without the empty ones: as one would write it down in a few lines. */
export const referenceBars = (
  trades: readonly Trade[],
  intervalMs: number,
): readonly Record<string, number>[] => {
  const groups = new Map<number, Trade[]>();
  for (const trade of trades) {
    const openUs =
      Math.floor(trade.eventUs / (intervalMs * 1000)) * intervalMs * 1000;
    groups.set(openUs, [...(groups.get(openUs) ?? []), trade]);
  }
  return Array.from(groups, ([openUs, group]) => {
    const prices = group.map(({ price }) => price);
    const volumeOf = (side?: Side): number =>
      group
        .filter((trade) => side === undefined || trade.side === side)
        .reduce((sum, { size }) => sum + size, 0);
    return {
      openUs,
      open: prices[0]!,
      high: Math.max(...prices),
      low: Math.min(...prices),
      close: prices.at(-1)!,
      volume: volumeOf(),
      buyVolume: volumeOf("buy"),
      sellVolume: volumeOf("sell"),
      trades: group.length,
    };
  });
};

/** What two bars of one interval are compared by. */
export const numbersOf = (bar: Bar): Record<string, number | undefined> => ({
  openUs: bar.openUs,
  open: bar.open,
  high: bar.high,
  low: bar.low,
  close: bar.close,
  volume: bar.volume,
  buyVolume: bar.buyVolume,
  sellVolume: bar.sellVolume,
  trades: bar.trades,
});
