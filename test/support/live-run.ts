/** A live engine at its worst, recorded: real threads that die, poison, a loop that stalls, mailboxes that overflow. */
import { join } from "node:path";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
  type EngineActorsOptions,
} from "../../actors/engine-actors.ts";
import type { InspectionEvent } from "../../actors/runtime/inspection.ts";
import type { MarketEvent } from "../../engine/domain/market-event.ts";
import { symbolId, type SymbolId } from "../../engine/domain/symbol.ts";
import { FEATURE_SETS } from "../../engine/features/feature-sets.ts";
import { INPUT_WINDOWS } from "../../engine/features/input-windows.ts";
import { FeedPublisher } from "../../engine/feeds/feed-publisher.ts";
import { SIMULATED_SYMBOLS } from "../../engine/feeds/simulated-symbols.ts";
import { SimulatorFeed } from "../../engine/feeds/simulator-feed.ts";
import { MarketSimulator } from "../../engine/feeds/simulator.ts";
import { INSTALLATION } from "../../engine/installation.ts";
import { FileStore } from "../../engine/io/file-store.ts";
import { LocalBus } from "../../engine/io/local-bus.ts";
import { MarketFeed } from "../../engine/io/market-feed.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Inference,
  type InlineModel,
} from "../../engine/ports.ts";
import { startActors } from "../../engine/record-run.ts";
import { liveExecutor } from "../../engine/std/executor.ts";
import { Random } from "../../engine/std/random.ts";
import {
  systemClock,
  systemTimers,
  unixMicros,
} from "../../engine/std/time.ts";
import { encodeEvent } from "../../engine/wire/codec.ts";
import { eventSubject } from "../../engine/wire/subjects.ts";
import { loadRegistry } from "../../models/registry.ts";
import type { EngineInference } from "../../workers/engine-inference.ts";
import { createInference } from "../../workers/placement.ts";

/** Runs the models that ship, and dies of every seventh task. */
const DYING_WORKER = new URL("../fixtures/dying-worker.mjs", import.meta.url);
const MAILBOX_MAX = 8;
const STALL_MS_MAX = 120;
const HISTORY_BARS = 200;
const SYMBOLS = SIMULATED_SYMBOLS.slice(0, 4);
/** Has nothing but quotes. */
const QUOTED = symbolId("BBOUSDT.SIM");

const OPTIONS: EngineActorsOptions = {
  ...ENGINE_ACTORS_DEFAULTS,
  symbol: {
    ...ENGINE_ACTORS_DEFAULTS.symbol,
    mailboxMax: MAILBOX_MAX,
    saveEveryMs: 500,
  },
};

/** What a live run went through. */
export interface Ordeal {
  readonly crashes: number;
  readonly restarts: number;
  readonly conflated: number;
  readonly rejected: number;
}

export interface LiveRunOptions {
  readonly folder: string;
  readonly seconds: number;
  /** Inline judgements from one that throws to the next. */
  readonly poisonEvery: number;
  /** Small enough for several parts, where the test wants them. */
  readonly partMb?: number;
}

/** The tape is `run.fwt` in the folder, the signals `live.jsonl`, the state what an earlier run left there. */
export const liveRun = async (options: LiveRunOptions): Promise<Ordeal> => {
  const { folder, seconds } = options;
  const { entries } = loadRegistry(INSTALLATION.modelsDir, {
    featureSets: FEATURE_SETS,
    windows: INPUT_WINDOWS,
  });
  const inference = await createInference(entries, {
    workerUrl: DYING_WORKER,
    llamaProcessUrl: INSTALLATION.llamaProcessUrl,
    llama: { enabled: "off" },
  });
  const restarts: InspectionEvent[] = [];
  const bus = new LocalBus();
  const { actors, inputs, close } = await startActors({
    record: {
      tape: join(folder, "run.fwt"),
      signals: join(folder, "live.jsonl"),
      ...(options.partMb === undefined ? {} : { partMb: options.partMb }),
    },
    ports: {
      clock: systemClock,
      timers: systemTimers,
      executor: liveExecutor(),
      inference: poisoned(inference, options.poisonEvery),
      store: new FileStore({ folder: join(folder, "state") }),
    },
    create: (ports, sinks) =>
      createEngineActors({
        ...ports,
        sinks,
        predictions: { record: () => undefined },
        telemetry: NO_TELEMETRY,
        log: NO_LOG,
        requestSnapshot: (symbol) => feed.requestSnapshot(symbol),
        epoch: "live",
        options: OPTIONS,
        onInspect: (event) => {
          if (event.type === "restarted") restarts.push(event);
        },
      }),
    epoch: "live",
    options: OPTIONS,
    sha256: Object.fromEntries(
      entries.map(({ manifest }) => [manifest.name, manifest.sha256]),
    ),
    telemetry: NO_TELEMETRY,
    log: NO_LOG,
  });
  const feed = new MarketFeed({
    bus,
    onEvent: (event, ns, message) => inputs.onEvent(event, ns, message),
    onHeadline: (headline, _ns, message) =>
      inputs.onHeadline(headline, message),
  });
  feed.start();
  const stopMarket = startMarket(bus);
  const stopStalls = startStalls(bus);
  await new Promise((resolve) => setTimeout(resolve, seconds * 1_000));
  stopStalls();
  stopMarket();
  feed.stop();
  const states = actors.system.states();
  inputs.drain();
  await close();
  const ordeal: Ordeal = {
    crashes: crashesOf(inference),
    restarts: restarts.length,
    conflated: states.reduce((sum, { conflated }) => sum + conflated, 0),
    rejected: states.reduce((sum, { rejected }) => sum + rejected, 0),
  };
  await inference.close();
  return ordeal;
};

