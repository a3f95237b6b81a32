/** The path of one event inside the engine, bytes to bytes on one thread, with its floor (an empty actor) and its rival (onnxruntime). */
import { PerformanceObserver } from "node:perf_hooks";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../actors/engine-actors.ts";
import { ActorSystem } from "../actors/runtime/actor-system.ts";
import { STAGES } from "../engine/domain/stamps.ts";
import { MARKET_FEATURES } from "../engine/features/feature-schema.ts";
import { INSTALLATION } from "../engine/installation.ts";
import {
  NO_LOG,
  NO_STORE,
  NO_TELEMETRY,
  type SignalSink,
} from "../engine/ports.ts";
import {
  startActors,
  type ActorInputs,
  type StartedActors,
} from "../engine/record-run.ts";
import { ManualExecutor } from "../engine/std/executor.ts";
import { Random } from "../engine/std/random.ts";
import {
  monoNanos,
  systemClock,
  systemTimers,
  unixMicros,
  type Clock,
  type MonoNanos,
  type UnixMicros,
} from "../engine/std/time.ts";
import { decodeMarketEvent, encodeEvent } from "../engine/wire/codec.ts";
import type { Encoding } from "../engine/wire/encoding.ts";
import { encodeSignal } from "../engine/wire/signal-codec.ts";
import { eventSubject } from "../engine/wire/subjects.ts";
import {
  inlineInference,
  loadBenchTrees,
  type BenchTrees,
} from "./bench-trees.ts";
import { BookTape } from "./book-tape.ts";
import { runLoad } from "./load.ts";
import {
  describeCommit,
  describeMachine,
  Latencies,
  type MedianAndTail,
  type Percentiles,
} from "./report.ts";

export interface SignalPathOptions {
  readonly events: number;
  readonly symbols: number;
  /** Events a second; 0 for one after the other without a pause. */
  readonly rate?: number;
  readonly encoding?: Encoding;
  /** Left out: the models that ship; where there are none, random trees. */
  readonly modelsDir?: string;
  /** Records the run on a tape of this name, as fusewire record does. */
  readonly recordTo?: string;
  readonly onProgress?: (text: string) => void;
}

export interface SignalPathResult {
  readonly events: number;
  readonly symbols: number;
  readonly rate: number;
  readonly signals: number;
  /** Of the time spent on the path alone. */
  readonly eventsPerSecond: number;
  /** From bytes in hand to the signal's bytes. */
  readonly path: Percentiles;
  readonly stages: Readonly<Record<string, MedianAndTail>>;
  readonly gc: { readonly collections: number; readonly totalMs: number };
  readonly signalBytes: number;
  /** The floor: a message to an actor that does nothing. */
  readonly emptyActor: { readonly nsPerMessage: number };
  /** The rival: the same trees by onnxruntime on the same vectors. */
  readonly trees: readonly {
    readonly model: string;
    readonly trees: number;
    readonly inline: MedianAndTail;
    readonly onnxruntime: MedianAndTail | undefined;
  }[];
  readonly machine: string;
  readonly commit: string;
}

const WARMUP_ROUNDS = 300;
const LOOP_EVERY = 250;

export const runSignalPathBench = async (
  options: SignalPathOptions,
): Promise<SignalPathResult> => {
  const tell = options.onProgress ?? (() => undefined);
  const trees = loadBenchTrees(options.modelsDir ?? INSTALLATION.modelsDir);
  tell("signal path: measuring");
  const measured = await measureSignalPath(options, trees);
  tell("empty actor and onnxruntime: measuring");
  return {
    events: options.events,
    symbols: options.symbols,
    rate: options.rate ?? 0,
    ...measured,
    emptyActor: { nsPerMessage: measureEmptyActor() },
    trees: await Promise.all(trees.map(measureTrees)),
    machine: describeMachine(),
    commit: describeCommit(),
  };
};

/** Without floor and rival. */
export const measureSignalPath = async (
  options: Omit<SignalPathOptions, "modelsDir" | "onProgress">,
  trees: readonly BenchTrees[],
): Promise<MeasuredPath> => {
  const path = await SignalPath.start(options, trees);
  path.warmUp();
  const measured = await path.measure(options.events, options.rate ?? 0);
  await path.stop();
  return measured;
};

export type MeasuredPath = Pick<
  SignalPathResult,
  "signals" | "eventsPerSecond" | "path" | "stages" | "gc" | "signalBytes"
>;

/** The system's clock, moved ahead: the features want seconds of book before the models speak. */
class AdvancedClock implements Clock {
  #aheadNs = 0;

  advanceMs(ms: number): void {
    this.#aheadNs += ms * 1e6;
  }

