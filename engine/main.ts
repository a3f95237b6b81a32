/** The composition root: stores, models, actors, links and hub, put together in this order and drained in reverse. */
import { join } from "node:path";
import {
  ENGINE_ACTORS_DEFAULTS,
  createEngineActors,
  type EngineActorsOptions,
} from "../actors/engine-actors.ts";
import { withGgufAt } from "../models/llama/gguf-at.ts";
import { loadRegistry, type Registry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference, type DeviceName } from "../workers/placement.ts";
import type { Config } from "./config-schema.ts";
import { symbolId, type SymbolId } from "./domain/symbol.ts";
import { EngineStatus } from "./engine-status.ts";
import { SERVED_HASHES } from "./features/feature-sets.ts";
import { FeedPublisher } from "./feeds/feed-publisher.ts";
import { SimulatorFeed } from "./feeds/simulator-feed.ts";
import {
  SIMULATED_SYMBOLS,
  simulatedSymbol,
} from "./feeds/simulated-symbols.ts";
import { MarketSimulator } from "./feeds/simulator.ts";
import { INSTALLATION } from "./installation.ts";
import { FileStore } from "./io/file-store.ts";
import type { LinkStatus } from "./io/hub-status.ts";
import { LocalBus } from "./io/local-bus.ts";
import { MarketFeed } from "./io/market-feed.ts";
import { Metrics } from "./io/metrics.ts";
import { NatsLink } from "./io/nats-link.ts";
import { JsonlPredictionLog } from "./io/prediction-log.ts";
import { RedisStore } from "./io/redis-store.ts";
import { SignalApi } from "./io/signal-api.ts";
import { SignalHub } from "./io/signal-hub.ts";
import { SignalPublisher } from "./io/signal-publisher.ts";
import { natsLinkOptions } from "./links.ts";
import { OperatorDesk } from "./operator-desk.ts";
import { parseBarKind } from "./market/bar-kind.ts";
import { REFERENCES_MAX } from "./market/references.ts";
import type {
  Bus,
  Logger,
  PredictionLog,
  SignalSink,
  StateStore,
} from "./ports.ts";
import { startActors, type StartedActors } from "./record-run.ts";
import { PredictBackend } from "./predict-backend.ts";
import { liveExecutor } from "./std/executor.ts";
import { hash32 } from "./std/random.ts";
import { systemClock, systemTimers } from "./std/time.ts";
import { SYMBOLS_PAGE_MAX } from "./wire/operator-api.ts";
import { startVenue, type VenueRun } from "./venue-run.ts";

export interface Engine {
  readonly epoch: string;
  /** Where the page is. */
  readonly url: string;
  readonly registry: Registry;
  readonly simulated: boolean;
  /** Ends what was begun, in reverse; resolves when nothing is left. */
  stop(): Promise<void>;
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
  const source = feedSource(config);
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
  stops.push(() => actorsLife.close());
  stops.push(() => inputs.drain());

