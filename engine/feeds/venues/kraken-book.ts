/** One Kraken book of either version: kept at the subscribed depth with its digits, checked by CRC32 over the best ten levels a side. */
import { crc32 } from "node:zlib";
import type { UnixMicros } from "../../std/time.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { MapperCore } from "./mapper-core.ts";
import { priceOf, sizeOf } from "./message.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { TextBookSide } from "./text-book-side.ts";

const CHECKSUM_LEVELS = 10;

/** A level as it was sent: digits and all. */
export interface KrakenLevel {
  readonly price: number;
  readonly size: number;
  readonly text: string;
}

export interface KrakenUpdate {
  /** Absent where neither message nor levels have a time. */
  readonly timeUs: UnixMicros | undefined;
  readonly bids: readonly KrakenLevel[];
  readonly asks: readonly KrakenLevel[];
  /** Absent in a snapshot of version 1. */
  readonly checksum: number | undefined;
}

export const krakenLevel = (
  price: unknown,
  size: unknown,
  field: string,
): KrakenLevel => ({
  price: priceOf(price, field),
  size: sizeOf(size, field),
  text: digitsOf(String(price)) + digitsOf(String(size)),
});

export class KrakenBook {
  readonly #core: MapperCore;
  readonly #book: NumberedBook;
  readonly #bids = new TextBookSide("highestFirst");
  readonly #asks = new TextBookSide("lowestFirst");
  /** Of the last message: times rise from one to the next. */
  #lastUs = 0;
  #lastChecksum: number | undefined;

  constructor(core: MapperCore, symbol: SymbolId) {
    this.#core = core;
    this.#book = new NumberedBook(core, symbol);
  }

  get numbers(): NumberedBook {
    return this.#book;
  }

  snapshot(update: KrakenUpdate): void {
    this.#bids.clear();
    this.#asks.clear();
    this.#lastUs = 0;
    setAll(this.#bids, update.bids);
    setAll(this.#asks, update.asks);
    if (!this.#verify(update)) return;
    this.#book.snapshot(
      this.#eventUs(update),
      bestFirst(flat(update.bids, []), "bids"),
      bestFirst(flat(update.asks, []), "asks"),
    );
  }

  /** The venue sends no removal for what leaves the subscribed depth, so it is told here. */
  update(update: KrakenUpdate, depth: number): void {
    if (!this.#book.isLive) {
      this.#book.unsynced();
      return;
    }
    const { timeUs = this.#lastUs, checksum } = update;
    if (timeUs === this.#lastUs && checksum === this.#lastChecksum) {
      this.#core.counts.duplicates++;
      return;
    }
    if (timeUs < this.#lastUs) {
      // What came late was missing until now, even if no checksum showed it.
      this.#book.void(this.#core.venueUs, "sequence");
      return;
    }
    setAll(this.#bids, update.bids);
    setAll(this.#asks, update.asks);
    const bidsOut = this.#bids.truncate(depth);
    const asksOut = this.#asks.truncate(depth);
    if (!this.#verify(update)) return;
    this.#book.delta(
      this.#eventUs(update),
      flat(update.bids, bidsOut),
      flat(update.asks, asksOut),
    );
  }

  reset(): void {
    this.#book.reset();
  }

  #eventUs({ timeUs }: KrakenUpdate): UnixMicros {
    return timeUs ?? this.#core.venueUs;
  }

  #verify(update: KrakenUpdate): boolean {
    const { checksum, timeUs } = update;
    this.#lastUs = timeUs ?? this.#lastUs;
    this.#lastChecksum = checksum;
    if (checksum === undefined) return true;
    if (crc32(this.#digits()) === checksum) {
      this.#core.counts.checksumsVerified++;
      return true;
    }
    this.#core.counts.checksumMismatches++;
    this.#book.void(this.#eventUs(update), "checksum");
    return false;
  }

  /** Asks from the lowest, then bids from the highest. */
  #digits(): string {
    let digits = "";
    for (const side of [this.#asks, this.#bids])
      for (let i = 0; i < CHECKSUM_LEVELS; i++) digits += side.text(i) ?? "";
    return digits;
  }
}

/** In the order sent: the last word on a price counts. */
const setAll = (side: TextBookSide, levels: readonly KrakenLevel[]): void => {
  for (const { price, size, text } of levels)
    if (size === 0) side.remove(price);
    else side.set(price, text);
};

const flat = (
  levels: readonly KrakenLevel[],
  removed: readonly number[],
): number[] => {
  const numbers: number[] = [];
  for (const { price, size } of levels) numbers.push(price, size);
  for (const price of removed) numbers.push(price, 0);
  return numbers;
};

/** Without the point and the zeros in front. */
const digitsOf = (decimal: string): string =>
  decimal.replace(".", "").replace(/^0+/, "");