const poisoned = (inference: EngineInference, every: number): Inference => {
  let judged = 0;
  const poison = (model: InlineModel): InlineModel => ({
    served: model.served,
    predict: (features) => {
      if (++judged % every === 0) throw new TypeError("poison");
      return model.predict(features);
    },
  });
  return {
    models: inference.models,
    inline: (name) => {
      const model = inference.inline(name);
      return model && poison(model);
    },
    submit: (request, onPrediction, onMiss) =>
      inference.submit(request, onPrediction, onMiss),
    get pending() {
      return inference.pending;
    },
  };
};

const startMarket = (bus: LocalBus): (() => void) => {
  const publisher = new FeedPublisher({ bus, clock: systemClock });
  const feed = new SimulatorFeed({
    simulator: new MarketSimulator({
      seed: 5,
      symbols: SYMBOLS,
      updatesPerSecond: 100,
      newsEverySeconds: 1,
    }),
    clock: systemClock,
    timers: systemTimers,
    onEvent: (event) => publisher.publish(event),
  });
  for (const { symbol } of SYMBOLS) publishHistory(bus, symbol);
  feed.start();
  return () => {
    feed.stop();
    publisher.close();
  };
};

/** Closed bars, so that the forecaster has its window from the start. */
const publishHistory = (bus: LocalBus, symbol: SymbolId): void => {
  const nowUs = Math.floor(systemClock.nowUs() / 1e6) * 1e6;
  const random = new Random(9);
  for (let i = HISTORY_BARS; i > 0; i--) {
    const close = 100 + random.normal() / 10;
    publish(bus, {
      type: "bar",
      symbol,
      eventUs: unixMicros(nowUs - (i - 1) * 1e6),
      intervalMs: 1_000,
      openUs: unixMicros(nowUs - i * 1e6),
      open: 100,
      high: Math.max(100, close),
      low: Math.min(100, close),
      close,
      volume: 1,
      vwap: 100,
      trades: 3,
      closed: true,
    });
  }
};

/** The newest of them is all that is left of a burst. */
const publishQuotes = (bus: LocalBus, random: Random): void => {
  for (let seq = 1; seq <= 5; seq++)
    publish(bus, {
      type: "quote",
      symbol: QUOTED,
      eventUs: systemClock.nowUs(),
      seq,
      bidPrice: 99,
      bidSize: 1 + random.int(9),
      askPrice: 101,
      askSize: 1 + random.int(9),
    });
};

type Unstamped<E> = E extends MarketEvent
  ? Omit<E, "receivedUs" | "receivedNs">
  : never;

const publish = (bus: LocalBus, unstamped: Unstamped<MarketEvent>): void => {
  const event = {
    ...unstamped,
    receivedUs: systemClock.nowUs(),
    receivedNs: systemClock.nowNs(),
  };
  bus.publish(eventSubject(event), encodeEvent(event));
};

/** Blocks the thread for a while now and then, so that events, answers and timers come together. */
const startStalls = (bus: LocalBus): (() => void) => {
  const random = new Random(3);
  let isStopped = false;
  const stall = (): void => {
    if (isStopped) return;
    const endMs = performance.now() + random.int(STALL_MS_MAX);
    while (performance.now() < endMs);
    publishQuotes(bus, random);
    setTimeout(stall, random.int(3 * STALL_MS_MAX));
  };
  stall();
  return () => {
    isStopped = true;
  };
};

const crashesOf = (inference: EngineInference): number =>
  inference
    .status()
    .lanes.reduce(
      (sum, lane) => sum + ("crashes" in lane ? lane.crashes : 0),
      0,
    );
