/** A headline with what the sentiment model said of it, as the news windows count it. */
import type { Headline } from "../engine/domain/headline.ts";
import type { Prediction } from "../engine/domain/prediction.ts";
import type { Article } from "../engine/features/news-windows.ts";
import type { UnixMicros } from "../engine/std/time.ts";

/**
 * Undefined for what is no sentiment. A headline counts from when its verdict is known, not from when it came: nothing could judge by it before.
 * A verdict states the greatest of three probabilities and the difference of two; together they are 1.
 */
export const judgedArticle = (
  headline: Headline,
  { confidence, detail }: Prediction,
  knownUs: UnixMicros,
): Article | undefined => {
  if (detail?.kind !== "sentiment") return undefined;
  const { label, score } = detail;
  const positive =
    label === "positive"
      ? confidence
      : label === "negative"
        ? confidence + score
        : (1 - confidence + score) / 2;
  return {
    publishedUs: headline.eventUs,
    receivedUs: knownUs,
    positive,
    negative: positive - score,
    neutral: 1 - 2 * positive + score,
    headline: headline.text,
    source: headline.source,
  };
};
