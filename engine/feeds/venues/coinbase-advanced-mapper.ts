/** Coinbase Advanced Trade: l2_data, market_trades, ticker and heartbeats, every message of a connection numbered without a hole. */
import type { Levels } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import { CodedError } from "../../std/errors.ts";
import type { UnixMicros } from "../../std/time.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  fieldsOf,
  isoUs,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  schemaError,
  sizeOf,
  textOf,
  type Fields,
} from "./message.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { SymbolStates } from "./symbol-states.ts";
import { TradeIds } from "./trade-ids.ts";

interface ProductState {
  readonly numbers: NumberedBook;
  readonly trades: TradeIds;
}

/** What a message says, read to its end before any of it counts. */
type Said = () => void;

export class CoinbaseAdvancedMapper extends MapperFrame<"COINBASE"> {
  readonly #products = new SymbolStates<ProductState>((symbol) => ({
    numbers: new NumberedBook(this.core, symbol),
    trades: new TradeIds(this.core),
  }));
  /** Of the connection's next message, whatever its channel; the first may have any number. */
  #nextSequence: number | undefined;

  constructor() {
    super("COINBASE");
  }

  protected override read(message: unknown): void {
    const data = fieldsOf(parse(message), "message");
    // Only what refuses a request has no number.
    if (!("sequence_num" in data)) {
      this.core.counts.ignored++;
      return;
    }
    const sequence = countOf(data["sequence_num"], "sequence_num");
    const eventUs = isoUs(data["timestamp"], "timestamp");
    const said = this.#eventsOf(data, eventUs);
    if (this.#isNew(sequence, eventUs)) for (const say of said) say();
  }

  protected override booksIn(message: unknown): readonly string[] {
    const data = fieldsOf(message, "message");
    if (textOf(data["channel"], "channel") !== "l2_data") return [];
    return listOf(data["events"], "events").map((event) =>
      textOf(fieldsOf(event, "events")["product_id"], "product_id"),
    );
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#products.of(symbol).numbers,
      this.#products.symbols,
    );
  }

  /** Its number is had, whatever it said: the next message is no hole. */
  protected override refused(message: unknown): void {
    const sequence = sequenceOf(message);
    if (sequence === undefined) this.lose("any");
    else if (this.#isNew(sequence, this.core.venueUs)) super.refused(message);
  }

  protected override forget(): void {
    this.#nextSequence = undefined;
    for (const { numbers } of this.#products.all) numbers.reset();
  }

  /** A hole may have held an update of any book of the connection. */
  #isNew(sequence: number, eventUs: UnixMicros): boolean {
    const next = this.#nextSequence ?? sequence;
    if (sequence < next) {
      this.core.counts.duplicates++;
      return false;
    }
    if (sequence > next)
      for (const { numbers } of this.#products.all)
        if (numbers.isLive) numbers.void(eventUs, "sequence");
    this.#nextSequence = sequence + 1;
    return true;
  }

  #eventsOf(data: Fields, eventUs: UnixMicros): readonly Said[] {
    const events = (): readonly Fields[] =>
      listOf(data["events"], "events").map((event) =>
        fieldsOf(event, "events"),
      );
    switch (textOf(data["channel"], "channel")) {
      case "l2_data":
        return events().map((event) => this.#book(event, eventUs));
      case "market_trades":
        return events().flatMap((event) => this.#trades(event));
      case "ticker":
        return events().flatMap((event) => this.#quotes(event, eventUs));
      default:
        // Heartbeats among them: their number is what they are for.
        this.core.counts.ignored++;
        return [];
    }
  }

  #book(event: Fields, eventUs: UnixMicros): Said {
    const { numbers } = this.#stateOf(event);
    const { bids, asks } = levelsOf(event["updates"]);
    switch (textOf(event["type"], "type")) {
      case "snapshot":
        return () =>
          numbers.snapshot(
            eventUs,
            bestFirst(bids, "bids"),
            bestFirst(asks, "asks"),
          );
      case "update":
        return () => {
          if (numbers.isLive) numbers.delta(eventUs, bids, asks);
          else numbers.unsynced();
        };
      default:
        throw schemaError("type");
    }
  }

  /** The snapshot is of trades from before the subscription: it only says where their numbers stand. */
  #trades(event: Fields): readonly Said[] {
    const isSnapshot = event["type"] === "snapshot";
    const trades = listOf(event["trades"], "trades").map((row) => {
      const fields = fieldsOf(row, "trades");
      return {
        state: this.#stateOf(fields),
        eventUs: isoUs(fields["time"], "time"),
        trade: {
          tradeId: countOf(fields["trade_id"], "trade_id"),
          price: priceOf(fields["price"], "price"),
          size: positiveSizeOf(fields["size"], "size"),
          side: takerOf(fields["side"]),
        },
      };
    });
    return trades
      .sort((a, b) => a.trade.tradeId - b.trade.tradeId)
      .map(({ state, eventUs, trade }) => () => {
        const { numbers, trades: ids } = state;
        if (isSnapshot) ids.skipTo(trade.tradeId);
        else if (ids.takeNext(trade.tradeId))
          this.core.trade(numbers.symbol, eventUs, trade);
      });
  }

  #quotes(event: Fields, eventUs: UnixMicros): readonly Said[] {
    return listOf(event["tickers"], "tickers").map((row) => {
      const fields = fieldsOf(row, "tickers");
      const { numbers } = this.#stateOf(fields);
      const bidPrice = priceOf(fields["best_bid"], "best_bid");
      const bidSize = sizeOf(fields["best_bid_quantity"], "best_bid_quantity");
      const askPrice = priceOf(fields["best_ask"], "best_ask");
      const askSize = sizeOf(fields["best_ask_quantity"], "best_ask_quantity");
      return () => numbers.quote(eventUs, bidPrice, bidSize, askPrice, askSize);
    });
  }

  #stateOf(fields: Fields): ProductState {
    return this.#products.of(
      this.core.symbolOf(textOf(fields["product_id"], "product_id")),
    );
  }
}

/** Undefined where it cannot be read. */
const sequenceOf = (message: unknown): number | undefined => {
  try {
    const data = fieldsOf(parse(message), "message");
    return countOf(data["sequence_num"], "sequence_num");
  } catch (error) {
    if (!(error instanceof CodedError)) throw error;
    return undefined;
  }
};

const levelsOf = (value: unknown): { bids: Levels; asks: Levels } => {
  const bids: number[] = [];
  const asks: number[] = [];
  for (const row of listOf(value, "updates")) {
    const fields = fieldsOf(row, "updates");
    const { side } = fields;
    if (side !== "bid" && side !== "offer") throw schemaError("side");
    (side === "bid" ? bids : asks).push(
      priceOf(fields["price_level"], "price_level"),
      sizeOf(fields["new_quantity"], "new_quantity"),
    );
  }
  return { bids, asks };
};

/** The venue names the maker's side. */
const takerOf = (value: unknown): "buy" | "sell" => {
  if (value !== "BUY" && value !== "SELL") throw schemaError("side");
  return value === "BUY" ? "sell" : "buy";
};
