/** Has the installed models judge again what a recorded run asked, and compares: the same model must say the same. */
import type { EngineInference } from "../workers/engine-inference.ts";
import type { FeatureVector } from "./domain/feature.ts";
import type { Prediction, PredictionMiss } from "./domain/prediction.ts";
import type { ModelWatch } from "./journal/replayed-ports.ts";
import type { RunHead } from "./journal/run-head.ts";
import type { InferenceRequest } from "./ports.ts";
import { CodedError } from "./std/errors.ts";
import { msToNs, monoNanos, type Clock } from "./std/time.ts";

export interface Recomputed {
  readonly model: string;
  readonly compared: number;
  /** Beyond what this kind of model may differ by. */
  readonly different: number;
  readonly differenceMax: number;
  /** Asked again, and missed this time. */
  readonly missed: number;
}

type Tally = { -readonly [K in keyof Recomputed]: Recomputed[K] };

/** Rows of one batch are summed in another order than alone: single-precision noise, far below any decision. */
const POOL_DIFFERENCE_MAX = 1e-5;
const ASKED_AT_ONCE_MAX = 32;
/** Recomputing has no hurry. */
const PATIENCE_MS = 60_000;

export class RecomputeCheck implements ModelWatch {
  readonly #inference: EngineInference;
  readonly #clock: Clock;
  readonly #tallies = new Map<string, Tally>();
  #open: (() => Promise<void>)[] = [];

  constructor(inference: EngineInference, clock: Clock) {
    this.#inference = inference;
    this.#clock = clock;
  }

  /** E_MODEL_HASH where the files installed are not those that ran; E_MODEL_UNKNOWN where one is missing. */
  checkModels({ models, sha256 }: RunHead): void {
    const installed = new Map(
      this.#inference.status().models.map((model) => [model.name, model]),
    );
    for (const { name } of models) {
      const model = installed.get(name);
      if (model === undefined)
        throw new CodedError("E_MODEL_UNKNOWN", { detail: name });
      if (model.sha256 !== sha256[name])
        throw new CodedError("E_MODEL_HASH", { detail: name });
    }
  }

  judged(model: string, features: FeatureVector, recorded: number): void {
    const inline = this.#inference.inline(model);
    if (inline === undefined) return;
    let now = Number.NaN;
    try {
      now = inline.predict(features);
    } catch {
      // Counts as different: a throw in here would look like a crash of the actor.
    }
    this.#compare(model, now, recorded, 0);
  }

  answered(request: InferenceRequest, recorded: Prediction): void {
    this.#open.push(() => this.#ask(request, recorded));
  }

  /** Waits for what was asked since the last call. */
  async settle(): Promise<void> {
    const open = this.#open;
    this.#open = [];
    for (let i = 0; i < open.length; i += ASKED_AT_ONCE_MAX)
      await Promise.all(
        open.slice(i, i + ASKED_AT_ONCE_MAX).map((ask) => ask()),
      );
  }

  close(): Promise<void> {
    return this.#inference.close();
  }

  report(): readonly Recomputed[] {
    return [...this.#tallies.values()];
  }

  #ask(request: InferenceRequest, recorded: Prediction): Promise<void> {
    const { model } = request;
    const deadlineNs = monoNanos(this.#clock.nowNs() + msToNs(PATIENCE_MS));
    return new Promise((resolve) => {
      this.#inference.submit(
        { ...request, deadlineNs },
        ({ probability }) => {
          this.#compare(
            model,
            probability,
            recorded.probability,
            POOL_DIFFERENCE_MAX,
          );
          resolve();
        },
        (_miss: PredictionMiss) => {
          this.#tally(model).missed++;
          resolve();
        },
      );
    });
  }

  #compare(
    model: string,
    now: number,
    recorded: number,
    differenceMax: number,
  ): void {
    const tally = this.#tally(model);
    const difference = Math.abs(now - recorded);
    tally.compared++;
    tally.differenceMax = Math.max(tally.differenceMax, difference);
    if (!(difference <= differenceMax)) tally.different++;
  }

  #tally(model: string): Tally {
    let tally = this.#tallies.get(model);
    if (tally === undefined) {
      tally = { model, compared: 0, different: 0, differenceMax: 0, missed: 0 };
      this.#tallies.set(model, tally);
    }
    return tally;
  }
}
