/** A read-only window into the symbol actors of this thread, for the API and the page. */
import type { Levels } from "../engine/domain/market-event.ts";
import type { FeatureVector } from "../engine/domain/feature.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { staleFeatures } from "../engine/features/event-features.ts";
import type { Received } from "../engine/features/event-features.ts";
import type { FeatureInput } from "../engine/features/feature-declaration.ts";
import type {
  BayesWeights,
  WeightView,
} from "../engine/fusion/bayes-weights.ts";
import type { BookReason, BookState } from "../engine/domain/signal.ts";
import type { BookSync } from "../engine/market/book-sync.ts";
import type { DerivativeState } from "../engine/market/derivative-state.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import { nsToMs } from "../engine/std/time.ts";
import type { Clock, MonoNanos } from "../engine/std/time.ts";
import type { SymbolFeatures } from "./symbol-features.ts";
import type { SymbolSlot } from "./symbol-slot.ts";

/** What an actor shows while it is up. */
export interface SymbolInside {
  readonly slot: SymbolSlot;
  readonly sync: BookSync;
  readonly derivative: DerivativeState;
  readonly book: OrderBook;
  readonly features: SymbolFeatures;
  readonly weights: BayesWeights;
  readonly clock: Clock;
}

export interface Depth {
  readonly seq: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

/** How one symbol is, for an operator. Ages are Infinity for what never was. */
export interface SymbolHealth {
  readonly symbol: SymbolId;
  readonly state: BookState;
  readonly reason: BookReason;
  /** How long it has been so. */
  readonly forMs: number;
  readonly seq: number;
  readonly bidPrice: number;
  readonly askPrice: number;
  /** Since the actor's last start. */
  readonly gaps: number;
  readonly crossed: number;
  /** Snapshots asked for, ever. */
  readonly resyncs: number;
  readonly lastError: ErrorCode | undefined;
  readonly lastErrorAgeMs: number;
  readonly fundingRate: number;
  readonly fundingAgeMs: number;
  readonly openInterest: number;
  readonly openInterestAgeMs: number;
}

/** Of one set that models judge by. */
export interface FeatureHealth {
  readonly set: string;
  readonly isWarm: boolean;
  /** For want of it no model of the set is asked, as of the last turn. */
  readonly staleInput: FeatureInput | undefined;
  /** Features that are out of date. */
  readonly stale: readonly string[];
}

export class SymbolInspector {
  readonly #insides = new Map<SymbolId, SymbolInside>();

  opened(symbol: SymbolId, inside: SymbolInside): void {
    this.#insides.set(symbol, inside);
  }

  closed(symbol: SymbolId): void {
    this.#insides.delete(symbol);
  }

  /** The actor's own, to be read and not kept. */
  of(symbol: SymbolId): SymbolInside | undefined {
    return this.#insides.get(symbol);
  }

  symbols(): SymbolId[] {
    return [...this.#insides.keys()];
  }

  stateOf(symbol: SymbolId): BookState | undefined {
    return this.#insides.get(symbol)?.sync.state;
  }

  /** The time is the asker's: an actor's own clock readings are part of its record. */
  health(symbol: SymbolId, nowNs: MonoNanos): SymbolHealth | undefined {
    const inside = this.#insides.get(symbol);
    return inside === undefined ? undefined : healthOf(symbol, inside, nowNs);
  }

  weights(symbol: SymbolId): WeightView[] | undefined {
    const inside = this.#insides.get(symbol);
    return inside?.weights.views(inside.clock.nowNs());
  }

  /** The vector of the last turn, copied; undefined until the features are warm. */
  features(symbol: SymbolId): FeatureVector | undefined {
    const market = this.#insides.get(symbol)?.features.market;
    return market?.isWarm === true ? market.values.slice() : undefined;
  }

  /** How what its models judge by is, as of the asker's time: a look changes nothing. */
  featureHealth(symbol: SymbolId, now: Received): FeatureHealth[] {
    return (this.#insides.get(symbol)?.features.judged ?? []).map(
      (features) => ({
        set: features.schema.name,
        isWarm: features.isWarm,
        staleInput: features.staleInput,
        stale: staleFeatures(features, now),
      }),
    );
  }

  /** The best levels, flat and interleaved as on the wire; copied, so the caller's to keep. */
  depth(symbol: SymbolId, levelsMax: number): Depth | undefined {
    const inside = this.#insides.get(symbol);
    if (inside === undefined) return undefined;
    const { book } = inside;
    const bids: number[] = [];
    const asks: number[] = [];
    for (let i = 0; i < Math.min(levelsMax, book.bidCount); i++)
      bids.push(book.bidPrice(i), book.bidSize(i));
    for (let i = 0; i < Math.min(levelsMax, book.askCount); i++)
      asks.push(book.askPrice(i), book.askSize(i));
    return { seq: book.seq, bids, asks };
  }
}

const healthOf = (
  symbol: SymbolId,
  { slot, sync, book, derivative }: SymbolInside,
  nowNs: MonoNanos,
): SymbolHealth => ({
  symbol,
  state: sync.state,
  reason: sync.reason,
  forMs: slot.state === undefined ? 0 : nsToMs(nowNs - slot.sinceNs),
  seq: book.seq,
  bidPrice: book.bidPrice(0),
  askPrice: book.askPrice(0),
  gaps: sync.counts.gaps,
  crossed: sync.counts.crossed,
  resyncs: slot.resyncs,
  lastError: slot.lastError,
  lastErrorAgeMs:
    slot.lastError === undefined ? Infinity : nsToMs(nowNs - slot.lastErrorNs),
  fundingRate: derivative.fundingRate,
  fundingAgeMs: derivative.fundingAgeMs(nowNs),
  openInterest: derivative.openInterest,
  openInterestAgeMs: derivative.openInterestAgeMs(nowNs),
});
