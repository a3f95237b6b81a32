/** What the two text families share: from three label probabilities to a statement about the price. */
import type { SentimentLabel } from "../engine/domain/prediction.ts";
import { calibratorOf, openProbability } from "./calibration.ts";
import type { Manifest } from "./manifest.ts";
import { contract } from "./model-spec.ts";
import type { Statement } from "./model-spec.ts";

/** How far a certain headline moves the probability from 0.5, unless the manifest's calibration says otherwise. */
const IMPACT_DEFAULT = 0.25;

export type SentimentReading = (probabilities: readonly number[]) => Statement;

export const sentimentLabels = (manifest: Manifest): SentimentLabel[] =>
  manifest.labels.map((label) => {
    if (label !== "positive" && label !== "negative" && label !== "neutral")
      throw contract(`label "${label}"`);
    return label;
  });

/** `probabilities` are in the order of the manifest's labels and add up to 1. */
export const sentimentReading = (manifest: Manifest): SentimentReading => {
  const labels = sentimentLabels(manifest);
  const positive = labels.indexOf("positive");
  const negative = labels.indexOf("negative");
  const { calibration } = manifest;
  const impact =
    calibration.method === "none"
      ? (calibration.impact ?? IMPACT_DEFAULT)
      : IMPACT_DEFAULT;
  const calibrate =
    calibration.method === "none" ? openProbability : calibratorOf(calibration);
  return (probabilities) => {
    let best = 0;
    for (let i = 1; i < labels.length; i++)
      if (probabilities[i]! > probabilities[best]!) best = i;
    const score = probabilities[positive]! - probabilities[negative]!;
    return {
      probability: calibrate(0.5 + impact * score),
      confidence: Math.min(1, probabilities[best]!),
      detail: { kind: "sentiment", label: labels[best]!, score },
    };
  };
};
