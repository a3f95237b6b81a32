/** Looks once a second whether what a follower's features read is out of date, and says of what kind. */
import type { EventFeatures, Received } from "./event-features.ts";

const EVERY_NS = 1_000_000_000;

/** Features that read the same inputs; one of each limit, as those of one limit go out of date together. */
interface Readers {
  /** The inputs, as `book+trade`. */
  readonly reads: string;
  readonly features: readonly number[];
}

export class StaleWatch {
  readonly #follower: EventFeatures;
  readonly #readers: readonly Readers[];
  readonly #onStale: (reads: string) => void;
  #nextNs = Number.NEGATIVE_INFINITY;

  constructor(follower: EventFeatures, onStale: (reads: string) => void) {
    this.#follower = follower;
    this.#readers = readersOf(follower);
    this.#onStale = onStale;
  }

  /** As of an event. Between two looks it costs a comparison. A look comes too seldom to be compiled well: no closures, no iterators. */
  check(latest: Received): void {
    if (latest.receivedNs < this.#nextNs) return;
    this.#nextNs = latest.receivedNs + EVERY_NS;
    for (let i = 0; i < this.#readers.length; i++) {
      const { reads, features } = this.#readers[i]!;
      if (this.#isAnyStale(features, latest)) this.#onStale(reads);
    }
  }

  #isAnyStale(features: readonly number[], latest: Received): boolean {
    for (let i = 0; i < features.length; i++)
      if (this.#isStale(features[i]!, latest)) return true;
    return false;
  }

  #isStale(feature: number, latest: Received): boolean {
    const { staleAfterMs } = this.#follower.schema.features[feature]!;
    return this.#follower.ageMs(feature, latest) > staleAfterMs;
  }
}

const readersOf = ({ schema }: EventFeatures): Readers[] => {
  const byReads = new Map<string, Map<number, number>>();
  schema.features.forEach(({ inputs, staleAfterMs }, i) => {
    const reads = inputs.join("+");
    const byLimit = byReads.get(reads) ?? new Map<number, number>();
    if (!byLimit.has(staleAfterMs)) byLimit.set(staleAfterMs, i);
    byReads.set(reads, byLimit);
  });
  return Array.from(byReads, ([reads, byLimit]) => ({
    reads,
    features: [...byLimit.values()],
  }));
};
