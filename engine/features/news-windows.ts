/**
 * The news features: articles by the hour, told when the hour is over. A window is stamped by its end, so that nothing is known before it could
 * be. An article counts in the hour in which it came, whatever its date says: publishers' clocks err, and one dated ahead would move all others.
 */
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredFeature } from "./feature-declaration.ts";

export interface Article {
  /** As its publisher dates it: nothing is placed or aged by it. */
  readonly publishedUs: number;
  readonly receivedUs: number;
  /** Of the sentiment model; they add up to 1. */
  readonly positive: number;
  readonly negative: number;
  readonly neutral: number;
  readonly headline: string;
  readonly source: string;
}

export interface LatestArticle {
  /** End of the window. */
  readonly signalUs: number;
  /** At most 100 characters. */
  readonly headline: string;
  readonly source: string;
}

export const NEWS_WINDOW_MS = 3_600_000;
/** Windows that ended longer ago are no news. */
export const NEWS_KEEP_MS = 6 * NEWS_WINDOW_MS;
const HEADLINE_MAX = 100;
const SIGNAL_SENTIMENT = 0.2;
const SIGNAL_STRENGTH = 0.3;

const feature = (
  name: string,
  unit: string,
  formula: string,
): DeclaredFeature => ({
  name,
  unit,
  formula,
  source: "fx-ml-pipeline, news layer, with windows stamped by their end",
  window: "last closed hour, up to 6 h old",
  warmUp: { count: 1, unit: "events" },
  settled: { count: NEWS_KEEP_MS + NEWS_WINDOW_MS, unit: "ms" },
  missing: "neutral",
  inputs: ["headline"],
  staleAfterMs: NEWS_KEEP_MS,
});

export const NEWS_SET = declareSet({
  name: "news",
  version: 2,
  title: "sentiment of the last closed hour of news",
  features: [
    feature(
      "news_signal_time",
      "s",
      "end of the window, seconds since the epoch; 0 without news",
    ),
    feature(
      "news_avg_sentiment",
      "ratio in [-1, 1]",
      "mean of P(positive) - P(negative); 0 without news",
    ),
    feature(
      "news_quality_score",
      "0 to 1",
      "mean of the greatest probability; 0 without news",
    ),
    feature(
      "news_article_count",
      "number",
      "articles in the window; 0 without news",
    ),
    feature(
      "news_signal_strength",
      "0 to 1",
      "abs(news_avg_sentiment) news_quality_score",
    ),
    feature(
      "news_trading_signal",
      "-1, 0 or 1",
      "sign of news_avg_sentiment if beyond 0.2 and news_signal_strength > 0.3; else 0",
    ),
    feature(
      "news_positive_prob",
      "0 to 1",
      "mean of P(positive); 0 without news",
    ),
    feature(
      "news_negative_prob",
      "0 to 1",
      "mean of P(negative); 0 without news",
    ),
    feature(
      "news_neutral_prob",
      "0 to 1",
      "mean of P(neutral); 0 without news",
    ),
    feature(
      "news_age_minutes",
      "minutes",
      "time since news_signal_time, 0 to 360; 360 without news",
    ),
    feature(
      "news_available",
      "0 or 1",
      "1 if a window with articles ended in the last 6 h",
    ),
  ],
});

/** Positions in a window. */
const INDEX = 0;
const COUNT = 1;
const SCORE = 2;
const QUALITY = 3;
const POSITIVE = 4;
const NEGATIVE = 5;
const NEUTRAL = 6;
const FIELDS = 7;

const WINDOW_US = NEWS_WINDOW_MS * 1000;

export class NewsWindows {
  /** The window in progress and the last one with articles that is over. */
  readonly #open = new Float64Array(FIELDS);
  readonly #closed = new Float64Array(FIELDS);
  /** Mean sentiment of the window right before the closed one; 0 where it had no articles. */
  #scoreBefore = 0;
  #openText: LatestArticle | undefined;
  #latest: LatestArticle | undefined;

  constructor() {
    this.#open[INDEX] = NaN;
    this.#closed[INDEX] = NaN;
  }

