/** The actors of the live engine, recorded where the configuration says so: see docs/decisions/0007. */
import type {
  EngineActors,
  EngineActorsOptions,
} from "../actors/engine-actors.ts";
import { machineOf } from "./actor-machine.ts";
import {
  TapeRecorder,
  type TapeRecorderCounts,
  type TapeRecorderOptions,
} from "./feeds/tape-recorder.ts";
import { inTime } from "./feeds/part-names.ts";
import type { OpenDisk } from "./feeds/tape-file.ts";
import { INSTALLATION } from "./installation.ts";
import type { MachineInputs, MachinePorts } from "./journal/machine.ts";
import type { RunHead } from "./journal/run-head.ts";
import { PartStates, type StandingMarket } from "./journal/part-states.ts";
import { RunRecording, type EventBytes } from "./journal/run-recording.ts";
import type { Headline } from "./domain/headline.ts";
import type { Instrument } from "./domain/instrument.ts";
import type { MarketEvent } from "./domain/market-event.ts";
import type { Logger, SignalSink, Telemetry } from "./ports.ts";
import { SignalFile } from "./signal-file.ts";
import { standingMarket } from "./standing-market.ts";
import { CodedError, toCodedError } from "./std/errors.ts";
import { systemClock, systemTimers, type MonoNanos } from "./std/time.ts";

/** Where the feed and the operators knock. */
export interface ActorInputs extends MachineInputs {
  onEvent(event: MarketEvent, decodedNs: MonoNanos, bytes?: EventBytes): void;
  onHeadline(headline: Headline, bytes?: EventBytes): void;
  onInstrument(instrument: Instrument, bytes?: EventBytes): void;
}

export interface StartedActors {
  readonly actors: EngineActors;
  readonly inputs: ActorInputs;
  /** After the drain: nothing more is recorded. Resolves to what keeps the recording from being whole. */
  readonly close: () => Promise<CodedError | undefined>;
}

export interface RecordTo {
  /** A tape, or a folder for its parts; empty: none. */
  readonly tape: string;
  readonly signals: string;
  /** The recording goes on in another part beyond this size. */
  readonly partMb?: number;
  /** … or after this long; 0: by size alone. */
  readonly partMinutes?: number;
  /** Parts kept; 0: all. */
  readonly partsMax?: number;
}

export interface RecordRunOptions {
  readonly record: RecordTo;
  readonly ports: MachinePorts;
  /** Builds the actors over the ports given, with these sinks besides its own. */
  readonly create: (
    ports: MachinePorts,
    sinks: readonly SignalSink[],
  ) => EngineActors;
  readonly epoch: string;
  readonly options: EngineActorsOptions;
  /** Hex digests of the models' files by name. */
  readonly sha256: Readonly<Record<string, string>>;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly openDisk?: OpenDisk;
}

/** What a crash of the process may cost of the journal. */
const FLUSH_EVERY_MS = 100;

/** Without a tape the actors stand on the bare ports, and recording costs nothing. */
export const startActors = async (
  options: RecordRunOptions,
): Promise<StartedActors> => {
  const { record } = options;
  const signals =
    record.signals === ""
      ? undefined
      : await SignalFile.open(
          inTime(record.signals, systemClock.nowUs()),
          "refuse",
        );
  try {
    return record.tape === ""
      ? startUnrecorded(options, signals)
      : await startRecorded(options, signals);
  } catch (error) {
    // An empty file would only stand in the way of the next attempt.
    await signals?.discard();
    throw error;
  }
};

const startUnrecorded = (
  { ports, create, log }: RecordRunOptions,
  signals: SignalFile | undefined,
): StartedActors => {
  const actors = create(ports, sinksOf(signals));
  const flushing = systemTimers.every(FLUSH_EVERY_MS, () => signals?.flush());
  return {
    actors,
    inputs: machineOf(actors),
    close: async () => {
      flushing.cancel();
      return endSignals(signals, log);
    },
  };
};

