/** What actors need of the world. Live engine, replay and simulation differ only in what is plugged in here. */
import type { FeatureConstants } from "./domain/feature-constants.ts";
import type { FeatureVector } from "./domain/feature.ts";
import type { InputWindow } from "./domain/input-window.ts";
import type {
  ModelFamily,
  ModelName,
  Prediction,
  PredictionMiss,
} from "./domain/prediction.ts";
import type { Outcome } from "./domain/outcome.ts";
import type { Signal } from "./domain/signal.ts";
import type { SymbolId } from "./domain/symbol.ts";
import type { MonoNanos } from "./std/time.ts";

export type { Clock, Timers, TimerHandle } from "./std/time.ts";

// ---------------------------------------------------------------- Bus

/** Names are case-sensitive. Read on demand: a header that nobody asks for costs nothing. */
export interface BusHeaders {
  get(name: string): string | undefined;
}

export interface BusMessage {
  readonly subject: string;
  /** Valid only during the callback, as are the headers: copy to keep. */
  readonly data: Uint8Array;
  readonly reply: string | undefined;
  readonly headers: BusHeaders | undefined;
}

export interface Subscription {
  unsubscribe(): void;
}

export type BusState = "connected" | "disconnected" | "closed";

/** Publish and subscribe by subject, NATS semantics (`*`, `>`); NATS or in-process. */
export interface Bus {
  readonly state: BusState;
  /** Gives `data` away: the caller must not touch it again. Dropped and counted while disconnected. `reply` is where answers go. */
  publish(
    subject: string,
    data: Uint8Array,
    headers?: ReadonlyMap<string, string>,
    reply?: string,
  ): void;
  subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    queue?: string,
  ): Subscription;
  onState(listener: (state: BusState) => void): void;
  /** Subscriptions first, then what is buffered, then the connection. */
  drain(): Promise<void>;
}

// ---------------------------------------------------------------- Inference

export interface ServedModel {
  readonly name: ModelName;
  readonly version: string;
  readonly family: ModelFamily;
  readonly horizonMs: number;
  readonly ttlMs: number;
  readonly placement: "inline" | "pool" | "process";
  /** What one request carries. */
  readonly input: ModelInput["kind"];
  /** For "bars": what it was trained on, and is fed. */
  readonly window?: InputWindow;
  /** For "features": the schema hash it was trained on; equal to the engine's or the model is refused at load. */
  readonly featureSchemaHash?: string;
  /** For "features" of a set with constants: those frozen by its training, and their hash, which covers the set's. */
  readonly featureConstants?: FeatureConstants;
  readonly featureConstantsHash?: string;
}

export type ModelInput =
  | { readonly kind: "features"; readonly values: FeatureVector }
  /** Row-major [length, channels] of the model's window, oldest bar first; raw, the spec normalises. */
  | {
      readonly kind: "bars";
      readonly values: Float32Array;
      readonly length: number;
    }
  | {
      readonly kind: "text";
      readonly text: string;
      readonly headlineId: string;
    };

export interface InferenceRequest {
  readonly model: ModelName;
  readonly symbol: SymbolId;
  readonly input: ModelInput;
  readonly basisNs: MonoNanos;
  /** Monotonic. Past it the answer is a miss with E_MODEL_TIMEOUT, within a few milliseconds. */
  readonly deadlineNs: MonoNanos;
}

/** A tree ensemble on the caller's own thread: microseconds, no allocation. */
export interface InlineModel {
  readonly served: ServedModel;
  /** P(up) for one vector in schema order; NaN never leaves: throws E_MODEL_OUTPUT. */
  predict(features: FeatureVector): number;
}

export interface Inference {
  readonly models: readonly ServedModel[];
  inline(model: ModelName): InlineModel | undefined;
  /** Takes `request.input` over (copies what it keeps). Calls exactly one of the two, once, later, on this thread. */
  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void;
  /** Submitted and not yet answered. */
  readonly pending: number;
}

// ---------------------------------------------------------------- Sinks and stores

/** Where fused signals go. Synchronous and never throwing: a full sink conflates or drops, and counts. */
export interface SignalSink {
  publish(signal: Signal): void;
}

/** Small durable state by key. Never on the path: save is fire-and-forget, conflated by key. */
export interface StateStore {
  /** `PromiseLike`: a replay answers on the spot, and who waits must not mind. */
  load(key: string): PromiseLike<Uint8Array | undefined>;
  save(key: string, value: Uint8Array): void;
  /** Resolves when what was saved before is durable, or given up and counted. */
  flush(): Promise<void>;
}

/** Begins without a past and leaves none. */
export const NO_STORE: StateStore = {
  load: () => Promise.resolve(undefined),
  save: () => undefined,
  flush: () => Promise.resolve(),
};

/** Every matured prediction, for evaluation. */
export interface PredictionLog {
  record(outcome: Outcome): void;
}

// ---------------------------------------------------------------- Telemetry

/** Counting must cost nanoseconds: names are resolved once, at construction. */
export interface Counter {
  add(n: number): void;
}

export interface Gauge {
  set(value: number): void;
}

export interface Histogram {
  /** Nanoseconds. */
  recordNs(ns: number): void;
}

export type Labels = Readonly<Record<string, string>>;

export interface Telemetry {
  counter(name: string, help: string, labels?: Labels): Counter;
  gauge(name: string, help: string, labels?: Labels): Gauge;
  histogram(name: string, help: string, labels?: Labels): Histogram;
}

export const NO_TELEMETRY: Telemetry = {
  counter: () => ({ add: () => undefined }),
  gauge: () => ({ set: () => undefined }),
  histogram: () => ({ recordNs: () => undefined }),
};

export interface Logger {
  debug(event: string, fields?: Readonly<Record<string, unknown>>): void;
  info(event: string, fields?: Readonly<Record<string, unknown>>): void;
  warn(event: string, fields?: Readonly<Record<string, unknown>>): void;
  error(event: string, fields?: Readonly<Record<string, unknown>>): void;
}

export const NO_LOG: Logger = {
  debug: () => undefined,
  info: () => undefined,
  warn: () => undefined,
  error: () => undefined,
};
