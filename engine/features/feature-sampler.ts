/** Drives one symbol's book, bars and features over its events as its actor does, and samples rows for training. */
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar, MarketEvent, Quote } from "../domain/market-event.ts";
import type { BookState } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BarBook } from "../market/bar-book.ts";
import { timeBars } from "../market/bar-kind.ts";
import { BookSync } from "../market/book-sync.ts";
import type { BookSyncOptions } from "../market/book-sync-options.ts";
import { OrderBook } from "../market/order-book.ts";
import { unreachable } from "../std/assert.ts";
import { msToNs } from "../std/time.ts";
import { FEATURE_BAR_MS } from "./bar-features.ts";
import type { EventFeatures } from "./event-features.ts";
import { FeatureSet } from "./feature-set.ts";

export interface FeatureSamplerOptions {
  readonly symbol: SymbolId;
  /** Least distance of two samples in receive time. Changes of the mid give a row besides, so that labels are exact. */
  readonly sampleMs: number;
  /** What may give a sample: book updates alone, or any event, as the engine speaks on any. */
  readonly sampleOn: "book" | "any";
  readonly depthMax: number;
  readonly sync?: Partial<BookSyncOptions>;
  /** Intervals of bars that are told besides those that features read. */
  readonly barsMs?: readonly number[];
  /** What is sampled; the `market` set when absent. */
  readonly features?: EventFeatures;
}

export interface FeatureRow {
  readonly receivedNs: number;
  readonly receivedUs: number;
  readonly state: BookState;
  readonly bidPrice: number;
  readonly askPrice: number;
  readonly mid: number;
  /** Borrowed until the next event. */
  readonly features: FeatureVector;
}

export class FeatureSampler {
  readonly sync: BookSync;
  readonly features: EventFeatures;
  readonly #options: FeatureSamplerOptions;
  readonly #bars: BarBook;
  readonly #onRow: (row: FeatureRow) => void;
  readonly #sampleNs: number;
  #sampledNs = Number.NEGATIVE_INFINITY;
  #mid = 0;

  constructor(
    options: FeatureSamplerOptions,
    onRow: (row: FeatureRow) => void,
    onBar: (bar: Bar) => void = () => undefined,
  ) {
    this.#options = options;
    this.features = options.features ?? new FeatureSet();
    this.#onRow = onRow;
    this.#sampleNs = msToNs(options.sampleMs);
    this.sync = new BookSync(
      new OrderBook({ depthMax: options.depthMax }),
      options.sync,
    );
    this.#bars = new BarBook(
      options.symbol,
      [...new Set([FEATURE_BAR_MS, ...(options.barsMs ?? [])])].map(
        (intervalMs) => ({ kind: timeBars(intervalMs), length: 1 }),
      ),
      {},
      (bar) => {
        if (bar.intervalMs === FEATURE_BAR_MS) this.features.onBar(bar);
        onBar(bar);
      },
    );
  }

  onEvent(event: MarketEvent): void {
    const { sync, features } = this;
    sync.checkFresh(event.receivedNs);
    this.#bars.advanceTo(event);
    let isBook = false;
    switch (event.type) {
      case "bookSnapshot":
      case "bookDelta":
      case "gap": {
        if (event.type === "gap") this.#bars.onGap(event.reason);
        const change = sync.apply(event);
        isBook = change === "snapshot" || change === "delta";
        if (isBook && event.type !== "gap") features.onBook(sync.book, event);
        else if (!sync.book.hasBothSides) features.onVoid();
        break;
      }
      case "trade":
        if (sync.isPlausible(event.price) && this.#bars.onTrade(event))
          features.onTrade(event);
        break;
      case "quote":
        this.#onQuote(event);
        break;
      case "bar":
        this.#bars.onBar(event);
        break;
      case "funding":
        features.onFunding?.(event);
        break;
      case "openInterest":
        features.onOpenInterest?.(event);
        break;
      default:
        unreachable(event);
    }
    if (sync.book.hasBothSides) this.#sample(event, isBook);
  }

  #onQuote(quote: Quote): void {
    const { sync, features } = this;
    // Such a price is no news: the market cannot have gone there within moments.
    if (!sync.isPlausible(quote.bidPrice) || !sync.isPlausible(quote.askPrice))
      return;
    if (sync.onQuote(quote) === "voided") features.onVoid();
    else features.onQuote(quote);
  }

  #sample(event: MarketEvent, isBook: boolean): void {
    const { book } = this.sync;
    const { mid } = book;
    const isDue =
      (isBook || this.#options.sampleOn === "any") &&
      event.receivedNs - this.#sampledNs >= this.#sampleNs;
    if (!isDue && mid === this.#mid) return;
    if (isDue) this.#sampledNs = event.receivedNs;
    this.#mid = mid;
    this.#onRow({
      receivedNs: event.receivedNs,
      receivedUs: event.receivedUs,
      state: this.sync.state,
      bidPrice: book.bidPrice(0),
      askPrice: book.askPrice(0),
      mid,
      features: this.features.write(book, event),
    });
  }
}
