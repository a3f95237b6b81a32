/** What is on a tape: how many events of which kind and symbol, over which time. */
import type { SymbolId } from "../domain/symbol.ts";
import type { UnixMicros } from "../std/time.ts";
import { isHeadline, type FeedEvent } from "./feed-event.ts";

export interface TapeSummary {
  readonly events: number;
  /** By type of event; headlines are `headline`. */
  readonly kinds: Readonly<Record<string, number>>;
  readonly symbols: Readonly<Record<SymbolId, number>>;
  readonly firstUs: UnixMicros | undefined;
  readonly lastUs: UnixMicros | undefined;
  readonly seconds: number;
  readonly eventsPerSecond: number;
}

export class TapeSurvey {
  #events = 0;
  readonly #kinds = new Map<string, number>();
  readonly #symbols = new Map<SymbolId, number>();
  #firstUs: UnixMicros | undefined;
  #lastUs: UnixMicros | undefined;

  add(event: FeedEvent): void {
    this.#events++;
    increment(this.#kinds, isHeadline(event) ? "headline" : event.type);
    if (!isHeadline(event)) increment(this.#symbols, event.symbol);
    const { receivedUs } = event;
    // The wall clock may have stepped: earliest and latest, not first and last.
    if (this.#firstUs === undefined || receivedUs < this.#firstUs)
      this.#firstUs = receivedUs;
    if (this.#lastUs === undefined || receivedUs > this.#lastUs)
      this.#lastUs = receivedUs;
  }

  get summary(): TapeSummary {
    const seconds = ((this.#lastUs ?? 0) - (this.#firstUs ?? 0)) / 1e6;
    return {
      events: this.#events,
      kinds: sorted(this.#kinds),
      symbols: sorted(this.#symbols),
      firstUs: this.#firstUs,
      lastUs: this.#lastUs,
      seconds,
      eventsPerSecond: seconds > 0 ? this.#events / seconds : 0,
    };
  }
}

const increment = <K>(counts: Map<K, number>, key: K): void => {
  counts.set(key, (counts.get(key) ?? 0) + 1);
};

/** Most first. */
const sorted = <K extends string>(
  counts: ReadonlyMap<K, number>,
): Record<K, number> =>
  Object.fromEntries(
    [...counts].sort(([a, n], [b, m]) => m - n || (a < b ? -1 : 1)),
  ) as Record<K, number>;
