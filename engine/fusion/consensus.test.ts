import { describe, expect, it } from "vitest";
import { consensus } from "./consensus.ts";

const positive = (confidence: number) =>
  ({ label: "positive", confidence }) as const;
const negative = (confidence: number) =>
  ({ label: "negative", confidence }) as const;

describe("the consensus of FinBERT and LLaMA", () => {
  it("is confident by at least 0.8 when both agree", () => {
    expect(consensus(positive(0.55), positive(0.1))).toEqual({
      label: "positive",
      confidence: 0.8,
      score: 0.8,
    });
    expect(consensus(negative(0.95), negative(0.1))).toEqual({
      label: "negative",
      confidence: 0.95,
      score: -0.95,
    });
  });

  it("is FinBERT's when they differ and FinBERT is sure", () => {
    expect(consensus(positive(0.6), negative(0.99))).toEqual({
      label: "positive",
      confidence: 0.6,
      score: 0.6,
    });
  });

  it("is LLaMA's at 0.6 when they differ and FinBERT is not sure", () => {
    expect(consensus(positive(0.59), negative(0.99))).toEqual({
      label: "negative",
      confidence: 0.6,
      score: -0.6,
    });
  });

  it("is the only one's that spoke", () => {
    expect(consensus(negative(0.4), undefined)).toEqual({
      label: "negative",
      confidence: 0.4,
      score: -0.4,
    });
    expect(consensus(undefined, positive(0.9))).toEqual({
      label: "positive",
      confidence: 0.6,
      score: 0.6,
    });
  });

  it("is none when neither spoke", () => {
    expect(consensus(undefined, undefined)).toBeUndefined();
  });

  it("scores neutral as 0", () => {
    expect(
      consensus({ label: "neutral", confidence: 0.9 }, undefined)?.score,
    ).toBe(0);
  });
});
