/** Kraken WebSocket v2: objects with channel, type and data; book with checksum, trade, ticker and ohlc. */
import type { SymbolId } from "../../domain/symbol.ts";
import { OpenBars, checkedBar } from "./bar-message.ts";
import { KrakenBook, krakenLevel } from "./kraken-book.ts";
import type { KrakenLevel, KrakenUpdate } from "./kraken-book.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  fieldsOf,
  isoUs,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  sideOf,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { SymbolStates } from "./symbol-states.ts";
import { TradeIds } from "./trade-ids.ts";

/** Depths that can be subscribed. */
const DEPTHS = [10, 25, 100, 500, 1000];
/** Numbers that the checksum is over lose their zeros in JSON.parse, so they are made texts before it. */
const BOOK_NUMBER = /"(price|qty)":\s*(-?[\d.eE+-]+)/g;

interface SymbolState {
  readonly book: KrakenBook;
  readonly trades: TradeIds;
  /** As the venue confirmed it; else as the snapshot showed it. */
  depth: number | undefined;
}

export class KrakenV2Mapper extends MapperFrame<"KRAKEN"> {
  readonly #states = new SymbolStates<SymbolState>((symbol) => ({
    book: new KrakenBook(this.core, symbol),
    trades: new TradeIds(this.core),
    depth: undefined,
  }));
  readonly #bars = new OpenBars(this.core);

  constructor() {
    super("KRAKEN");
  }

  protected override read(message: unknown): void {
    const data = fieldsOf(parse(withTextNumbers(message)), "message");
    const type = data["type"];
    const isSnapshot = type === "snapshot";
    if ("method" in data) this.#acknowledged(data);
    else if (!isSnapshot && type !== "update") this.core.counts.ignored++;
    else {
      const items = listOf(data["data"], "data").map((item) =>
        fieldsOf(item, "data"),
      );
      switch (data["channel"]) {
        case "book":
          this.#books(items, isSnapshot);
          break;
        case "trade":
          this.#trades(items, isSnapshot);
          break;
        case "ticker":
          this.#quotes(items);
          break;
        case "ohlc":
          this.#ohlc(items);
          break;
        default:
          this.core.counts.ignored++;
      }
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const data = fieldsOf(message, "message");
    if ("method" in data || textOf(data["channel"], "channel") !== "book")
      return [];
    return listOf(data["data"], "data").map((item) =>
      textOf(fieldsOf(item, "data")["symbol"], "symbol"),
    );
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#states.of(symbol).book.numbers,
      this.#states.symbols,
    );
  }

  protected override forget(): void {
    for (const state of this.#states.all) {
      state.book.reset();
      state.depth = undefined;
    }
    this.#bars.reset();
  }

  /** The answer to a subscription says how deep the book is. */
  #acknowledged(data: Fields): void {
    this.core.counts.ignored++;
    if (data["method"] !== "subscribe" || data["success"] !== true) return;
    const result = fieldsOf(data["result"], "result");
    if (result["channel"] !== "book") return;
    const depth = countOf(result["depth"], "depth");
    this.#states.of(this.#symbolOf(result)).depth = depth;
  }

  #books(items: readonly Fields[], isSnapshot: boolean): void {
    const updates = items.map((item) => ({
      symbol: this.#symbolOf(item),
      update: this.#updateOf(item),
    }));
    for (const { symbol, update } of updates) {
      const state = this.#states.of(symbol);
      const { bids, asks } = update;
      const deepest = Math.max(bids.length, asks.length);
      if (isSnapshot) {
        state.depth ??= DEPTHS.find((depth) => depth >= deepest) ?? deepest;
        state.book.snapshot(update);
      } else state.book.update(update, state.depth ?? DEPTHS.at(-1)!);
    }
  }

  #updateOf(item: Fields): KrakenUpdate {
    const time = item["timestamp"];
    return {
      timeUs: time === undefined ? undefined : isoUs(time, "timestamp"),
      bids: listOf(item["bids"] ?? [], "bids").map(levelOf),
      asks: listOf(item["asks"] ?? [], "asks").map(levelOf),
      checksum: countOf(item["checksum"], "checksum"),
    };
  }

  /** The snapshot is of trades from before the subscription: it only says where their numbers stand. */
  #trades(items: readonly Fields[], isSnapshot: boolean): void {
    const trades = items.map((item) => ({
      symbol: this.#symbolOf(item),
      eventUs: isoUs(item["timestamp"], "timestamp"),
      trade: {
        tradeId: countOf(item["trade_id"], "trade_id"),
        price: priceOf(item["price"], "price"),
        size: positiveSizeOf(item["qty"], "qty"),
        side: sideOf(item["side"], "side"),
      },
    }));
    for (const { symbol, eventUs, trade } of trades) {
      const ids = this.#states.of(symbol).trades;
      if (isSnapshot) ids.skipTo(trade.tradeId);
      else if (ids.take(trade.tradeId)) this.core.trade(symbol, eventUs, trade);
    }
  }

  #quotes(items: readonly Fields[]): void {
    const quotes = items.map((item) => ({
      symbol: this.#symbolOf(item),
      eventUs:
        item["timestamp"] === undefined
          ? this.core.venueUs
          : isoUs(item["timestamp"], "timestamp"),
      bidPrice: priceOf(item["bid"], "bid"),
      bidSize: sizeOf(item["bid_qty"], "bid_qty"),
      askPrice: priceOf(item["ask"], "ask"),
      askSize: sizeOf(item["ask_qty"], "ask_qty"),
    }));
    for (const { symbol, eventUs, ...q } of quotes)
      this.#states
        .of(symbol)
        .book.numbers.quote(
          eventUs,
          q.bidPrice,
          q.bidSize,
          q.askPrice,
          q.askSize,
        );
  }

  #ohlc(items: readonly Fields[]): void {
    const bars = items.map((item) => {
      const intervalMs = countOf(item["interval"], "interval") * 60_000;
      return checkedBar({
        symbol: this.#symbolOf(item),
        eventUs: this.core.venueUs,
        intervalMs,
        openUs: isoUs(item["interval_begin"], "interval_begin"),
        open: priceOf(item["open"], "open"),
        high: priceOf(item["high"], "high"),
        low: priceOf(item["low"], "low"),
        close: priceOf(item["close"], "close"),
        volume: sizeOf(item["volume"], "volume"),
        vwap: sizeOf(item["vwap"], "vwap"),
        trades: countOf(item["trades"], "trades"),
      });
    });
    for (const bar of bars) this.#bars.apply(bar);
  }

  #symbolOf(item: Fields): SymbolId {
    return this.core.symbolOf(textOf(item["symbol"], "symbol"));
  }
}

const withTextNumbers = (message: unknown): unknown =>
  typeof message === "string" && message.includes('"book"')
    ? message.replace(BOOK_NUMBER, '"$1":"$2"')
    : message;

const levelOf = (row: unknown): KrakenLevel => {
  const { price, qty } = fieldsOf(row, "level");
  return krakenLevel(price, qty, "level");
};
