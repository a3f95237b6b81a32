/** Asks feeds for book snapshots: once a symbol, again with growing patience until one comes. */
import type { SymbolId } from "../domain/symbol.ts";
import type { TimerHandle, Timers } from "../std/time.ts";

export interface SnapshotRequestOptions {
  readonly timers: Timers;
  /** Waits before the second attempt; doubles up to the second value. */
  readonly retryMinMs: number;
  readonly retryMaxMs: number;
  readonly symbolsMax: number;
  readonly send: (symbol: SymbolId) => void;
}

interface Entry {
  /** Asked: no snapshot yet, the timer asks again. Resting: one has come, the timer ends the rest. */
  phase: "asked" | "resting";
  /** Wanted again while resting. */
  isWanted: boolean;
  timer: TimerHandle;
}

/**
 * While a symbol waits for its snapshot further requests are one with the first, and after a snapshot the symbol rests for
 * `retryMinMs`: a book that breaks on every update must not become a flood of snapshots.
 */
export class SnapshotRequests {
  readonly #options: SnapshotRequestOptions;
  readonly #entries = new Map<SymbolId, Entry>();

  constructor(options: SnapshotRequestOptions) {
    this.#options = options;
  }

  request(symbol: SymbolId): void {
    const entry = this.#entries.get(symbol);
    if (entry !== undefined) entry.isWanted = true;
    else if (this.#entries.size < this.#options.symbolsMax)
      this.#ask(symbol, this.#options.retryMinMs);
  }

  /** A snapshot has come. */
  satisfied(symbol: SymbolId): void {
    const entry = this.#entries.get(symbol);
    if (entry === undefined) return;
    entry.isWanted = false;
    if (entry.phase === "resting") return;
    entry.timer.cancel();
    entry.phase = "resting";
    entry.timer = this.#options.timers.after(this.#options.retryMinMs, () => {
      this.#entries.delete(symbol);
      if (entry.isWanted) this.#ask(symbol, this.#options.retryMinMs);
    });
  }

  /** Forgets what was asked. */
  stop(): void {
    for (const { timer } of this.#entries.values()) timer.cancel();
    this.#entries.clear();
  }

  #ask(symbol: SymbolId, waitMs: number): void {
    const nextMs = Math.min(2 * waitMs, this.#options.retryMaxMs);
    this.#entries.set(symbol, {
      phase: "asked",
      isWanted: true,
      timer: this.#options.timers.after(waitMs, () =>
        this.#ask(symbol, nextMs),
      ),
    });
    // Last: on a local bus the snapshot comes before this returns.
    this.#options.send(symbol);
  }
}
