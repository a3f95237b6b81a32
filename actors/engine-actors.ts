/** Puts the actors of one thread together: the same for the live engine, replay, simulation, bench and tests. */
import { SERVED_SETS } from "../engine/features/feature-sets.ts";
import { DEFAULT_WEIGHT_OPTIONS } from "../engine/fusion/bayes-weights.ts";
import { DEFAULT_FUSER_OPTIONS } from "../engine/fusion/fuser.ts";
import { DEFAULT_LEDGER_OPTIONS } from "../engine/fusion/outcome-ledger.ts";
import { SignalBoard } from "../engine/fusion/signal-board.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { BOOK_SYNC_DEFAULTS } from "../engine/market/book-sync.ts";
import type {
  Inference,
  Logger,
  PredictionLog,
  SignalSink,
  StateStore,
  Telemetry,
} from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import type { Clock, Timers } from "../engine/std/time.ts";
import { CalibrationLog } from "./calibration-log.ts";
import { SUPERVISION } from "./decider.ts";
import { InspectionLog } from "./inspection-log.ts";
import { newsActorProps } from "./news-actor.ts";
import type { NewsActorOptions } from "./news-actor.ts";
import { Router } from "./router.ts";
import { ActorSystem } from "./runtime/actor-system.ts";
import type { ActorSystemOptions } from "./runtime/actor-system.ts";
import { StageRecorder } from "./stage-recorder.ts";
import { symbolActorProps } from "./symbol-actor.ts";
import type { SymbolActorOptions } from "./symbol-actor.ts";
import { SymbolCounters } from "./symbol-counters.ts";
import { SymbolInspector } from "./symbol-inspector.ts";

export interface EngineActorsOptions {
  readonly symbolsMax: number;
  readonly symbol: SymbolActorOptions;
  readonly news: NewsActorOptions;
}

export const ENGINE_ACTORS_DEFAULTS: EngineActorsOptions = {
  symbolsMax: 2_000,
  symbol: {
    mailboxMax: 1_024,
    idleMs: 600_000,
    depthMax: 1_000,
    bookSync: BOOK_SYNC_DEFAULTS,
    barIntervalMs: 1_000,
    models: { featureDeadlineMs: 50, forecastDeadlineMs: 250 },
    fuser: DEFAULT_FUSER_OPTIONS,
    weights: DEFAULT_WEIGHT_OPTIONS,
    ledger: DEFAULT_LEDGER_OPTIONS,
    minIntervalMs: 0,
    saveEveryMs: 5_000,
  },
  news: {
    mailboxMax: 1_024,
    idsMax: 10_000,
    textsMax: 1_000,
    saveEveryMs: 5_000,
    openMax: 256,
    deadlineMs: 5_000,
    finbert: "finbert",
    llama: "llama",
  },
};

export interface EngineActorsDeps {
  readonly clock: Clock;
  readonly timers: Timers;
  readonly executor: ActorSystemOptions["executor"];
  readonly inference: Inference;
  /** After the board, in this order. */
  readonly sinks: readonly SignalSink[];
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly requestSnapshot: (symbol: SymbolId) => void;
  /** Names this run of the engine. */
  readonly epoch: string;
  readonly options: EngineActorsOptions;
  /** Besides the log. */
  readonly onInspect?: NonNullable<ActorSystemOptions["onInspect"]>;
  readonly onFatal?: NonNullable<ActorSystemOptions["onFatal"]>;
}

export interface EngineActors {
  readonly system: ActorSystem;
  readonly router: Router;
  /** The latest signal of each symbol. */
  readonly board: SignalBoard;
  /** Weights and depth of each symbol that is up. */
  readonly inspector: SymbolInspector;
  readonly calibrations: CalibrationLog;
}

export const createEngineActors = (deps: EngineActorsDeps): EngineActors => {
  const { clock, timers, executor, inference, telemetry, log } = deps;
  const { onInspect, onFatal, options } = deps;
  checkModels(inference);
  const inspections = new InspectionLog(telemetry, log);
  const system = new ActorSystem({
    clock,
    timers,
    executor,
    supervision: SUPERVISION,
    onInspect: (event) => {
      inspections.onInspect(event);
      onInspect?.(event);
    },
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  const board = new SignalBoard(options.symbolsMax);
  const inspector = new SymbolInspector();
  const counters = new SymbolCounters(telemetry);
  const calibrations = new CalibrationLog(
    inference.models,
    telemetry,
    deps.predictions,
  );
  const symbolDeps = {
    inference,
    sinks: [board, ...deps.sinks],
    store: deps.store,
    predictions: calibrations,
    stages: new StageRecorder(telemetry),
    counters,
    inspector,
    log,
    requestSnapshot: deps.requestSnapshot,
    epoch: deps.epoch,
    options: options.symbol,
  };
  const router = new Router({
    system,
    clock,
    symbolsMax: options.symbolsMax,
    counters,
    log,
    propsOf: (slot) => symbolActorProps(slot, symbolDeps),
  });
  const news = system.spawn(
    "news",
    newsActorProps({
      inference,
      store: deps.store,
      telemetry,
      log,
      tell: (symbol, message) => router.tell(symbol, message),
      options: options.news,
    }),
  );
  router.sendNewsTo(news);
  return { system, router, board, inspector, calibrations };
};

/** A model that was trained on another vector would speak nonsense with confidence. */
const checkModels = ({ models }: Inference): void => {
  for (const { name, featureSchemaHash } of models)
    if (
      featureSchemaHash !== undefined &&
      !SERVED_SETS.some(({ hash }) => hash === featureSchemaHash)
    )
      throw new CodedError("E_MODEL_CONTRACT", {
        field: "featureSchemaHash",
        detail: name,
      });
};
