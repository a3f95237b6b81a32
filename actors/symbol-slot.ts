/** What outlives a symbol's actor: shared by the router and each incarnation, on one thread. */
import type { BookReason, BookState } from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import type { MonoNanos } from "../engine/std/time.ts";

export class SymbolSlot {
  readonly symbol: SymbolId;
  /** Sequence of the last signal: goes on over restarts and passivation, as subscribers rely on it. */
  seq: number;
  /**
   * Book events that found the mailbox full. Counted here rather than told, as there is no room to tell: the actor
   * compares it each turn and treats a change as a gap.
   */
  lost = 0;
  /** What the last signal said of the book, and since when; kept by the census. Undefined before the first signal. */
  state: BookState | undefined;
  reason: BookReason = "none";
  sinceNs = 0 as MonoNanos;
  /** The last fault of the book, ever. */
  lastError: ErrorCode | undefined;
  lastErrorNs = 0 as MonoNanos;
  /** Snapshots asked for, ever. */
  resyncs = 0;
  /** When an incarnation last took up what was kept of the bars. */
  resumedNs = Number.NEGATIVE_INFINITY;

  constructor(symbol: SymbolId, seq: number) {
    this.symbol = symbol;
    this.seq = seq;
  }
}