  nowUs(): UnixMicros {
    return unixMicros(systemClock.nowUs() + this.#aheadNs / 1e3);
  }

  nowNs(): MonoNanos {
    return monoNanos(systemClock.nowNs() + this.#aheadNs);
  }
}

/** What the NATS publisher does with a signal, short of the socket. */
class EncodingSink implements SignalSink {
  signals = 0;
  bytes = 0;
  readonly stages = STAGES.map(() => new Latencies());
  readonly encoded = new Latencies();
  readonly #clock: Clock;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  publish(signal: Parameters<SignalSink["publish"]>[0]): void {
    const bytes = encodeSignal(signal);
    this.signals++;
    this.bytes += bytes.byteLength;
    let previousNs: number = signal.stampsNs[0]!;
    for (let k = 1; k < STAGES.length; k++) {
      const stampNs = signal.stampsNs[k]!;
      if (stampNs === 0) continue;
      this.stages[k]!.recordNs(stampNs - previousNs);
      previousNs = stampNs;
    }
    this.encoded.recordNs(this.#clock.nowNs() - previousNs);
  }

  report(): Record<string, MedianAndTail> {
    const report: Record<string, MedianAndTail> = {};
    for (const [k, latencies] of this.stages.entries())
      if (latencies.count > 0) report[STAGES[k]!] = latencies.medianAndTail();
    report["encoded"] = this.encoded.medianAndTail();
    return report;
  }
}

/** Everything between a NATS callback and a NATS publish. */
class SignalPath {
  readonly #clock = new AdvancedClock();
  readonly #executor = new ManualExecutor();
  readonly #tape: BookTape;
  readonly #encoding: Encoding;
  #close: StartedActors["close"] = () => Promise.resolve(undefined);
  #inputs: ActorInputs | undefined;
  #sink = new EncodingSink(this.#clock);

  private constructor(options: SignalPathOptions) {
    this.#tape = new BookTape(options.symbols);
    this.#encoding = options.encoding ?? "msgpack";
  }

  static async start(
    options: SignalPathOptions,
    trees: readonly BenchTrees[],
  ): Promise<SignalPath> {
    const path = new SignalPath(options);
    const started = await path.#start(trees, options.recordTo ?? "");
    path.#inputs = started.inputs;
    path.#close = started.close;
    return path;
  }

  #start(trees: readonly BenchTrees[], tape: string): Promise<StartedActors> {
    return startActors({
      record: { tape, signals: "" },
      ports: {
        clock: this.#clock,
        timers: systemTimers,
        executor: this.#executor,
        inference: inlineInference(trees),
        store: NO_STORE,
      },
      create: (ports) =>
        createEngineActors({
          ...ports,
          sinks: [{ publish: (signal) => this.#sink.publish(signal) }],
          predictions: { record: () => undefined },
          telemetry: NO_TELEMETRY,
          log: NO_LOG,
          requestSnapshot: () => undefined,
          epoch: "bench",
          options: ENGINE_ACTORS_DEFAULTS,
        }),
      epoch: "bench",
      options: ENGINE_ACTORS_DEFAULTS,
      sha256: {},
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
    });
  }

  /** More than ten seconds of the symbols' time, in steps that leave no book stale, and enough calls for the compiler. */
  warmUp(): void {
    const { books } = this.#tape;
    for (const book of books) {
      const snapshot = book.snapshot(this.#clock.nowUs());
      this.#take(eventSubject(snapshot), encodeEvent(snapshot, this.#encoding));
    }
    for (let round = 0; round < WARMUP_ROUNDS; round++) {
      this.#clock.advanceMs(50);
      for (const book of books) {
        this.#takeEvent(book.delta(this.#clock.nowUs()));
        if (round % 20 === 0) this.#takeEvent(book.trade(this.#clock.nowUs()));
      }
    }
  }

  async measure(events: number, rate: number): Promise<MeasuredPath> {
    this.#sink = new EncodingSink(this.#clock);
    const latencies = new Latencies();
    let totalNs = 0;
    const send = (i: number): void => {
      const event = this.#tape.at(i).delta(this.#clock.nowUs());
      const subject = eventSubject(event);
      const bytes = encodeEvent(event, this.#encoding);
      const startNs = systemClock.nowNs();
      this.#take(subject, bytes);
      const tookNs = systemClock.nowNs() - startNs;
      latencies.recordNs(tookNs);
      totalNs += tookNs;
    };
    const gc = watchGc();
    if (rate === 0)
      for (let i = 0; i < events; i++) {
        send(i);
        // Reminders, garbage collection reports and a recorder's disk wait for the loop.
        if (i % LOOP_EVERY === 0) await nextLoop();
      }
    else await runLoad({ rate, events, send, flush: () => undefined });
    const collected = await gc();
    const { signals, bytes } = this.#sink;
    return {
      signals,
      eventsPerSecond: Math.round((1e9 * events) / totalNs),
      path: latencies.percentiles(),
      stages: this.#sink.report(),
      gc: collected,
      signalBytes: Math.round(bytes / Math.max(1, signals)),
    };
  }

  async stop(): Promise<void> {
    this.#inputs?.drain();
    await this.#close();
  }

  #takeEvent(event: Parameters<typeof encodeEvent>[0]): void {
    this.#take(eventSubject(event), encodeEvent(event, this.#encoding));
  }

  #take(subject: string, bytes: Uint8Array): void {
    const clock = this.#clock;
    const event = decodeMarketEvent(
      subject,
      bytes,
      clock.nowUs(),
      clock.nowNs(),
    );
    this.#inputs!.onEvent(event, clock.nowNs(), { subject, data: bytes });
    this.#executor.runUntilIdle();
  }
}

const nextLoop = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));

/** Counts collections until the returned function is called; both kinds, those of the bench itself included. */
const watchGc = (): (() => Promise<SignalPathResult["gc"]>) => {
  let collections = 0;
  let totalMs = 0;
  const observer = new PerformanceObserver((list) => {
    for (const { duration } of list.getEntries()) {
      collections++;
      totalMs += duration;
    }
  });
  observer.observe({ entryTypes: ["gc"] });
  return async () => {
    await nextLoop();
    observer.disconnect();
    return { collections, totalMs: Math.round(totalMs * 100) / 100 };
  };
};

/** One message a turn, over as many actors as there are symbols in the default bench. */
const measureEmptyActor = (): number => {
  const executor = new ManualExecutor();
  const system = new ActorSystem({
    clock: systemClock,
    timers: systemTimers,
    executor,
  });
  const message = { type: "nothing" };
  const refs = Array.from({ length: 100 }, (_, i) =>
    system.spawn<typeof message>(`empty${i}`, {
      create: () => ({ receive: () => undefined }),
      mailbox: { capacityMax: 1_024, overflow: "reject" },
    }),
  );
  const runs = (messages: number): number => {
    const startNs = systemClock.nowNs();
    for (let i = 0; i < messages; i++) {
      refs[i % refs.length]!.tell(message);
      executor.runUntilIdle();
    }
    return (systemClock.nowNs() - startNs) / messages;
  };
  runs(200_000);
  const nsPerMessage = runs(1_000_000);
  system.stop();
  return Math.round(nsPerMessage);
};

const VECTORS = 2_000;

/** Vectors that walk, as features do: between two updates only some change, and a little. */
const walkingVectors = (): Float64Array[] => {
  const random = new Random(1);
  const width = MARKET_FEATURES.features.length;
  const vector = Float64Array.from({ length: width }, () => random.normal());
  return Array.from({ length: VECTORS }, () => {
    for (let k = 0; k < 6; k++)
      vector[random.int(width)]! += 0.05 * random.normal();
    return vector.slice();
  });
};

const measureTrees = async (
  trees: BenchTrees,
): Promise<SignalPathResult["trees"][number]> => {
  const vectors = walkingVectors();
  const inline = new Latencies();
  for (let pass = 0; pass < 5; pass++)
    for (const vector of vectors) {
      const startNs = systemClock.nowNs();
      trees.ensemble.predict(vector);
      if (pass > 1) inline.recordNs(systemClock.nowNs() - startNs);
    }
  return {
    model: trees.name,
    trees: trees.ensemble.treeCount,
    inline: inline.medianAndTail(),
    onnxruntime: await measureOnnxruntime(trees, vectors),
  };
};

/** Undefined where onnxruntime is not installed. */
const measureOnnxruntime = async (
  trees: BenchTrees,
  vectors: readonly Float64Array[],
): Promise<MedianAndTail | undefined> => {
  let ort: typeof import("onnxruntime-node");
  try {
    ort = await import("onnxruntime-node");
  } catch {
    return undefined;
  }
  const session = await ort.InferenceSession.create(trees.bytes.slice(), {
    intraOpNumThreads: 1,
  });
  const input = session.inputNames[0]!;
  const latencies = new Latencies();
  for (const [i, vector] of vectors.entries()) {
    const startNs = systemClock.nowNs();
    const tensor = new ort.Tensor("float32", Float32Array.from(vector), [
      1,
      vector.length,
    ]);
    await session.run({ [input]: tensor });
    if (i >= VECTORS / 4) latencies.recordNs(systemClock.nowNs() - startNs);
  }
  await session.release();
  return latencies.medianAndTail();
};
