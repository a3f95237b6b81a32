/** What one symbol's market events have made of it so far: book, bars, features, funding; what they changed is told, and nothing is concluded. */
import type {
  Funding,
  Gap,
  GapReason,
  MarketEvent,
  OpenInterest,
  Quote,
} from "../engine/domain/market-event.ts";
import type { SignalTrigger } from "../engine/domain/signal.ts";
import { MINUTE_MS } from "../engine/features/live-bar-features.ts";
import type { BarBook } from "../engine/market/bar-book.ts";
import type { BookChange } from "../engine/market/book-change.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { DerivativeState } from "../engine/market/derivative-state.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import type { Reference } from "../engine/market/references.ts";
import type { ServedModel } from "../engine/ports.ts";
import { unreachable } from "../engine/std/assert.ts";
import type { Clock, UnixMicros } from "../engine/std/time.ts";
import { BarKeeper } from "./bar-keeper.ts";
import { symbolBars } from "./symbol-bars.ts";
import type { SymbolCounters } from "./symbol-counters.ts";
import { SymbolFeatures, readsMinutes } from "./symbol-features.ts";
import { SymbolModels } from "./symbol-models.ts";
import type { SymbolActorDeps } from "./symbol-options.ts";
import type { SymbolSlot } from "./symbol-slot.ts";
import { SymbolWindows } from "./symbol-windows.ts";

/** Bars that the features look at, kept so that a symbol comes back with them. */
const FEATURE_BARS = 61;

export class SymbolMarket {
  readonly book: OrderBook;
  readonly sync: BookSync;
  readonly bars: BarBook;
  readonly barKeeper: BarKeeper;
  readonly features: SymbolFeatures;
  readonly windows: SymbolWindows;
  readonly derivative = new DerivativeState();
  /** Where this symbol writes what it stands at, if it is one that others look at. */
  readonly reference: Reference | undefined;
  readonly #slot: SymbolSlot;
  readonly #clock: Clock;
  readonly #counters: SymbolCounters;

  constructor(
    slot: SymbolSlot,
    deps: SymbolActorDeps,
    clock: Clock,
    initialReason: "noSnapshot" | "actorRestarted",
  ) {
    const { options, inference, references } = deps;
    this.#slot = slot;
    this.#clock = clock;
    this.#counters = deps.counters;
    this.reference = references.of(slot.symbol);
    this.book = new OrderBook({
      depthMax: options.depthMax,
      tickSize: deps.instruments.of(slot.symbol)?.tickSize ?? 0,
    });
    this.sync = new BookSync(this.book, { ...options.bookSync, initialReason });
    const leading = references.all.find(({ symbol }) => symbol !== slot.symbol);
    this.features = new SymbolFeatures(
      inference.models,
      leading === undefined ? {} : { leading },
      deps.counters.stale,
    );
    this.windows = new SymbolWindows(inference.models);
    const windows = barWindows(inference.models, options.barIntervalMs);
    const ofFeatures = new Set([options.barIntervalMs, MINUTE_MS]);
    this.bars = symbolBars(
      slot.symbol,
      windows,
      options.bars,
      deps.counters.bars,
      (bar) => {
        this.barKeeper.closed(bar);
        this.windows.onBar(bar);
        if (!ofFeatures.has(bar.intervalMs)) return;
        this.features.onBar(bar);
        this.reference?.closed(bar);
      },
    );
    this.barKeeper = new BarKeeper({
      symbol: slot.symbol,
      bars: this.bars,
      features: this.features,
      windows: this.windows,
      store: deps.store,
      clock,
      log: deps.log,
      everyMs: options.barsEveryMs,
    });
  }

  /** What the event would make us speak about; undefined when it changed nothing. */
  apply(event: MarketEvent): SignalTrigger | undefined {
    this.bars.advanceTo(event);
    switch (event.type) {
      case "bookDelta":
      case "bookSnapshot": {
        const change = this.sync.apply(event);
        this.#counters.bookChanged(change);
        if (change === "delta" || change === "snapshot") {
          this.features.onBook(this.book, event);
          return "book";
        }
        return this.#bookLost(change);
      }
      case "gap": {
        this.bars.onGap(event.reason);
        const change = this.sync.apply(event);
        this.#counters.bookChanged(change);
        return this.#bookLost(change);
      }
      case "trade":
        if (!this.sync.isPlausible(event.price)) {
          this.#counters.suspectPrices.add(1);
          return undefined;
        }
        if (!this.bars.onTrade(event)) return undefined;
        this.features.onTrade(event);
        return "trade";
      case "quote":
        return this.#onQuote(event);
      case "bar":
        return this.bars.onBar(event) ? "bar" : undefined;
      case "funding":
      case "openInterest":
        this.onDerivative(event);
        return undefined;
      default:
        return unreachable(event);
    }
  }

  /** Its own, or of the derivative that it looks at. */
  onDerivative(event: Funding | OpenInterest): void {
    if (event.type === "openInterest") {
      this.derivative.onOpenInterest(event);
      this.features.onOpenInterest(event);
    } else {
      this.derivative.onFunding(event);
      this.features.onFunding(event);
    }
  }

  #onQuote(quote: Quote): SignalTrigger | undefined {
    const { bidPrice, askPrice } = quote;
    // Such a price is no news: the market cannot have gone there within moments.
    if (!this.sync.isPlausible(bidPrice) || !this.sync.isPlausible(askPrice)) {
      this.#counters.suspectPrices.add(1);
      return undefined;
    }
    if (this.sync.onQuote(quote) === "voided") {
      this.#counters.bookChanged("voided");
      return this.#bookLost("voided");
    }
    this.features.onQuote(quote);
    return "quote";
  }

  #bookLost(change: BookChange): SignalTrigger | undefined {
    if (this.sync.isLive) return undefined;
    switch (change) {
      case "voided":
      case "crossed":
      case "locked":
      case "suspect":
      case "rejected":
      case "oneSided":
        this.features.onVoid();
        return "state";
      default:
        return undefined;
    }
  }

  /** No event of the feed says it, but the book cannot be relied on. */
  lose(reason: GapReason, eventUs: UnixMicros): void {
    const gap: Gap = {
      type: "gap",
      symbol: this.#slot.symbol,
      reason,
      eventUs,
      receivedUs: this.#clock.nowUs(),
      receivedNs: this.#clock.nowNs(),
    };
    if (reason === "overflow") this.bars.onGap(reason);
    this.sync.apply(gap);
    this.features.onVoid();
  }
}

/** How many bars of which interval models and features ask for. */
const barWindows = (
  models: readonly ServedModel[],
  barIntervalMs: number,
): Map<number, number> => {
  const windows = SymbolModels.barWindows(models);
  const atLeast = (intervalMs: number, length: number): void =>
    void windows.set(
      intervalMs,
      Math.max(length, windows.get(intervalMs) ?? 0),
    );
  atLeast(barIntervalMs, FEATURE_BARS);
  if (readsMinutes(models)) atLeast(MINUTE_MS, 1);
  return windows;
};
