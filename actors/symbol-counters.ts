/** What all symbol actors count together; names are resolved once. */
import type { BookChange } from "../engine/market/book-sync.ts";
import type { Counter, Telemetry } from "../engine/ports.ts";

export class SymbolCounters {
  readonly signals: Counter;
  /** Book events that found the mailbox full: each becomes a gap. */
  readonly lost: Counter;
  /** Events of a symbol past the limit. */
  readonly refused: Counter;
  readonly inlineFailures: Counter;
  readonly #changes: Record<BookChange, Counter>;

  constructor(telemetry: Telemetry) {
    const counter = (name: string, help: string): Counter =>
      telemetry.counter(`fusewire_${name}_total`, help);
    this.signals = counter("signals", "Signals published");
    this.lost = counter(
      "book_events_lost",
      "Book events that found the symbol's mailbox full",
    );
    this.refused = counter(
      "symbol_events_refused",
      "Events of symbols past the limit",
    );
    this.inlineFailures = counter(
      "inline_failures",
      "Inline models without a usable output",
    );
    const change = (name: BookChange): Counter =>
      telemetry.counter("fusewire_book_events_total", "Book events by effect", {
        change: name,
      });
    this.#changes = {
      snapshot: change("snapshot"),
      delta: change("delta"),
      voided: change("voided"),
      crossed: change("crossed"),
      oneSided: change("oneSided"),
      buffered: change("buffered"),
      duplicate: change("duplicate"),
      refused: change("refused"),
    };
  }

  bookChanged(change: BookChange): void {
    this.#changes[change].add(1);
  }
}
