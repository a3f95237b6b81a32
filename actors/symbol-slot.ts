/** What outlives a symbol's actor: shared by the router and each incarnation, on one thread. */
import type { SymbolId } from "../engine/domain/symbol.ts";

export class SymbolSlot {
  readonly symbol: SymbolId;
  /** Sequence of the last signal: goes on over restarts and passivation, as subscribers rely on it. */
  seq: number;
  /**
   * Book events that found the mailbox full. Counted here rather than told, as there is no room to tell: the actor
   * compares it each turn and treats a change as a gap.
   */
  lost = 0;

  constructor(symbol: SymbolId, seq: number) {
    this.symbol = symbol;
    this.seq = seq;
  }
}
