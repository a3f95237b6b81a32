/** A read-only window into the symbol actors of this thread, for the API and the page. */
import type { Levels } from "../engine/domain/market-event.ts";
import type { FeatureVector } from "../engine/domain/feature.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { FeatureSet } from "../engine/features/feature-set.ts";
import type {
  BayesWeights,
  WeightView,
} from "../engine/fusion/bayes-weights.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { Clock } from "../engine/std/time.ts";

/** What an actor shows while it is up. */
export interface SymbolInside {
  readonly book: OrderBook;
  readonly features: FeatureSet;
  readonly weights: BayesWeights;
  readonly clock: Clock;
}

export interface Depth {
  readonly seq: number;
  readonly bids: Levels;
  readonly asks: Levels;
}

export class SymbolInspector {
  readonly #insides = new Map<SymbolId, SymbolInside>();

  opened(symbol: SymbolId, inside: SymbolInside): void {
    this.#insides.set(symbol, inside);
  }

  closed(symbol: SymbolId): void {
    this.#insides.delete(symbol);
  }

  symbols(): SymbolId[] {
    return [...this.#insides.keys()];
  }

  weights(symbol: SymbolId): WeightView[] | undefined {
    const inside = this.#insides.get(symbol);
    return inside?.weights.views(inside.clock.nowNs());
  }

  /** The vector of the last turn, copied; undefined until the features are warm. */
  features(symbol: SymbolId): FeatureVector | undefined {
    const features = this.#insides.get(symbol)?.features;
    return features?.isWarm === true ? features.values.slice() : undefined;
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
