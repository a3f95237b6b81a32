/** Coinbase Exchange: level2 snapshot and l2update, match, ticker and heartbeat. */
import type { Levels } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  fieldsOf,
  isFields,
  isoUs,
  levelsOf,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  sideOf,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { SymbolStates } from "./symbol-states.ts";
import { TradeIds } from "./trade-ids.ts";

interface ProductState {
  readonly numbers: NumberedBook;
  readonly trades: TradeIds;
  /** Prices with a size, by side: a removal of one that is not there proves a loss. */
  readonly bids: Set<number>;
  readonly asks: Set<number>;
  /** Of the last book message. */
  bookUs: number;
  /** The last update's changes, to tell a repetition. */
  lastChanges: unknown;
  quoteSeq: number;
  /** Trade that the last heartbeat named and that had not come by then. */
  overdueTradeId: number;
}

export class CoinbaseMapper extends MapperFrame<"COINBASE"> {
  readonly #products = new SymbolStates<ProductState>((symbol) => ({
    numbers: new NumberedBook(this.core, symbol),
    trades: new TradeIds(this.core),
    bids: new Set(),
    asks: new Set(),
    bookUs: 0,
    lastChanges: undefined,
    quoteSeq: 0,
    overdueTradeId: 0,
  }));
  /** Updates every change one by one; the batched channels may name a level that came and went between two. */
  #isEveryChangeTold = true;

  constructor() {
    super("COINBASE");
  }

  protected override read(message: unknown): void {
    const data = fieldsOf(parse(message), "message");
    switch (data["type"]) {
      case "snapshot":
        this.#snapshot(data);
        break;
      case "l2update":
        this.#update(data);
        break;
      case "match":
        this.#match(data);
        break;
      case "last_match":
        // From before the subscription: it only says where the numbers stand.
        this.core.counts.ignored++;
        this.#stateOf(data).trades.skipTo(
          countOf(data["trade_id"], "trade_id"),
        );
        break;
      case "ticker":
        this.#ticker(data);
        break;
      case "heartbeat":
        this.#heartbeat(data);
        break;
      case "subscriptions":
        this.core.counts.ignored++;
        this.#subscribed(data);
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const data = fieldsOf(message, "message");
    const type = textOf(data["type"], "type");
    return type === "snapshot" || type === "l2update"
      ? [textOf(data["product_id"], "product_id")]
      : [];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#products.of(symbol).numbers,
      this.#products.symbols,
    );
  }

  protected override forget(): void {
    for (const state of this.#products.all) {
      state.numbers.reset();
      state.bookUs = 0;
      state.lastChanges = undefined;
      state.overdueTradeId = 0;
    }
  }

  #snapshot(data: Fields): void {
    const bids = levelsOf(data["bids"], "bids");
    const asks = levelsOf(data["asks"], "asks");
    const time = data["time"];
    const eventUs =
      time === undefined ? this.core.venueUs : isoUs(time, "time");
    const state = this.#stateOf(data);
    state.bookUs = 0;
    state.lastChanges = undefined;
    state.bids.clear();
    state.asks.clear();
    for (let i = 0; i < bids.length; i += 2) state.bids.add(bids[i]!);
    for (let i = 0; i < asks.length; i += 2) state.asks.add(asks[i]!);
    state.numbers.snapshot(
      eventUs,
      bestFirst(bids, "bids"),
      bestFirst(asks, "asks"),
    );
  }

  #update(data: Fields): void {
    const eventUs = isoUs(data["time"], "time");
    const changes = changesOf(data["changes"]);
    const state = this.#stateOf(data);
    const { numbers } = state;
    if (!numbers.isLive) {
      numbers.unsynced();
      return;
    }
    if (
      eventUs === state.bookUs &&
      JSON.stringify(data["changes"]) === JSON.stringify(state.lastChanges)
    ) {
      this.core.counts.duplicates++;
      return;
    }
    const isComplete =
      eventUs >= state.bookUs &&
      this.#isTracked(state.bids, changes.bids) &&
      this.#isTracked(state.asks, changes.asks);
    if (!isComplete) {
      numbers.void(eventUs, "sequence");
      return;
    }
    state.bookUs = eventUs;
    state.lastChanges = data["changes"];
    numbers.delta(eventUs, changes.bids, changes.asks);
  }

  /** Notes the changes; false when one takes away what is not there. */
  #isTracked(prices: Set<number>, levels: Levels): boolean {
    let isKnown = true;
    for (let i = 0; i < levels.length; i += 2)
      if (levels[i + 1]! > 0) prices.add(levels[i]!);
      else if (!prices.delete(levels[i]!)) isKnown = false;
    return isKnown || !this.#isEveryChangeTold;
  }

  #match(data: Fields): void {
    const state = this.#stateOf(data);
    const eventUs = isoUs(data["time"], "time");
    const tradeId = countOf(data["trade_id"], "trade_id");
    const price = priceOf(data["price"], "price");
    const size = positiveSizeOf(data["size"], "size");
    // The side is the maker's.
    const side = sideOf(data["side"], "side") === "buy" ? "sell" : "buy";
    if (!state.trades.takeNext(tradeId)) return;
    const { symbol } = state.numbers;
    this.core.trade(symbol, eventUs, { tradeId, price, size, side });
  }

  #ticker(data: Fields): void {
    const state = this.#stateOf(data);
    const seq = countOf(data["sequence"], "sequence");
    const time = data["time"];
    const eventUs =
      time === undefined ? this.core.venueUs : isoUs(time, "time");
    const bidPrice = priceOf(data["best_bid"], "best_bid");
    const askPrice = priceOf(data["best_ask"], "best_ask");
    // Sizes are told since 2022; without them a ticker is no quote.
    if (!("best_bid_size" in data)) {
      this.core.counts.ignored++;
      return;
    }
    const bidSize = sizeOf(data["best_bid_size"], "best_bid_size");
    const askSize = sizeOf(data["best_ask_size"], "best_ask_size");
    if (seq <= state.quoteSeq) {
      this.core.counts.duplicates++;
      return;
    }
    state.quoteSeq = seq;
    state.numbers.quote(eventUs, bidPrice, bidSize, askPrice, askSize);
  }

  /** A trade that one heartbeat names and that has not come by the next is lost. */
  #heartbeat(data: Fields): void {
    this.core.counts.ignored++;
    const state = this.#stateOf(data);
    const lastTradeId = countOf(data["last_trade_id"], "last_trade_id");
    const { trades, overdueTradeId } = state;
    if (trades.last > 0 && overdueTradeId > trades.last) {
      this.core.counts.lostTrades += overdueTradeId - trades.last;
      trades.skipTo(overdueTradeId);
    }
    state.overdueTradeId = lastTradeId;
  }

  #subscribed(data: Fields): void {
    const names = listOf(data["channels"], "channels").map((channel) =>
      isFields(channel) ? channel["name"] : channel,
    );
    this.#isEveryChangeTold = !names.some(
      (name) => name === "level2_batch" || name === "level2_50",
    );
  }

  #stateOf(data: Fields): ProductState {
    return this.#products.of(
      this.core.symbolOf(textOf(data["product_id"], "product_id")),
    );
  }
}

interface Changes {
  readonly bids: number[];
  readonly asks: number[];
}

const changesOf = (value: unknown): Changes => {
  const changes: Changes = { bids: [], asks: [] };
  for (const row of listOf(value, "changes")) {
    const [side, price, size] = listOf(row, "changes");
    const levels =
      sideOf(side, "changes") === "buy" ? changes.bids : changes.asks;
    levels.push(priceOf(price, "changes"), sizeOf(size, "changes"));
  }
  return changes;
};
