/** Submits to an Inference and waits for the answers. */
import type {
  Prediction,
  PredictionMiss,
} from "../../engine/domain/prediction.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import type { Inference, ModelInput } from "../../engine/ports.ts";
import { monoNanos, systemClock } from "../../engine/std/time.ts";

export type Answer = Prediction | PredictionMiss;

export const isMiss = (answer: Answer): answer is PredictionMiss =>
  "code" in answer;

export const ask = (
  inference: Pick<Inference, "submit">,
  model: string,
  input: ModelInput,
  deadlineMs = 10_000,
  symbol = "BTCUSDT.TEST",
): Promise<Answer> =>
  new Promise((resolve, reject) => {
    let answers = 0;
    const once = (answer: Answer): void => {
      if (++answers > 1) reject(new Error("answered twice"));
      resolve(answer);
    };
    const nowNs = systemClock.nowNs();
    inference.submit(
      {
        model,
        symbol: symbolId(symbol),
        input,
        basisNs: nowNs,
        deadlineNs: monoNanos(nowNs + deadlineMs * 1e6),
      },
      once,
      once,
    );
    if (answers > 0) reject(new Error("answered inside the call"));
  });

/** `probability` or the code of the miss. */
export const outcome = (answer: Answer): number | string =>
  isMiss(answer) ? answer.code : answer.probability;

export const features = (...values: number[]): ModelInput => ({
  kind: "features",
  values: Float64Array.from(values),
});

export const text = (content: string, headlineId = "h1"): ModelInput => ({
  kind: "text",
  text: content,
  headlineId,
});
