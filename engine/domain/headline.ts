/** One news text about symbols. */
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { SymbolId } from "./symbol.ts";

export interface Headline {
  readonly id: string;
  /** Plain text, at most 2,000 characters. */
  readonly text: string;
  readonly source: string;
  readonly symbols: readonly SymbolId[];
  readonly eventUs: UnixMicros;
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
}
