/** What books find out about their feeds, over all symbols, as a metric. */
import type { BookCounts } from "../engine/market/book-counts.ts";
import type { Counter, Telemetry } from "../engine/ports.ts";

/** Those of a book's counts that its events' effects do not show by themselves. */
export const BOOK_FINDINGS = [
  "gaps",
  "reordered",
  "overflows",
  "refreshes",
  "quotesAgreed",
  "quotesContradicted",
] as const satisfies readonly (keyof BookCounts)[];

export class BookFindings {
  readonly #counters: readonly Counter[];

  constructor(telemetry: Telemetry) {
    this.#counters = BOOK_FINDINGS.map((finding) =>
      telemetry.counter(
        "fusewire_book_findings_total",
        "What books found out about their feeds",
        { finding },
      ),
    );
  }

  /** To be called each turn: adds what one book's counts have grown by since. */
  of(counts: BookCounts): () => void {
    const told = new Float64Array(BOOK_FINDINGS.length);
    return () => {
      for (let i = 0; i < told.length; i++) {
        const count = counts[BOOK_FINDINGS[i]!];
        if (count === told[i]) continue;
        this.#counters[i]!.add(count - told[i]!);
        told[i] = count;
      }
    };
  }
}
