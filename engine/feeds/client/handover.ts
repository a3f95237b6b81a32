/** The overlap of two connections: each symbol changes over when the new one has its book at least as far as the old. */
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  MarketEvent,
} from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import { BookSync } from "../../market/book-sync.ts";
import { OrderBook } from "../../market/order-book.ts";
import { RingBuffer } from "../../std/ring-buffer.ts";
import { asksOf, bidsOf } from "../book-levels.ts";

export interface HandoverOptions {
  readonly symbols: readonly SymbolId[];
  readonly hasBooks: boolean;
  readonly depthMax: number;
  /** The old connection's last book sequence of a symbol. */
  readonly lastSeqOf: (symbol: SymbolId) => number;
  /** Both connections have run long enough for no trade to be missed between them. */
  readonly isSettled: () => boolean;
  /** What goes on to the consumers, from the new connection. */
  readonly onEvent: (event: MarketEvent) => void;
  readonly onDone: () => void;
}

interface Shadow {
  readonly sync: BookSync;
  /** The last event of the book: it lends its times. */
  last: BookSnapshot | BookDelta | Gap;
}

const HELD_MAX = 16_384;
const TRADES_SEEN_MAX = 65_536;

export class Handover {
  readonly #options: HandoverOptions;
  readonly #books = new Map<SymbolId, Shadow>();
  readonly #switched = new Set<SymbolId>();
  /** Trades and bars of the new connection, until their symbol changes over. The oldest go: the old connection has told those. */
  readonly #held = new RingBuffer<MarketEvent>(HELD_MAX);
  /** Trades that the old connection told while both ran. */
  readonly #seen = new Set<string>();

  constructor(options: HandoverOptions) {
    this.#options = options;
  }

  get unswitched(): readonly SymbolId[] {
    return this.#options.symbols.filter(
      (symbol) => !this.#switched.has(symbol),
    );
  }

  /** What the old connection tells; false when it is no longer its turn. */
  fromOld(event: MarketEvent): boolean {
    if (this.#switched.has(event.symbol)) return false;
    if (event.type === "trade") {
      if (this.#seen.size >= TRADES_SEEN_MAX)
        for (const oldest of this.#seen) {
          this.#seen.delete(oldest);
          break;
        }
      this.#seen.add(keyOf(event.symbol, event.tradeId));
    }
    return true;
  }

  fromNew(event: MarketEvent): void {
    const { symbol } = event;
    if (this.#switched.has(symbol)) {
      this.#pass(event);
      return;
    }
    switch (event.type) {
      case "bookSnapshot":
      case "bookDelta":
      case "gap":
        this.#follow(event);
        this.trySwitch(symbol);
        return;
      case "trade":
      case "bar":
        if (this.#held.isFull) this.#held.shift();
        this.#held.push(event);
        return;
      default:
        // Each of these replaces the one before: the next will do.
        return;
    }
  }

  /** On a timer as well: a quiet symbol has no event to change over on. */
  trySwitchAll(): void {
    for (const symbol of this.#options.symbols) this.trySwitch(symbol);
  }

  trySwitch(symbol: SymbolId): void {
    const { hasBooks, lastSeqOf, isSettled } = this.#options;
    if (this.#switched.has(symbol) || !isSettled()) return;
    if (hasBooks) {
      const sync = this.#books.get(symbol)?.sync;
      if (sync?.isLive !== true) return;
      // Sequences are the venue's, or a mapper's own that begin at the time: the later mapper's are the higher.
      if (sync.book.seq < lastSeqOf(symbol)) return;
    }
    this.#switch(symbol);
  }

  /** The old connection is gone: all change over now; books that are not whole come when they are. */
  switchAllNow(): void {
    for (const symbol of this.unswitched) this.#switch(symbol);
  }

  #switch(symbol: SymbolId): void {
    const { symbols, onDone } = this.#options;
    this.#switched.add(symbol);
    const shadow = this.#books.get(symbol);
    if (shadow?.sync.isLive === true) this.#tellBook(shadow);
    this.#books.delete(symbol);
    for (let left = this.#held.size; left > 0; left--) {
      const event = this.#held.shift()!;
      if (event.symbol === symbol) this.#pass(event);
      else this.#held.push(event);
    }
    if (this.#switched.size === symbols.length) onDone();
  }

  /** The new connection's book in one piece, joined on to what the old one told. */
  #tellBook({ sync: { book }, last }: Shadow): void {
    const { symbol, eventUs, receivedUs, receivedNs } = last;
    this.#options.onEvent({
      type: "bookSnapshot",
      symbol,
      eventUs,
      receivedUs,
      receivedNs,
      seq: book.seq,
      bids: bidsOf(book),
      asks: asksOf(book),
    });
  }

  #pass(event: MarketEvent): void {
    // What the old connection told before the change may reach us from the new one after it.
    if (
      event.type === "trade" &&
      this.#seen.has(keyOf(event.symbol, event.tradeId))
    )
      return;
    this.#options.onEvent(event);
  }

  #follow(event: BookSnapshot | BookDelta | Gap): void {
    let shadow = this.#books.get(event.symbol);
    if (shadow === undefined) {
      const book = new OrderBook({ depthMax: this.#options.depthMax });
      shadow = { sync: new BookSync(book, { bandFactor: 0 }), last: event };
      this.#books.set(event.symbol, shadow);
    }
    shadow.last = event;
    shadow.sync.apply(event);
  }
}

const keyOf = (symbol: SymbolId, tradeId: number): string =>
  `${symbol} ${tradeId}`;
