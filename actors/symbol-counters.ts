/** What all symbol actors count together; names are resolved once. */
import { BOOK_CHANGES } from "../engine/market/book-change.ts";
import type { BookChange } from "../engine/market/book-change.ts";
import type { Counter, Telemetry } from "../engine/ports.ts";
import { BarCounters } from "./bar-counters.ts";
import { BookFindings } from "./book-findings.ts";
import { StaleCounters } from "./stale-counters.ts";
import { VenueClocks } from "./venue-clocks.ts";

export class SymbolCounters {
  readonly signals: Counter;
  /** Book events that found the mailbox full: each becomes a gap. */
  readonly lost: Counter;
  /** Events of a symbol past the limit. */
  readonly refused: Counter;
  readonly inlineFailures: Counter;
  readonly bars: BarCounters;
  readonly findings: BookFindings;
  /** Trades and quotes at prices far off the mid: left out. */
  readonly suspectPrices: Counter;
  readonly clocks: VenueClocks;
  readonly stale: StaleCounters;
  readonly #changes: ReadonlyMap<BookChange, Counter>;

  constructor(telemetry: Telemetry) {
    const counter = (name: string, help: string): Counter =>
      telemetry.counter(`fusewire_${name}_total`, help);
    this.bars = new BarCounters(telemetry);
    this.findings = new BookFindings(telemetry);
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
    this.suspectPrices = counter(
      "suspect_prices",
      "Trades and quotes at prices far off the mid",
    );
    this.clocks = new VenueClocks(telemetry);
    this.stale = new StaleCounters(telemetry);
    this.#changes = new Map(
      BOOK_CHANGES.map((change) => [
        change,
        telemetry.counter(
          "fusewire_book_events_total",
          "Book events by effect",
          { change },
        ),
      ]),
    );
  }

  bookChanged(change: BookChange): void {
    this.#changes.get(change)!.add(1);
  }
}
