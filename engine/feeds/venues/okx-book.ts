/** One OKX book: chained by the venue's ids, checked by CRC32 over the best 25 levels a side where there is a checksum. */
import { crc32 } from "node:zlib";
import type { Levels } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import type { MapperCore } from "./mapper-core.ts";
import { countOf, epochUs, levelsOf, listOf, schemaError } from "./message.ts";
import type { Fields } from "./message.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { TextBookSide } from "./text-book-side.ts";

const CHECKSUM_LEVELS = 25;
/** Updates kept for a snapshot over REST: ten come a second. */
const EARLY_MAX = 1_000;

export interface OkxBookMessage {
  readonly eventUs: UnixMicros;
  readonly bids: Levels;
  readonly asks: Levels;
  readonly bidRows: readonly unknown[];
  readonly askRows: readonly unknown[];
  readonly checksum: number | undefined;
  readonly seqId: number | undefined;
  readonly prevSeqId: number | undefined;
}

export class OkxBook {
  readonly numbers: NumberedBook;
  readonly #core: MapperCore;
  readonly #bids = new TextBookSide("highestFirst");
  readonly #asks = new TextBookSide("lowestFirst");
  /** Undefined where the venue sends none, as before 2023. */
  #seqId: number | undefined;
  /** Of the last message, as is the checksum. */
  #bookUs = 0;
  #checksum: number | undefined;
  /** Updates that follow on one another and wait for a snapshot that they join on to. */
  #early: OkxBookMessage[] = [];
  /** The first update after a snapshot over REST may reach back behind it. */
  #isJoining = false;

  constructor(core: MapperCore, symbol: SymbolId) {
    this.#core = core;
    this.numbers = new NumberedBook(core, symbol);
  }

