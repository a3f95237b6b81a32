/** Inference for replay: answers are handed out in the order in which they were asked for, whatever thread was faster. */
import type { Prediction, PredictionMiss } from "./domain/prediction.ts";
import type { Inference, InferenceRequest, InlineModel } from "./ports.ts";

/** One request, in its place in the queue until its answer has come and those before it were handed out. */
interface Ticket {
  deliver: (() => void) | undefined;
}

export class SettlingInference implements Inference {
  readonly #inner: Inference;
  #tickets: Ticket[] = [];
  #answered: (() => void) | undefined;

  constructor(inner: Inference) {
    this.#inner = inner;
  }

  get models() {
    return this.#inner.models;
  }

  get pending(): number {
    return this.#tickets.length;
  }

  inline(model: string): InlineModel | undefined {
    return this.#inner.inline(model);
  }

  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void {
    const ticket: Ticket = { deliver: undefined };
    this.#tickets.push(ticket);
    const answer = (deliver: () => void): void => {
      ticket.deliver = deliver;
      this.#answered?.();
    };
    this.#inner.submit(
      request,
      (prediction) => answer(() => onPrediction(prediction)),
      (miss) => answer(() => onMiss(miss)),
    );
  }

  /** Resolves once every request asked for so far has been answered and handed out. */
  async settle(): Promise<void> {
    while (this.#tickets.some(({ deliver }) => deliver === undefined))
      await new Promise<void>((resolve) => {
        this.#answered = resolve;
      });
    this.#answered = undefined;
    const tickets = this.#tickets;
    // Whatever these answers set off asks anew.
    this.#tickets = [];
    for (const { deliver } of tickets) deliver!();
  }
}
