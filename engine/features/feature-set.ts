/** One symbol's features: follows its events in constant time each, writes the vector once a turn. */
import type { FeatureVector } from "../domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Quote,
  Trade,
} from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import { BarFeatures } from "./bar-features.ts";
import { BookFeatures, TOP_LEVELS } from "./book-features.ts";
import { DecayClock, EVENT_NS, NOW_NS } from "./decay-clock.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { MARKET_FEATURES } from "./feature-schema.ts";
import { QuoteFeatures } from "./quote-features.ts";
import { TradeFeatures } from "./trade-features.ts";

/** Where each group begins in the vector. */
const SHAPE_AT = 0;
const FLOW_AT = 8;
const QUOTE_AT = 14;
const TRADE_AT = 18;
const MOVES_AT = 24;
const BAR_AT = 30;

/** The windows that matter most are full; the 30 s ones and the bars are partial until later, as in training. */
const WARM_AFTER_NS = 5e9;

export class FeatureSet implements EventFeatures {
  readonly schema: DeclaredSet = MARKET_FEATURES;
  /** Owned here and overwritten by each `write`: copy to keep. */
  readonly values: FeatureVector = new Float64Array(
    MARKET_FEATURES.features.length,
  );
  /** The book's best levels as of the call in progress. */
  readonly #top = new Float64Array(4 * TOP_LEVELS);
  readonly #clock = new DecayClock();
  readonly #book = new BookFeatures();
  readonly #trades = new TradeFeatures();
  readonly #quotes = new QuoteFeatures();
  readonly #bars = new BarFeatures();
  #firstBookNs = Number.NaN;

  /** After each book event that left a live book; windows run on the event's receive time. */
  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    if (!book.hasBothSides) {
      this.onVoid();
      return;
    }
    this.#clock.values[EVENT_NS] = event.receivedNs;
    this.#advance();
    if (this.#book.mids.isEmpty)
      this.#firstBookNs = this.#clock.values[NOW_NS]!;
    book.copyTop(this.#top, TOP_LEVELS);
    this.#book.onBook(this.#top, this.#clock);
  }

  /** After a gap or any other loss of the book: the next book is not a change of the last. */
  onVoid(): void {
    this.#book.onVoid();
  }

  onTrade(trade: Trade): void {
    this.#clock.values[EVENT_NS] = trade.receivedNs;
    this.#advance();
    this.#trades.onTrade(trade, this.#book);
  }

  onQuote(quote: Quote): void {
    this.#clock.values[EVENT_NS] = quote.receivedNs;
    this.#advance();
    this.#quotes.onQuote(quote);
  }

  onBar(bar: Bar): void {
    this.#bars.onBar(bar);
  }

  /** Five seconds of book have been seen. */
  get isWarm(): boolean {
    return this.#clock.values[NOW_NS]! - this.#firstBookNs >= WARM_AFTER_NS;
  }

  /** Once a turn, over the final book. All zeros while the book lacks a side. */
  write(book: OrderBook, latest: Received): FeatureVector {
    if (!book.hasBothSides) this.onVoid();
    else if (!this.#book.mids.isEmpty) {
      this.#clock.values[EVENT_NS] = latest.receivedNs;
      this.#advance();
      return this.#writeAll(book);
    }
    return this.values.fill(0);
  }

  #writeAll(book: OrderBook): FeatureVector {
    const { values } = this;
    const top = this.#top;
    book.copyTop(top, TOP_LEVELS);
    this.#book.updateMeans();
    this.#book.writeShape(top, values, SHAPE_AT);
    this.#book.writeFlow(values, FLOW_AT);
    this.#quotes.write(top, book, this.#book, this.#clock, values, QUOTE_AT);
    this.#trades.write(top, this.#book, values, TRADE_AT);
    this.#book.writeMoves(top, this.#clock, values, MOVES_AT);
    this.#bars.write(top, values, BAR_AT);
    return values;
  }

  /** Decays everything up to an event; time never runs backwards here. */
  #advance(): void {
    if (!this.#clock.advance()) return;
    this.#book.decay(this.#clock);
    this.#trades.decay(this.#clock);
    this.#quotes.decay(this.#clock);
  }
}
