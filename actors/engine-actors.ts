/** Puts the actors of one thread together: the same for the live engine, replay, simulation, bench and tests. */
import { FEATURE_SETS } from "../engine/features/feature-sets.ts";
import { DEFAULT_WEIGHT_OPTIONS } from "../engine/fusion/bayes-weights.ts";
import { DEFAULT_FUSER_OPTIONS } from "../engine/fusion/fuser.ts";
import { DEFAULT_LEDGER_OPTIONS } from "../engine/fusion/outcome-ledger.ts";
import { SignalBoard } from "../engine/fusion/signal-board.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import type { Instrument } from "../engine/domain/instrument.ts";
import { BOOK_SYNC_DEFAULTS } from "../engine/market/book-sync-options.ts";
import { Instruments } from "../engine/market/instruments.ts";
import { References } from "../engine/market/references.ts";
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
import { BookCensus } from "./book-census.ts";
import { CalibrationLog } from "./calibration-log.ts";
import { SUPERVISION } from "./decider.ts";
import { InspectionLog } from "./inspection-log.ts";
import { newsActorProps } from "./news-actor.ts";
import type { NewsActorOptions } from "./news-actor.ts";
import { Router, symbolOfPath } from "./router.ts";
import { ActorSystem } from "./runtime/actor-system.ts";
import type { ActorSystemOptions } from "./runtime/actor-system.ts";
import { StageRecorder } from "./stage-recorder.ts";
import { symbolActorProps } from "./symbol-actor.ts";
import type { SymbolActorOptions } from "./symbol-options.ts";
import { SYMBOL_BAR_DEFAULTS } from "./symbol-bars.ts";
import { SymbolCounters } from "./symbol-counters.ts";
import { SymbolInspector } from "./symbol-inspector.ts";

export interface FollowedDerivative {
  readonly symbol: SymbolId;
  readonly derivative: SymbolId;
}

export interface EngineActorsOptions {
  readonly symbolsMax: number;
  /** Symbols that all others may look at. */
  readonly references: readonly SymbolId[];
  /** Symbols that have no funding of their own, and whose they look at. */
  readonly derivatives: readonly FollowedDerivative[];
  readonly instruments: readonly Instrument[];
  readonly symbol: SymbolActorOptions;
  readonly news: NewsActorOptions;
}

export const ENGINE_ACTORS_DEFAULTS: EngineActorsOptions = {
  symbolsMax: 2_000,
  references: [],
  derivatives: [],
  instruments: [],
  symbol: {
    mailboxMax: 1_024,
    idleMs: 600_000,
    depthMax: 1_000,
    bookSync: BOOK_SYNC_DEFAULTS,
    barIntervalMs: 1_000,
    bars: SYMBOL_BAR_DEFAULTS,
    models: { featureDeadlineMs: 50, forecastDeadlineMs: 250 },
    fuser: DEFAULT_FUSER_OPTIONS,
    weights: DEFAULT_WEIGHT_OPTIONS,
    ledger: DEFAULT_LEDGER_OPTIONS,
    minIntervalMs: 0,
    saveEveryMs: 5_000,
    barsEveryMs: 60_000,
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
  /** A symbol has no actor any more, or none at all for the limit: what is held for it outside may go. */
  readonly onLeft?: (symbol: SymbolId) => void;
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
  readonly census: BookCensus;
  /** Given and told. */
  readonly instruments: Instruments;
  /** Where the symbols stand that all others may look at. */
  readonly references: References;
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
      if (event.type === "passivated" || event.type === "stopped")
        symbolLeft(symbolOfPath(event.path));
      onInspect?.(event);
    },
    actorsMax: options.symbolsMax + ACTORS_BESIDES,
    ...(onFatal === undefined ? {} : { onFatal }),
  });
  const board = new SignalBoard(options.symbolsMax + options.references.length);
  const inspector = new SymbolInspector();
  const census = new BookCensus(telemetry, log);
  const instruments = new Instruments(options.instruments);
  const references = new References(options.references);
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
    census,
    inspector,
    instruments,
    references,
    log,
    requestSnapshot: deps.requestSnapshot,
    epoch: deps.epoch,
    options: options.symbol,
  };
  const router = new Router({
    system,
    clock,
    symbolsMax: options.symbolsMax,
    isReference: (symbol) => references.of(symbol) !== undefined,
    followersOf: followersOf(options.derivatives),
    counters,
    census,
    instruments,
    log,
    onRefused: (symbol) => deps.onLeft?.(symbol),
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
  const symbolLeft = (symbol: SymbolId | undefined): void => {
    if (symbol === undefined) return;
    router.left(symbol);
    board.forget(symbol);
    deps.onLeft?.(symbol);
  };
  return {
    system,
    router,
    board,
    inspector,
    calibrations,
    census,
    instruments,
    references,
  };
};

/** The news actor and the references, with room to spare. */
const ACTORS_BESIDES = 64;

const followersOf = (
  derivatives: readonly FollowedDerivative[],
): Map<SymbolId, SymbolId[]> => {
  const followers = new Map<SymbolId, SymbolId[]>();
  for (const { symbol, derivative } of derivatives)
    followers.set(derivative, [...(followers.get(derivative) ?? []), symbol]);
  return followers;
};

/** A model that was trained on another vector would speak nonsense with confidence. */
const checkModels = ({ models }: Inference): void => {
  for (const { name, featureSchemaHash } of models)
    if (
      featureSchemaHash !== undefined &&
      !FEATURE_SETS.some(({ hash }) => hash === featureSchemaHash)
    )
      throw new CodedError("E_MODEL_CONTRACT", {
        field: "featureSchemaHash",
        detail: name,
      });
};