  const feed = new MarketFeed({
    bus: feedBus,
    onEvent: (event, decodedNs, message) =>
      inputs.onEvent(event, decodedNs, message),
    onHeadline: (headline, _decodedNs, message) =>
      inputs.onHeadline(headline, message),
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
    registry,
    simulated: isSimulated,
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

interface OpenStore {
  readonly store: StateStore;
  readonly link: (() => LinkStatus) | undefined;
  close(): Promise<void>;
}

/** Redis where there is one, with the file behind it, so that a lost Redis costs nothing. */
const openStore = (
  { redis, state }: Config,
  metrics: Metrics,
  log: Logger,
): OpenStore => {
  const file = new FileStore({ folder: state.dir, telemetry: metrics, log });
  if (redis.url === "")
    return { store: file, link: undefined, close: () => file.flush() };
  const store = new RedisStore({
    url: redis.url,
    fallback: file,
    telemetry: metrics,
    log,
  });
  return {
    store,
    link: () => ({
      name: "redis",
      state: store.isOpen ? "disconnected" : "connected",
    }),
    close: () => store.close(),
  };
};

const openPredictions = (
  config: Config,
  metrics: Metrics,
  log: Logger,
): PredictionLog & { close(): Promise<void> } =>
  config.log.predictions
    ? new JsonlPredictionLog({
        path: join(config.state.dir, "predictions.jsonl"),
        telemetry: metrics,
        log,
      })
    : { record: () => undefined, close: () => Promise.resolve() };

const loadModels = (config: Config, log: Logger): Registry => {
  const dir =
    config.models.dir === "" ? INSTALLATION.modelsDir : config.models.dir;
  const registry = loadRegistry(dir, {
    featureSchemaHashes: SERVED_HASHES,
  });
  for (const { directory, error, detail } of registry.refusals)
    log.error("model.refused", { directory, code: error.code, detail });
  const { llama, llamaPath } = config.models;
  return llama && llamaPath !== "" ? withGgufAt(registry, llamaPath) : registry;
};

const startInference = (
  { models }: Config,
  registry: Registry,
  metrics: Metrics,
  log: Logger,
): Promise<EngineInference> => {
  // Cards are dealt to the pool's models in turn; trees run inline and need none.
  const devices: Record<string, DeviceName> = {};
  let dealt = 0;
  for (const { manifest } of registry.entries) {
    if (models.cudaDevices.length === 0) break;
    if (manifest.family === "lightgbm" || manifest.family === "llama") continue;
    devices[manifest.name] =
      `cuda:${models.cudaDevices[dealt++ % models.cudaDevices.length]!}`;
  }
  return createInference(registry.entries, {
    workerUrl: INSTALLATION.onnxWorkerUrl,
    llamaProcessUrl: INSTALLATION.llamaProcessUrl,
    telemetry: metrics,
    log,
    devices,
    threadsPerLane: models.threads,
    queueMax: models.queueMax,
    batchMax: models.batchMax,
    llama: { enabled: models.llama ? "auto" : "off" },
  });
};

const openBus = (
  { nats }: Config,
  metrics: Metrics,
  log: Logger,
  onFatal: (error: unknown) => void,
): Bus => {
  if (nats.url === "") return new LocalBus({ log });
  const link = new NatsLink({
    ...natsLinkOptions(nats),
    name: "fusewire",
    telemetry: metrics,
    log,
    onFatal,
  });
  link.start();
  return link;
};

const actorOptions = (config: Config): EngineActorsOptions => {
  const { symbols, models, fusion, state } = config;
  const { symbol, news } = ENGINE_ACTORS_DEFAULTS;
  return {
    symbolsMax: symbols.max,
    references: symbols.references.map(symbolId),
    instruments: symbols.instruments.map((one) => ({
      ...one,
      symbol: symbolId(one.symbol),
    })),
    symbol: {
      ...symbol,
      mailboxMax: symbols.mailboxMax,
      idleMs: symbols.idleMs,
      depthMax: symbols.depthMax,
      bars: {
        kinds: symbols.bars.map(parseBarKind),
        length: symbols.barsMax,
        policies: {
          prefer: symbols.barsPrefer,
          lateTrades: symbols.lateTrades,
        },
      },
      bookSync: {
        ...symbol.bookSync,
        staleAfterMs: symbols.staleAfterMs,
        frozenAfterMs: symbols.frozenAfterMs,
      },
      models: {
        ...symbol.models,
        forecastDeadlineMs: models.forecastDeadlineMs,
      },
      weights: {
        ...symbol.weights,
        priorAlpha: fusion.priorStrength / 2,
        priorBeta: fusion.priorStrength / 2,
        halfLifeMs: fusion.weightHalfLifeHours * 3_600_000,
      },
      minIntervalMs: symbols.signalIntervalMs,
      saveEveryMs: state.saveEveryMs,
    },
    news: {
      ...news,
      deadlineMs: models.sentimentDeadlineMs,
      saveEveryMs: state.saveEveryMs,
    },
  };
};

/** The simulated market takes the road of any feed: encoded, over the bus, decoded. Returns its stop. */
const startSimulator = ({ feed }: Config, bus: Bus): (() => void) => {
  const symbols =
    feed.symbols.length === 0
      ? SIMULATED_SYMBOLS
      : feed.symbols.map((text, i) => simulatedSymbol(symbolId(text), i));
  const simulator = new MarketSimulator({
    seed: hash32(feed.seed),
    symbols,
    updatesPerSecond: feed.updatesPerSecond,
  });
  const publisher = new FeedPublisher({ bus, clock: systemClock });
  const source = new SimulatorFeed({
    simulator,
    clock: systemClock,
    timers: systemTimers,
    onEvent: (event) => publisher.publish(event),
    // All events of a beat are decoded before the first turn: a short beat keeps the page's latencies those of the engine.
    beatMs: 5,
  });
  source.start();
  return () => {
    source.stop();
    publisher.close();
  };
};
