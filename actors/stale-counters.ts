/** What did not come, over all symbols, as metrics: who is silent for it, and whose features are out of date. */
import type { ModelName } from "../engine/domain/prediction.ts";
import type { FeatureInput } from "../engine/features/feature-declaration.ts";
import type { Counter, Telemetry } from "../engine/ports.ts";

export class StaleCounters {
  readonly #telemetry: Telemetry;
  readonly #starved = new Map<ModelName, Map<FeatureInput, Counter>>();
  readonly #stale = new Map<string, Map<string, Counter>>();

  constructor(telemetry: Telemetry) {
    this.#telemetry = telemetry;
  }

  /** A turn in which the model was not asked: its features require the input. */
  starved(model: ModelName, input: FeatureInput): void {
    counterOf(this.#starved, model, input, () =>
      this.#telemetry.counter(
        "fusewire_models_starved_total",
        "Turns in which a model was not asked, as an input that its features require was missing or out of date",
        { model, input },
      ),
    ).add(1);
  }

  /** A second in which features that read these inputs were out of date. */
  stale(set: string, reads: string): void {
    counterOf(this.#stale, set, reads, () =>
      this.#telemetry.counter(
        "fusewire_features_stale_total",
        "Seconds in which features that a model judges by were out of date, by what they read",
        { set, reads },
      ),
    ).add(1);
  }
}

const counterOf = <A, B>(
  counters: Map<A, Map<B, Counter>>,
  a: A,
  b: B,
  create: () => Counter,
): Counter => {
  let ofA = counters.get(a);
  if (ofA === undefined) {
    ofA = new Map<B, Counter>();
    counters.set(a, ofA);
  }
  let counter = ofA.get(b);
  if (counter === undefined) {
    counter = create();
    ofA.set(b, counter);
  }
  return counter;
};
