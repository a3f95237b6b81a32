/** The `news` set over one symbol's own events: the articles that were judged, by the hour, as of the clock on the wall. */
import type { FeatureVector } from "../domain/feature.ts";
import type { OrderBook } from "../market/order-book.ts";
import { StateReader, StateWriter } from "../std/state-snapshot.ts";
import type { EventFeatures, Received } from "./event-features.ts";
import { NEWS_SET, NewsWindows } from "./news-windows.ts";
import type { Article } from "./news-windows.ts";

export class LiveNewsFeatures implements EventFeatures {
  readonly schema = NEWS_SET;
  readonly values: FeatureVector = new Float64Array(NEWS_SET.features.length);
  /** No news says something too. */
  readonly isWarm = true;
  readonly #windows = new NewsWindows();

  onArticle(article: Article): void {
    this.#windows.onArticle(article);
  }

  /** The wall's clock says how old news is. */
  ageMs(_feature: number, { receivedUs }: Received): number {
    return this.#windows.ageMs(receivedUs ?? NaN);
  }

  snapshot(): Float64Array {
    const to = new StateWriter();
    to.numbers(this.values);
    this.#windows.save(to);
    return to.snapshot();
  }

  restore(snapshot: Float64Array): void {
    const from = new StateReader(snapshot);
    from.numbers(this.values);
    this.#windows.load(from);
    from.end();
  }

  write(_book: OrderBook, { receivedUs }: Received): FeatureVector {
    this.#windows.write(receivedUs ?? NaN, this.values, 0);
    return this.values;
  }

  onBook(): void {
    return;
  }

  onVoid(): void {
    return;
  }

  onTrade(): void {
    return;
  }

  onQuote(): void {
    return;
  }

  onBar(): void {
    return;
  }
}
