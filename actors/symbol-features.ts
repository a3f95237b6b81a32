/** One symbol's feature vectors: the `market` set always, any other set where a served model reads it. */
import type { FeatureVector } from "../engine/domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Funding,
  OpenInterest,
  Quote,
  Trade,
} from "../engine/domain/market-event.ts";
import type {
  EventFeatures,
  Received,
} from "../engine/features/event-features.ts";
import { FeatureSet } from "../engine/features/feature-set.ts";
import type {
  DeclaredSet,
  FeatureInput,
} from "../engine/features/feature-declaration.ts";
import {
  FEATURE_SETS,
  GRID_SETS,
  createEventFeatures,
} from "../engine/features/feature-sets.ts";
import type { EventFeatureOptions } from "../engine/features/feature-sets.ts";
import { rowsOf } from "../engine/features/input-windows.ts";
import { MINUTE_MS } from "../engine/features/live-bar-features.ts";
import { NEWS_SET } from "../engine/features/news-windows.ts";
import type { Article } from "../engine/features/news-windows.ts";
import { StaleWatch } from "../engine/features/stale-watch.ts";
import type { OrderBook } from "../engine/market/order-book.ts";
import type { ServedModel } from "../engine/ports.ts";
import type { StaleCounters } from "./stale-counters.ts";

const hashOf = (model: ServedModel): string | undefined =>
  model.featureConstantsHash ?? model.featureSchemaHash;

/** Sets among those that the models read. */
const setsOf = (models: readonly ServedModel[]): DeclaredSet[] =>
  FEATURE_SETS.filter(({ hash }) =>
    models.some(({ featureSchemaHash }) => featureSchemaHash === hash),
  );

/** What their windows are made of, beside bars. */
const rowSetsOf = (models: readonly ServedModel[]): DeclaredSet[] =>
  models.flatMap(({ window }) =>
    window === undefined ? [] : (rowsOf(window) ?? []),
  );

/** Whether a model reads what the input gives. */
export const isRead = (
  input: FeatureInput,
  models: readonly ServedModel[],
): boolean =>
  [...setsOf(models), ...rowSetsOf(models)].some(({ features }) =>
    features.some(({ inputs }) => inputs.includes(input)),
  );

/** Whether a model reads a set of minutes. */
export const readsMinutes = (models: readonly ServedModel[]): boolean =>
  setsOf(models).some((set) => GRID_SETS.includes(set));

const SLOW_SETS: ReadonlySet<DeclaredSet> = new Set([...GRID_SETS, NEWS_SET]);

export class SymbolFeatures {
  readonly market = new FeatureSet();
  /** By set and constants. */
  readonly #byHash = new Map<string, EventFeatures>();
  /** Those besides `market` that a model reads: a set that none reads costs nothing, one that models read with the same constants is one. */
  readonly #others: readonly EventFeatures[];

  /** Those that a served model judges by. */
  readonly judged: readonly EventFeatures[];
  readonly #watches: readonly StaleWatch[];

  constructor(
    models: readonly ServedModel[],
    options: EventFeatureOptions,
    counters: StaleCounters,
  ) {
    for (const model of models) {
      const hash = hashOf(model);
      const set = FEATURE_SETS.find(
        (candidate) => candidate.hash === model.featureSchemaHash,
      );
      if (hash === undefined || set === undefined) continue;
      if (set === this.market.schema || this.#byHash.has(hash)) continue;
      const constants = model.featureConstants;
      const features = createEventFeatures(set, {
        ...options,
        ...(constants === undefined ? {} : { constants }),
      });
      this.#byHash.set(hash, features);
    }
    this.#others = [...this.#byHash.values()];
    const judging = models.filter(({ input }) => input === "features");
    this.judged = [...new Set(judging.map((model) => this.of(model)))];
    this.#watches = this.judged.map(
      (features) =>
        new StaleWatch(features, (reads) =>
          counters.stale(features.schema.name, reads),
        ),
    );
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

  /** Closed bars of the features' interval, and minutes where a model reads sets of minutes. */
  onBar(bar: Bar): void {
    if (bar.intervalMs !== MINUTE_MS) this.market.onBar(bar);
    else for (const features of this.#others) features.onBar(bar);
  }

  onFunding(funding: Funding): void {
    for (const features of this.#others) features.onFunding?.(funding);
  }

  onOpenInterest(event: OpenInterest): void {
    for (const features of this.#others) features.onOpenInterest?.(event);
  }

  onArticle(article: Article): void {
    for (const features of this.#others) features.onArticle?.(article);
  }

  /** Those that take hours to warm up, by set and constants; the others run on a clock that does not stand still over an absence. */
  *kept(): Generator<readonly [string, Float64Array]> {
    for (const [hash, features] of this.#byHash)
      if (SLOW_SETS.has(features.schema)) yield [hash, features.snapshot()];
  }

  /** From what was kept, where there is anything; `byNs`: how far our clock has been set since. */
  recall(
    keptOf: (hash: string) => Float64Array | undefined,
    book: OrderBook | undefined,
    byNs: number,
  ): void {
    for (const [hash, features] of this.#byHash) {
      const kept = SLOW_SETS.has(features.schema) ? keptOf(hash) : undefined;
      if (kept === undefined) continue;
      const before = features.snapshot();
      try {
        features.restore(kept, book);
      } catch (error) {
        features.restore(before, book);
        throw error;
      }
      features.moveClock?.(byNs);
    }
  }

  /** Once a turn: each set's vector is then in its `values`. */
  write(book: OrderBook, latest: Received): FeatureVector {
    for (const features of this.#others) features.write(book, latest);
    const values = this.market.write(book, latest);
    for (const watch of this.#watches) watch.check(latest);
    return values;
  }
}
