/** The composition root: stores, models, actors, links and hub, put together in this order and drained in reverse. */
import { createEngineActors } from "../actors/engine-actors.ts";
import type { Registry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { actorOptions } from "./actor-options.ts";
import type { Config } from "./config-schema.ts";
import type { SymbolId } from "./domain/symbol.ts";
import { EngineStatus } from "./engine-status.ts";
import { INSTALLATION } from "./installation.ts";
import type { LinkStatus } from "./io/hub-status.ts";
import { LocalBus } from "./io/local-bus.ts";
import { MarketFeed } from "./io/market-feed.ts";
import { Metrics } from "./io/metrics.ts";
import { SignalApi } from "./io/signal-api.ts";
import { SignalHub } from "./io/signal-hub.ts";
import { SignalPublisher } from "./io/signal-publisher.ts";
import { openBus } from "./links.ts";
import { REFERENCES_MAX } from "./market/references.ts";
import { loadModels, startInference } from "./model-runtime.ts";
import { OperatorDesk } from "./operator-desk.ts";
import type {
  Bus,
  Logger,
  PredictionLog,
  ServedModel,
  SignalSink,
  StateStore,
} from "./ports.ts";
import { PredictBackend } from "./predict-backend.ts";
import { startActors, type StartedActors } from "./record-run.ts";
import { startSimulator } from "./simulated-market.ts";
import type { CodedError } from "./std/errors.ts";
import { liveExecutor } from "./std/executor.ts";
import { systemClock, systemTimers } from "./std/time.ts";
import { openPredictions, openStore } from "./stores.ts";
import { startVenue, venueRequest, type VenueRun } from "./venue-run.ts";
import { SYMBOLS_PAGE_MAX } from "./wire/operator-api.ts";

export interface Engine {
  readonly epoch: string;
  /** Where the page is. */
  readonly url: string;
  /** Those that a lane took. */
  readonly models: readonly ServedModel[];
  readonly simulated: boolean;
  /** Ends what was begun, in reverse; resolves when nothing is left. */
  stop(): Promise<void>;
  /** Once it has stopped: what keeps its recording from being whole. */
  recordingLost(): CodedError | undefined;
}

export interface EngineOptions {
  readonly config: Config;
  readonly log: Logger;
  /** What cannot be gone on after: a supervisor failed, or the NATS client closed for good. */
  readonly onFatal: (error: unknown) => void;
}

/** Symbols that come and go leave their last signal with the hub: it has room for a few generations. */
const HUB_SYMBOLS_PER_ACTOR = 4;
const READINESS_EVERY_MS = 100;

export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  /** Steps of the drain, in the order of starting. */
  const stops: Stops = [];
  const stop = async (): Promise<void> => {
    for (let step = stops.pop(); step !== undefined; step = stops.pop())
      await step();
  };
  try {
    return { ...(await start(options, stops)), stop };
  } catch (error) {
    await stop();
    throw error;
  }
};

type Stops = (() => void | Promise<void>)[];

/** What every part of the engine is given. */
interface Surroundings {
  readonly config: Config;
  readonly log: Logger;
  readonly metrics: Metrics;
  /** Names this run: later runs sort after earlier ones. */
  readonly epoch: string;
  readonly onFatal: (error: unknown) => void;
}

const clock = systemClock;
const timers = systemTimers;

/** Part by part; each says in `stops` how it ends. */
const start = async (
  { config, log, onFatal }: EngineOptions,
  stops: Stops,
): Promise<Omit<Engine, "stop">> => {
  const source = feedSource(config);
  // Known to be wrong before anything is begun.
  if (source === "venue") venueRequest(config.feed);
  const metrics = new Metrics({ timers });
  const epoch = `${clock.nowUs().toString(36)}-${process.pid.toString(36)}`;
  const around: Surroundings = { config, log, metrics, epoch, onFatal };
  const { store, ...storeLife } = openStore(config, metrics, log);
  stops.push(() => storeLife.close());
  const predictions = openPredictions(config, metrics, log);
  stops.push(() => predictions.close());

  // First, so that probes are answered while models load.
  const hub = await startHub(around);
  stops.push(() => hub.close());

  const registry = loadModels(config, log);
  const inference = await startInference(config, registry, metrics, log);
  stops.push(() => inference.close());

  const bus = openBus(config, metrics, log, onFatal);
  stops.push(() => bus.drain());
  const isSimulated = source === "simulator";
  // Simulated prices never reach a shared broker (docs/decisions/0005-embedded-default.md), and a venue's need not.
  const feedBus =
    source !== "bus" && config.nats.url !== "" ? new LocalBus({ log }) : bus;

  const { actors, inputs, ...actorsLife } = await startEngineActors(around, {
    registry,
    inference,
    store,
    predictions,
    sink: roadsOut(around, bus, hub),
    onSnapshotWanted: (symbol) => feed.requestSnapshot(symbol),
    onLeft: (symbol) => feed.forget(symbol),
  });
  let recordingLost: CodedError | undefined;
  stops.push(async () => {
    recordingLost = await actorsLife.close();
  });
  stops.push(() => inputs.drain());

  const feed = new MarketFeed({
    bus: feedBus,
    onEvent: (event, decodedNs, message) =>
      inputs.onEvent(event, decodedNs, message),
    onHeadline: (headline, _decodedNs, message) =>
      inputs.onHeadline(headline, message),
    onInstrument: (instrument, message) =>
      inputs.onInstrument(instrument, message),
    clock,
    timers,
    telemetry: metrics,
    log,
    symbolsMax: config.symbols.max + REFERENCES_MAX,
  });
  let venue: VenueRun | undefined;
  const status = new EngineStatus({
    clock,
    version: INSTALLATION.version,
    epoch,
    simulated: isSimulated,
    actors,
    inference,
    metrics,
    links: () => [
      config.nats.url === ""
        ? { name: "bus", state: "in-process" }
        : { name: "nats", state: bus.state },
      ...(storeLife.link === undefined ? [] : [storeLife.link()]),
      ...(venue === undefined ? [] : [venueLink(venue)]),
    ],
  });
  const desk = new OperatorDesk({
    clock,
    actors,
    orderResync: (symbol) => inputs.orderResync(symbol),
  });
  const api = startApi(
    around,
    bus,
    desk,
    new PredictBackend({
      clock,
      actors,
      inference,
      registry,
      readiness: () => status.readiness(),
    }),
  );
  hub.onStatus((watched) => status.snapshot(watched));
  hub.onMetrics(() => metrics.exposition());
  hub.onSymbols(() => desk.worstSymbols(SYMBOLS_PAGE_MAX));
  hub.onResync((symbol) => desk.resync(symbol));
  hub.onBookRequest((symbol) => status.ladder(symbol));
  feed.start();
  stops.push(() => feed.stop());
  stops.push(() => api.stop());
  if (isSimulated) stops.push(startSimulator(config, feedBus));
  if (source === "venue") {
    venue = startVenue({
      feed: config.feed,
      bus: feedBus,
      telemetry: metrics,
      log,
      marks: "none",
    });
    stops.push(() => venue?.stop());
  }
  stops.push(showReadiness(hub, status));
  return {
    epoch,
    url: `http://${config.http.host}:${hub.port}/`,
    models: inference.models,
    simulated: isSimulated,
    recordingLost: () => recordingLost,
  };
};

