/** Probabilities of a few fixed answers, from the logits at the tokens where they part: no text is generated, so no other answer exists. */
import { CodedError } from "../../engine/std/errors.ts";

/** Logits of `candidates` as the next token after the prompt and `path`. */
export type ScoreNext = (
  path: readonly number[],
  candidates: readonly number[],
) => Promise<readonly number[]>;

/** `answers` are token sequences, none the beginning of another; the result is in their order and adds up to 1. */
export const labelProbabilities = async (
  answers: readonly (readonly number[])[],
  scoreNext: ScoreNext,
): Promise<number[]> => {
  const probabilities = answers.map(() => 0);
  await share(
    answers,
    answers.map((_, i) => i),
    0,
    1,
    probabilities,
    scoreNext,
  );
  return probabilities;
};

/** Splits `mass` over the answers of `group`, which agree on their first `depth` tokens. */
const share = async (
  answers: readonly (readonly number[])[],
  group: readonly number[],
  depth: number,
  mass: number,
  probabilities: number[],
  scoreNext: ScoreNext,
): Promise<void> => {
  const only = group[0]!;
  if (group.length === 1) {
    probabilities[only] = mass;
    return;
  }
  const branches = new Map<number, number[]>();
  for (const i of group) {
    const token = answers[i]![depth];
    if (token === undefined)
      throw new CodedError("E_MODEL_CONTRACT", {
        detail: "one answer is the beginning of another",
      });
    const branch = branches.get(token);
    if (branch === undefined) branches.set(token, [i]);
    else branch.push(i);
  }
  if (branches.size === 1) {
    await share(answers, group, depth + 1, mass, probabilities, scoreNext);
    return;
  }
  const candidates = [...branches.keys()];
  const logits = await scoreNext(answers[only]!.slice(0, depth), candidates);
  const max = Math.max(...logits);
  const powers = logits.map((logit) => Math.exp(logit - max));
  const sum = powers.reduce((total, power) => total + power, 0);
  if (powers.length !== candidates.length || !Number.isFinite(sum))
    throw new CodedError("E_MODEL_OUTPUT", { detail: "logits" });
  let k = 0;
  for (const branch of branches.values())
    await share(
      answers,
      branch,
      depth + 1,
      (mass * powers[k++]!) / sum,
      probabilities,
      scoreNext,
    );
};