  save(to: StateWriter): void {
    to.numbers(this.#open);
    to.numbers(this.#closed);
    to.number(this.#scoreBefore);
    for (const text of [this.#openText, this.#latest]) {
      to.flag(text !== undefined);
      if (text === undefined) continue;
      to.number(text.signalUs);
      to.text(text.headline);
      to.text(text.source);
    }
  }

  load(from: StateReader): void {
    from.numbers(this.#open);
    from.numbers(this.#closed);
    this.#scoreBefore = from.number();
    const text = (): LatestArticle | undefined =>
      from.flag()
        ? {
            signalUs: from.number(),
            headline: from.text(),
            source: from.text(),
          }
        : undefined;
    this.#openText = text();
    this.#latest = text();
  }

  /** Age of the window that the features are of; Infinity without one. A look: whoever asks closes nothing, as his clock may be ahead of the news. */
  ageMs(us: number): number {
    const open = this.#open;
    const isOver = open[COUNT]! > 0 && us >= (open[INDEX]! + 1) * WINDOW_US;
    const last = isOver ? open : this.#closed;
    const ageMs = (us - (last[INDEX]! + 1) * WINDOW_US) / 1000;
    return ageMs >= 0 && ageMs <= NEWS_KEEP_MS ? ageMs : Infinity;
  }

  /** Articles come in the order in which they are received. */
  onArticle(article: Article): void {
    const { receivedUs, positive, negative, neutral } = article;
    let index = Math.floor(receivedUs / WINDOW_US);
    // A window that was told does not change: what a clock that went back says is of the next one.
    if (index <= this.#closed[INDEX]!) index = this.#closed[INDEX]! + 1;
    const open = this.#open;
    if (index > open[INDEX]!) this.#close();
    // Written so that the first, and one from a clock that went back, count in the window in progress.
    if (!(index <= open[INDEX]!)) open[INDEX] = index;
    open[COUNT]! += 1;
    open[SCORE]! += positive - negative;
    open[QUALITY]! += Math.max(positive, negative, neutral);
    open[POSITIVE]! += positive;
    open[NEGATIVE]! += negative;
    open[NEUTRAL]! += neutral;
    this.#openText = {
      signalUs: (open[INDEX]! + 1) * WINDOW_US,
      headline: article.headline.slice(0, HEADLINE_MAX),
      source: article.source,
    };
  }

  /** Text and source of the last article of the window that the features are of. */
  latestAt(us: number): LatestArticle | undefined {
    return this.#isNews(us) ? this.#latest : undefined;
  }

  /** Mean sentiment of the window that counts at that time, and its change from the window before; NaN without news. */
  moodAt(us: number): {
    readonly sentiment: number;
    readonly momentum: number;
  } {
    if (!this.#isNews(us)) return { sentiment: NaN, momentum: NaN };
    const sentiment = this.#closed[SCORE]! / this.#closed[COUNT]!;
    return { sentiment, momentum: sentiment - this.#scoreBefore };
  }

  /** The set's features as of that time, from `into[at]` on. */
  write(us: number, into: Float64Array, at: number): void {
    into.fill(0, at, at + NEWS_SET.features.length);
    into[at + 9] = NEWS_KEEP_MS / 60_000;
    if (!this.#isNews(us)) return;
    const closed = this.#closed;
    const count = closed[COUNT]!;
    const score = closed[SCORE]! / count;
    const quality = closed[QUALITY]! / count;
    const strength = Math.abs(score) * quality;
    const endUs = (closed[INDEX]! + 1) * WINDOW_US;
    into[at] = endUs / 1e6;
    into[at + 1] = score;
    into[at + 2] = quality;
    into[at + 3] = count;
    into[at + 4] = strength;
    if (Math.abs(score) > SIGNAL_SENTIMENT && strength > SIGNAL_STRENGTH)
      into[at + 5] = Math.sign(score);
    into[at + 6] = closed[POSITIVE]! / count;
    into[at + 7] = closed[NEGATIVE]! / count;
    into[at + 8] = closed[NEUTRAL]! / count;
    into[at + 9] = (us - endUs) / 60e6;
    into[at + 10] = 1;
  }

  /** Closes what is over by then; whether there is a window that still counts. */
  #isNews(us: number): boolean {
    if (us >= (this.#open[INDEX]! + 1) * WINDOW_US) this.#close();
    const endUs = (this.#closed[INDEX]! + 1) * WINDOW_US;
    return us >= endUs && us - endUs <= NEWS_KEEP_MS * 1000;
  }

  #close(): void {
    const open = this.#open;
    const closed = this.#closed;
    if (open[COUNT] === 0) return;
    this.#scoreBefore =
      closed[INDEX] === open[INDEX]! - 1 ? closed[SCORE]! / closed[COUNT]! : 0;
    closed.set(open);
    open.fill(0);
    open[INDEX] = NaN;
    this.#latest = this.#openText;
  }
}