  snapshot(message: OkxBookMessage): void {
    if (message.bids.length === 0 && message.asks.length === 0) {
      this.#begin(message);
      return;
    }
    this.#bids.clear();
    this.#asks.clear();
    setAll(this.#bids, message.bids, message.bidRows);
    setAll(this.#asks, message.asks, message.askRows);
    this.#seqId = message.seqId;
    this.#early = [];
    this.#isJoining = false;
    if (!this.#verify(message)) return;
    this.numbers.snapshot(
      message.eventUs,
      bestFirst(message.bids, "bids"),
      bestFirst(message.asks, "asks"),
    );
  }

  update(message: OkxBookMessage): void {
    const { numbers } = this;
    if (!numbers.isLive) {
      numbers.unsynced();
      this.#keep(message);
      return;
    }
    const order = this.#orderOf(message);
    if (order === "duplicate") {
      this.#core.counts.duplicates++;
      return;
    }
    if (order === "broken") {
      numbers.void(message.eventUs, "sequence");
      this.#keep(message);
      return;
    }
    this.#isJoining = false;
    // May be lower than before: after maintenance the venue begins anew, and says so by the previous id.
    this.#seqId = message.seqId;
    setAll(this.#bids, message.bids, message.bidRows);
    setAll(this.#asks, message.asks, message.askRows);
    if (!this.#verify(message)) return;
    numbers.delta(message.eventUs, message.bids, message.asks);
  }

  /** The beginning of a subscription without the book that belongs to it. */
  #begin({ eventUs }: OkxBookMessage): void {
    this.#early = [];
    if (this.numbers.isLive) this.numbers.void(eventUs, "sequence");
    else this.numbers.unsynced();
  }

  /** A snapshot over REST, which may be older or newer than the updates that wait for it. */
  join(message: OkxBookMessage): void {
    const { seqId } = message;
    if (seqId === undefined) throw schemaError("seqId");
    // The socket has brought one meanwhile.
    if (this.numbers.isLive) return;
    const firstAfter = this.#early[0]?.prevSeqId;
    if (firstAfter !== undefined && seqId < firstAfter) {
      this.#core.counts.staleSnapshots++;
      return;
    }
    const newer = this.#early.filter((update) => update.seqId! > seqId);
    this.snapshot(message);
    this.#isJoining = true;
    for (const update of newer) this.update(update);
  }

  /** The connection is new. */
  reset(): void {
    this.numbers.reset();
    this.#early = [];
  }

  #joinsOn({ seqId = 0, prevSeqId = Infinity }: OkxBookMessage): boolean {
    const last = this.#seqId ?? 0;
    return this.#isJoining && prevSeqId <= last && seqId > last;
  }

  #keep(message: OkxBookMessage): void {
    const { seqId, prevSeqId } = message;
    if (seqId === undefined || prevSeqId === undefined) return;
    if (this.#early.at(-1)?.seqId !== prevSeqId) this.#early = [];
    if (this.#early.length >= EARLY_MAX) this.#early.shift();
    this.#early.push(message);
  }

  /** Bid and ask by turns, as far as either goes; signed. */
  #verify(message: OkxBookMessage): boolean {
    this.#bookUs = message.eventUs;
    this.#checksum = message.checksum;
    if (message.checksum === undefined) return true;
    const parts: string[] = [];
    for (let i = 0; i < CHECKSUM_LEVELS; i++) {
      const bid = this.#bids.text(i);
      const ask = this.#asks.text(i);
      if (bid !== undefined) parts.push(bid);
      if (ask !== undefined) parts.push(ask);
    }
    if ((crc32(parts.join(":")) | 0) === message.checksum) {
      this.#core.counts.checksumsVerified++;
      return true;
    }
    this.#core.counts.checksumMismatches++;
    this.numbers.void(message.eventUs, "checksum");
    return false;
  }

  /** By ids, where the venue sends them; else by checksum, and by time, which only tells what is older. */
  #orderOf(message: OkxBookMessage): "next" | "duplicate" | "broken" {
    const { seqId, prevSeqId, eventUs } = message;
    const last = this.#seqId;
    // Nothing proves that it joins on.
    if (seqId === undefined && message.checksum === undefined) return "broken";
    if (prevSeqId !== last && !this.#joinsOn(message))
      return last !== undefined &&
        seqId !== undefined &&
        prevSeqId !== undefined &&
        seqId <= last &&
        prevSeqId < last
        ? "duplicate"
        : "broken";
    if (seqId !== undefined || eventUs > this.#bookUs) return "next";
    // What came late was missing until now, even if no checksum showed it.
    if (eventUs < this.#bookUs) return "broken";
    return message.checksum === this.#checksum ? "duplicate" : "next";
  }
}

export const okxBookMessage = (item: Fields): OkxBookMessage => {
  const checksum = item["checksum"];
  if (checksum !== undefined && !Number.isInteger(checksum))
    throw schemaError("checksum");
  return {
    eventUs: epochUs(item["ts"], "ts"),
    bids: levelsOf(item["bids"], "bids"),
    asks: levelsOf(item["asks"], "asks"),
    bidRows: listOf(item["bids"], "bids"),
    askRows: listOf(item["asks"], "asks"),
    // Since the venue has given checksums up it sends 0.
    checksum: checksum === 0 ? undefined : (checksum as number | undefined),
    seqId: optionalSeq(item["seqId"], "seqId"),
    prevSeqId: optionalSeq(item["prevSeqId"], "prevSeqId"),
  };
};

/** -1 stands before the first. */
const optionalSeq = (value: unknown, field: string): number | undefined =>
  value === undefined || value === -1 ? undefined : countOf(value, field);

const setAll = (
  side: TextBookSide,
  levels: Levels,
  rows: readonly unknown[],
): void => {
  for (let i = 0; i < rows.length; i++) {
    const price = levels[2 * i]!;
    if (levels[2 * i + 1] === 0) side.remove(price);
    else {
      const row = rows[i] as readonly unknown[];
      side.set(price, `${String(row[0])}:${String(row[1])}`);
    }
  }
};
