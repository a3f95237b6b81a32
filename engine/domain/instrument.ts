/** The grid that a venue trades a symbol on. */
import type { SymbolId } from "./symbol.ts";

export interface Instrument {
  readonly symbol: SymbolId;
  /** Every price is a whole multiple of it. */
  readonly tickSize: number;
  /** Every size is a whole multiple of it. */
  readonly lotSize: number;
}
