/** Drives one symbol's book, bars and features over its events as its actor does, and samples rows for training. */
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import type { BookState } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BarBuilder } from "../market/bar-builder.ts";
import { BookSync } from "../market/book-sync.ts";
import type { BookSyncOptions } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { unreachable } from "../std/assert.ts";
import { msToNs } from "../std/time.ts";
import { FEATURE_BAR_MS } from "./bar-features.ts";
import { FeatureSet } from "./feature-set.ts";

export interface FeatureSamplerOptions {
  readonly symbol: SymbolId;
  /** Least distance of two rows in receive time. */
  readonly sampleMs: number;
  /** What may give a row: book updates alone, or any event, as the engine speaks on any. */
  readonly sampleOn: "book" | "any";
  readonly depthMax: number;
  readonly sync?: Partial<BookSyncOptions>;
  /** How far ahead the later mids of a row lie. */
  readonly horizonsMs: readonly number[];
}

export interface FeatureRow {
  readonly trigger: MarketEvent["type"];
  readonly receivedNs: number;
  readonly eventUs: number;
  readonly state: BookState;
  readonly isWarm: boolean;
  readonly bidPrice: number;
  readonly askPrice: number;
  readonly mid: number;
  /** The mid as of each horizon later, in the order of `horizonsMs`; NaN where the book was not live or the data ended. */
  readonly laterMids: Float64Array;
  readonly features: Float64Array;
}

export class FeatureSampler {
  readonly sync: BookSync;
  readonly features = new FeatureSet();
  readonly #options: FeatureSamplerOptions;
  readonly #builder: BarBuilder;
  readonly #onRow: (row: FeatureRow) => void;
  readonly #sampleNs: number;
  readonly #horizonsNs: readonly number[];
  /** Rows whose last horizon has not passed, oldest first. */
  #pending: FeatureRow[] = [];
  /** Pending rows of which each horizon has passed. */
  readonly #matured: number[];
  #lastRowNs = Number.NEGATIVE_INFINITY;

  constructor(
    options: FeatureSamplerOptions,
    onRow: (row: FeatureRow) => void,
    onBar: (bar: Bar) => void = () => undefined,
  ) {
    this.#options = options;
    this.#onRow = onRow;
    this.#sampleNs = msToNs(options.sampleMs);
    this.#horizonsNs = options.horizonsMs.map(msToNs);
    this.#matured = options.horizonsMs.map(() => 0);
    this.sync = new BookSync(
      new OrderBook({ depthMax: options.depthMax }),
      options.sync,
    );
    this.#builder = new BarBuilder(
      { symbol: options.symbol, intervalMs: FEATURE_BAR_MS },
      (bar) => {
        this.features.onBar(bar);
        onBar(bar);
      },
    );
  }

  onEvent(event: MarketEvent): void {
    const { sync, features } = this;
    this.#mature(event.receivedNs);
    sync.checkFresh(event.receivedNs);
    let isBook = false;
    switch (event.type) {
      case "bookSnapshot":
      case "bookDelta":
      case "gap": {
        const change = sync.apply(event);
        isBook = change === "snapshot" || change === "delta";
        if (isBook && event.type !== "gap") features.onBook(sync.book, event);
        else if (!sync.book.hasBothSides) features.onVoid();
        break;
      }
      case "trade":
        this.#builder.onTrade(event);
        features.onTrade(event);
        break;
      case "quote":
        features.onQuote(event);
        break;
      case "bar":
        features.onBar(event);
        break;
      case "funding":
        break;
      default:
        unreachable(event);
    }
    this.#builder.advanceTo(event);
    if (
      (isBook || this.#options.sampleOn === "any") &&
      sync.book.hasBothSides &&
      event.receivedNs - this.#lastRowNs >= this.#sampleNs
    )
      this.#sample(event);
  }

  /** The data has ended: rows whose horizons lie beyond are given as they are. */
  end(): void {
    for (const row of this.#pending) this.#onRow(row);
    this.#pending = [];
    this.#matured.fill(0);
  }

  #sample(event: MarketEvent): void {
    const { book } = this.sync;
    this.#lastRowNs = event.receivedNs;
    this.#pending.push({
      trigger: event.type,
      receivedNs: event.receivedNs,
      eventUs: event.eventUs,
      state: this.sync.state,
      isWarm: this.features.isWarm,
      bidPrice: book.bidPrice(0),
      askPrice: book.askPrice(0),
      mid: book.mid,
      laterMids: new Float64Array(this.#horizonsNs.length).fill(NaN),
      features: this.features.write(book, event.receivedNs).slice(),
    });
  }

  /** Before an event changes the book: what stands now is what stood at every time before the event. */
  #mature(nowNs: number): void {
    const mid = this.sync.isLive ? this.sync.book.mid : NaN;
    let done = this.#pending.length;
    for (let h = 0; h < this.#horizonsNs.length; h++) {
      let at = this.#matured[h]!;
      while (
        at < this.#pending.length &&
        this.#pending[at]!.receivedNs + this.#horizonsNs[h]! < nowNs
      )
        this.#pending[at++]!.laterMids[h] = mid;
      this.#matured[h] = at;
      done = Math.min(done, at);
    }
    if (done === 0) return;
    for (const row of this.#pending.splice(0, done)) this.#onRow(row);
    for (let h = 0; h < this.#matured.length; h++) this.#matured[h]! -= done;
  }
}
