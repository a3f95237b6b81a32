/** Bybit v5 public: orderbook snapshot and delta numbered by u, publicTrade, tickers (quote, funding, open interest), kline. */
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { checkedBar, emitBar } from "./bar-message.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  epochUs,
  fieldsOf,
  flagOf,
  levelsOf,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  rateOf,
  schemaError,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { SymbolStates } from "./symbol-states.ts";
import { RecentIds } from "./trade-ids.ts";

/** Ticker fields that have been told so far: an update carries what changed only. */
interface Ticker {
  bidPrice?: number;
  bidSize?: number;
  askPrice?: number;
  askSize?: number;
  markPrice?: number;
  rate?: number;
  nextUs?: UnixMicros;
  openInterest?: number;
}

interface InstrumentState {
  readonly numbers: NumberedBook;
  readonly recentTrades: RecentIds;
  ticker: Ticker;
  updateId: number;
}

export class BybitMapper extends MapperFrame<"BYBIT"> {
  readonly #instruments = new SymbolStates<InstrumentState>((symbol) => ({
    numbers: new NumberedBook(this.core, symbol),
    recentTrades: new RecentIds(this.core),
    ticker: {},
    updateId: 0,
  }));

  constructor() {
    super("BYBIT");
  }

  protected override read(message: unknown): void {
    const outer = fieldsOf(parse(message), "message");
    const { topic } = outer;
    if (topic === undefined) {
      this.core.counts.ignored++;
      return;
    }
    const [kind, ...rest] = textOf(topic, "topic").split(".");
    switch (kind) {
      case "orderbook":
        this.#book(outer);
        break;
      case "publicTrade":
        this.#trades(outer);
        break;
      case "tickers":
        this.#ticker(outer);
        break;
      case "kline":
        this.#bars(outer, rest.slice(1).join("."));
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const { topic } = fieldsOf(message, "message");
    const [kind, , ...name] = textOf(topic, "topic").split(".");
    return kind === "orderbook" ? [textOf(name.join("."), "topic")] : [];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#instruments.of(symbol).numbers,
      this.#instruments.symbols,
    );
  }

  protected override forget(): void {
    for (const state of this.#instruments.all) {
      state.numbers.reset();
      state.ticker = {};
    }
  }

  #book(outer: Fields): void {
    const data = fieldsOf(outer["data"], "data");
    const symbol = this.core.symbolOf(textOf(data["s"], "s"));
    const updateId = countOf(data["u"], "u");
    // When the book changed, before when it was told.
    const eventUs = epochUs(outer["cts"] ?? outer["ts"], "ts");
    const bids = levelsOf(data["b"], "b");
    const asks = levelsOf(data["a"], "a");
    const { type } = outer;
    if (type !== "snapshot" && type !== "delta") throw schemaError("type");
    const state = this.#instruments.of(symbol);
    const { numbers } = state;
    // A snapshot counts whatever its id: after a restart of the service it is 1. The same again says that nothing changed.
    if (
      type === "snapshot" &&
      !(numbers.isLive && updateId === state.updateId)
    ) {
      state.updateId = updateId;
      numbers.snapshot(
        eventUs,
        bestFirst(bids, "bids"),
        bestFirst(asks, "asks"),
      );
    } else if (!numbers.isLive) numbers.unsynced();
    else if (updateId === 1 && state.updateId > 1)
      // The service has begun anew, or the book has: what follows builds on something else.
      numbers.void(eventUs, "sequence");
    else if (updateId <= state.updateId) this.core.counts.duplicates++;
    else if (updateId !== state.updateId + 1) numbers.void(eventUs, "sequence");
    else {
      state.updateId = updateId;
      numbers.delta(eventUs, bids, asks);
    }
  }

  /** Ids are not numbers: trades are numbered here. */
  #trades(outer: Fields): void {
    const trades = listOf(outer["data"], "data").map((item) => {
      const trade = fieldsOf(item, "data");
      const side = trade["S"];
      if (side !== "Buy" && side !== "Sell") throw schemaError("S");
      return {
        symbol: this.core.symbolOf(textOf(trade["s"], "s")),
        id: textOf(trade["i"], "i"),
        eventUs: epochUs(trade["T"], "T"),
        price: priceOf(trade["p"], "p"),
        size: positiveSizeOf(trade["v"], "v"),
        side: side === "Buy" ? ("buy" as const) : ("sell" as const),
      };
    });
    for (const { symbol, id, eventUs, ...trade } of trades)
      if (this.#instruments.of(symbol).recentTrades.take(id))
        this.core.trade(symbol, eventUs, {
          tradeId: this.core.nextTradeId(),
          ...trade,
        });
  }

  #ticker(outer: Fields): void {
    const data = fieldsOf(outer["data"], "data");
    const symbol = this.core.symbolOf(textOf(data["symbol"], "symbol"));
    const eventUs = epochUs(outer["ts"], "ts");
    const told = tickerOf(data);
    const state = this.#instruments.of(symbol);
    const now: Ticker =
      outer["type"] === "snapshot" ? told : { ...state.ticker, ...told };
    state.ticker = now;
    const eventsBefore = this.core.counts.events;
    this.#quote(state.numbers, eventUs, told, now);
    this.#funding(symbol, eventUs, told, now);
    if (told.openInterest !== undefined)
      this.core.emit({
        type: "openInterest",
        ...this.core.head(symbol, eventUs),
        openInterest: told.openInterest,
      });
    if (this.core.counts.events === eventsBefore) this.core.counts.ignored++;
  }

  #quote(
    numbers: NumberedBook,
    eventUs: UnixMicros,
    told: Ticker,
    { bidPrice, bidSize, askPrice, askSize }: Ticker,
  ): void {
    const isNew =
      told.bidPrice !== undefined ||
      told.bidSize !== undefined ||
      told.askPrice !== undefined ||
      told.askSize !== undefined;
    if (
      isNew &&
      bidPrice !== undefined &&
      bidSize !== undefined &&
      askPrice !== undefined &&
      askSize !== undefined
    )
      numbers.quote(eventUs, bidPrice, bidSize, askPrice, askSize);
  }

  #funding(
    symbol: SymbolId,
    eventUs: UnixMicros,
    told: Ticker,
    { markPrice, rate, nextUs }: Ticker,
  ): void {
    const isNew =
      told.markPrice !== undefined ||
      told.rate !== undefined ||
      told.nextUs !== undefined;
    if (!isNew || !markPrice || rate === undefined || nextUs === undefined)
      return;
    const head = this.core.head(symbol, eventUs);
    this.core.emit({ type: "funding", ...head, rate, markPrice, nextUs });
  }

  #bars(outer: Fields, name: string): void {
    const symbol = this.core.symbolOf(textOf(name, "topic"));
    const bars = listOf(outer["data"], "data").map((item) => {
      const data = fieldsOf(item, "data");
      const volume = sizeOf(data["volume"], "volume");
      const turnover = sizeOf(data["turnover"], "turnover");
      const bar = checkedBar({
        symbol,
        eventUs: epochUs(data["timestamp"], "timestamp"),
        intervalMs: intervalMsOf(textOf(data["interval"], "interval")),
        openUs: epochUs(data["start"], "start"),
        open: priceOf(data["open"], "open"),
        high: priceOf(data["high"], "high"),
        low: priceOf(data["low"], "low"),
        close: priceOf(data["close"], "close"),
        volume,
        vwap: vwapOf(symbol, volume, turnover),
        trades: 0,
      });
      return { bar, isClosed: flagOf(data["confirm"], "confirm") };
    });
    for (const { bar, isClosed } of bars)
      // Months are of no fixed length.
      if (bar.intervalMs === Infinity) this.core.counts.ignored++;
      else emitBar(this.core, bar, isClosed);
  }
}

