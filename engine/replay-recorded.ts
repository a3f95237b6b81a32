/** Replays a recorded run to the byte: the engine's own actors over the journal on its tape; see docs/decisions/0007. */
import {
  createEngineActors,
  type EngineActorsOptions,
} from "../actors/engine-actors.ts";
import { loadRegistry } from "../models/registry.ts";
import { createInference } from "../workers/placement.ts";
import { machineOf } from "./actor-machine.ts";
import { CountingTelemetry } from "./counting-telemetry.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import { INPUT_WINDOWS } from "./features/input-windows.ts";
import type { TapeItem } from "./feeds/tape-block.ts";
import { lossOf, type Tape, type TapeLosses } from "./feeds/tape.ts";
import { TapeReader } from "./feeds/tape-reader.ts";
import { INSTALLATION } from "./installation.ts";
import { MARK } from "./journal/journal-format.ts";
import type { MachineInputs, MachinePorts } from "./journal/machine.ts";
import type { RunHead } from "./journal/run-head.ts";
import { RunReplay } from "./journal/run-replay.ts";
import type { Logger, SignalSink, Telemetry } from "./ports.ts";
import { RecomputeCheck, type Recomputed } from "./recompute-check.ts";
import { SignalFile } from "./signal-file.ts";
import { SignalVerifier } from "./signal-verifier.ts";
import { CodedError } from "./std/errors.ts";
import { systemClock } from "./std/time.ts";

export interface RecordedReplayOptions {
  readonly tape: Tape;
  /** Signals as JSON Lines. */
  readonly out: string | undefined;
  /** Signals of the live run, to compare with. */
  readonly verify: string | undefined;
  /** The registry whose models judge again; none without it. */
  readonly recomputeWith: string | undefined;
  readonly log: Logger;
}

export interface RecordedReplaySummary extends TapeLosses {
  readonly epoch: string;
  readonly events: number;
  readonly steps: number;
  readonly eventsPerSecond: number;
  readonly gaps: number;
  readonly crossed: number;
  readonly signals: number;
  readonly sha256: string;
  /** The recording goes to the run's end. */
  readonly whole: boolean;
  /** Signals equal to the live run's. */
  readonly verified?: number;
  readonly recomputed?: readonly Recomputed[];
}

/** Whether it is a tape that begins with the head of a run; not so for recordings of another format. E_TAPE_PART where only the beginning is missing. */
export const isRecordedRun = async (tape: Tape): Promise<boolean> => {
  if (!(tape instanceof TapeReader)) return false;
  for await (const item of tape.items()) {
    if (item.type === "mark" && item.bytes[0] === MARK.head) return true;
    if (tape.info.content !== "run") return false;
    throw new CodedError("E_TAPE_PART", {
      detail: `the run's beginning is not in ${tape.paths[0]}: its market alone replays, with --simulated`,
    });
  }
  return tape.info.content === "run";
};

export const replayRecorded = async (
  options: RecordedReplayOptions,
): Promise<RecordedReplaySummary> => {
  const telemetry = new CountingTelemetry();
  const file = await SignalFile.open(options.out, "replace");
  const verifier =
    options.verify === undefined
      ? undefined
      : new SignalVerifier(options.verify);
  const check = await openCheck(options);
  const sinks = verifier === undefined ? [file] : [file, verifier];
  const run = new RunReplay({
    create: (head, ports) => {
      check?.checkModels(head);
      return rebuild(head, ports, sinks, telemetry, options.log);
    },
    ...(check === undefined ? {} : { watch: check }),
  });
  const startedNs = systemClock.nowNs();
  try {
    for await (const item of itemsOf(options.tape)) {
      if (item.type === "record") run.record(item.record);
      else if (item.type === "hole") run.hole();
      else if (item.type === "mark") {
        run.mark(item.bytes);
        await verifier?.catchUp();
        await check?.settle();
        if (file.isBlocked) await file.drained();
      }
    }
    if (run.head === undefined)
      throw new CodedError("E_TAPE_FORMAT", {
        detail: "the recording ends before the run began",
      });
    const seconds = (systemClock.nowNs() - startedNs) / 1e9;
    const sha256 = await file.end();
    await verifier?.end(run.isWhole ? "whole" : "cut");
    return {
      epoch: run.head.epoch,
      events: run.events,
      steps: run.steps,
      eventsPerSecond: Math.round(run.events / seconds),
      gaps: telemetry.bookEvents("voided"),
      ...lossOf(options.tape),
      crossed: telemetry.bookEvents("crossed"),
      signals: file.signals,
      sha256,
      whole: run.isWhole,
      ...(verifier === undefined ? {} : { verified: verifier.verified }),
      ...(check === undefined ? {} : { recomputed: check.report() }),
    };
  } catch (error) {
    // What was said until then is what one looks at next.
    await file.end();
    throw error;
  } finally {
    verifier?.close();
    await check?.close();
  }
};

const itemsOf = (tape: Tape): AsyncIterable<TapeItem> => {
  if (tape instanceof TapeReader) return tape.items();
  throw new CodedError("E_TAPE_FORMAT", { detail: "no recorded run" });
};

/** As `startEngine` builds them, where the ports lead to a journal. */
const rebuild = (
  head: RunHead,
  { clock, timers, executor, inference, store }: MachinePorts,
  sinks: readonly SignalSink[],
  telemetry: Telemetry,
  log: Logger,
): MachineInputs => {
  const actors = createEngineActors({
    clock,
    timers,
    executor,
    inference,
    sinks,
    store,
    predictions: { record: () => undefined },
    telemetry,
    log,
    requestSnapshot: () => undefined,
    epoch: head.epoch,
    options: head.options as EngineActorsOptions,
    // The live engine ends itself then, with a drain; so does the recording.
    onFatal: () => undefined,
  });
  return machineOf(actors);
};

const openCheck = async ({
  recomputeWith,
  log,
}: RecordedReplayOptions): Promise<RecomputeCheck | undefined> => {
  if (recomputeWith === undefined) return undefined;
  const { entries } = loadRegistry(recomputeWith, {
    featureSets: FEATURE_SETS,
    windows: INPUT_WINDOWS,
  });
  const inference = await createInference(entries, {
    workerUrl: INSTALLATION.onnxWorkerUrl,
    llamaProcessUrl: INSTALLATION.llamaProcessUrl,
    batching: "single",
    log,
  });
  return new RecomputeCheck(inference, systemClock);
};
