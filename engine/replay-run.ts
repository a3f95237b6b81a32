/** One replay of a tape through the engine's own actors on simulated time: the same tape and models give the same bytes. */
import {
  ENGINE_ACTORS_DEFAULTS,
  createEngineActors,
  type EngineActorsOptions,
} from "../actors/engine-actors.ts";
import { loadRegistry } from "../models/registry.ts";
import { createInference } from "../workers/placement.ts";
import { CountingTelemetry } from "./counting-telemetry.ts";
import { fedModels } from "./fed-models.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import { INPUT_WINDOWS } from "./features/input-windows.ts";
import { isHeadline, type FeedEvent } from "./feeds/feed-event.ts";
import { replay, type ReplayTarget } from "./feeds/replay.ts";
import { lossOf, type TapeLosses } from "./feeds/tape.ts";
import { TapeReader } from "./feeds/tape-reader.ts";
import { INSTALLATION } from "./installation.ts";
import { NO_STORE, type Logger } from "./ports.ts";
import { SettlingInference } from "./settling-inference.ts";
import { SignalFile } from "./signal-file.ts";
import { ManualExecutor } from "./std/executor.ts";
import { SimulatedClock } from "./std/simulated-clock.ts";

export interface ReplayRunOptions {
  readonly tape: AsyncIterable<FeedEvent>;
  readonly modelsDir: string;
  /** Signals as JSON Lines; none are written without it, but they are hashed. */
  readonly out: string | undefined;
  readonly llama: "auto" | "off";
  readonly log: Logger;
  /** As the engine's, where it does not say otherwise. */
  readonly actors?: EngineActorsOptions;
}

export interface ReplaySummary extends TapeLosses {
  readonly events: number;
  /** Over the wall time of the events alone, without loading models. */
  readonly eventsPerSecond: number;
  /** Books voided: by a gap that they found or were told, a hole of the tape's among them, and by quotes. */
  readonly gaps: number;
  readonly crossed: number;
  readonly signals: number;
  /** Of the signals as JSON Lines. */
  readonly sha256: string;
}

/** Reads the tape no faster than the file takes the signals. */
async function* throttled(
  tape: AsyncIterable<FeedEvent>,
  file: SignalFile,
): AsyncGenerator<FeedEvent> {
  for await (const event of tape) {
    yield event;
    if (file.isBlocked) await file.drained();
  }
}

export const runReplay = async (
  options: ReplayRunOptions,
): Promise<ReplaySummary> => {
  const file = await SignalFile.open(options.out, "replace");
  const clock = new SimulatedClock();
  const executor = new ManualExecutor();
  const actorOptions = options.actors ?? ENGINE_ACTORS_DEFAULTS;
  const registry = fedModels(
    loadRegistry(options.modelsDir, {
      featureSets: FEATURE_SETS,
      windows: INPUT_WINDOWS,
    }),
    {
      references: actorOptions.references.length,
      sentiment: actorOptions.news.finbert,
    },
  );
  const placed = await createInference(registry.entries, {
    workerUrl: INSTALLATION.onnxWorkerUrl,
    llamaProcessUrl: INSTALLATION.llamaProcessUrl,
    batching: "single",
    llama: { enabled: options.llama },
    clock,
    timers: clock,
    log: options.log,
  });
  const inference = new SettlingInference(placed);
  const telemetry = new CountingTelemetry();
  const actors = createEngineActors({
    clock,
    timers: clock,
    executor,
    inference,
    sinks: [file],
    store: NO_STORE,
    predictions: { record: () => undefined },
    telemetry,
    log: options.log,
    // A tape answers no questions: the next snapshot on it is the answer.
    requestSnapshot: () => undefined,
    epoch: "replay",
    options: actorOptions,
  });
  const target: ReplayTarget = {
    clock,
    onEvent: (event) => {
      if (isHeadline(event)) actors.router.onHeadline(event);
      else actors.router.onEvent(event);
    },
    runUntilIdle: () => executor.runUntilIdle(),
    get pending() {
      return inference.pending;
    },
    settle: () => inference.settle(),
  };
  if (options.tape instanceof TapeReader)
    options.tape.onInstrument = (told) => actors.router.onInstrument(told);
  const startedNs = process.hrtime.bigint();
  try {
    const { events } = await replay(throttled(options.tape, file), target);
    const seconds = Number(process.hrtime.bigint() - startedNs) / 1e9;
    return {
      events,
      eventsPerSecond: Math.round(events / seconds),
      gaps: telemetry.bookEvents("voided"),
      ...lossOf(options.tape),
      crossed: telemetry.bookEvents("crossed") + telemetry.bookEvents("locked"),
      signals: file.signals,
      sha256: await file.end(),
    };
  } finally {
    await placed.close();
  }
};
