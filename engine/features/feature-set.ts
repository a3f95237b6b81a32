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
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
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

/** Positions in the times. */
const FIRST_BOOK_NS = 0;
const BOOK_NS = 1;
const TRADE_NS = 2;
const QUOTE_NS = 3;
const BAR_NS = 4;

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
  readonly #parts = [this.#book, this.#trades, this.#quotes, this.#bars];
  /** When the first book came, and the last of each input. */
  readonly #times = Float64Array.of(NaN, ...Array<number>(4).fill(-Infinity));

  /** After each book event that left a live book; windows run on the event's receive time. */
  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    if (!book.hasBothSides) {
      this.onVoid();
      return;
    }
    this.#clock.values[EVENT_NS] = event.receivedNs;
    this.#advance();
    if (this.#book.mids.isEmpty)
      this.#times[FIRST_BOOK_NS] = this.#clock.values[NOW_NS]!;
    this.#times[BOOK_NS] = event.receivedNs;
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
    this.#times[TRADE_NS] = trade.receivedNs;
    this.#trades.onTrade(trade, this.#book);
  }

  onQuote(quote: Quote): void {
    this.#clock.values[EVENT_NS] = quote.receivedNs;
    this.#advance();
    this.#times[QUOTE_NS] = quote.receivedNs;
    this.#quotes.onQuote(quote);
  }

  onBar(bar: Bar): void {
    this.#times[BAR_NS] = bar.receivedNs;
    this.#bars.onBar(bar);
  }

  /** Five seconds of book have been seen. */
  get isWarm(): boolean {
    return (
      this.#clock.values[NOW_NS]! - this.#times[FIRST_BOOK_NS]! >= WARM_AFTER_NS
    );
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

  /** Where no quote is newer, the book stands in for it, and its age counts. */
  ageMs(feature: number, { receivedNs }: Received): number {
    const times = this.#times;
    let oldestNs = receivedNs as number;
    const { inputs } = this.schema.features[feature]!;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!;
      let lastNs = times[BOOK_NS]!;
      if (input === "trade") lastNs = times[TRADE_NS]!;
      else if (input === "bar") lastNs = times[BAR_NS]!;
      else if (input === "quote") lastNs = Math.max(lastNs, times[QUOTE_NS]!);
      oldestNs = Math.min(oldestNs, lastNs);
    }
    return (receivedNs - oldestNs) / 1e6;
  }

  snapshot(): Float64Array {
    const to = new StateWriter();
    for (const state of [this.values, this.#clock.values, this.#times])
      to.numbers(state);
    for (const part of this.#parts) part.save(to);
    return to.snapshot();
  }

  restore(snapshot: Float64Array): void {
    const from = new StateReader(snapshot);
    for (const state of [this.values, this.#clock.values, this.#times])
      from.numbers(state);
    for (const part of this.#parts) part.load(from);
    from.end();
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
