/** What stood beside each bar of a file at its close, out of other files: the leading symbol's close, the funding rate, the news. */
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar } from "../domain/market-event.ts";
import type { FeatureInput } from "../features/feature-declaration.ts";
import type { GridFeatures } from "../features/grid-features.ts";
import { NEWS_SET, NewsWindows } from "../features/news-windows.ts";
import type { Article } from "../features/news-windows.ts";
import type { FundingRate } from "./funding-file.ts";

export interface BesideBarsOptions {
  /** Bars of the leading symbol, of the same interval. */
  readonly leader?: readonly Bar[];
  /** In order of time, as are the articles. */
  readonly funding?: readonly FundingRate[];
  readonly articles?: readonly Article[];
}

/** A rate that was paid stands until the next one, which is never further away than this. */
const FUNDING_KEEP_US = 8 * 3_600_000_000;

export class BesideBars {
  readonly given: ReadonlySet<FeatureInput>;
  /** The news set's values as of the last `writeNews`. */
  readonly news: FeatureVector = new Float64Array(NEWS_SET.features.length);
  readonly #grid: GridFeatures;
  readonly #intervalUs: number;
  readonly #leaderCloses: ReadonlyMap<number, number>;
  readonly #funding: readonly FundingRate[];
  readonly #articles: readonly Article[];
  readonly #windows = new NewsWindows();
  #nextFunding = 0;
  #nextArticle = 0;

  constructor(
    grid: GridFeatures,
    intervalUs: number,
    { leader, funding, articles }: BesideBarsOptions,
  ) {
    this.#grid = grid;
    this.#intervalUs = intervalUs;
    this.#leaderCloses = new Map(
      leader?.map(({ openUs, close }) => [openUs, close]),
    );
    this.#funding = funding ?? [];
    this.#articles = articles ?? [];
    this.given = new Set<FeatureInput>([
      "bar",
      ...(leader === undefined ? [] : (["otherBar"] as const)),
      ...(funding === undefined ? [] : (["funding"] as const)),
      ...(articles === undefined ? [] : (["headline"] as const)),
    ]);
  }

  /** Right before the bar that opened then becomes a row: what was known when it closed. */
  settle(openUs: number): void {
    const grid = this.#grid;
    const closeUs = openUs + this.#intervalUs;
    grid.set("otherClose", this.#leaderCloses.get(openUs) ?? NaN);
    grid.set("fundingRate", this.#fundingAt(closeUs));
    this.#hear(closeUs);
    const { sentiment, momentum } = this.#windows.moodAt(closeUs);
    grid.set("sentiment", sentiment);
    grid.set("sentimentMomentum", momentum);
  }

  /** The news set as of that time. */
  writeNews(us: number): void {
    this.#windows.write(us, this.news, 0);
  }

  #hear(untilUs: number): void {
    const articles = this.#articles;
    for (; this.#nextArticle < articles.length; this.#nextArticle++) {
      const article = articles[this.#nextArticle]!;
      if (article.receivedUs > untilUs) return;
      this.#windows.onArticle(article);
    }
  }

  #fundingAt(us: number): number {
    const funding = this.#funding;
    while ((funding[this.#nextFunding]?.us ?? Infinity) <= us)
      this.#nextFunding++;
    const last = funding[this.#nextFunding - 1];
    return last !== undefined && us - last.us <= FUNDING_KEEP_US
      ? last.rate
      : NaN;
  }
}
