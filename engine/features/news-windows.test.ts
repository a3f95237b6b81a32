import { describe, expect, it } from "vitest";
import { NEWS_SET, NewsWindows } from "./news-windows.ts";
import type { Article } from "./news-windows.ts";

const HOUR_US = 3_600e6;

const article = (
  hours: number,
  positive: number,
  negative: number,
  fields: Partial<Article> = {},
): Article => ({
  publishedUs: hours * HOUR_US,
  receivedUs: hours * HOUR_US,
  positive,
  negative,
  neutral: 1 - positive - negative,
  headline: "Rates are held",
  source: "wire",
  ...fields,
});

const valuesAt = (news: NewsWindows, hours: number) => {
  const values = new Float64Array(NEWS_SET.features.length);
  news.write(hours * HOUR_US, values, 0);
  return Object.fromEntries(
    NEWS_SET.features.map(({ name }, i) => [name, values[i]!]),
  );
};

describe("news windows", () => {
  it("say nothing of an hour before it is over", () => {
    const news = new NewsWindows();
    news.onArticle(article(10.2, 0.8, 0.1));
    expect(valuesAt(news, 10.9)).toMatchObject({
      news_available: 0,
      news_avg_sentiment: 0,
      news_age_minutes: 360,
    });
    expect(news.latestAt(10.9 * HOUR_US)).toBeUndefined();
    expect(valuesAt(news, 11)).toMatchObject({
      news_available: 1,
      news_signal_time: 11 * 3600,
      news_article_count: 1,
      news_trading_signal: 1,
      news_age_minutes: 0,
    });
    expect(news.latestAt(11 * HOUR_US)).toMatchObject({ source: "wire" });
  });

  it("mean over the articles of the hour", () => {
    const news = new NewsWindows();
    news.onArticle(article(10.1, 0.9, 0.1));
    news.onArticle(article(10.5, 0.1, 0.6));
    const values = valuesAt(news, 11.5);
    expect(values.news_avg_sentiment).toBeCloseTo((0.8 - 0.5) / 2, 12);
    expect(values.news_quality_score).toBeCloseTo((0.9 + 0.6) / 2, 12);
    expect(values.news_signal_strength).toBeCloseTo(0.15 * 0.75, 12);
    expect(values.news_trading_signal).toBe(0);
    expect(values.news_age_minutes).toBeCloseTo(30, 9);
  });

  it("count an article that comes after its hour in the hour in which it comes", () => {
    const news = new NewsWindows();
    news.onArticle(article(10.5, 0.9, 0.1));
    const before = valuesAt(news, 11.2);
    news.onArticle(article(10.9, 0, 1, { receivedUs: 11.3 * HOUR_US }));
    expect(valuesAt(news, 11.4)).toMatchObject({
      news_avg_sentiment: before.news_avg_sentiment,
    });
    expect(valuesAt(news, 12)).toMatchObject({
      news_avg_sentiment: -1,
      news_signal_time: 12 * 3600,
    });
  });

  it("count what comes on a clock that went back past a told hour in the next one", () => {
    const news = new NewsWindows();
    news.onArticle(article(10.5, 0.9, 0.1));
    const told = valuesAt(news, 11.1);
    expect(told.news_article_count).toBe(1);
    news.onArticle(article(10.8, 0, 1));
    expect(valuesAt(news, 11.1)).toEqual(told);
    expect(valuesAt(news, 12)).toMatchObject({
      news_avg_sentiment: -1,
      news_article_count: 1,
      news_signal_time: 12 * 3600,
    });
  });

  it.each([
    ["two hours ahead", 12.2 * HOUR_US],
    ["in another age", 1e18],
    ["never", NaN],
    ["long ago", 0],
  ])(
    "place an article dated %s in the hour in which it comes",
    (_, publishedUs) => {
      const news = new NewsWindows();
      news.onArticle(article(9.5, 0.9, 0.1));
      news.onArticle(article(10.2, 0, 1, { publishedUs }));
      expect(valuesAt(news, 10.9)).toMatchObject({
        news_signal_time: 10 * 3600,
        news_trading_signal: 1,
      });
      expect(valuesAt(news, 11.5)).toMatchObject({
        news_signal_time: 11 * 3600,
        news_trading_signal: -1,
        news_age_minutes: 30,
      });
      expect(news.ageMs(11.5 * HOUR_US)).toBe(1_800_000);
      news.onArticle(article(110.2, 0.9, 0.1));
      expect(valuesAt(news, 111)).toMatchObject({
        news_available: 1,
        news_article_count: 1,
        news_age_minutes: 0,
      });
    },
  );

  it("are never of the future, on a clock that went back too", () => {
    const news = new NewsWindows();
    news.onArticle(article(10.5, 1, 0));
    news.onArticle(article(10.1, 1, 0));
    for (const hours of [9, 10.6, 11, 11.1, 10.9, 17, 17.1]) {
      const values = valuesAt(news, hours);
      const isOver = hours >= 11 && hours <= 17;
      expect(values.news_available).toBe(isOver ? 1 : 0);
      expect(values.news_age_minutes).toBeGreaterThanOrEqual(0);
      expect(news.ageMs(hours * HOUR_US)).toBeGreaterThanOrEqual(0);
    }
  });

  it("are not changed by a look at their age from a clock that is ahead", () => {
    const [seen, unseen] = [new NewsWindows(), new NewsWindows()];
    for (const news of [seen, unseen]) {
      news.onArticle(article(10.5, 1, 0));
      if (news === seen) expect(news.ageMs(11 * HOUR_US)).toBe(0);
      news.onArticle(article(10.9, 0, 1));
      expect(valuesAt(news, 11).news_article_count).toBe(2);
    }
  });

  it("are forgotten after six hours, and tell the change of mood between hours that follow", () => {
    const news = new NewsWindows();
    news.onArticle(article(1.5, 1, 0));
    news.onArticle(article(2.5, 0, 1));
    expect(news.moodAt(3.5 * HOUR_US)).toEqual({ sentiment: -1, momentum: -2 });
    expect(valuesAt(news, 9).news_available).toBe(1);
    expect(valuesAt(news, 9.01).news_available).toBe(0);
    expect(news.moodAt(9.01 * HOUR_US).sentiment).toBeNaN();
  });

  it("keep a hundred characters of the last headline", () => {
    const news = new NewsWindows();
    news.onArticle(article(1.5, 1, 0, { headline: "x".repeat(300) }));
    expect(news.latestAt(2 * HOUR_US)!.headline).toHaveLength(100);
  });
});
