/** What is counted and timed of one model, wherever it runs. */
import type { Counter, Histogram, Telemetry } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";

export class ModelMeter {
  readonly queue: Histogram;
  readonly run: Histogram;
  readonly rows: Counter;
  readonly #misses = new Map<ErrorCode, Counter>();
  readonly #telemetry: Telemetry;
  readonly #model: string;

  constructor(telemetry: Telemetry, model: string) {
    this.#telemetry = telemetry;
    this.#model = model;
    this.queue = telemetry.histogram(
      "fusewire_model_queue_seconds",
      "Time from a request to its call",
      { model },
    );
    this.run = telemetry.histogram(
      "fusewire_model_run_seconds",
      "Time of one call, encoding and decoding included",
      { model },
    );
    this.rows = telemetry.counter(
      "fusewire_model_rows_total",
      "Rows run through a model",
      { model },
    );
  }

  missed(code: ErrorCode): void {
    let counter = this.#misses.get(code);
    if (counter === undefined) {
      counter = this.#telemetry.counter(
        "fusewire_model_misses_total",
        "Requests answered without a prediction",
        { model: this.#model, code },
      );
      this.#misses.set(code, counter);
    }
    counter.add(1);
  }
}
