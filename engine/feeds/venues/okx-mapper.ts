/** OKX v5: incremental books chained by seqId with checksum, books5, bbo-tbt, tickers, trades, candles, funding, mark price, open interest. */
import { crc32 } from "node:zlib";
import type { Funding, Levels } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { checkedBar, emitBar, intervalMsOf } from "./bar-message.ts";
import { MapperFrame } from "./mapper-frame.ts";
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
import { TextBookSide } from "./text-book-side.ts";
import { NumberedBook, bestFirst } from "./numbered-book.ts";
import { TradeIds } from "./trade-ids.ts";

const CHECKSUM_LEVELS = 25;

interface InstrumentState {
  readonly numbers: NumberedBook;
  readonly trades: TradeIds;
  readonly bids: TextBookSide;
  readonly asks: TextBookSide;
  /** Undefined where the venue sends none, as before 2023. */
  seqId: number | undefined;
  /** Of the last book message, as is the checksum. */
  bookUs: number;
  checksum: number | undefined;
  funding: Pick<Funding, "rate" | "nextUs"> | undefined;
  markPrice: number | undefined;
}

interface BookItem {
  readonly eventUs: UnixMicros;
  readonly bids: Levels;
  readonly asks: Levels;
  readonly bidRows: readonly unknown[];
  readonly askRows: readonly unknown[];
  readonly checksum: number | undefined;
  readonly seqId: number | undefined;
  readonly prevSeqId: number | undefined;
}

export class OkxMapper extends MapperFrame<"OKX"> {
  readonly #instruments = new Map<SymbolId, InstrumentState>();

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

  protected override forget(): void {
    for (const state of this.#instruments.values()) state.numbers.reset();
  }

  #books(symbol: SymbolId, fields: readonly Fields[], action: unknown): void {
    if (action !== "snapshot" && action !== "update")
      throw schemaError("action");
    const items = fields.map(bookItemOf);
    const state = this.#stateOf(symbol);
    for (const item of items)
      if (action === "snapshot") this.#snapshot(state, item);
      else this.#update(state, item);
  }

  #snapshot(state: InstrumentState, item: BookItem): void {
    state.bids.clear();
    state.asks.clear();
    setAll(state.bids, item.bids, item.bidRows);
    setAll(state.asks, item.asks, item.askRows);
    state.seqId = item.seqId;
    if (!this.#verify(state, item)) return;
    state.numbers.snapshot(
      item.eventUs,
      bestFirst(item.bids, "bids"),
      bestFirst(item.asks, "asks"),
    );
  }

  #update(state: InstrumentState, item: BookItem): void {
    const { numbers } = state;
    if (!numbers.isLive) {
      numbers.unsynced();
      return;
    }
    const order = orderOf(item, state);
    if (order === "duplicate") {
      this.core.counts.duplicates++;
      return;
    }
    if (order === "broken") {
      numbers.void(item.eventUs, "sequence");
      return;
    }
    // May be lower than before: after maintenance the venue begins anew, and says so by the previous id.
    state.seqId = item.seqId;
    setAll(state.bids, item.bids, item.bidRows);
    setAll(state.asks, item.asks, item.askRows);
    if (!this.#verify(state, item)) return;
    numbers.delta(item.eventUs, item.bids, item.asks);
  }

  /** Bid and ask by turns, as far as either goes; signed. */
  #verify(state: InstrumentState, item: BookItem): boolean {
    const { bids, asks, numbers } = state;
    state.bookUs = item.eventUs;
    state.checksum = item.checksum;
    if (item.checksum === undefined) return true;
    const parts: string[] = [];
    for (let i = 0; i < CHECKSUM_LEVELS; i++) {
      const bid = bids.text(i);
      const ask = asks.text(i);
      if (bid !== undefined) parts.push(bid);
      if (ask !== undefined) parts.push(ask);
    }
    if ((crc32(parts.join(":")) | 0) === item.checksum) {
      this.core.counts.checksumsVerified++;
      return true;
    }
    this.core.counts.checksumMismatches++;
    numbers.void(item.eventUs, "checksum");
    return false;
  }

  #bests(symbol: SymbolId, fields: readonly Fields[]): void {
    const quotes = fields.map((item) => ({
      eventUs: epochUs(item["ts"], "ts"),
      bids: levelsOf(item["bids"], "bids"),
      asks: levelsOf(item["asks"], "asks"),
    }));
    const { numbers } = this.#stateOf(symbol);
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
    const { numbers } = this.#stateOf(symbol);
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
    const ids = this.#stateOf(symbol).trades;
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
    const state = this.#stateOf(symbol);
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
    const state = this.#stateOf(symbol);
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

  #stateOf(symbol: SymbolId): InstrumentState {
    let state = this.#instruments.get(symbol);
    if (state === undefined) {
      state = {
        numbers: new NumberedBook(this.core, symbol),
        trades: new TradeIds(this.core),
        bids: new TextBookSide("highestFirst"),
        asks: new TextBookSide("lowestFirst"),
        seqId: undefined,
        bookUs: 0,
        checksum: undefined,
        funding: undefined,
        markPrice: undefined,
      };
      this.#instruments.set(symbol, state);
    }
    return state;
  }
}

const bookItemOf = (item: Fields): BookItem => {
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

/** By ids, where the venue sends them; else by time, which only tells what is older. */
const orderOf = (
  item: BookItem,
  { seqId, bookUs, checksum }: InstrumentState,
): "next" | "duplicate" | "broken" => {
  if (item.prevSeqId !== seqId)
    return seqId !== undefined &&
      item.seqId !== undefined &&
      item.prevSeqId !== undefined &&
      item.seqId <= seqId &&
      item.prevSeqId < seqId
      ? "duplicate"
      : "broken";
  if (item.seqId !== undefined || item.eventUs > bookUs) return "next";
  // What came late was missing until now, even if no checksum showed it.
  if (item.eventUs < bookUs) return "broken";
  return item.checksum === checksum ? "duplicate" : "next";
};

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
