/** What two sentiment models make of one text together. */
import type { SentimentLabel } from "../domain/prediction.ts";

export interface SentimentVerdict {
  readonly label: SentimentLabel;
  readonly confidence: number;
}

export type Consensus = SentimentVerdict & {
  /** The label's sign times the confidence, in [-1, 1]. */
  readonly score: number;
};

const AGREED_CONFIDENCE_MIN = 0.8;
/** FinBERT below this gives way to LLaMA, whose word alone is worth as much. */
const FINBERT_CONFIDENCE_MIN = 0.6;
const LLAMA_CONFIDENCE = 0.6;

/** FinBERT's word where it is sure, LLaMA's where it is not; undefined when neither spoke. LLaMA's own confidence is not used. */
export const consensus = (
  finbert: SentimentVerdict | undefined,
  llama: Pick<SentimentVerdict, "label"> | undefined,
): Consensus | undefined => {
  if (finbert === undefined)
    return llama && scored(llama.label, LLAMA_CONFIDENCE);
  if (llama === undefined) return scored(finbert.label, finbert.confidence);
  if (finbert.label === llama.label)
    return scored(
      finbert.label,
      Math.max(AGREED_CONFIDENCE_MIN, finbert.confidence),
    );
  return finbert.confidence >= FINBERT_CONFIDENCE_MIN
    ? scored(finbert.label, finbert.confidence)
    : scored(llama.label, LLAMA_CONFIDENCE);
};

const SIGNS = { positive: 1, negative: -1, neutral: 0 } as const;

const scored = (label: SentimentLabel, confidence: number): Consensus => ({
  label,
  confidence,
  score: SIGNS[label] * confidence,
});
