/** What a signal is about: venue and symbol, written `BTCUSDT.BINANCE`. */
import { CodedError } from "../std/errors.ts";
import { decodeToken, encodeToken, isToken } from "./symbol-token.ts";

export type SymbolId = string & { readonly __brand: "SymbolId" };

/** Ours to choose, so plain. It becomes a NATS subject token as it is, as does the symbol's. */
const VENUE = /^[A-Z0-9][A-Z0-9_-]{1,31}$/;
/** Longest id: symbol, dot, venue. */
export const SYMBOL_ID_MAX = 97;

/** The door: `SYMBOL.VENUE` or E_SYMBOL_FORMAT. */
export const symbolId = (text: string): SymbolId => {
  const dot = text.indexOf(".");
  if (
    dot < 0 ||
    !VENUE.test(text.slice(dot + 1)) ||
    !isToken(text.slice(0, dot))
  )
    throw new CodedError("E_SYMBOL_FORMAT");
  return text as SymbolId;
};

export const symbolIdOf = (symbol: string, venue: string): SymbolId =>
  symbolId(`${symbol}.${venue}`);

export const tickerOf = (id: SymbolId): string => id.slice(0, id.indexOf("."));
export const venueOf = (id: SymbolId): string => id.slice(id.indexOf(".") + 1);

/** From the name that the venue itself uses: `XBT/USD`, `kPEPE`, `BTC-USDT-SWAP`. Throws E_SYMBOL_FORMAT. */
export const symbolIdOfVenue = (name: string, venue: string): SymbolId =>
  symbolIdOf(encodeToken(name), venue);

/** The venue's own name back. */
export const venueNameOf = (id: SymbolId): string => decodeToken(tickerOf(id));
