/** The NATS service `signals`: what bots and operators may ask, each answered once and in time. */
import type { Signal } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Bus,
  type BusMessage,
  type Clock,
  type Counter,
  type Histogram,
  type Logger,
  type Telemetry,
  type Timers,
} from "../ports.ts";
import {
  CodedError,
  toCodedError,
  type ErrorBody,
  type ErrorCode,
} from "../std/errors.ts";
import {
  nsToMs,
  systemClock,
  systemTimers,
  type MonoNanos,
} from "../std/time.ts";
import {
  deadlineOf,
  decodeRequest,
  encodeErrorReply,
  encodeReply,
  errorHeaders,
  parseEmptyRequest,
  parsePredict,
  parsePredictBatch,
  parseSymbolRequest,
  parseWeightsRequest,
  replyEncoding,
  type HealthReply,
  type ModelInfo,
  type PredictReply,
  type PredictRequest,
  type WeightInfo,
} from "../wire/api.ts";
import type { Encoding } from "../wire/encoding.ts";
import {
  parseSymbolsRequest,
  type SymbolsReply,
  type SymbolsRequest,
} from "../wire/operator-api.ts";
import { SERVICE_SUBJECTS, type ServiceVerb } from "../wire/subjects.ts";
import { MicroService, type Reply } from "./micro-service.ts";
import { TokenBucket } from "./rate-limit.ts";

/** What the service knows nothing of itself. May throw CodedErrors. */
export interface SignalApiBackend {
  predict(
    request: PredictRequest,
    deadlineNs: MonoNanos,
  ): PredictReply | Promise<PredictReply>;
  latest(symbol: SymbolId): Signal | undefined;
  health(): HealthReply;
  models(): readonly ModelInfo[];
  weights(symbol?: SymbolId): readonly WeightInfo[];
}

/** What operators see and order. May throw CodedErrors. */
export interface Desk {
  symbols(request: SymbolsRequest): SymbolsReply;
  resync(symbol: SymbolId): void;
}

export interface SignalApiOptions {
  readonly bus: Bus;
  readonly backend: SignalApiBackend;
  /** Left out: the service takes no orders. */
  readonly desk: Desk | undefined;
  /** Semantic version of the engine. */
  readonly version: string;
  /** Unique among engines: the epoch. */
  readonly id: string;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly requestsPerSecond: number;
  readonly requestsBurst: number;
  /** Accepted and not yet answered. */
  readonly inFlightMax: number;
}

const DEFAULTS = {
  desk: undefined,
  clock: systemClock,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
  requestsPerSecond: 20_000,
  requestsBurst: 2_000,
  inFlightMax: 1_024,
} satisfies Partial<SignalApiOptions>;

type Body = object | Promise<object>;
type Handler = (value: unknown, deadlineNs: MonoNanos) => Body;

export class SignalApi {
  readonly #options: SignalApiOptions;
  readonly #service: MicroService;
  readonly #bucket: TokenBucket;
  readonly #errors = new Map<ErrorCode, Counter>();
  #inFlight = 0;

