/** Ports that read a journal: nothing here runs by itself, each step of the recording says what answers now. */
import type {
  Inference,
  InferenceRequest,
  InlineModel,
  ServedModel,
  StateStore,
  Timers,
} from "../ports.ts";
import type { FeatureVector } from "../domain/feature.ts";
import type { Prediction, PredictionMiss } from "../domain/prediction.ts";
import { CodedError, ERROR_CODES, type ErrorCode } from "../std/errors.ts";
import type { Executor } from "../std/executor.ts";
import { directAnswer } from "./direct-answer.ts";
import type { JournalReader } from "./journal-reader.ts";
import type { MachinePorts } from "./machine.ts";
import type { RunHead } from "./run-head.ts";

/** Looks on at what models were asked and what the recording says that they answered. */
export interface ModelWatch {
  /** `features` are borrowed. */
  judged(model: string, features: FeatureVector, recorded: number): void;
  /** The request's input is the watch's to keep. */
  answered(request: InferenceRequest, recorded: Prediction): void;
}

interface Asked {
  readonly request: InferenceRequest;
  readonly onPrediction: (prediction: Prediction) => void;
  readonly onMiss: (miss: PredictionMiss) => void;
}

interface Loading {
  readonly onValue: (bytes: Uint8Array | undefined) => void;
  readonly onError: (error: unknown) => void;
}

export class ReplayedPorts implements MachinePorts {
  readonly clock;
  readonly timers: Timers;
  readonly executor: Executor;
  readonly inference: Inference;
  readonly store: StateStore;
  readonly #reader: JournalReader;
  readonly #watch: ModelWatch | undefined;
  readonly #timers = new Map<number, { run: () => void; once: boolean }>();
  readonly #asked = new Map<number, Asked>();
  readonly #loading = new Map<number, Loading>();
  #scheduled: (() => void) | undefined;
  #armed = 0;
  #requests = 0;
  #loads = 0;

  constructor(head: RunHead, reader: JournalReader, watch?: ModelWatch) {
    this.#reader = reader;
    this.#watch = watch;
    this.clock = {
      nowNs: () => reader.nowNs(),
      nowUs: () => reader.nowUs(),
    };
    this.timers = {
      after: (_delayMs, run) => this.#arm(run, true),
      every: (_intervalMs, run) => this.#arm(run, false),
    };
    this.executor = { schedule: (run) => this.#schedule(run) };
    this.inference = this.#inference(head);
    this.store = {
      load: () => this.#load(),
      save: () => undefined,
      flush: () => Promise.resolve(),
    };
  }

  /** What was scheduled. */
  run(): void {
    const run = this.#scheduled;
    if (run === undefined) throw this.#reader.diverged("nothing is scheduled");
    this.#scheduled = undefined;
    run();
  }

  timer(id: number): void {
    const timer = this.#timers.get(id);
    if (timer === undefined)
      throw this.#reader.diverged(`timer ${id} is not armed`);
    if (timer.once) this.#timers.delete(id);
    timer.run();
  }

  predicted(id: number, prediction: Prediction): void {
    const { request, onPrediction } = this.#take(id, prediction.model);
    this.#watch?.answered(request, prediction);
    onPrediction(prediction);
  }

  missed(id: number, miss: PredictionMiss): void {
    this.#take(id, miss.model).onMiss(miss);
  }

  loaded(id: number, bytes: Uint8Array | undefined): void {
    this.#takeLoading(id).onValue(bytes);
  }

  loadFailed(id: number, code: string): void {
    this.#takeLoading(id).onError(errorOf(code));
  }

  #arm(run: () => void, once: boolean) {
    const id = ++this.#armed;
    this.#timers.set(id, { run, once });
    return {
      cancel: () => {
        this.#timers.delete(id);
      },
    };
  }

  #schedule(run: () => void): void {
    if (this.#scheduled !== undefined)
      this.#reader.diverged("two runs are scheduled");
    this.#scheduled = run;
  }

  #load(): PromiseLike<Uint8Array | undefined> {
    const id = ++this.#loads;
    return directAnswer((onValue, onError) => {
      this.#loading.set(id, { onValue, onError });
    });
  }

  #inference({ models, inline }: RunHead): Inference {
    const inlineModels = new Map(
      models
        .filter(({ name }) => inline.includes(name))
        .map((served) => [served.name, this.#inlineModel(served)]),
    );
    return {
      models,
      inline: (name) => inlineModels.get(name),
      submit: (request, onPrediction, onMiss) => {
        this.#asked.set(++this.#requests, { request, onPrediction, onMiss });
      },
      pending: 0,
    };
  }

  #inlineModel(served: ServedModel): InlineModel {
    return {
      served,
      predict: (features) => {
        const said = this.#reader.probability();
        if (typeof said === "string") throw errorOf(said);
        this.#watch?.judged(served.name, features, said);
        return said;
      },
    };
  }

  #take(id: number, model: string): Asked {
    const asked = this.#asked.get(id);
    if (asked?.request.model !== model)
      throw this.#reader.diverged(
        `request ${id} to ${model} was not made${asked === undefined ? "" : `, but one to ${asked.request.model}`}`,
      );
    this.#asked.delete(id);
    return asked;
  }

  #takeLoading(id: number): Loading {
    const loading = this.#loading.get(id);
    if (loading === undefined)
      throw this.#reader.diverged(`load ${id} was not asked for`);
    this.#loading.delete(id);
    return loading;
  }
}

/** As `failureText` wrote it. */
const errorOf = (text: string): Error =>
  Object.hasOwn(ERROR_CODES, text)
    ? new CodedError(text as ErrorCode)
    : new Error(text.trimStart());
