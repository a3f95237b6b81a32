import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Headline } from "../engine/domain/headline.ts";
import type { Prediction } from "../engine/domain/prediction.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import { judgedArticle } from "./judged-article.ts";

const HEADLINE: Headline = {
  id: "1",
  text: "bitcoin rises",
  source: "wire",
  symbols: [],
  eventUs: unixMicros(5),
  receivedUs: unixMicros(6),
  receivedNs: monoNanos(6),
};

const VERDICT: Prediction = {
  symbol: symbolId("BTCUSDT.SIM"),
  model: "finbert",
  version: "1",
  family: "sentiment",
  probability: 0.6,
  confidence: 0.5,
  horizonMs: 1,
  ttlMs: 1,
  basisNs: monoNanos(6),
};

const LABELS = ["positive", "negative", "neutral"] as const;

describe("a judged article", () => {
  it("has the probabilities that the model gave", () => {
    fc.assert(
      fc.property(
        fc
          .tuple(
            fc.integer({ min: 0, max: 1000 }),
            fc.integer({ min: 0, max: 1000 }),
            fc.integer({ min: 1, max: 1000 }),
          )
          .map((parts) => {
            const sum = parts[0] + parts[1] + parts[2];
            return parts.map((part) => part / sum);
          }),
        ([positive = 0, negative = 0, neutral = 0]) => {
          const all = [positive, negative, neutral];
          const confidence = Math.max(...all);
          const article = judgedArticle(
            HEADLINE,
            {
              ...VERDICT,
              confidence,
              detail: {
                kind: "sentiment",
                label: LABELS[all.indexOf(confidence)]!,
                score: positive - negative,
                headlineId: "1",
              },
            },
            unixMicros(9),
          )!;
          expect(article.positive).toBeCloseTo(positive, 12);
          expect(article.negative).toBeCloseTo(negative, 12);
          expect(article.neutral).toBeCloseTo(neutral, 12);
        },
      ),
      { numRuns: 50 },
    );
  });

  it("counts from when its verdict is known", () => {
    const detail = {
      kind: "sentiment",
      label: "neutral",
      score: 0,
      headlineId: "1",
    } as const;
    expect(
      judgedArticle(HEADLINE, { ...VERDICT, detail }, unixMicros(9)),
    ).toMatchObject({
      publishedUs: 5,
      receivedUs: 9,
      headline: "bitcoin rises",
      source: "wire",
    });
    expect(judgedArticle(HEADLINE, VERDICT, unixMicros(9))).toBeUndefined();
  });
});
