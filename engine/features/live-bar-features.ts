/**
 * The bar sets over one symbol's own events: minutes of its bars on the grid, each with what stood beside it at its close. A minute becomes a
 * row when it closes, or, where the set reads the leading symbol's minute too, once that has closed or is given up.
 */
import type { FeatureVector } from "../domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Funding,
} from "../domain/market-event.ts";
import { BarAggregator } from "../market/bar-aggregator.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { MonoNanos } from "../std/time.ts";
import type { BarSetOptions } from "./bar-set-run.ts";
import { BarSurroundings } from "./bar-surroundings.ts";
import type { LeadingMinutes } from "./bar-surroundings.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";
import type { Article } from "./news-windows.ts";

export interface LiveBarOptions extends BarSetOptions {
  /** Without it what reads a leading symbol is NaN. */
  readonly leading?: LeadingMinutes;
}

export const MINUTE_MS = 60_000;

export class LiveBarFeatures implements EventFeatures {
  readonly schema: DeclaredSet;
  readonly #grid: GridFeatures;
  readonly #beside: BarSurroundings;
  /** Rows of the grid before every feature that can be known is. */
  readonly #warmUp: number;
  readonly #staleNs: number;
  #minutes: BarAggregator | undefined;
  /** Closed, and not a row yet. */
  #waiting: Bar | undefined;
  #rowNs = Number.NEGATIVE_INFINITY;
  #isStale = true;

  constructor(set: DeclaredSet, options: LiveBarOptions = {}) {
    const { features } = set;
    this.schema = set;
    this.#warmUp = Math.max(...features.map(({ warmUp }) => warmUp.count));
    this.#staleNs =
      1e6 *
      Math.min(
        ...features
          .filter(({ inputs }) => inputs.includes("bar"))
          .map(({ staleAfterMs }) => staleAfterMs),
      );
    this.#grid = new GridFeatures({
      ...options,
      sets: [set],
      intervalMs: MINUTE_MS,
      fillMax: GRID_FILL_MAX,
    });
    this.#beside = new BarSurroundings(set, options.leading, this.#grid);
  }

  get values(): FeatureVector {
    return this.#grid.values;
  }

  get isWarm(): boolean {
    return this.#grid.grid.rows >= this.#warmUp;
  }

  get isStale(): boolean {
    return this.#isStale;
  }

  onBook(book: OrderBook, _event: BookSnapshot | BookDelta): void {
    this.#beside.onBook(book);
  }

  onVoid(): void {
    this.#beside.onVoid();
  }

  onFunding(funding: Funding): void {
    this.#beside.onFunding(funding);
  }

  onArticle(article: Article): void {
    this.#beside.onArticle(article);
  }

  /** A bar is made of trades already. */
  onTrade(): void {
    return;
  }

  onQuote(): void {
    return;
  }

  /** Closed bars of a minute, or of one shorter interval that divides it. */
  onBar(bar: Bar): void {
    if (bar.intervalMs === MINUTE_MS) this.#closed(bar);
    else if (MINUTE_MS % bar.intervalMs === 0) {
      this.#minutes ??= new BarAggregator(
        {
          symbol: bar.symbol,
          fromMs: bar.intervalMs,
          toMs: MINUTE_MS,
          firstBar: "skip",
        },
        (minute) => this.#closed(minute),
      );
      this.#minutes.onBar(bar, "whole");
    }
  }

  /** The vector of the last row of the grid: it stands until the next minute closes. */
  write(_book: OrderBook, { receivedNs }: Received): FeatureVector {
    if (this.#waiting !== undefined) this.#settle(this.#waiting, receivedNs);
    this.#isStale =
      receivedNs - this.#rowNs > this.#staleNs || !this.#beside.isKnown;
    return this.values;
  }

  #closed(minute: Bar): void {
    // The one before it has waited long enough.
    if (this.#waiting !== undefined) this.#push(this.#waiting);
    this.#beside.capture(minute);
    this.#waiting = minute;
    this.#settle(minute, minute.receivedNs);
  }

  #settle(minute: Bar, nowNs: MonoNanos): void {
    if (!this.#beside.awaitsLeader(minute, nowNs)) this.#push(minute);
  }

  #push(minute: Bar): void {
    this.#waiting = undefined;
    this.#rowNs = minute.receivedNs;
    this.#beside.settle(minute);
    const { grid } = this.#grid;
    const { restarts } = grid;
    this.#grid.onBar(minute);
    if (grid.restarts !== restarts) this.#beside.forget();
  }
}