const startRecorded = async (
  options: RecordRunOptions,
  signals: SignalFile | undefined,
): Promise<StartedActors> => {
  const { record, telemetry, log } = options;
  let actors: EngineActors | undefined;
  let market: StandingMarket | undefined;
  const states: PartStates = new PartStates(
    () => tape,
    () => market,
  );
  const tape: TapeRecorder = await TapeRecorder.start({
    path: record.tape,
    clock: systemClock,
    timers: systemTimers,
    info: {
      source: `run ${options.epoch}`,
      content: "run",
      recording: options.epoch,
    },
    ...rotationOf(record),
    onPart: () => states.begin(),
    ...(options.openDisk === undefined ? {} : { openDisk: options.openDisk }),
    telemetry,
    log,
  });
  const lost = telemetry.counter(
    "fusewire_journal_lost_total",
    "Recordings whose journal ended before the run, as the tape had no room",
  );
  let journalLost: CodedError | undefined;
  const onLost = (error: CodedError): void => {
    journalLost = error;
    lost.add(1);
    log.error("record.lost", { code: error.code });
  };
  const recording = new RunRecording(options.ports, tape, onLost, states);
  try {
    recording.start(headOf(options), () => {
      actors = options.create(recording.ports, sinksOf(signals));
      market = standingMarket(actors, systemClock);
      return machineOf(actors);
    });
  } catch (error) {
    await tape.close();
    throw error;
  }
  const flushing = systemTimers.every(FLUSH_EVERY_MS, () => {
    recording.flush();
    signals?.flush();
  });
  return {
    actors: actors!,
    inputs: recording,
    close: async () => {
      flushing.cancel();
      recording.end();
      const counts = await tape.close();
      const signalsLost = await endSignals(signals, log);
      if (journalLost === undefined && counts.isWhole) return signalsLost;
      return tapeLost(journalLost, counts, tape.writeError);
    },
  };
};

/** A disk that was full is not one that was slow, and whoever reads this has something to do about it. */
const tapeLost = (
  journalLost: CodedError | undefined,
  { lost, writeErrors }: TapeRecorderCounts,
  cause: unknown,
): CodedError => {
  const detail = `${lost} events`;
  if (writeErrors === 0)
    return journalLost ?? new CodedError("E_TAPE_HOLE", { detail });
  const said = cause instanceof Error ? cause.message : String(cause);
  return new CodedError("E_TAPE_WRITE", {
    detail: `${detail}: ${said}`,
    cause,
  });
};

const sinksOf = (signals: SignalFile | undefined): readonly SignalSink[] =>
  signals === undefined ? [] : [signals];

const rotationOf = ({
  partMb = 0,
  partMinutes = 0,
  partsMax = 0,
}: RecordTo): Pick<
  TapeRecorderOptions,
  "rotateBytes" | "rotateMs" | "partsMax"
> => ({
  ...(partMb === 0 ? {} : { rotateBytes: partMb * 1e6 }),
  ...(partMinutes === 0 ? {} : { rotateMs: partMinutes * 60_000 }),
  ...(partsMax === 0 ? {} : { partsMax }),
});

const headOf = (options: RecordRunOptions): RunHead => {
  const { models } = options.ports.inference;
  const head: RunHead = {
    v: 1,
    version: INSTALLATION.version,
    node: process.version,
    epoch: options.epoch,
    options: options.options,
    models,
    inline: models
      .filter(({ name }) => options.ports.inference.inline(name) !== undefined)
      .map(({ name }) => name),
    sha256: options.sha256,
  };
  // An infinite or missing number would come back as another one.
  if (!isPlain(head))
    throw new CodedError("E_INTERNAL", { detail: "options that JSON changes" });
  return head;
};

const isPlain = (value: unknown): boolean => {
  if (typeof value === "number") return Number.isFinite(value);
  if (typeof value !== "object" || value === null)
    return typeof value === "string" || typeof value === "boolean";
  return Object.values(value).every(
    (each) => each === undefined || isPlain(each),
  );
};

const endSignals = async (
  signals: SignalFile | undefined,
  log: Logger,
): Promise<CodedError | undefined> => {
  if (signals === undefined) return undefined;
  try {
    const sha256 = await signals.end();
    log.info("record.signals", {
      signals: signals.signals,
      dropped: signals.dropped,
      sha256,
    });
    return signals.dropped === 0
      ? undefined
      : new CodedError("E_TAPE_WRITE", {
          detail: `${signals.dropped} signals were dropped`,
        });
  } catch (error) {
    log.error("record.signalsFailed", { error });
    return toCodedError(error);
  }
};
