/** Several sets of one symbol's events as one vector, for export and study. */
import type { FeatureVector } from "../domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Funding,
  OpenInterest,
  Quote,
  Trade,
} from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredSet, FeatureInput } from "./feature-declaration.ts";
import type { Article } from "./news-windows.ts";

export class JoinedFeatures implements EventFeatures {
  readonly schema: DeclaredSet;
  readonly values: FeatureVector;
  readonly #parts: readonly EventFeatures[];

  constructor(parts: readonly EventFeatures[]) {
    this.#parts = parts;
    this.schema = declareSet({
      name: parts.map(({ schema }) => schema.name).join("+"),
      version: 1,
      title: parts.map(({ schema }) => schema.title).join("; "),
      // A name that two sets have is told apart by its set.
      features: parts.flatMap(({ schema }, i) =>
        schema.features.map((feature) =>
          parts.some(
            (other, j) =>
              j < i &&
              other.schema.features.some(({ name }) => name === feature.name),
          )
            ? { ...feature, name: `${schema.name}.${feature.name}` }
            : feature,
        ),
      ),
    });
    this.values = new Float64Array(this.schema.features.length);
  }

  get isWarm(): boolean {
    return this.#parts.every((part) => part.isWarm);
  }

  get staleInput(): FeatureInput | undefined {
    return this.#parts.find((part) => part.staleInput !== undefined)
      ?.staleInput;
  }

  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void {
    for (const part of this.#parts) part.onBook(book, event);
  }

  onVoid(): void {
    for (const part of this.#parts) part.onVoid();
  }

  onTrade(trade: Trade): void {
    for (const part of this.#parts) part.onTrade(trade);
  }

  onQuote(quote: Quote): void {
    for (const part of this.#parts) part.onQuote(quote);
  }

  onBar(bar: Bar): void {
    for (const part of this.#parts) part.onBar(bar);
  }

  onFunding(funding: Funding): void {
    for (const part of this.#parts) part.onFunding?.(funding);
  }

  onOpenInterest(event: OpenInterest): void {
    for (const part of this.#parts) part.onOpenInterest?.(event);
  }

  onArticle(article: Article): void {
    for (const part of this.#parts) part.onArticle?.(article);
  }

  ageMs(feature: number, latest: Received): number {
    let at = feature;
    for (const part of this.#parts) {
      if (at < part.values.length) return part.ageMs(at, latest);
      at -= part.values.length;
    }
    return Infinity;
  }

  snapshot(): Float64Array {
    const to = new StateWriter();
    to.numbers(this.values);
    for (const part of this.#parts) {
      const state = part.snapshot();
      to.number(state.length);
      to.numbers(state);
    }
    return to.snapshot();
  }

  restore(snapshot: Float64Array, book: OrderBook | undefined): void {
    const from = new StateReader(snapshot);
    from.numbers(this.values);
    for (const part of this.#parts)
      part.restore(from.take(from.number()), book);
    from.end();
  }

  write(book: OrderBook, latest: Received): FeatureVector {
    let at = 0;
    for (const part of this.#parts) {
      const values = part.write(book, latest);
      this.values.set(values, at);
      at += values.length;
    }
    return this.values;
  }
}
