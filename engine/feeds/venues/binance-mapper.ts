/** Binance spot, USD-M and COIN-M: diff depth chained by U, u and pu on to a REST snapshot, and the streams beside it. */
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { checkedBar, emitBar, intervalMsOf } from "./bar-message.ts";
import type { MapperCore } from "./mapper-core.ts";
import { MapperFrame } from "./mapper-frame.ts";
import {
  countOf,
  epochUs,
  fieldsOf,
  flagOf,
  isFields,
  levelsOf,
  parse,
  positiveSizeOf,
  priceOf,
  rangeError,
  rateOf,
  schemaError,
  sizeOf,
  textOf,
} from "./message.ts";
import type { Fields } from "./message.ts";
import { bestFirst } from "./numbered-book.ts";
import { SymbolStates } from "./symbol-states.ts";

export type BinanceVenue = "BINANCE" | "BINANCEUSDM" | "BINANCECOINM";

/** Where the deltas of one symbol stand. */
interface Chain {
  /** What the unbroken run of deltas begins after; undefined before the first delta. */
  runPrevSeq: number | undefined;
  lastSeq: number;
  /** Of the snapshot that no delta has come after yet, or that the run has been joined to. */
  snapshotSeq: number | undefined;
  quoteSeq: number;
  lastTradeIds: { trade: number; aggTrade: number };
}

