/** Book events of venues whose own sequence is none, or can go back: numbered by the mapper. */
import type {
  BookDelta,
  BookSnapshot,
  GapReason,
  Levels,
} from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import type { MapperCore } from "./mapper-core.ts";

/** Levels a side of a snapshot that are passed on, the best: as many as the wire takes. */
const SNAPSHOT_LEVELS_MAX = 5000;

/**
 * One symbol's. The numbers begin at the receive time in microseconds, so that those of a later process are higher. Quotes are
 * numbered in the same row: the higher number is always what came later.
 */
export class NumberedBook {
  readonly symbol: SymbolId;
  readonly #core: MapperCore;
  #seq = 0;
  #bookSeq = 0;
  #isLive = false;

  constructor(core: MapperCore, symbol: SymbolId) {
    this.#core = core;
    this.symbol = symbol;
  }

  /** A snapshot has been emitted, and nothing has voided it since. */
  get isLive(): boolean {
    return this.#isLive;
  }

  nextSeq(): number {
    if (this.#seq === 0) this.#seq = this.#core.receipt.receivedUs;
    return ++this.#seq;
  }

  snapshot(eventUs: UnixMicros, bids: Levels, asks: Levels): void {
    this.#bookSeq = this.nextSeq();
    this.#isLive = true;
    this.#core.awaiting.delete(this.symbol);
    const event: BookSnapshot = {
      type: "bookSnapshot",
      ...this.#core.head(this.symbol, eventUs),
      seq: this.#bookSeq,
      bids,
      asks,
    };
    this.#core.emit(event);
  }

  delta(eventUs: UnixMicros, bids: Levels, asks: Levels): void {
    const prevSeq = this.#bookSeq;
    this.#bookSeq = this.nextSeq();
    const event: BookDelta = {
      type: "bookDelta",
      ...this.#core.head(this.symbol, eventUs),
      prevSeq,
      seq: this.#bookSeq,
      bids,
      asks,
    };
    this.#core.emit(event);
  }

  quote(
    eventUs: UnixMicros,
    bidPrice: number,
    bidSize: number,
    askPrice: number,
    askSize: number,
  ): void {
    this.#core.emit({
      type: "quote",
      ...this.#core.head(this.symbol, eventUs),
      seq: this.nextSeq(),
      bidPrice,
      bidSize,
      askPrice,
      askSize,
    });
  }

  /** Tells the damage; nothing of the book is emitted until a snapshot. */
  void(eventUs: UnixMicros, reason: GapReason): void {
    this.#isLive = false;
    this.#core.gap(this.symbol, eventUs, reason);
  }

  /** Whatever a message said of it could not be read. */
  lost(): void {
    if (this.#isLive) this.void(this.#core.venueUs, "sequence");
    else this.#core.awaiting.add(this.symbol);
  }

  /** An update that has no book to go to. */
  unsynced(): void {
    this.#core.counts.unsynced++;
    this.#core.awaiting.add(this.symbol);
  }

  /** The connection is new. */
  reset(): void {
    this.#isLive = false;
  }
}

/** Best level first, as the venue should send them; at most what the wire takes. */
export const bestFirst = (levels: Levels, order: "bids" | "asks"): Levels => {
  const sign = order === "bids" ? -1 : 1;
  let isSorted = true;
  for (let i = 2; i < levels.length && isSorted; i += 2)
    isSorted = (levels[i]! - levels[i - 2]!) * sign > 0;
  if (isSorted && levels.length <= 2 * SNAPSHOT_LEVELS_MAX) return levels;
  const pairs = new Map<number, number>();
  for (let i = 0; i < levels.length; i += 2)
    pairs.set(levels[i]!, levels[i + 1]!);
  return [...pairs]
    .sort((a, b) => (a[0] - b[0]) * sign)
    .slice(0, SNAPSHOT_LEVELS_MAX)
    .flat();
};
