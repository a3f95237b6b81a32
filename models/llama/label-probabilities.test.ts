import { describe, expect, it } from "vitest";
import { labelProbabilities } from "./label-probabilities.ts";
import type { ScoreNext } from "./label-probabilities.ts";

/** Logit of each token, whatever the path; remembers what was asked. */
const scoring = (
  logits: Readonly<Record<number, number>>,
): { scoreNext: ScoreNext; paths: (readonly number[])[] } => {
  const paths: (readonly number[])[] = [];
  return {
    paths,
    scoreNext: (path, candidates) => {
      paths.push(path);
      return Promise.resolve(candidates.map((token) => logits[token]!));
    },
  };
};

describe("probabilities of labels", () => {
  it("are one softmax when the labels part at their first token", async () => {
    const { scoreNext, paths } = scoring({ 1: Math.log(2), 2: 0, 3: 0 });
    const result = await labelProbabilities([[1], [2], [3]], scoreNext);
    expect(result.map((p) => p.toFixed(6))).toEqual([
      "0.500000",
      "0.250000",
      "0.250000",
    ]);
    expect(paths).toEqual([[]]);
  });

  it("multiply along the tokens that labels share", async () => {
    // 9 4 | 9 5 6 | 9 5 7: all share 9, two of them 5 as well.
    const { scoreNext, paths } = scoring({ 4: 0, 5: 0, 6: Math.log(3), 7: 0 });
    const result = await labelProbabilities(
      [
        [9, 4],
        [9, 5, 6],
        [9, 5, 7],
      ],
      scoreNext,
    );
    expect(result[0]).toBeCloseTo(0.5, 9);
    expect(result[1]).toBeCloseTo(0.375, 9);
    expect(result[2]).toBeCloseTo(0.125, 9);
    expect(paths).toEqual([[9], [9, 5]]);
  });

  it("refuse labels that begin one another, and logits that are no numbers", async () => {
    const { scoreNext } = scoring({ 1: 0, 2: 0 });
    await expect(labelProbabilities([[1], [1, 2]], scoreNext)).rejects.toThrow(
      "E_MODEL_CONTRACT",
    );
    await expect(
      labelProbabilities(
        [[1], [3]],
        scoring({ 1: Number.NaN, 3: 0 }).scoreNext,
      ),
    ).rejects.toThrow("E_MODEL_OUTPUT");
  });
});