export class BinanceMapper extends MapperFrame<BinanceVenue> {
  readonly #chains = new SymbolStates<Chain>(() => ({
    runPrevSeq: undefined,
    lastSeq: 0,
    snapshotSeq: undefined,
    quoteSeq: 0,
    lastTradeIds: { trade: 0, aggTrade: 0 },
  }));

  protected override read(message: unknown): void {
    const outer = fieldsOf(parse(message), "message");
    const stream = outer["stream"];
    if (typeof stream === "string")
      this.#one(fieldsOf(outer["data"], "data"), stream);
    else this.#one(outer, undefined);
  }

  protected override booksIn(message: unknown): readonly string[] {
    const outer = fieldsOf(message, "message");
    const { stream } = outer;
    const data = typeof stream === "string" ? outer["data"] : outer;
    if (isFields(data))
      return kindOf(data) === "depthUpdate" ? [textOf(data["s"], "s")] : [];
    const [name, channel] = textOf(stream, "stream").split("@");
    return channel === "depth" ? [name!.toUpperCase()] : [];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    const isAny = symbols === "any";
    for (const symbol of isAny ? this.#chains.symbols : symbols) {
      const chain = this.#chains.of(symbol);
      const hasBook =
        chain.snapshotSeq !== undefined || chain.runPrevSeq !== undefined;
      // The next update begins another run, which the next snapshot has to join on to.
      chain.snapshotSeq = chain.runPrevSeq = undefined;
      if (hasBook) this.core.gap(symbol, this.core.venueUs, "sequence");
      else if (!isAny) this.core.awaiting.add(symbol);
    }
  }

  protected override forget(): void {
    this.#chains.clear();
  }

  #one(data: Fields, stream: string | undefined): void {
    switch (kindOf(data)) {
      case "depthUpdate":
        this.#delta(data);
        break;
      case "snapshot":
        this.#snapshot(data, stream);
        break;
      case "trade":
      case "aggTrade":
        this.#trade(data);
        break;
      case "bookTicker":
        this.#quote(data);
        break;
      case "kline":
        this.#bar(data);
        break;
      case "markPriceUpdate":
        this.#funding(data);
        break;
      case "openInterest":
        this.#openInterest(data);
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  #delta(data: Fields): void {
    const core = this.core;
    const seq = countOf(data["u"], "u");
    const firstSeq = countOf(data["U"], "U");
    // Futures chain by the previous message's last id; spot ids are consecutive.
    const prevSeq = "pu" in data ? countOf(data["pu"], "pu") : firstSeq - 1;
    if (prevSeq >= seq || firstSeq > seq) throw rangeError("u");
    const symbol = this.#symbolOf(data);
    const eventUs = bookUs(data, core);
    const bids = levelsOf(data["b"], "b");
    const asks = levelsOf(data["a"], "a");
    const chain = this.#chains.of(symbol);
    if (chain.runPrevSeq !== undefined && seq <= chain.lastSeq) {
      core.counts.duplicates++;
      return;
    }
    if (chain.snapshotSeq !== undefined && seq <= chain.snapshotSeq) {
      // Part of the snapshot that came before it.
      chain.runPrevSeq = undefined;
      return;
    }
    const follows =
      chain.runPrevSeq === undefined
        ? chain.snapshotSeq === undefined || prevSeq <= chain.snapshotSeq
        : prevSeq === chain.lastSeq;
    if (!follows) {
      core.gap(symbol, eventUs, "sequence");
      chain.snapshotSeq = undefined;
      chain.runPrevSeq = prevSeq;
    }
    chain.runPrevSeq ??= prevSeq;
    chain.lastSeq = seq;
    if (chain.snapshotSeq === undefined) core.awaiting.add(symbol);
    const head = core.head(symbol, eventUs);
    core.emit({ type: "bookDelta", ...head, prevSeq, seq, bids, asks });
  }

  #snapshot(data: Fields, stream: string | undefined): void {
    const core = this.core;
    const symbol = core.receipt.symbol ?? this.#symbolOfStream(stream);
    const seq = countOf(data["lastUpdateId"], "lastUpdateId");
    const bids = bestFirst(levelsOf(data["bids"], "bids"), "bids");
    const asks = bestFirst(levelsOf(data["asks"], "asks"), "asks");
    const eventUs = bookUs(data, core);
    const chain = this.#chains.of(symbol);
    // Deltas between it and those that are here are lost: only a later one will do.
    if (chain.runPrevSeq !== undefined && seq < chain.runPrevSeq) {
      core.counts.staleSnapshots++;
      return;
    }
    chain.snapshotSeq = seq;
    core.awaiting.delete(symbol);
    const head = core.head(symbol, eventUs);
    core.emit({ type: "bookSnapshot", ...head, seq, bids, asks });
  }

  #trade(data: Fields): void {
    const core = this.core;
    const kind = data["e"] === "aggTrade" ? "aggTrade" : "trade";
    // What did not happen in the book: insurance fund and auto-deleveraging fills.
    if ("X" in data && data["X"] !== "MARKET") {
      core.counts.ignored++;
      return;
    }
    const symbol = this.#symbolOf(data);
    const tradeId = countOf(data[kind === "trade" ? "t" : "a"], "t");
    const eventUs = bookUs(data, core);
    const price = priceOf(data["p"], "p");
    const size = positiveSizeOf(data["q"], "q");
    // `m`: the buyer is the maker, so the aggressor sold.
    const side = flagOf(data["m"], "m") ? "sell" : "buy";
    const { lastTradeIds } = this.#chains.of(symbol);
    if (tradeId <= lastTradeIds[kind]) {
      core.counts.duplicates++;
      return;
    }
    lastTradeIds[kind] = tradeId;
    core.trade(symbol, eventUs, { tradeId, price, size, side });
  }

  #quote(data: Fields): void {
    const core = this.core;
    const symbol = this.#symbolOf(data);
    const seq = countOf(data["u"], "u");
    const eventUs = bookUs(data, core);
    const bidPrice = priceOf(data["b"], "b");
    const bidSize = sizeOf(data["B"], "B");
    const askPrice = priceOf(data["a"], "a");
    const askSize = sizeOf(data["A"], "A");
    const chain = this.#chains.of(symbol);
    if (seq <= chain.quoteSeq) {
      core.counts.duplicates++;
      return;
    }
    chain.quoteSeq = seq;
    core.emit({
      type: "quote",
      ...core.head(symbol, eventUs),
      seq,
      bidPrice,
      bidSize,
      askPrice,
      askSize,
    });
  }

  #bar(data: Fields): void {
    const symbol = this.#symbolOf(data);
    const k = fieldsOf(data["k"], "k");
    const intervalMs = intervalMsOf(textOf(k["i"], "i"));
    if (intervalMs === undefined) {
      this.core.counts.ignored++;
      return;
    }
    const volume = sizeOf(k["v"], "v");
    const bar = checkedBar({
      symbol,
      eventUs: epochUs(data["E"], "E"),
      intervalMs,
      openUs: epochUs(k["t"], "t"),
      open: priceOf(k["o"], "o"),
      high: priceOf(k["h"], "h"),
      low: priceOf(k["l"], "l"),
      close: priceOf(k["c"], "c"),
      volume,
      vwap: this.#vwapOf(symbol, volume, sizeOf(k["q"], "q")),
      trades: countOf(k["n"], "n"),
      buyVolume: sizeOf(k["V"], "V"),
    });
    emitBar(this.core, bar, flagOf(k["x"], "x"));
  }

  /** COIN-M volumes are contracts of 100 USD (bitcoin) or 10 USD, and the other one is the coins that changed hands. */
  #vwapOf(symbol: SymbolId, volume: number, other: number): number | undefined {
    if (volume === 0 || other === 0) return undefined;
    if (this.venue !== "BINANCECOINM") return other / volume;
    return (volume * (symbol.startsWith("BTCUSD") ? 100 : 10)) / other;
  }

  #funding(data: Fields): void {
    const symbol = this.#symbolOf(data);
    // Delivery contracts have no funding, and say so by an empty rate.
    if (data["r"] === "" || data["T"] === 0) {
      this.core.counts.ignored++;
      return;
    }
    const rate = rateOf(data["r"], "r");
    const markPrice = priceOf(data["p"], "p");
    const nextUs = epochUs(data["T"], "T");
    const head = this.core.head(symbol, epochUs(data["E"], "E"));
    this.core.emit({ type: "funding", ...head, rate, markPrice, nextUs });
  }

  #openInterest(data: Fields): void {
    const core = this.core;
    const symbol =
      core.receipt.symbol ?? core.symbolOf(textOf(data["symbol"], "symbol"));
    const openInterest = sizeOf(data["openInterest"], "openInterest");
    const head = core.head(symbol, epochUs(data["time"], "time"));
    core.emit({ type: "openInterest", ...head, openInterest });
  }

  #symbolOf(data: Fields): SymbolId {
    return this.core.symbolOf(textOf(data["s"], "s"));
  }

  /** Partial-depth streams of spot name their symbol there only. */
  #symbolOfStream(stream: string | undefined): SymbolId {
    if (stream === undefined) throw schemaError("symbol");
    return this.core.symbolOf(
      stream.slice(0, stream.indexOf("@")).toUpperCase(),
    );
  }
}