  constructor(
    options: Partial<SignalApiOptions> &
      Pick<SignalApiOptions, "bus" | "backend" | "version" | "id">,
  ) {
    this.#options = { ...DEFAULTS, ...options };
    const { bus, backend, version, id, clock, log } = this.#options;
    this.#bucket = new TokenBucket(
      this.#options.requestsPerSecond,
      this.#options.requestsBurst,
    );
    this.#service = new MicroService({
      bus,
      name: "signals",
      version,
      description: "Fused trading signals and predictions",
      id,
      clock,
      log,
    });
    this.#endpoint("predict", "predict", (value, deadlineNs) =>
      backend.predict(parsePredict(value), deadlineNs),
    );
    this.#endpoint("predict-batch", "predictBatch", (value, deadlineNs) =>
      this.#batch(parsePredictBatch(value), deadlineNs),
    );
    this.#endpoint("signal-latest", "latest", (value) => {
      const signal = backend.latest(parseSymbolRequest(value));
      if (signal === undefined) throw new CodedError("E_SYMBOL_UNKNOWN");
      return { signal };
    });
    this.#endpoint("health", "health", (value) => {
      parseEmptyRequest(value);
      return backend.health();
    });
    this.#endpoint("models-info", "modelsInfo", (value) => {
      parseEmptyRequest(value);
      return { models: backend.models() };
    });
    this.#endpoint("weights", "weights", (value) => ({
      weights: backend.weights(parseWeightsRequest(value)),
    }));
    if (this.#options.desk !== undefined) this.#serveDesk(this.#options.desk);
  }

  /** Accepted and not yet answered. */
  get inFlight(): number {
    return this.#inFlight;
  }

  /** Takes no more requests; what was accepted is still answered. */
  stop(): void {
    this.#service.stop();
  }

  #serveDesk(desk: Desk): void {
    this.#endpoint("symbols", "symbols", (value) =>
      desk.symbols(parseSymbolsRequest(value)),
    );
    this.#endpoint("book-resync", "resync", (value) => {
      const symbol = parseSymbolRequest(value);
      desk.resync(symbol);
      return { symbol };
    });
  }

  #endpoint(name: string, verb: ServiceVerb, handler: Handler): void {
    const { telemetry } = this.#options;
    const requests = telemetry.counter(
      "fusewire_api_requests_total",
      "Requests to the service",
      { endpoint: name },
    );
    const time = telemetry.histogram(
      "fusewire_api_seconds",
      "From arrival to answer",
      { endpoint: name },
    );
    this.#service.add({
      name,
      subject: SERVICE_SUBJECTS[verb],
      handle: (request, reply) => {
        requests.add(1);
        this.#serve(request, reply, handler, time);
      },
    });
  }

  #serve(
    request: BusMessage,
    reply: Reply,
    handler: Handler,
    time: Histogram,
  ): void {
    const { clock, timers } = this.#options;
    const arrivedNs = clock.nowNs();
    // The bytes are ours only now; the encoding is needed even when they are refused.
    const encoding = replyEncoding(request.data);
    let isAnswered = false;
    const answer = (result: object | CodedError): void => {
      if (isAnswered) return;
      isAnswered = true;
      this.#inFlight--;
      time.recordNs(clock.nowNs() - arrivedNs);
      this.#send(result, encoding, reply);
    };
    this.#inFlight++;
    let body: Body;
    let deadlineNs: MonoNanos;
    try {
      this.#admit(arrivedNs);
      deadlineNs = deadlineOf(request.headers, clock.nowUs(), arrivedNs);
      body = handler(decodeRequest(request.data), deadlineNs);
    } catch (error) {
      answer(toCodedError(error));
      return;
    }
    if (!(body instanceof Promise)) {
      answer(
        clock.nowNs() > deadlineNs ? new CodedError("E_TIME_DEADLINE") : body,
      );
      return;
    }
    const timer = timers.after(
      Math.max(0, nsToMs(deadlineNs - clock.nowNs())),
      () => answer(new CodedError("E_TIME_DEADLINE")),
    );
    body
      .then(answer, (error: unknown) => answer(toCodedError(error)))
      .finally(() => timer.cancel())
      .catch(() => undefined);
  }

  #admit(nowNs: MonoNanos): void {
    if (!this.#bucket.take(nowNs))
      throw new CodedError("E_LIMIT_RATE", {
        retryAfterMs: this.#bucket.waitMs,
      });
    if (this.#inFlight > this.#options.inFlightMax)
      throw new CodedError("E_LIMIT_QUEUE", { retryAfterMs: 10 });
  }

  #send(result: object | CodedError, encoding: Encoding, reply: Reply): void {
    let error: CodedError;
    if (result instanceof CodedError) error = result;
    else {
      try {
        reply(encodeReply(result, encoding));
        return;
      } catch (cause) {
        // The backend gave what no encoding holds: the caller is answered all the same.
        error = toCodedError(cause);
      }
    }
    this.#count(error);
    reply(encodeErrorReply(error, encoding), errorHeaders(error), error);
  }

  #count(error: CodedError): void {
    let counter = this.#errors.get(error.code);
    if (counter === undefined) {
      counter = this.#options.telemetry.counter(
        "fusewire_api_errors_total",
        "Requests answered with an error",
        { code: error.code },
      );
      this.#errors.set(error.code, counter);
    }
    counter.add(1);
    if (error.code === "E_INTERNAL")
      this.#options.log.error("api.internal", { error: error.cause ?? error });
  }

  /** One item after the other: each has its own answer or its own error, and all share the deadline. */
  async #batch(
    items: readonly unknown[],
    deadlineNs: MonoNanos,
  ): Promise<object> {
    const { backend, clock } = this.#options;
    const predictions: (PredictReply | null)[] = [];
    const errors: (ErrorBody | null)[] = [];
    for (const item of items) {
      try {
        if (clock.nowNs() > deadlineNs) throw new CodedError("E_TIME_DEADLINE");
        const result = backend.predict(parsePredict(item), deadlineNs);
        predictions.push(result instanceof Promise ? await result : result);
        errors.push(null);
      } catch (error) {
        predictions.push(null);
        errors.push(toCodedError(error).body());
      }
    }
    return {
      predictions,
      errors,
      total: items.length,
      successful: predictions.filter((p) => p !== null).length,
    };
  }
}
