/** What the path of a Lean data file says, with its folders or with underscores in their place. */
import { symbolIdOf, type SymbolId } from "../domain/symbol.ts";
import { isoUs } from "./bars-time.ts";

export interface BarsName {
  readonly symbol: SymbolId;
  readonly intervalMs: number;
  /** Midnight that its times count from. */
  readonly dayUs: number;
}

const LEAN =
  /(crypto|cryptofuture)[/\\_](\w+?)[/\\_](second|minute)[/\\_](\w+?)[/\\_](\d{8})_(?:trade|quote)\.(?:zip|csv)$/;

const INTERVALS_MS = { second: 1000, minute: 60_000 } as const;

export const parseBarsName = (path: string): BarsName | undefined => {
  const match = LEAN.exec(path.toLowerCase());
  if (match === null) return undefined;
  const [, market, venue, resolution, ticker, day] = match;
  return {
    symbol: symbolIdOf(
      ticker!.toUpperCase(),
      venueOf(market!, venue!, ticker!),
    ),
    intervalMs: INTERVALS_MS[resolution as keyof typeof INTERVALS_MS],
    dayUs: isoUs(day!),
  };
};

/** Futures have a venue token of their own here: Binance's are settled in dollars, or in the coin. */
const venueOf = (market: string, venue: string, ticker: string): string => {
  if (market !== "cryptofuture" || venue !== "binance")
    return venue.toUpperCase();
  return ticker.endsWith("usd") ? "BINANCECOINM" : "BINANCEUSDM";
};
