/** One symbol's feature vectors: the `market` set always, any other set where a served model reads it. */
import type { FeatureVector } from "../engine/domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Quote,
  Trade,
} from "../engine/domain/market-event.ts";
import type {
  EventFeatures,
  Received,
} from "../engine/features/event-features.ts";
import { FeatureSet } from "../engine/features/feature-set.ts";
import {
  SERVED_SETS,
  createEventFeatures,
} from "../engine/features/feature-sets.ts";
import type { EventFeatureOptions } from "../engine/features/feature-sets.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { ServedModel } from "../engine/ports.ts";
import { assert } from "../engine/std/assert.ts";

const hashOf = (model: ServedModel): string | undefined =>
  model.featureConstantsHash ?? model.featureSchemaHash;

export class SymbolFeatures {
  readonly market = new FeatureSet();
  /** By set and constants. */
  readonly #byHash = new Map<string, EventFeatures>();
  /** Those besides `market` that a model reads: a set that none reads costs nothing, one that models read with the same constants is one. */
  readonly #others: readonly EventFeatures[];

  constructor(models: readonly ServedModel[], options: EventFeatureOptions) {
    for (const model of models) {
      const hash = hashOf(model);
      const set = SERVED_SETS.find(
        (candidate) => candidate.hash === model.featureSchemaHash,
      );
      if (hash === undefined || set === undefined) continue;
      if (set === this.market.schema || this.#byHash.has(hash)) continue;
      const constants = model.featureConstants;
      const features = createEventFeatures(set, {
        ...options,
        ...(constants === undefined ? {} : { constants }),
      });
      assert(features !== undefined, "a served set is made of events");
      this.#byHash.set(hash, features);
    }
    this.#others = [...this.#byHash.values()];
  }

  /** What this model reads; `market` where it names no set. */
  of(model: ServedModel): EventFeatures {
    return this.#byHash.get(hashOf(model) ?? "") ?? this.market;
  }

  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    this.market.onBook(book, event);
    for (const features of this.#others) features.onBook(book, event);
  }

  onVoid(): void {
    this.market.onVoid();
    for (const features of this.#others) features.onVoid();
  }

  onTrade(trade: Trade): void {
    this.market.onTrade(trade);
    for (const features of this.#others) features.onTrade(trade);
  }

  onQuote(quote: Quote): void {
    this.market.onQuote(quote);
    for (const features of this.#others) features.onQuote(quote);
  }

  onBar(bar: Bar): void {
    this.market.onBar(bar);
    for (const features of this.#others) features.onBar(bar);
  }

  /** Once a turn: each set's vector is then in its `values`. */
  write(book: OrderBook, latest: Received): FeatureVector {
    for (const features of this.#others) features.write(book, latest);
    return this.market.write(book, latest);
  }
}
