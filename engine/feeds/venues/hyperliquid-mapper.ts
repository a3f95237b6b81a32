/** Hyperliquid: l2Book (a whole snapshot each time), trades, bbo, candle and activeAssetCtx. */
import type { Levels } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { UnixMicros } from "../../std/time.ts";
import { OpenBars, checkedBar, intervalMsOf } from "./bar-message.ts";
import { MapperFrame, loseNumbered } from "./mapper-frame.ts";
import {
  countOf,
  epochUs,
  fieldsOf,
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

const GREETING = "Websocket connection established.";
const HOUR_US = 3_600_000_000;

interface CoinState {
  readonly numbers: NumberedBook;
  readonly recentTrades: RecentIds;
  bookUs: number;
  quoteUs: number;
}

export class HyperliquidMapper extends MapperFrame<"HYPERLIQUID"> {
  readonly #coins = new SymbolStates<CoinState>((symbol) => ({
    numbers: new NumberedBook(this.core, symbol),
    recentTrades: new RecentIds(this.core),
    bookUs: 0,
    quoteUs: 0,
  }));
  readonly #bars = new OpenBars(this.core);

  constructor() {
    super("HYPERLIQUID");
  }

  protected override read(message: unknown): void {
    // Its first words are no JSON.
    if (message === GREETING) {
      this.core.counts.ignored++;
      return;
    }
    const outer = fieldsOf(parse(message), "message");
    const { data } = outer;
    switch (outer["channel"]) {
      case "l2Book":
        this.#book(fieldsOf(data, "data"));
        break;
      case "trades":
        this.#trades(listOf(data, "data"));
        break;
      case "bbo":
        this.#quote(fieldsOf(data, "data"));
        break;
      case "candle":
        this.#bar(fieldsOf(data, "data"));
        break;
      case "activeAssetCtx":
        this.#context(fieldsOf(data, "data"));
        break;
      default:
        this.core.counts.ignored++;
    }
  }

  protected override booksIn(message: unknown): readonly string[] {
    const { channel, data } = fieldsOf(message, "message");
    if (textOf(channel, "channel") !== "l2Book") return [];
    return [textOf(fieldsOf(data, "data")["coin"], "coin")];
  }

  protected override lose(symbols: readonly SymbolId[] | "any"): void {
    loseNumbered(
      symbols,
      (symbol) => this.#coins.of(symbol).numbers,
      this.#coins.symbols,
    );
  }

  protected override forget(): void {
    for (const state of this.#coins.all) state.numbers.reset();
    this.#bars.reset();
  }

  /** Each is whole, so nothing can be missing; one that is not newer is a repetition or came late. */
  #book(data: Fields): void {
    const state = this.#stateOf(data);
    const eventUs = epochUs(data["time"], "time");
    const [bidRows, askRows] = listOf(data["levels"], "levels");
    const bids = pricedLevels(bidRows);
    const asks = pricedLevels(askRows);
    if (state.numbers.isLive && eventUs <= state.bookUs) {
      this.core.counts.duplicates++;
      return;
    }
    state.bookUs = eventUs;
    state.numbers.snapshot(
      eventUs,
      bestFirst(bids, "bids"),
      bestFirst(asks, "asks"),
    );
  }

  /** Ids are hashes, so a repetition is told by its id alone. */
  #trades(items: readonly unknown[]): void {
    const trades = items.map((item) => {
      const trade = fieldsOf(item, "data");
      const side = trade["side"];
      if (side !== "A" && side !== "B") throw schemaError("side");
      return {
        symbol: this.#symbolOf(trade),
        eventUs: epochUs(trade["time"], "time"),
        tradeId: countOf(trade["tid"], "tid"),
        price: priceOf(trade["px"], "px"),
        size: positiveSizeOf(trade["sz"], "sz"),
        side: side === "B" ? ("buy" as const) : ("sell" as const),
      };
    });
    for (const { symbol, eventUs, ...trade } of trades)
      if (this.#coins.of(symbol).recentTrades.take(trade.tradeId))
        this.core.trade(symbol, eventUs, trade);
  }

  #quote(data: Fields): void {
    const state = this.#stateOf(data);
    const eventUs = epochUs(data["time"], "time");
    const [bidRow, askRow] = listOf(data["bbo"], "bbo");
    // A side without orders is null.
    if (bidRow === null || askRow === null) {
      this.core.counts.ignored++;
      return;
    }
    const [bidPrice, bidSize] = pricedLevels([bidRow]);
    const [askPrice, askSize] = pricedLevels([askRow]);
    if (eventUs < state.quoteUs) {
      this.core.counts.duplicates++;
      return;
    }
    state.quoteUs = eventUs;
    state.numbers.quote(eventUs, bidPrice!, bidSize!, askPrice!, askSize!);
  }

  #bar(data: Fields): void {
    const intervalMs = intervalMsOf(textOf(data["i"], "i"));
    if (intervalMs === undefined) {
      this.core.counts.ignored++;
      return;
    }
    const bar = checkedBar({
      symbol: this.core.symbolOf(textOf(data["s"], "s")),
      eventUs: this.core.venueUs,
      intervalMs,
      openUs: epochUs(data["t"], "t"),
      open: priceOf(data["o"], "o"),
      high: priceOf(data["h"], "h"),
      low: priceOf(data["l"], "l"),
      close: priceOf(data["c"], "c"),
      volume: sizeOf(data["v"], "v"),
      vwap: undefined,
      trades: countOf(data["n"], "n"),
    });
    this.#bars.apply(bar);
  }

  /** Funding is paid on the hour. */
  #context(data: Fields): void {
    const symbol = this.#symbolOf(data);
    const context = fieldsOf(data["ctx"], "ctx");
    // Spot has neither.
    if (!("funding" in context)) {
      this.core.counts.ignored++;
      return;
    }
    const rate = rateOf(context["funding"], "funding");
    const markPrice = priceOf(context["markPx"], "markPx");
    const openInterest = sizeOf(context["openInterest"], "openInterest");
    const eventUs = this.core.venueUs;
    const nextUs = ((Math.floor(eventUs / HOUR_US) + 1) *
      HOUR_US) as UnixMicros;
    const head = this.core.head(symbol, eventUs);
    this.core.emit({ type: "funding", ...head, rate, markPrice, nextUs });
    this.core.emit({ type: "openInterest", ...head, openInterest });
  }

  #symbolOf(data: Fields): SymbolId {
    return this.core.symbolOf(textOf(data["coin"], "coin"));
  }

  #stateOf(data: Fields): CoinState {
    return this.#coins.of(this.#symbolOf(data));
  }
}

const pricedLevels = (value: unknown): Levels => {
  const flat: number[] = [];
  for (const row of listOf(value, "levels")) {
    const { px, sz } = fieldsOf(row, "levels");
    flat.push(priceOf(px, "px"), positiveSizeOf(sz, "sz"));
  }
  return flat;
};
