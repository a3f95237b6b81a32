/** The live ports with a recorder around them: what they answer later becomes a step, what they are read for a reading. */
import type {
  Clock,
  Inference,
  InlineModel,
  StateStore,
  Timers,
} from "../ports.ts";
import { assert } from "../std/assert.ts";
import { CodedError, toCodedError } from "../std/errors.ts";
import type { Executor } from "../std/executor.ts";
import { directAnswer } from "./direct-answer.ts";
import { STEP } from "./journal-format.ts";
import type { MachinePorts } from "./machine.ts";
import type { StepRecorder } from "./step-recorder.ts";

export const recordedPorts = (
  ports: MachinePorts,
  steps: StepRecorder,
): MachinePorts => ({
  clock: recordedClock(ports.clock, steps),
  timers: recordedTimers(ports.timers, steps),
  executor: recordedExecutor(ports.executor, steps),
  inference: recordedInference(ports.inference, steps),
  store: recordedStore(ports.store, steps),
});

/** Readings outside of a step are somebody else's, as when the page asks for the weights as of now. */
const recordedClock = (clock: Clock, steps: StepRecorder): Clock => ({
  nowNs: () => {
    const ns = clock.nowNs();
    if (steps.isInside) steps.writer.nowNs(ns);
    return ns;
  },
  nowUs: () => {
    const us = clock.nowUs();
    if (steps.isInside) steps.writer.nowUs(us);
    return us;
  },
});

const recordedTimers = (timers: Timers, steps: StepRecorder): Timers => {
  let armed = 0;
  return {
    after: (delayMs, run) => {
      const id = ++armed;
      return timers.after(delayMs, () => steps.enter(STEP.timer, id, run));
    },
    every: (intervalMs, run) => {
      const id = ++armed;
      return timers.every(intervalMs, () => steps.enter(STEP.timer, id, run));
    },
  };
};

/** Without a number, and kept in one place: the dispatcher has at most one run scheduled. */
const recordedExecutor = (
  executor: Executor,
  steps: StepRecorder,
): Executor => {
  let scheduled: (() => void) | undefined;
  const runScheduled = (): void => {
    const run = scheduled!;
    scheduled = undefined;
    steps.enter(STEP.run, 0, run);
  };
  return {
    schedule: (run, urgency) => {
      assert(scheduled === undefined, "one run is scheduled at a time");
      scheduled = run;
      executor.schedule(runScheduled, urgency);
    },
  };
};

const recordedInference = (
  inference: Inference,
  steps: StepRecorder,
): Inference => {
  let asked = 0;
  return {
    models: inference.models,
    inline: (name) => {
      const model = inference.inline(name);
      return model === undefined ? undefined : recordedModel(model, steps);
    },
    submit: (request, onPrediction, onMiss) => {
      const id = ++asked;
      inference.submit(
        request,
        (prediction) =>
          steps.enter(
            STEP.predicted,
            id,
            () => onPrediction(prediction),
            (writer) => writer.json(prediction),
          ),
        (miss) =>
          steps.enter(
            STEP.missed,
            id,
            () => onMiss(miss),
            (writer) => writer.json(miss),
          ),
      );
    },
    get pending() {
      return inference.pending;
    },
  };
};

const recordedModel = (
  model: InlineModel,
  steps: StepRecorder,
): InlineModel => ({
  served: model.served,
  predict: (features) => {
    if (!steps.isInside) return model.predict(features);
    let probability: number;
    try {
      probability = model.predict(features);
    } catch (error) {
      steps.writer.failure(failureText(error));
      throw error;
    }
    steps.writer.probability(probability);
    return probability;
  },
});

/** The code decides what becomes of the actor; what else the error said is for people. */
const failureText = (error: unknown): string =>
  error instanceof CodedError
    ? error.code
    : ` ${error instanceof Error ? error.message : String(error)}`;

const recordedStore = (store: StateStore, steps: StepRecorder): StateStore => {
  let loads = 0;
  return {
    load: (key) => {
      const id = ++loads;
      const answer = store.load(key);
      return directAnswer((onValue, onError) => {
        answer.then(
          (bytes) =>
            bytes === undefined
              ? steps.enter(STEP.absent, id, () => onValue(undefined))
              : steps.enter(
                  STEP.loaded,
                  id,
                  () => onValue(bytes),
                  (writer) => writer.bytes(bytes),
                ),
          (error: unknown) =>
            steps.enter(
              STEP.loadFailed,
              id,
              () => onError(error),
              (writer) => writer.text(toCodedError(error).code),
            ),
        );
      });
    },
    save: (key, value) => store.save(key, value),
    flush: () => store.flush(),
  };
};
