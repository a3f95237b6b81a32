/** Telemetry that keeps the counts which a replay's summary tells. */
import type { Counter, Gauge, Histogram, Labels, Telemetry } from "./ports.ts";

export class CountingTelemetry implements Telemetry {
  readonly #counts = new Map<string, number>();

  gauge(): Gauge {
    return { set: () => undefined };
  }

  histogram(): Histogram {
    return { recordNs: () => undefined };
  }

  counter(name: string, _help: string, labels: Labels = {}): Counter {
    const key = [name, ...Object.values(labels)].join(" ");
    return {
      add: (n) => this.#counts.set(key, (this.#counts.get(key) ?? 0) + n),
    };
  }

  bookEvents(change: string): number {
    return this.#counts.get(`fusewire_book_events_total ${change}`) ?? 0;
  }
}