/** Spot bookTicker, REST answers and partial depth carry no event name: they are known by their fields. */
const kindOf = (data: Fields): string | undefined => {
  if (typeof data["e"] === "string") return data["e"];
  if ("lastUpdateId" in data && "bids" in data) return "snapshot";
  if ("openInterest" in data) return "openInterest";
  if ("u" in data && "B" in data && "A" in data) return "bookTicker";
  return undefined;
};

/** Transaction time before event time: the former is when the book changed, the latter when it was told. */
const bookUs = (data: Fields, core: MapperCore): UnixMicros => {
  const time = data["T"] ?? data["E"];
  return time === undefined ? core.venueUs : epochUs(time, "T");
};

/** Which of the three venues a stream message is from: COIN-M has `USD_` in the symbol, USD-M's `USDT_` has not. */
export const binanceVenueOf = (message: Fields): BinanceVenue | undefined => {
  const nested = message["data"];
  const data =
    typeof message["stream"] === "string" ? fieldsOf(nested, "data") : message;
  const symbol = data["s"];
  if (typeof symbol !== "string") return undefined;
  const isFutures =
    "pu" in data ||
    "ps" in data ||
    "X" in data ||
    (data["e"] === "bookTicker" && "T" in data) ||
    (data["e"] === "aggTrade" && !("M" in data)) ||
    data["e"] === "markPriceUpdate";
  if (!isFutures) return "BINANCE";
  return symbol.includes("USD_") ? "BINANCECOINM" : "BINANCEUSDM";
};
