/** OKX v5: incremental books chained by seqId with checksum, books5, bbo-tbt, tickers, trades, candles, funding, mark price, open interest. */
import type { Funding } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { checkedBar, emitBar, intervalMsOf } from "./bar-message.ts";
import { refusedUnless } from "./instrument-reader.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  epochUs,
  fieldsOf,
  levelsOf,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  rateOf,
  schemaError,
  sideOf,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { OkxBook, okxBookMessage } from "./okx-book.ts";
import { SymbolStates } from "./symbol-states.ts";
import { TradeIds } from "./trade-ids.ts";

interface InstrumentState {
  readonly book: OkxBook;
  readonly trades: TradeIds;
  funding: Pick<Funding, "rate" | "nextUs"> | undefined;
  markPrice: number | undefined;
}

export class OkxMapper extends MapperFrame<"OKX"> {
  readonly #instruments = new SymbolStates<InstrumentState>((symbol) => ({
    book: new OkxBook(this.core, symbol),
    trades: new TradeIds(this.core),
    funding: undefined,
    markPrice: undefined,
  }));

  constructor() {
    super("OKX");
  }

  protected override read(message: unknown): void {
    // The answer to a ping is no JSON.
    if (message === "pong") {
      this.core.counts.ignored++;
      return;
    }
    const outer = fieldsOf(parse(message), "message");
    const { symbol: asked } = this.core.receipt;
    if (asked !== undefined && "code" in outer) {
      this.#joined(asked, outer);
      return;
    }
    if (!("data" in outer) || !("arg" in outer)) {
      this.core.counts.ignored++;
      return;
    }
    const arg = fieldsOf(outer["arg"], "arg");
    const channel = textOf(arg["channel"], "channel");
    const symbol = this.core.symbolOf(textOf(arg["instId"], "instId"));
    const items = listOf(outer["data"], "data");
    if (channel.startsWith("candle")) {
      this.#bars(symbol, channel.slice("candle".length), items);
      return;
    }
    const fields = items.map((item) => fieldsOf(item, "data"));
    switch (channel) {
      case "books":
      case "books-l2-tbt":
      case "books50-l2-tbt":
        this.#books(symbol, fields, outer["action"]);
        break;
      case "books5":
        this.#books(symbol, fields, "snapshot");
        break;
      case "bbo-tbt":
        this.#bests(symbol, fields);
        break;
      case "tickers":
        this.#tickers(symbol, fields);
        break;
      case "trades":
      case "trades-all":
        this.#trades(symbol, fields);
        break;
      case "funding-rate":
        this.#fundings(symbol, fields);
        break;
      case "mark-price":
        this.#markPrices(symbol, fields);
        break;
      case "open-interest":
        this.#openInterests(symbol, fields);
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const outer = fieldsOf(message, "message");
    // An answer over REST: whoever asked for it asks again.
    if ("code" in outer && !("arg" in outer)) return [];
    const { channel, instId } = fieldsOf(outer["arg"], "arg");
    return textOf(channel, "channel").startsWith("books")
      ? [textOf(instId, "instId")]
      : [];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#instruments.of(symbol).book.numbers,
      this.#instruments.symbols,
    );
  }

  protected override forget(): void {
    for (const state of this.#instruments.all) state.book.reset();
  }

  #books(symbol: SymbolId, fields: readonly Fields[], action: unknown): void {
    if (action !== "snapshot" && action !== "update")
      throw schemaError("action");
    const messages = fields.map(okxBookMessage);
    const { book } = this.#instruments.of(symbol);
    for (const message of messages)
      if (action === "snapshot") book.snapshot(message);
      else book.update(message);
  }

  /** A snapshot over REST. */
  #joined(symbol: SymbolId, { code, data }: Fields): void {
    refusedUnless(code === "0");
    const [item] = listOf(data, "data");
    const message = okxBookMessage(fieldsOf(item, "data"));
    this.#instruments.of(symbol).book.join(message);
  }

  #bests(symbol: SymbolId, fields: readonly Fields[]): void {
    const quotes = fields.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      bids: levelsOf(item["bids"], "bids"),
      asks: levelsOf(item["asks"], "asks"),
    }));
    const { numbers } = this.#instruments.of(symbol).book;
    for (const { eventUs, bids, asks } of quotes)
      if (bids.length > 0 && asks.length > 0)
        numbers.quote(eventUs, bids[0]!, bids[1]!, asks[0]!, asks[1]!);
      else this.core.counts.ignored++;
  }

  #tickers(symbol: SymbolId, fields: readonly Fields[]): void {
    // A side without orders is told by an empty text.
    const full = fields.filter((item) => item["bidPx"] && item["askPx"]);
    const quotes = full.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      bidPrice: priceOf(item["bidPx"], "bidPx"),
      bidSize: sizeOf(item["bidSz"], "bidSz"),
      askPrice: priceOf(item["askPx"], "askPx"),
      askSize: sizeOf(item["askSz"], "askSz"),
    }));
    this.core.counts.ignored += fields.length - full.length;
    const { numbers } = this.#instruments.of(symbol).book;
    for (const q of quotes)
      numbers.quote(q.eventUs, q.bidPrice, q.bidSize, q.askPrice, q.askSize);
  }

  #trades(symbol: SymbolId, fields: readonly Fields[]): void {
    const trades = fields.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      trade: {
        tradeId: countOf(item["tradeId"], "tradeId"),
        price: priceOf(item["px"], "px"),
        size: positiveSizeOf(item["sz"], "sz"),
        side: sideOf(item["side"], "side"),
      },
    }));
    const ids = this.#instruments.of(symbol).trades;
    for (const { eventUs, trade } of trades)
      if (ids.take(trade.tradeId)) this.core.trade(symbol, eventUs, trade);
  }

  /** Rows of time, open, high, low, close, contracts, coins, money, closed. */
  #bars(symbol: SymbolId, interval: string, items: readonly unknown[]): void {
    const intervalMs = intervalMsOf(interval);
    if (intervalMs === undefined) {
      this.core.counts.ignored++;
      return;
    }
    const bars = items.map((item) => {
      const row = listOf(item, "candle");
      const confirm = row[8];
      if (confirm !== "0" && confirm !== "1") throw schemaError("confirm");
      const coins = sizeOf(row[6], "volCcy");
      const money = sizeOf(row[7], "volCcyQuote");
      const bar = checkedBar({
        symbol,
        eventUs: this.core.venueUs,
        intervalMs,
        openUs: epochUs(row[0], "ts"),
        open: priceOf(row[1], "o"),
        high: priceOf(row[2], "h"),
        low: priceOf(row[3], "l"),
        close: priceOf(row[4], "c"),
        volume: sizeOf(row[5], "vol"),
        vwap: coins === 0 ? undefined : money / coins,
        trades: 0,
      });
      return { bar, isClosed: confirm === "1" };
    });
    for (const { bar, isClosed } of bars) emitBar(this.core, bar, isClosed);
  }

  #fundings(symbol: SymbolId, fields: readonly Fields[]): void {
    const rates = fields.map((item) => ({
      eventUs:
        item["ts"] === undefined
          ? this.core.venueUs
          : epochUs(item["ts"], "ts"),
      rate: rateOf(item["fundingRate"], "fundingRate"),
      nextUs: epochUs(item["fundingTime"], "fundingTime"),
    }));
    const state = this.#instruments.of(symbol);
    for (const { eventUs, rate, nextUs } of rates) {
      state.funding = { rate, nextUs };
      this.#funding(symbol, state, eventUs);
    }
  }

  #markPrices(symbol: SymbolId, fields: readonly Fields[]): void {
    const prices = fields.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      markPrice: priceOf(item["markPx"], "markPx"),
    }));
    const state = this.#instruments.of(symbol);
    for (const { eventUs, markPrice } of prices) {
      state.markPrice = markPrice;
      this.#funding(symbol, state, eventUs);
    }
  }

  /** Rate and mark price come on two channels: told once both are known. */
  #funding(
    symbol: SymbolId,
    { funding, markPrice }: InstrumentState,
    eventUs: UnixMicros,
  ): void {
    if (funding === undefined || markPrice === undefined) {
      this.core.counts.ignored++;
      return;
    }
    const head = this.core.head(symbol, eventUs);
    this.core.emit({ type: "funding", ...head, ...funding, markPrice });
  }

  #openInterests(symbol: SymbolId, fields: readonly Fields[]): void {
    const items = fields.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      openInterest: sizeOf(item["oi"], "oi"),
    }));
    for (const { eventUs, openInterest } of items) {
      const head = this.core.head(symbol, eventUs);
      this.core.emit({ type: "openInterest", ...head, openInterest });
    }
  }
}
