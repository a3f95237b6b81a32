/** The bar sets over one symbol's own events: minutes of its bars on the grid, with the book as it stood at their close. */
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar, BookDelta, BookSnapshot } from "../domain/market-event.ts";
import { BarAggregator } from "../market/bar-aggregator.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { BarSetOptions } from "./bar-set-run.ts";
import type { EventFeatures } from "./event-features.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { GRID_FILL_MAX, GridFeatures } from "./grid-features.ts";

const MINUTE_MS = 60_000;
const LEVELS = 5;

export class LiveBarFeatures implements EventFeatures {
  readonly schema: DeclaredSet;
  readonly #grid: GridFeatures;
  /** Rows of the grid before every feature that can be known is. */
  readonly #warmUp: number;
  readonly #top = new Float64Array(4 * LEVELS);
  #minutes: BarAggregator | undefined;
  /** The symbol's book while it is live. */
  #book: OrderBook | undefined;

  constructor(set: DeclaredSet, options: BarSetOptions = {}) {
    this.schema = set;
    this.#warmUp = Math.max(...set.features.map(({ warmUp }) => warmUp.count));
    this.#grid = new GridFeatures({
      ...options,
      sets: [set],
      intervalMs: MINUTE_MS,
      fillMax: GRID_FILL_MAX,
    });
  }

  get values(): FeatureVector {
    return this.#grid.values;
  }

  get isWarm(): boolean {
    return this.#grid.grid.rows >= this.#warmUp;
  }

  onBook(book: OrderBook, _event: BookSnapshot | BookDelta): void {
    this.#book = book;
  }

  onVoid(): void {
    this.#book = undefined;
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
  write(): FeatureVector {
    return this.values;
  }

  #closed(minute: Bar): void {
    this.#readBook();
    this.#grid.onBar(minute);
  }

  /** NaN where there is no book with both sides. */
  #readBook(): void {
    const top = this.#top;
    if (this.#book?.hasBothSides === true) this.#book.copyTop(top, LEVELS);
    else top.fill(NaN);
    let bidDepth = 0;
    let askDepth = 0;
    for (let i = 0; i < top.length; i += 4) {
      bidDepth += top[i + 1]!;
      askDepth += top[i + 3]!;
    }
    const grid = this.#grid;
    grid.set("bidPrice", top[0]!);
    grid.set("bidSize", top[1]!);
    grid.set("askPrice", top[2]!);
    grid.set("askSize", top[3]!);
    grid.set("bidDepth5", bidDepth);
    grid.set("askDepth5", askDepth);
  }
}