const startHub = ({
  config,
  log,
  metrics,
  epoch,
}: Surroundings): Promise<SignalHub> =>
  SignalHub.start({
    host: config.http.host,
    port: config.http.port,
    connectionsMax: config.http.connectionsMax,
    origins: config.http.origins,
    operatorToken: config.http.operatorToken,
    symbolsMax: HUB_SYMBOLS_PER_ACTOR * config.symbols.max,
    epoch,
    version: INSTALLATION.version,
    workerUrl: INSTALLATION.hubThreadUrl,
    pagesUrl: INSTALLATION.pagesUrl,
    clock,
    timers,
    telemetry: metrics,
    log,
  });

/** Encoded once for both roads; what the publisher keeps back goes nowhere. */
const roadsOut = (
  { metrics, log }: Surroundings,
  bus: Bus,
  hub: SignalHub,
): SignalSink => {
  const publisher = new SignalPublisher({ bus, telemetry: metrics, log });
  return {
    publish: (signal) => {
      const encoded = publisher.publish(signal);
      if (encoded !== undefined) hub.publish(signal, encoded);
    },
  };
};

interface ActorNeeds {
  readonly registry: Registry;
  readonly inference: EngineInference;
  readonly store: StateStore;
  readonly predictions: PredictionLog;
  readonly sink: SignalSink;
  readonly onSnapshotWanted: (symbol: SymbolId) => void;
  readonly onLeft: (symbol: SymbolId) => void;
}

const startEngineActors = (
  { config, log, metrics, epoch, onFatal }: Surroundings,
  needs: ActorNeeds,
): Promise<StartedActors> => {
  const options = actorOptions(config);
  return startActors({
    record: config.record,
    ports: {
      clock,
      timers,
      executor: liveExecutor(),
      inference: needs.inference,
      store: needs.store,
    },
    create: (ports, sinks) =>
      createEngineActors({
        ...ports,
        sinks: [...sinks, needs.sink],
        predictions: needs.predictions,
        telemetry: metrics,
        log,
        requestSnapshot: needs.onSnapshotWanted,
        onLeft: needs.onLeft,
        epoch,
        options,
        onFatal,
      }),
    epoch,
    options,
    sha256: Object.fromEntries(
      needs.registry.entries.map(({ manifest }) => [
        manifest.name,
        manifest.sha256,
      ]),
    ),
    telemetry: metrics,
    log,
  });
};

const startApi = (
  { epoch, metrics, log }: Surroundings,
  bus: Bus,
  desk: OperatorDesk,
  backend: PredictBackend,
): SignalApi =>
  new SignalApi({
    bus,
    backend,
    desk,
    version: INSTALLATION.version,
    id: epoch,
    clock,
    timers,
    telemetry: metrics,
    log,
  });

/** From now on the engine is running; returns what makes it draining. */
const showReadiness = (hub: SignalHub, status: EngineStatus): (() => void) => {
  const show = (): void => hub.pushReadiness(status.readiness());
  const beat = timers.every(READINESS_EVERY_MS, show);
  status.enter("running");
  show();
  return () => {
    beat.cancel();
    status.enter("draining");
    show();
  };
};

const feedSource = ({
  feed,
  nats,
}: Config): Exclude<Config["feed"]["source"], "auto"> => {
  if (feed.source !== "auto") return feed.source;
  if (feed.venue !== "") return "venue";
  return nats.url === "" ? "simulator" : "bus";
};

const venueLink = ({ status }: VenueRun): LinkStatus => ({
  name: status.venue,
  state: status.connections >= status.clients ? "connected" : "disconnected",
});
