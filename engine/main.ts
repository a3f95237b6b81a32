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
import { symbolId } from "./domain/symbol.ts";
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
import type { Bus, Logger, PredictionLog, StateStore } from "./ports.ts";
import { PredictBackend } from "./predict-backend.ts";
import { liveExecutor } from "./std/executor.ts";
import { hash32 } from "./std/random.ts";
import { systemClock, systemTimers } from "./std/time.ts";

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

const READINESS_EVERY_MS = 100;

export const startEngine = async (options: EngineOptions): Promise<Engine> => {
  const { config, log, onFatal } = options;
  const clock = systemClock;
  const timers = systemTimers;
  const metrics = new Metrics({ timers });
  // Names this run: later runs sort after earlier ones.
  const epoch = `${clock.nowUs().toString(36)}-${process.pid.toString(36)}`;
  /** Steps of the drain, in the order of starting. */
  const stops: (() => void | Promise<void>)[] = [];
  const stop = async (): Promise<void> => {
    for (let step = stops.pop(); step !== undefined; step = stops.pop())
      await step();
  };

  try {
    const { store, ...storeLife } = openStore(config, metrics, log);
    stops.push(() => storeLife.close());
    const predictions = openPredictions(config, metrics, log);
    stops.push(() => predictions.close());

    // First, so that probes are answered while models load.
    const hub = await SignalHub.start({
      host: config.http.host,
      port: config.http.port,
      connectionsMax: config.http.connectionsMax,
      origins: config.http.origins,
      symbolsMax: config.symbols.max,
      epoch,
      version: INSTALLATION.version,
      workerUrl: INSTALLATION.hubThreadUrl,
      pagesUrl: INSTALLATION.pagesUrl,
      clock,
      timers,
      telemetry: metrics,
      log,
    });
    stops.push(() => hub.close());

    const registry = loadModels(config, log);
    const inference = await startInference(config, registry, metrics, log);
    stops.push(() => inference.close());

    const bus = openBus(config, metrics, log, onFatal);
    stops.push(() => bus.drain());
    const isSimulated = usesSimulator(config);
    // Simulated prices never reach a shared broker: see docs/decisions/0005-embedded-default.md.
    const feedBus =
      isSimulated && config.nats.url !== "" ? new LocalBus({ log }) : bus;

    const publisher = new SignalPublisher({ bus, telemetry: metrics, log });
    const actors = createEngineActors({
      clock,
      timers,
      executor: liveExecutor(),
      inference,
      // Encoded once for both roads; what the publisher keeps back goes nowhere.
      sinks: [
        {
          publish: (signal) => {
            const encoded = publisher.publish(signal);
            if (encoded !== undefined) hub.publish(signal, encoded);
          },
        },
      ],
      store,
      predictions,
      telemetry: metrics,
      log,
      requestSnapshot: (symbol) => feed.requestSnapshot(symbol),
      onLeft: (symbol) => feed.forget(symbol),
      epoch,
      options: actorOptions(config),
      onFatal,
    });
    stops.push(() => actors.system.drain());

    const feed = new MarketFeed({
      bus: feedBus,
      onEvent: (event, decodedNs) => actors.router.onEvent(event, decodedNs),
      onHeadline: (headline) => actors.router.onHeadline(headline),
      clock,
      timers,
      telemetry: metrics,
      log,
      symbolsMax: config.symbols.max,
    });
    const links = (): readonly LinkStatus[] => [
      config.nats.url === ""
        ? { name: "bus", state: "in-process" }
        : { name: "nats", state: bus.state },
      ...(storeLife.link === undefined ? [] : [storeLife.link()]),
    ];
    const status = new EngineStatus({
      clock,
      version: INSTALLATION.version,
      epoch,
      simulated: isSimulated,
      actors,
      inference,
      metrics,
      links,
    });
    const api = new SignalApi({
      bus,
      backend: new PredictBackend({
        clock,
        actors,
        inference,
        registry,
        readiness: () => status.readiness(),
      }),
      version: INSTALLATION.version,
      id: epoch,
      clock,
      timers,
      telemetry: metrics,
      log,
    });
    hub.onStatus((watched) => status.snapshot(watched));
    hub.onMetrics(() => metrics.exposition());
    hub.onBookRequest((symbol) => status.ladder(symbol));
    feed.start();
    stops.push(() => feed.stop());
    stops.push(() => api.stop());
    if (isSimulated) stops.push(startSimulator(config, feedBus));

    const beat = timers.every(READINESS_EVERY_MS, () =>
      hub.pushReadiness(status.readiness()),
    );
    status.enter("running");
    hub.pushReadiness(status.readiness());
    stops.push(() => {
      beat.cancel();
      status.enter("draining");
      hub.pushReadiness(status.readiness());
    });
    return {
      epoch,
      url: `http://${config.http.host}:${hub.port}/`,
      registry,
      simulated: isSimulated,
      stop,
    };
  } catch (error) {
    await stop();
    throw error;
  }
};

const usesSimulator = ({ feed, nats }: Config): boolean =>
  feed.source === "simulator" || (feed.source === "auto" && nats.url === "");

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
      bookSync: { ...symbol.bookSync, staleAfterMs: symbols.staleAfterMs },
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
