/** What recording a run costs: two engines under the same load over real sockets, one of them recorded, in turns; and the path alone. */
import { mkdtempSync, rmSync, statSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { INSTALLATION } from "../engine/installation.ts";
import { NO_LOG } from "../engine/ports.ts";
import { replayRecorded } from "../engine/replay-recorded.ts";
import { loadBenchTrees } from "./bench-trees.ts";
import type { Received } from "./receiver.ts";
import {
  describeCommit,
  describeMachine,
  ratioOf,
  type MedianAndTail,
  type Percentiles,
} from "./report.ts";
import {
  ENGINE_WARMUP_SECONDS,
  Rig,
  SLICES,
  startEngine,
  type RigOptions,
} from "./rig.ts";
import { measureSignalPath } from "./signal-path.bench.ts";

export interface RecordingOptions extends RigOptions {
  /** Counted seconds of each engine. */
  readonly seconds: number;
  readonly warmupSeconds?: number;
  /** Of the path alone, in each of its turns. */
  readonly pathEvents?: number;
  readonly onProgress?: (text: string) => void;
}

/** One of the two engines. */
export interface EngineUnderLoad {
  readonly sent: number;
  readonly lost: number;
  readonly ws: Percentiles;
  readonly nats: Percentiles;
  /** From receipt to the stamp "published". */
  readonly engine: MedianAndTail;
  readonly cpu: number;
  readonly rssMb: number;
}

export interface RecordingResult {
  readonly rate: number;
  readonly symbols: number;
  readonly seconds: number;
  readonly plain: EngineUnderLoad;
  readonly recorded: EngineUnderLoad;
  /** Recorded over plain: the slower road, the engine alone, and cores. */
  readonly ratio: {
    readonly p50: number;
    readonly p99: number;
    readonly engine: { readonly p50: number; readonly p99: number };
    readonly cpu: number;
  };
  readonly tape: {
    readonly records: number;
    readonly bytes: number;
    readonly bytesPerEvent: number;
    readonly lost: number;
    /** Replays from the run's beginning to its end. */
    readonly whole: boolean;
  };
  /** Bytes to bytes on one thread, one event after the other: the best of each. */
  readonly path: {
    readonly plainEventsPerSecond: number;
    readonly recordedEventsPerSecond: number;
    readonly ratio: number;
  };
  readonly generatorLateMaxUs: number;
  readonly machine: string;
  readonly commit: string;
}

const PATH_TURNS = 5;
const PATH_EVENTS = 60_000;
const PATH_SYMBOLS = 20;

/** Needs the built tree: the processes that it starts are compiled. */
export const runRecordingBench = async (
  options: RecordingOptions,
): Promise<RecordingResult> => {
  const folder = mkdtempSync(join(tmpdir(), "fusewire-bench-tape-"));
  try {
    const path = await measurePath(options, folder);
    const engines = await measureEngines(options, join(folder, "run.fwt"));
    return { ...engines, path };
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
};

const measureEngines = async (
  options: RecordingOptions,
  tape: string,
): Promise<Omit<RecordingResult, "path">> => {
  const {
    rate,
    symbols,
    seconds,
    onProgress: tell = () => undefined,
  } = options;
  const rigs: Rig[] = [];
  const open = async (engineArguments: readonly string[]): Promise<Rig> => {
    const rig = await Rig.open({ ...options, engineArguments }, startEngine);
    rigs.push(rig);
    await rig.warmUp(options.warmupSeconds ?? ENGINE_WARMUP_SECONDS);
    return rig;
  };
  try {
    tell("engines: warming up");
    const plain = await open([]);
    const recorded = await open(["--record", tape]);
    for (let slice = 0; slice < SLICES; slice++) {
      tell(`slice ${slice + 1} of ${SLICES}: both engines`);
      // Neither always comes first.
      const turns = slice % 2 === 0 ? [plain, recorded] : [recorded, plain];
      for (const rig of turns) await rig.measure(seconds / SLICES);
    }
    const measured = {
      plain: underLoad(plain, await plain.received()),
      recorded: underLoad(recorded, await recorded.received()),
    };
    // The tape is whole once its engine has ended.
    for (const rig of rigs) await rig.close();
    tell("the tape: replaying");
    return {
      rate,
      symbols,
      seconds,
      ...measured,
      ratio: ratiosOf(measured.recorded, measured.plain),
      tape: await tapeOf(tape),
      generatorLateMaxUs: Math.round(
        Math.max(plain.lateMaxNs, recorded.lateMaxNs) / 1_000,
      ),
      machine: describeMachine(),
      commit: describeCommit(),
    };
  } finally {
    for (const rig of rigs) await rig.close();
  }
};

const underLoad = (
  rig: Rig,
  { nats, ws, engine }: Received,
): EngineUnderLoad => ({
  sent: rig.sent,
  lost: Math.max(nats.lost, ws!.lost),
  ws: ws!.latency,
  nats: nats.latency,
  engine,
  cpu: rig.cores,
  rssMb: rig.rssMb,
});

const ratiosOf = (
  recorded: EngineUnderLoad,
  plain: EngineUnderLoad,
): RecordingResult["ratio"] => ({
  ...ratioOf(slowerRoad(recorded), slowerRoad(plain)),
  engine: ratioOf(recorded.engine, plain.engine),
  cpu: quotient(recorded.cpu, plain.cpu),
});

const slowerRoad = ({ ws, nats }: EngineUnderLoad): MedianAndTail => ({
  p50Us: Math.max(ws.p50Us, nats.p50Us),
  p99Us: Math.max(ws.p99Us, nats.p99Us),
});

const tapeOf = async (path: string): Promise<RecordingResult["tape"]> => {
  const reader = new TapeReader(path);
  let records = 0;
  for await (const item of reader.items())
    if (item.type === "record") records++;
  const { whole } = await replayRecorded({
    tape: reader,
    out: undefined,
    verify: undefined,
    recomputeWith: undefined,
    log: NO_LOG,
  });
  const bytes = statSync(path).size;
  return {
    records,
    bytes,
    bytesPerEvent: Math.round((10 * bytes) / records) / 10,
    lost: reader.lost,
    whole,
  };
};

const measurePath = async (
  {
    pathEvents = PATH_EVENTS,
    onProgress: tell = () => undefined,
  }: RecordingOptions,
  folder: string,
): Promise<RecordingResult["path"]> => {
  const trees = loadBenchTrees(INSTALLATION.modelsDir);
  const common = { events: pathEvents, symbols: PATH_SYMBOLS };
  let [plain, recorded] = [0, 0];
  for (let turn = 0; turn < PATH_TURNS; turn++) {
    tell(`path alone: turn ${turn + 1} of ${PATH_TURNS}`);
    const recordTo = join(folder, `path-${turn}.fwt`);
    const bare = await measureSignalPath(common, trees);
    const taped = await measureSignalPath({ ...common, recordTo }, trees);
    plain = Math.max(plain, bare.eventsPerSecond);
    recorded = Math.max(recorded, taped.eventsPerSecond);
    rmSync(recordTo);
  }
  return {
    plainEventsPerSecond: plain,
    recordedEventsPerSecond: recorded,
    ratio: quotient(recorded, plain),
  };
};

const quotient = (a: number, b: number): number =>
  b === 0 ? 0 : Math.round((100 * a) / b) / 100;
