/**
 * A process of its own for F55: waves of new symbols on a whole set of actors, each left idle until its actors are gone, and the memory
 * that is left. `node --expose-gc dist/test/support/symbol-churn.js`; writes one line of JSON.
 */
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../../actors/engine-actors.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import { NO_LOG, type StateStore } from "../../engine/ports.ts";
import { ManualExecutor } from "../../engine/std/executor.ts";
import { SimulatedClock } from "../../engine/std/simulated-clock.ts";
import { FakeInference, TREES } from "./fake-inference.ts";
import { RecordingTelemetry } from "./recording-telemetry.ts";

const SYMBOLS_MAX = 500;
const SYMBOLS_A_WAVE = 10_000;
const WAVES = 6;
const IDLE_MS = 10_000;

export interface ChurnReport {
  readonly symbolsMax: number;
  readonly actorsMost: number;
  readonly refused: number;
  readonly left: number;
  /** Bytes in use after a full collection: fresh, then with each wave's actors up, and after they left. */
  readonly freshBytes: number;
  readonly upBytes: readonly number[];
  readonly leftBytes: readonly number[];
}

/** Saves go nowhere: what a store holds is no memory of the actors. */
const STORE: StateStore = {
  load: () => Promise.resolve(undefined),
  save: () => undefined,
  flush: () => Promise.resolve(),
};

const usedBytes = (): number => {
  globalThis.gc!();
  globalThis.gc!();
  const { heapUsed, arrayBuffers } = process.memoryUsage();
  return heapUsed + arrayBuffers;
};

const churn = async (): Promise<ChurnReport> => {
  const clock = new SimulatedClock();
  const executor = new ManualExecutor();
  const telemetry = new RecordingTelemetry();
  let left = 0;
  const { router } = createEngineActors({
    clock,
    timers: clock,
    executor,
    inference: new FakeInference([TREES]),
    sinks: [],
    store: STORE,
    predictions: { record: () => undefined },
    telemetry,
    log: NO_LOG,
    requestSnapshot: () => undefined,
    onInspect: (event) => {
      if (event.type === "passivated") left++;
    },
    epoch: "churn",
    options: {
      ...ENGINE_ACTORS_DEFAULTS,
      symbolsMax: SYMBOLS_MAX,
      symbol: { ...ENGINE_ACTORS_DEFAULTS.symbol, idleMs: IDLE_MS },
    },
  });
  const snapshotOf = (name: string): void => {
    router.onEvent({
      type: "bookSnapshot",
      symbol: symbolId(name),
      eventUs: clock.nowUs(),
      receivedUs: clock.nowUs(),
      receivedNs: clock.nowNs(),
      seq: 1,
      bids: [99, 1],
      asks: [101, 1],
    });
  };
  let actorsMost = 0;
  const freshBytes = usedBytes();
  const upBytes: number[] = [];
  const leftBytes: number[] = [];
  for (let wave = 0; wave < WAVES; wave++) {
    for (let i = 0; i < SYMBOLS_A_WAVE; i++) {
      snapshotOf(`W${wave}-${i}.SIM`);
      executor.runUntilIdle();
      actorsMost = Math.max(actorsMost, router.size);
    }
    await Promise.resolve();
    executor.runUntilIdle();
    upBytes.push(usedBytes());
    for (let second = 0; second < 15; second++) {
      clock.advanceMs(1_000);
      executor.runUntilIdle();
    }
    if (router.size > 0) throw new Error(`${router.size} actors stayed`);
    leftBytes.push(usedBytes());
  }
  return {
    symbolsMax: SYMBOLS_MAX,
    actorsMost,
    refused: telemetry.of("fusewire_symbol_events_refused_total"),
    left,
    freshBytes,
    upBytes,
    leftBytes,
  };
};

process.stdout.write(`${JSON.stringify(await churn())}\n`);