/** What the message tells; an empty text tells nothing. */
const tickerOf = (data: Fields): Ticker => {
  const has = (field: string): boolean =>
    data[field] !== undefined && data[field] !== "";
  return {
    ...(has("bid1Price") && {
      bidPrice: priceOf(data["bid1Price"], "bid1Price"),
    }),
    ...(has("bid1Size") && { bidSize: sizeOf(data["bid1Size"], "bid1Size") }),
    ...(has("ask1Price") && {
      askPrice: priceOf(data["ask1Price"], "ask1Price"),
    }),
    ...(has("ask1Size") && { askSize: sizeOf(data["ask1Size"], "ask1Size") }),
    ...(has("markPrice") && {
      markPrice: priceOf(data["markPrice"], "markPrice"),
    }),
    ...(has("fundingRate") && {
      rate: rateOf(data["fundingRate"], "fundingRate"),
    }),
    ...(has("nextFundingTime") &&
      data["nextFundingTime"] !== "0" && {
        nextUs: epochUs(data["nextFundingTime"], "nextFundingTime"),
      }),
    ...(has("openInterest") && {
      openInterest: sizeOf(data["openInterest"], "openInterest"),
    }),
  };
};

/** Inverse contracts count money, so there the coins are the turnover. */
const vwapOf = (
  symbol: SymbolId,
  volume: number,
  turnover: number,
): number | undefined => {
  if (volume === 0 || turnover === 0) return undefined;
  const isInverse = /USD(?:[HMUZ]\d\d)?\./.test(symbol);
  return isInverse ? volume / turnover : turnover / volume;
};

/** Minutes, or D and W. */
const intervalMsOf = (interval: string): number => {
  if (interval === "D") return 86_400_000;
  if (interval === "W") return 604_800_000;
  if (interval === "M") return Infinity;
  return countOf(interval, "interval") * 60_000;
};
