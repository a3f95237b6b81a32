/** Kraken WebSocket v1: arrays that end in channel and pair; book with checksum, trade, spread, ticker and ohlc. */
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { OpenBars, checkedBar } from "./bar-message.ts";
import { KrakenBook, krakenLevel } from "./kraken-book.ts";
import type { KrakenLevel } from "./kraken-book.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  fieldsOf,
  listOf,
  parse,
  positiveSizeOf,
  priceOf,
  schemaError,
  secondsUs,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { SymbolStates } from "./symbol-states.ts";

export class KrakenV1Mapper extends MapperFrame<"KRAKEN"> {
  readonly #books = new SymbolStates<KrakenBook>(
    (symbol) => new KrakenBook(this.core, symbol),
  );
  readonly #bars = new OpenBars(this.core);

  constructor() {
    super("KRAKEN");
  }

  protected override read(message: unknown): void {
    const parsed = parse(message);
    if (!Array.isArray(parsed)) {
      fieldsOf(parsed, "message");
      this.core.counts.ignored++;
      return;
    }
    const rows: readonly unknown[] = parsed;
    if (rows.length < 4) throw schemaError("message");
    const channel = textOf(rows[rows.length - 2], "channel");
    const symbol = this.core.symbolOf(textOf(rows[rows.length - 1], "pair"));
    const payload = rows.slice(1, -2);
    const dash = channel.indexOf("-");
    const parameter = dash < 0 ? "" : channel.slice(dash + 1);
    switch (dash < 0 ? channel : channel.slice(0, dash)) {
      case "book":
        this.#book(symbol, payload, countOf(parameter, "depth"));
        break;
      case "trade":
        this.#trades(symbol, listOf(payload[0], "trade"));
        break;
      case "spread":
        this.#spread(symbol, listOf(payload[0], "spread"));
        break;
      case "ticker":
        this.#ticker(symbol, fieldsOf(payload[0], "ticker"));
        break;
      case "ohlc":
        this.#bar(symbol, listOf(payload[0], "ohlc"), parameter);
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const [channel, pair] = listOf(message, "message").slice(-2);
    return textOf(channel, "channel").startsWith("book")
      ? [textOf(pair, "pair")]
      : [];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#books.of(symbol).numbers,
      this.#books.symbols,
    );
  }

  protected override forget(): void {
    for (const book of this.#books.all) book.reset();
    this.#bars.reset();
  }

  /** `as` and `bs` are a snapshot; a change of both sides comes as two objects, the checksum in the last. */
  #book(symbol: SymbolId, payload: readonly unknown[], depth: number): void {
    const parts = payload.map((part) => fieldsOf(part, "book"));
    const isSnapshot = parts.some((part) => "as" in part || "bs" in part);
    const bids = rowsOf(parts, isSnapshot ? "bs" : "b");
    const asks = rowsOf(parts, isSnapshot ? "as" : "a");
    const checksum = parts.find((part) => "c" in part)?.["c"];
    const update = {
      timeUs: latestUs([...bids, ...asks]),
      bids: bids.map(levelOf),
      asks: asks.map(levelOf),
      checksum: checksum === undefined ? undefined : countOf(checksum, "c"),
    };
    const book = this.#books.of(symbol);
    if (isSnapshot) book.snapshot(update);
    else book.update(update, depth);
  }

  /** Trades have no id: they are numbered here. */
  #trades(symbol: SymbolId, rows: readonly unknown[]): void {
    const trades = rows.map((row) => {
      const [price, size, time, side] = listOf(row, "trade");
      if (side !== "b" && side !== "s") throw schemaError("side");
      return {
        price: priceOf(price, "price"),
        size: positiveSizeOf(size, "volume"),
        eventUs: secondsUs(time, "time"),
        side: side === "b" ? ("buy" as const) : ("sell" as const),
      };
    });
    for (const { eventUs, ...trade } of trades)
      this.core.trade(symbol, eventUs, {
        tradeId: this.core.nextTradeId(),
        ...trade,
      });
  }

  #spread(symbol: SymbolId, row: readonly unknown[]): void {
    const [bid, ask, time, bidVolume, askVolume] = row;
    const eventUs = secondsUs(time, "timestamp");
    this.#quote(symbol, eventUs, bid, bidVolume, ask, askVolume);
  }

  #ticker(symbol: SymbolId, data: Fields): void {
    const [ask, , askVolume] = listOf(data["a"], "a");
    const [bid, , bidVolume] = listOf(data["b"], "b");
    this.#quote(symbol, this.core.venueUs, bid, bidVolume, ask, askVolume);
  }

  #quote(
    symbol: SymbolId,
    eventUs: UnixMicros,
    bid: unknown,
    bidVolume: unknown,
    ask: unknown,
    askVolume: unknown,
  ): void {
    const bidPrice = priceOf(bid, "bid");
    const bidSize = sizeOf(bidVolume, "bidVolume");
    const askPrice = priceOf(ask, "ask");
    const askSize = sizeOf(askVolume, "askVolume");
    const { numbers } = this.#books.of(symbol);
    numbers.quote(eventUs, bidPrice, bidSize, askPrice, askSize);
  }

  /** The second time is the bar's end. */
  #bar(symbol: SymbolId, row: readonly unknown[], minutes: string): void {
    const [time, end, open, high, low, close, vwap, volume, count] = row;
    const intervalMs = countOf(minutes, "interval") * 60_000;
    const bar = checkedBar({
      symbol,
      eventUs: secondsUs(time, "time"),
      intervalMs,
      openUs: (secondsUs(end, "etime") - intervalMs * 1000) as UnixMicros,
      open: priceOf(open, "open"),
      high: priceOf(high, "high"),
      low: priceOf(low, "low"),
      close: priceOf(close, "close"),
      volume: sizeOf(volume, "volume"),
      vwap: sizeOf(vwap, "vwap"),
      trades: countOf(count, "count"),
    });
    this.#bars.apply(bar);
  }
}

const rowsOf = (
  parts: readonly Fields[],
  side: string,
): readonly (readonly unknown[])[] =>
  parts.flatMap((part) =>
    side in part
      ? listOf(part[side], side).map((row) => listOf(row, side))
      : [],
  );

const levelOf = (row: readonly unknown[]): KrakenLevel => {
  if (typeof row[0] !== "string" || typeof row[1] !== "string")
    throw schemaError("level");
  return krakenLevel(row[0], row[1], "level");
};

const latestUs = (
  rows: readonly (readonly unknown[])[],
): UnixMicros | undefined => {
  let latest: UnixMicros | undefined;
  for (const row of rows) {
    const time = secondsUs(row[2], "timestamp");
    if (latest === undefined || time > latest) latest = time;
  }
  return latest;
};
