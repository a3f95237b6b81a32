/** What a signal is about: venue and symbol, written `BTCUSDT.BINANCE`. */
import { CodedError } from "../std/errors.ts";

export type SymbolId = string & { readonly __brand: "SymbolId" };

/** Both parts become NATS subject tokens as they are, so neither may hold `.`, `*`, `>` or space. */
const TOKEN = /^[A-Z0-9][A-Z0-9_-]{1,31}$/;

/** The door: `SYMBOL.VENUE` or E_SYMBOL_FORMAT. */
export const symbolId = (text: string): SymbolId => {
  const dot = text.indexOf(".");
  if (
    dot < 0 ||
    !TOKEN.test(text.slice(0, dot)) ||
    !TOKEN.test(text.slice(dot + 1))
  )
    throw new CodedError("E_SYMBOL_FORMAT");
  return text as SymbolId;
};

export const symbolIdOf = (symbol: string, venue: string): SymbolId =>
  symbolId(`${symbol}.${venue}`);

export const tickerOf = (id: SymbolId): string => id.slice(0, id.indexOf("."));
export const venueOf = (id: SymbolId): string => id.slice(id.indexOf(".") + 1);
