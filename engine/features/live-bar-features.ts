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
  OpenInterest,
} from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BarAggregator } from "../market/bar-aggregator.ts";
import type { OrderBook } from "../market/order-book.ts";
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { monoNanos, nsToMs, unixMicros } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";
import type { BarSetOptions } from "./bar-set-run.ts";
import { BarSurroundings } from "./bar-surroundings.ts";
import type { LeadingMinutes } from "./bar-surroundings.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import { FEATURE_INPUTS } from "./feature-declaration.ts";
import type { DeclaredSet, FeatureInput } from "./feature-declaration.ts";
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
  /** Since when the last row stands: what the age of bars counts from. */
  #rowNs = Number.NEGATIVE_INFINITY;
  /** Receipt of the event that told the last minute, by the wall's clock, and what `#rowNs` was before it. */
  #toldUs = Number.NEGATIVE_INFINITY;
  #beforeNs = Number.NEGATIVE_INFINITY;
  #staleInput: FeatureInput | undefined = "bar";

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

  get staleInput(): FeatureInput | undefined {
    return this.#staleInput;
  }

  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    this.#beside.onBook(book, event);
  }

  onVoid(): void {
    this.#beside.onVoid();
  }

  onFunding(funding: Funding): void {
    this.#beside.onFunding(funding);
  }

  onOpenInterest(event: OpenInterest): void {
    this.#beside.onOpenInterest(event);
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
      this.#minutes ??= this.#minutesOf(bar.symbol, bar.intervalMs);
      this.#minutes.onBar(bar, "whole");
    }
  }

  /** The vector of the last row of the grid: it stands until the next minute closes. */
  write(_book: OrderBook, latest: Received): FeatureVector {
    const { receivedNs } = latest;
    if (this.#waiting !== undefined) this.#settle(this.#waiting, receivedNs);
    this.#staleInput =
      receivedNs - this.#rowNs > this.#staleNs
        ? "bar"
        : this.#beside.staleInput(latest);
    return this.values;
  }

  ageMs(feature: number, latest: Received): number {
    const { inputs } = this.schema.features[feature]!;
    const rowMs =
      Math.max(0, nsToMs(latest.receivedNs - this.#rowNs)) +
      this.#grid.minutesOld(feature) * MINUTE_MS;
    let oldestMs = 0;
    for (let i = 0; i < inputs.length; i++) {
      const input = inputs[i]!;
      const ageMs = input === "bar" ? rowMs : this.#beside.ageMs(input, latest);
      if (ageMs > oldestMs) oldestMs = ageMs;
    }
    return oldestMs;
  }

  snapshot(): Float64Array {
    const to = new StateWriter();
    this.#grid.save(to);
    this.#beside.save(to);
    to.numbers([this.#rowNs, this.#toldUs, this.#beforeNs]);
    to.text(this.#staleInput ?? "");
    to.flag(this.#waiting !== undefined);
    if (this.#waiting !== undefined) saveMinute(this.#waiting, to);
    to.flag(this.#minutes !== undefined);
    if (this.#minutes !== undefined) {
      to.number(this.#minutes.fromMs);
      to.text(this.#minutes.symbol);
      this.#minutes.save(to);
    }
    return to.snapshot();
  }

  restore(snapshot: Float64Array, book: OrderBook | undefined): void {
    const from = new StateReader(snapshot);
    this.#grid.load(from);
    this.#beside.load(from, book);
    this.#rowNs = from.number();
    this.#toldUs = from.number();
    this.#beforeNs = from.number();
    const stale = from.text();
    this.#staleInput = FEATURE_INPUTS.find((input) => input === stale);
    this.#waiting = from.flag() ? loadMinute(from) : undefined;
    this.#minutes = undefined;
    if (from.flag()) {
      const fromMs = from.number();
      this.#minutes = this.#minutesOf(symbolId(from.text()), fromMs);
      this.#minutes.load(from);
    }
    from.end();
  }

  #minutesOf(symbol: SymbolId, fromMs: number): BarAggregator {
    return new BarAggregator(
      { symbol, fromMs, toMs: MINUTE_MS, firstBar: "skip" },
      (minute) => this.#closed(minute),
    );
  }

  moveClock(byNs: number): void {
    this.#rowNs += byNs;
    this.#beforeNs += byNs;
    if (this.#waiting !== undefined)
      this.#waiting = {
        ...this.#waiting,
        receivedNs: monoNanos(this.#waiting.receivedNs + byNs),
      };
    this.#beside.moveClock(byNs);
  }

  get #lastUs(): number {
    return this.#waiting?.openUs ?? this.#grid.grid.lastOpenUs;
  }

  #closed(minute: Bar): void {
    // Told again, as when bars go on where they were kept.
    if (minute.openUs <= this.#lastUs) return;
    // The one before it has waited long enough.
    if (this.#waiting !== undefined) this.#push(this.#waiting);
    this.#beside.capture(minute);
    this.#waiting = minute;
    this.#settle(minute, minute.receivedNs);
  }

  #settle(minute: Bar, nowNs: MonoNanos): void {
    if (!this.#beside.awaitsLeader(minute, nowNs)) this.#push(minute);
  }

  /** A flat minute that was over when the one before it was told is of a time in which nothing was heard, and makes no row fresh; any other is of a quiet market. */
  #age({ eventUs, receivedUs, receivedNs, volume }: Bar): void {
    if (receivedUs !== this.#toldUs) this.#beforeNs = this.#rowNs;
    this.#rowNs =
      volume > 0 || eventUs > this.#toldUs ? receivedNs : this.#beforeNs;
    this.#toldUs = receivedUs;
  }

  #push(minute: Bar): void {
    this.#waiting = undefined;
    this.#age(minute);
    this.#grid.fillBefore(minute.openUs, (openUs) =>
      this.#beside.settleMissing(openUs, minute),
    );
    this.#beside.settle(minute);
    const { grid } = this.#grid;
    const { restarts } = grid;
    this.#grid.onBar(minute);
    if (grid.restarts !== restarts) this.#beside.forget();
  }
}

/** What the grid and what stands beside it read of a minute. */
const saveMinute = (minute: Bar, to: StateWriter): void => {
  to.text(minute.symbol);
  const { eventUs, receivedUs, receivedNs, openUs } = minute;
  const { open, high, low, close, volume, vwap, trades } = minute;
  to.numbers([eventUs, receivedUs, receivedNs, openUs]);
  to.numbers([open, high, low, close, volume, vwap, trades]);
  to.numbers([minute.buyVolume ?? NaN, minute.sellVolume ?? NaN]);
};

const loadMinute = (from: StateReader): Bar => {
  const minute: Bar = {
    type: "bar",
    symbol: symbolId(from.text()),
    eventUs: unixMicros(from.number()),
    receivedUs: unixMicros(from.number()),
    receivedNs: monoNanos(from.number()),
    openUs: unixMicros(from.number()),
    open: from.number(),
    high: from.number(),
    low: from.number(),
    close: from.number(),
    volume: from.number(),
    vwap: from.number(),
    trades: from.number(),
    intervalMs: MINUTE_MS,
    closed: true,
  };
  const buyVolume = from.number();
  const sellVolume = from.number();
  return Number.isNaN(buyVolume) || Number.isNaN(sellVolume)
    ? minute
    : { ...minute, buyVolume, sellVolume };
};
