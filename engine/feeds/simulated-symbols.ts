/** The symbols of the simulated venue SIM: prices and sizes of the order of the real ones'. */
import { symbolIdOf, tickerOf } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";

export interface SimulatedSymbol {
  readonly symbol: SymbolId;
  /** As headlines write it. */
  readonly name: string;
  readonly startPrice: number;
  readonly tickSize: number;
  readonly lotSize: number;
  /** Typical size of one order, in base units. */
  readonly orderSize: number;
  /** Volatility relative to the market's. */
  readonly volatility: number;
  /** Share of the market's common moves that it takes part in. */
  readonly beta: number;
}

const row = (
  ticker: string,
  name: string,
  startPrice: number,
  tickSize: number,
  lotSize: number,
  orderSize: number,
  volatility: number,
  beta: number,
): SimulatedSymbol => ({
  symbol: symbolIdOf(ticker, "SIM"),
  name,
  startPrice,
  tickSize,
  lotSize,
  orderSize,
  volatility,
  beta,
});

export const SIMULATED_SYMBOLS: readonly SimulatedSymbol[] = [
  row("BTCUSDT", "Bitcoin", 61_800, 1, 0.001, 0.12, 1, 1),
  row("ETHUSDT", "Ethereum", 2_680, 0.1, 0.001, 1.6, 1.15, 1),
  row("SOLUSDT", "Solana", 152, 0.01, 0.01, 24, 1.5, 0.9),
  row("BNBUSDT", "BNB", 518, 0.1, 0.001, 4, 1, 0.7),
  row("XRPUSDT", "XRP", 0.5862, 0.0001, 1, 3_500, 1.3, 0.7),
  row("ADAUSDT", "Cardano", 0.3437, 0.0001, 1, 6_000, 1.6, 0.8),
  row("DOGEUSDT", "Dogecoin", 0.10352, 0.00001, 1, 24_000, 1.7, 0.9),
  row("LINKUSDT", "Chainlink", 10.61, 0.001, 0.01, 180, 1.6, 0.8),
];

/** By name: one of the eight, or one made like the i-th of them. */
export const simulatedSymbol = (
  symbol: SymbolId,
  i: number,
): SimulatedSymbol => {
  const base = SIMULATED_SYMBOLS[i % SIMULATED_SYMBOLS.length]!;
  const known = SIMULATED_SYMBOLS.find((spec) => spec.symbol === symbol);
  return known ?? { ...base, symbol, name: tickerOf(symbol) };
};

/** `count` symbols for load: the named ones first, then numbered ones of the same make. */
export const simulatedSymbols = (count: number): readonly SimulatedSymbol[] =>
  Array.from({ length: count }, (_, i) => {
    const base = SIMULATED_SYMBOLS[i % SIMULATED_SYMBOLS.length]!;
    if (i < SIMULATED_SYMBOLS.length) return base;
    const ticker = `SIM${String(i).padStart(4, "0")}USDT`;
    return { ...base, symbol: symbolIdOf(ticker, "SIM"), name: ticker };
  });
