/** The last minutes of each symbol in seconds, so that a page just opened shows a chart and not an empty frame. */
import type { SignalGist } from "./hub-ring.ts";

export const HISTORY_SECONDS_MAX = 900;
const HISTORY_SYMBOLS_MAX = 256;

// second, open, high, low, close, probability, class
const COLUMNS = 7;

/** One symbol's ring of seconds; a second without a live price has no row. */
class SecondRing {
  readonly #rows = new Float64Array(HISTORY_SECONDS_MAX * COLUMNS);
  #start = 0;
  #count = 0;

  add({ emittedUs, mid, probability, classIndex }: SignalGist): void {
    if (Number.isNaN(mid)) return;
    const second = Math.floor(emittedUs / 1e6);
    const last = this.#at(this.#count - 1);
    if (this.#count === 0 || second > this.#rows[last]!) {
      const at = this.#open();
      this.#rows.set([second, mid, mid, mid, mid, probability, classIndex], at);
      return;
    }
    this.#rows[last + 2] = Math.max(this.#rows[last + 2]!, mid);
    this.#rows[last + 3] = Math.min(this.#rows[last + 3]!, mid);
    this.#rows[last + 4] = mid;
    this.#rows[last + 5] = probability;
    this.#rows[last + 6] = classIndex;
  }

  rows(): number[][] {
    return Array.from({ length: this.#count }, (_, i) => {
      const at = this.#at(i);
      return [...this.#rows.subarray(at, at + COLUMNS)];
    });
  }

  #at(i: number): number {
    return ((this.#start + Math.max(i, 0)) % HISTORY_SECONDS_MAX) * COLUMNS;
  }

  #open(): number {
    if (this.#count === HISTORY_SECONDS_MAX)
      this.#start = (this.#start + 1) % HISTORY_SECONDS_MAX;
    else this.#count++;
    return this.#at(this.#count - 1);
  }
}

export class HubHistory {
  readonly #rings = new Map<number, SecondRing>();

  add(symbolIndex: number, gist: SignalGist): void {
    let ring = this.#rings.get(symbolIndex);
    if (ring === undefined) {
      // The first symbols have a history, the ones beyond the bound start their chart empty.
      if (this.#rings.size >= HISTORY_SYMBOLS_MAX) return;
      ring = new SecondRing();
      this.#rings.set(symbolIndex, ring);
    }
    ring.add(gist);
  }

  /** Oldest first: [second, open, high, low, close, probability, class]. */
  rows(symbolIndex: number): number[][] {
    return this.#rings.get(symbolIndex)?.rows() ?? [];
  }
}
