/** What all symbols' bars count together; names are resolved once. */
import type { BarCounts } from "../engine/market/bar-book.ts";
import type { Counter, Telemetry } from "../engine/ports.ts";

type BarFault = keyof BarCounts;

const FAULTS: readonly BarFault[] = [
  "duplicateTrades",
  "lateTrades",
  "ahead",
  "repeatedBars",
  "conflictingBars",
  "misalignedBars",
  "filledBars",
  "holes",
];

export class BarCounters {
  readonly #closed: Counter;
  readonly #faults: readonly (readonly [BarFault, Counter])[];

  constructor(telemetry: Telemetry) {
    this.#closed = telemetry.counter(
      "fusewire_bars_closed_total",
      "Bars closed, of any kind",
    );
    this.#faults = FAULTS.map((fault) => [
      fault,
      telemetry.counter(
        "fusewire_bar_faults_total",
        "Trades and bars that did not become a bar as they came",
        { fault },
      ),
    ]);
  }

  /** One symbol's counts at a bar, and at the bar before it. */
  closed(before: BarCounts | undefined, now: BarCounts): void {
    this.#closed.add(1);
    for (const [fault, counter] of this.#faults) {
      const more = now[fault] - (before?.[fault] ?? 0);
      if (more > 0) counter.add(more);
    }
  }
}
