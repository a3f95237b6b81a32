/** What all mappers share: counts, names, the events of one message, and books that the mapper numbers itself. */
import type {
  BookDelta,
  BookSnapshot,
  GapReason,
  Levels,
  MarketEvent,
  Side,
} from "../../domain/market-event.ts";
import { symbolIdOfVenue } from "../../domain/symbol.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import { CodedError } from "../../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../../std/time.ts";
import type {
  EmitMarketEvent,
  Receipt,
  Venue,
  VenueCounts,
} from "./venue-mapper.ts";

/** Names taken on one connection; the venue says them, so they are bounded. */
const SYMBOLS_MAX = 20_000;
/** Trades of one symbol that are remembered, to know a repetition. */
const RECENT_IDS_MAX = 1000;
/** Levels a side of a snapshot that are passed on, the best: as many as the wire takes. */
export const SNAPSHOT_LEVELS_MAX = 5000;

/** Head of every event. */
interface Head {
  readonly symbol: SymbolId;
  readonly eventUs: UnixMicros;
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
}

export class MapperCore {
  readonly counts: VenueCounts = {
    messages: 0,
    events: 0,
    checksumsVerified: 0,
    checksumMismatches: 0,
    gaps: 0,
    duplicates: 0,
    staleSnapshots: 0,
    unsynced: 0,
    ignored: 0,
    lostTrades: 0,
  };
  readonly awaiting = new Set<SymbolId>();
  readonly #venue: Venue;
  readonly #symbols = new Map<string, SymbolId>();
  #lastVenueUs: UnixMicros | undefined;
  #tradeId = 0;
  #receipt: Receipt = {
    receivedUs: 0 as UnixMicros,
    receivedNs: 0 as MonoNanos,
  };
  #emit: EmitMarketEvent = () => undefined;

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** Before anything else of a message. */
  begin(receipt: Receipt, emit: EmitMarketEvent): void {
    this.counts.messages++;
    this.#receipt = receipt;
    this.#emit = emit;
  }

  get receipt(): Receipt {
    return this.#receipt;
  }

  symbolOf(name: string): SymbolId {
    let symbol = this.#symbols.get(name);
    if (symbol === undefined) {
      if (this.#symbols.size >= SYMBOLS_MAX)
        throw new CodedError("E_SYMBOL_LIMIT");
      symbol = symbolIdOfVenue(name, this.#venue);
      this.#symbols.set(name, symbol);
    }
    return symbol;
  }

  /** Stands in where a message has no time of its own. */
  get venueUs(): UnixMicros {
    return this.#lastVenueUs ?? this.#receipt.receivedUs;
  }

  /** For trades that the venue does not number: from the receive time on, as book numbers are. */
  nextTradeId(): number {
    if (this.#tradeId === 0) this.#tradeId = this.#receipt.receivedUs;
    return ++this.#tradeId;
  }

  head(symbol: SymbolId, eventUs: UnixMicros): Head {
    const { receivedUs, receivedNs } = this.#receipt;
    return { symbol, eventUs, receivedUs, receivedNs };
  }

  emit(event: MarketEvent): void {
    this.counts.events++;
    this.#lastVenueUs = event.eventUs;
    this.#emit(event);
  }

  gap(symbol: SymbolId, eventUs: UnixMicros, reason: GapReason): void {
    this.counts.gaps++;
    this.awaiting.add(symbol);
    this.emit({ type: "gap", ...this.head(symbol, eventUs), reason });
  }

  trade(
    symbol: SymbolId,
    eventUs: UnixMicros,
    trade: {
      readonly tradeId: number;
      readonly price: number;
      readonly size: number;
      readonly side: Side;
    },
  ): void {
    this.emit({ type: "trade", ...this.head(symbol, eventUs), ...trade });
  }
}

/** Tells new trades from those that were there before, where their ids rise. */
export class TradeIds {
  readonly #core: MapperCore;
  #last = 0;

  constructor(core: MapperCore) {
    this.#core = core;
  }

  get last(): number {
    return this.#last;
  }

  /** Trades up to this one are known, or known to be lost. */
  skipTo(tradeId: number): void {
    this.#last = Math.max(this.#last, tradeId);
  }

  /** False for a trade that was there before. */
  take(tradeId: number): boolean {
    if (tradeId <= this.#last) {
      this.#core.counts.duplicates++;
      return false;
    }
    this.#last = tradeId;
    return true;
  }

  /** As above, where the ids are also without holes. */
  takeNext(tradeId: number): boolean {
    const last = this.#last;
    if (!this.take(tradeId)) return false;
    if (last > 0) this.#core.counts.lostTrades += tradeId - last - 1;
    return true;
  }
}

/** Trades whose ids do not rise, told again after a new subscription: the last few are remembered. */
export class RecentIds {
  readonly #core: MapperCore;
  readonly #ids = new Set<string | number>();

  constructor(core: MapperCore) {
    this.#core = core;
  }

  /** False for a trade that was there before. */
  take(id: string | number): boolean {
    if (this.#ids.has(id)) {
      this.#core.counts.duplicates++;
      return false;
    }
    this.#ids.add(id);
    if (this.#ids.size > RECENT_IDS_MAX) {
      const [oldest] = this.#ids;
      this.#ids.delete(oldest!);
    }
    return true;
  }
}

/**
 * One symbol's book events where the venue has no sequence, or one that can go back. The numbers begin at the receive time
 * in microseconds, so that those of a later process are higher; quotes are numbered in the same row, so that the higher
 * number is always what came later.
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
