import { describe, expect, it } from "vitest";
import type { Prediction } from "./domain/prediction.ts";
import { symbolId } from "./domain/symbol.ts";
import type { Inference, InferenceRequest } from "./ports.ts";
import { SettlingInference } from "./settling-inference.ts";
import { monoNanos } from "./std/time.ts";

const request = (model: string): InferenceRequest => ({
  model,
  symbol: symbolId("AAA.SIM"),
  input: { kind: "text", text: model, headlineId: model },
  basisNs: monoNanos(0),
  deadlineNs: monoNanos(1e9),
});

/** Answers when told to, in any order. */
class ManualInference implements Inference {
  readonly models = [];
  readonly answers = new Map<string, () => void>();
  readonly pending = 0;

  inline(): undefined {
    return undefined;
  }

  submit(
    { model }: InferenceRequest,
    onPrediction: (p: Prediction) => void,
  ): void {
    this.answers.set(model, () => onPrediction({ model } as Prediction));
  }
}

describe("SettlingInference", () => {
  it("hands answers out in the order of asking, once all have come", async () => {
    const inner = new ManualInference();
    const settling = new SettlingInference(inner);
    const heard: string[] = [];
    for (const model of ["slow", "fast"])
      settling.submit(
        request(model),
        (prediction) => heard.push(prediction.model),
        () => heard.push("miss"),
      );
    expect(settling.pending).toBe(2);
    inner.answers.get("fast")!();
    const settled = settling.settle();
    await Promise.resolve();
    expect(heard).toEqual([]);
    inner.answers.get("slow")!();
    await settled;
    expect(heard).toEqual(["slow", "fast"]);
    expect(settling.pending).toBe(0);
  });

  it("keeps what an answer asks for until the next settling", async () => {
    const inner = new ManualInference();
    const settling = new SettlingInference(inner);
    settling.submit(
      request("first"),
      () =>
        settling.submit(
          request("second"),
          () => undefined,
          () => undefined,
        ),
      () => undefined,
    );
    inner.answers.get("first")!();
    await settling.settle();
    expect(settling.pending).toBe(1);
  });
});
