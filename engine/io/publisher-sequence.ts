/** Follows the numbers that market publishers put on each symbol's messages: what is lost, told twice, or told by two at once. */
import type { SymbolId } from "../domain/symbol.ts";
import { msToNs, type MonoNanos } from "../std/time.ts";
import { readPublisherMark } from "../wire/publisher-header.ts";

/**
 * `follows`: take it. `lost`: take it, but something between it and the one before is missing. `restarted`: take it, a new
 * publisher tells this symbol. `repeated` and `superseded` (an older publisher beside a newer one): leave it. `malformed`.
 */
export type PublisherVerdict =
  "follows" | "lost" | "restarted" | "repeated" | "superseded" | "malformed";

interface Follow {
  /** The publisher's id and a space: compared with the head of the next value without cutting it. */
  head: string;
  number: number;
  heardNs: MonoNanos;
}

export interface PublisherSequenceOptions {
  readonly symbolsMax: number;
  /** A newer publisher silent for this long has ended: an older one may tell the symbol again. */
  readonly takeBackMs: number;
}

export class PublisherSequence {
  readonly #symbolsMax: number;
  readonly #takeBackNs: number;
  readonly #follows = new Map<SymbolId, Follow>();

  constructor(options: PublisherSequenceOptions) {
    this.#symbolsMax = options.symbolsMax;
    this.#takeBackNs = msToNs(options.takeBackMs);
  }

  take(symbol: SymbolId, value: string, nowNs: MonoNanos): PublisherVerdict {
    const follow = this.#follows.get(symbol);
    if (follow !== undefined && value.startsWith(follow.head)) {
      const number = Number(value.slice(follow.head.length));
      if (!Number.isSafeInteger(number)) return "malformed";
      const isNext = number === follow.number + 1;
      follow.heardNs = nowNs;
      if (!isNext && number <= follow.number) return "repeated";
      follow.number = number;
      return isNext ? "follows" : "lost";
    }
    return this.#adopt(symbol, value, nowNs, follow);
  }

  forget(symbol: SymbolId): void {
    this.#follows.delete(symbol);
  }

  /** After an outage, which has been told already. */
  clear(): void {
    this.#follows.clear();
  }

  #adopt(
    symbol: SymbolId,
    value: string,
    nowNs: MonoNanos,
    before: Follow | undefined,
  ): PublisherVerdict {
    const mark = readPublisherMark(value);
    if (mark === undefined) return "malformed";
    const head = `${mark.id} `;
    if (
      before !== undefined &&
      head < before.head &&
      nowNs - before.heardNs < this.#takeBackNs
    )
      return "superseded";
    if (before === undefined && this.#follows.size >= this.#symbolsMax)
      return "follows";
    this.#follows.set(symbol, { head, number: mark.number, heardNs: nowNs });
    return before === undefined ? "follows" : "restarted";
  }
}
