/** Tick to signal over real sockets, from the intended send to delivery, beside the bare wire's floor in the same run. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { INSTALLATION } from "../engine/installation.ts";
import type { Encoding } from "../engine/wire/encoding.ts";
import type { EchoOptions } from "./echo.ts";
import {
  freePort,
  PeerProcess,
  Program,
  sleep,
  startNatsServer,
  usageOf,
  type NatsServer,
} from "./peer-process.ts";
import type { PublisherOptions, PublishPlan, PublishRun } from "./publisher.ts";
import type { Heard, Received, ReceiverOptions } from "./receiver.ts";
import {
  describeCommit,
  describeMachine,
  ratioOf,
  type MedianAndTail,
  type Percentiles,
} from "./report.ts";

export interface EndToEndOptions {
  /** Book updates a second, over all symbols. */
  readonly rate: number;
  readonly symbols: number;
  /** Counted seconds of the engine, and as many of the floor. */
  readonly seconds: number;
  readonly warmupSeconds?: number;
  /** Of the market data; signals are always MessagePack here. */
  readonly encoding?: Encoding;
  /** Trades a second of each symbol besides the book updates: they make the bars that the forecaster speaks on. */
  readonly tradesPerSymbol?: number;
  /** Further arguments of `fusewire run`, and of node before it (profiling). */
  readonly engineArguments?: readonly string[];
  readonly nodeArguments?: readonly string[];
  readonly onProgress?: (text: string) => void;
}

export interface EndToEndResult {
  readonly rate: number;
  readonly symbols: number;
  readonly seconds: number;
  readonly sent: number;
  /** Delivered to the NATS subscriber. */
  readonly signals: number;
  /** Events that no signal covered, on the road that lost more. */
  readonly lost: number;
  readonly ws: Percentiles;
  readonly nats: Percentiles;
  readonly engine: MedianAndTail;
  readonly stages: Readonly<Record<string, MedianAndTail>>;
  readonly floor: MedianAndTail;
  /** The slower of ws and nats over the floor. */
  readonly ratio: { readonly p50: number; readonly p99: number };
  /** Cores that the engine used. */
  readonly cpu: number;
  readonly rssMb: number;
  /** How late the generator itself was at worst, in either measurement. */
  readonly generatorLateMaxUs: number;
  readonly machine: string;
  readonly commit: string;
}

/** The models speak after five seconds of book. */
const WARMUP_SECONDS = 8;
const FLOOR_WARMUP_SECONDS = 2;
/** Engine and floor take turns, often, so that both see the same machine, whatever else it does. */
const SLICES = 10;
/** Uncounted, before each slice: the rig has stood idle meanwhile. */
const REWARM_SECONDS = 1;
const HEAR_TRIES_MAX = 15;
const ENGINE_UP_MS_MAX = 30_000;

/** Needs the built tree: the processes that it starts are compiled. */
export const runEndToEndBench = async (
  options: EndToEndOptions,
): Promise<EndToEndResult> => {
  const tell = options.onProgress ?? (() => undefined);
  const rigs: Rig[] = [];
  try {
    tell("engine: warming up");
    const engine = await Rig.open(options, startEngine);
    rigs.push(engine);
    await engine.warmUp(options.warmupSeconds ?? WARMUP_SECONDS);
    const { payloadBytes } = await engine.heard();
    const floor = await Rig.open(options, startEcho(payloadBytes));
    rigs.push(floor);
    await floor.warmUp(FLOOR_WARMUP_SECONDS);
    for (let slice = 1; slice <= SLICES; slice++) {
      tell(`slice ${slice} of ${SLICES}: engine, then floor`);
      await engine.measure(options.seconds / SLICES);
      await floor.measure(options.seconds / SLICES);
    }
    return resultOf(
      options,
      engine,
      await engine.received(),
      floor,
      await floor.received(),
    );
  } finally {
    for (const rig of rigs) await rig.close();
  }
};

const resultOf = (
  options: EndToEndOptions,
  engine: Rig,
  received: Received,
  floor: Rig,
  echoed: Received,
): EndToEndResult => {
  const nats = received.nats.latency;
  const ws = received.ws!.latency;
  const { p50Us, p99Us } = echoed.nats.latency;
  const slower = {
    p50Us: Math.max(nats.p50Us, ws.p50Us),
    p99Us: Math.max(nats.p99Us, ws.p99Us),
  };
  return {
    rate: options.rate,
    symbols: options.symbols,
    seconds: options.seconds,
    sent: engine.sent,
    signals: received.nats.signals,
    lost: Math.max(received.nats.lost, received.ws!.lost),
    ws,
    nats,
    engine: received.engine,
    stages: received.stages,
    floor: { p50Us, p99Us },
    ratio: ratioOf(slower, { p50Us, p99Us }),
    cpu: engine.cores,
    rssMb: engine.rssMb,
    generatorLateMaxUs: Math.round(
      Math.max(engine.lateMaxNs, floor.lateMaxNs) / 1_000,
    ),
    machine: describeMachine(),
    commit: describeCommit(),
  };
};

/** What stands between publisher and receiver. */
interface Middle {
  readonly wsPort: number | undefined;
  readonly pid: number | undefined;
  /** Throws when it is gone: its silence must not be taken for lost events. */
  check(): void;
  end(): Promise<void>;
}

type StartMiddle = (
  options: EndToEndOptions,
  nats: NatsServer,
) => Promise<Middle>;

const processOf = (name: string): PeerProcess =>
  new PeerProcess(
    pathToFileURL(join(INSTALLATION.root, "dist/bench", `${name}.js`)),
  );

/** A nats-server of its own with a publisher, something in the middle and a receiver. */
class Rig {
  sent = 0;
  lateMaxNs = 0;
  rssMb = 0;
  #cpuSeconds = 0;
  #measuredNs = 0;
  readonly #options: EndToEndOptions;
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #publisher = processOf("publisher");
  readonly #receiver = processOf("receiver");
  #middle: Middle | undefined;

  private constructor(options: EndToEndOptions) {
    this.#options = options;
    this.#ends.push(
      () => this.#publisher.end(),
      () => this.#receiver.end(),
    );
  }

  static async open(
    options: EndToEndOptions,
    startMiddle: StartMiddle,
  ): Promise<Rig> {
    const rig = new Rig(options);
    try {
      await rig.#open(startMiddle);
    } catch (error) {
      await rig.close();
      throw error;
    }
    return rig;
  }

  async #open(startMiddle: StartMiddle): Promise<void> {
    const options = this.#options;
    const nats = await startNatsServer();
    this.#ends.push(() => nats.end());
    const middle = await startMiddle(options, nats);
    // Before its server: an engine that loses it would begin to reconnect.
    this.#ends.splice(-1, 0, () => middle.end());
    this.#middle = middle;
    const { wsPort } = middle;
    await this.#receiver.call("open", {
      natsPort: nats.port,
      ...(wsPort === undefined ? {} : { wsPort }),
    } satisfies ReceiverOptions);
    await this.#publisher.call("open", {
      port: nats.port,
      symbols: options.symbols,
      encoding: options.encoding ?? "msgpack",
    } satisfies PublisherOptions);
    await this.#publisher.call("snapshots");
  }

  /** Cores that the middle used while it was measured. */
  get cores(): number {
    return Math.round((1e11 * this.#cpuSeconds) / this.#measuredNs) / 100;
  }

  /** Until every symbol has been heard of: an engine that is up may not have its subscriptions yet. */
  async warmUp(seconds: number): Promise<void> {
    await this.#run(seconds);
    for (let i = 0; i < HEAR_TRIES_MAX; i++) {
      await sleep(300);
      const { symbols } = await this.heard();
      if (symbols === this.#options.symbols) return;
      await this.#run(REWARM_SECONDS);
    }
    throw new Error("not every symbol has signals after the warm-up");
  }

  async measure(seconds: number): Promise<void> {
    const rewarmed = await this.#run(REWARM_SECONDS);
    await sleep(300);
    const { symbols } = this.#options;
    await this.#receiver.call("begin", {
      firstSeq: rewarmed.firstSeq + rewarmed.events / symbols,
    });
    const before = usageOf(this.#middle?.pid);
    const run = await this.#run(seconds);
    this.#middle?.check();
    const after = usageOf(this.#middle?.pid);
    await this.#receiver.call("finish", run);
    this.sent += run.events;
    this.lateMaxNs = Math.max(this.lateMaxNs, run.lateMaxNs);
    this.#cpuSeconds += after.cpuSeconds - before.cpuSeconds;
    this.#measuredNs += run.elapsedNs;
    this.rssMb = after.rssMb;
  }

  heard(): Promise<Heard> {
    return this.#receiver.call("heard");
  }

  received(): Promise<Received> {
    return this.#receiver.call("result");
  }

  async close(): Promise<void> {
    for (const end of this.#ends.splice(0)) await end();
  }

  #run(seconds: number): Promise<PublishRun> {
    const { rate, symbols, tradesPerSymbol = 1 } = this.#options;
    return this.#publisher.call("run", {
      rate,
      rounds: Math.max(1, Math.round((rate * seconds) / symbols)),
      roundsPerTrade:
        tradesPerSymbol === 0
          ? 0
          : Math.max(1, Math.round(rate / symbols / tradesPerSymbol)),
    } satisfies PublishPlan);
  }
}

const startEngine: StartMiddle = async (options, nats) => {
  const entry = INSTALLATION.cliPath;
  if (!existsSync(entry))
    throw new Error(`${entry} is missing: run "npm run build" first`);
  const port = await freePort();
  const state = mkdtempSync(join(tmpdir(), "fusewire-bench-state-"));
  const program = new Program(
    process.execPath,
    [
      ...(options.nodeArguments ?? []),
      entry,
      "run",
      ...(options.engineArguments ?? []),
    ],
    {
      env: {
        ...process.env,
        FUSEWIRE_NATS_URL: `nats://127.0.0.1:${nats.port}`,
        FUSEWIRE_HTTP_PORT: String(port),
        FUSEWIRE_STATE_DIR: state,
        FUSEWIRE_LOG_LEVEL: "warn",
      },
    },
  );
  const end = async (): Promise<void> => {
    await program.end();
    rmSync(state, { recursive: true, force: true });
  };
  try {
    await program.untilUp("the engine", () => isLive(port), ENGINE_UP_MS_MAX);
  } catch (error) {
    await end();
    throw error;
  }
  return {
    wsPort: port,
    pid: program.pid,
    check: () => program.check("the engine"),
    end,
  };
};

const isLive = async (port: number): Promise<boolean> => {
  try {
    return (await fetch(`http://127.0.0.1:${port}/health/live`)).ok;
  } catch {
    return false;
  }
};

const startEcho =
  (payloadBytes: number): StartMiddle =>
  async (_options, nats) => {
    const echo = processOf("echo");
    await echo.call("open", {
      port: nats.port,
      payloadBytes,
    } satisfies EchoOptions);
    return {
      wsPort: undefined,
      pid: undefined,
      check: () => undefined,
      end: () => echo.end(),
    };
  };

/** The floor alone: what the bare wire takes on this machine, without any engine. */
export const runFloorBench = async (
  options: EndToEndOptions,
  payloadBytes: number,
): Promise<{
  readonly sent: number;
  readonly lost: number;
  readonly floor: Percentiles;
}> => {
  const rig = await Rig.open(options, startEcho(payloadBytes));
  try {
    await rig.warmUp(options.warmupSeconds ?? FLOOR_WARMUP_SECONDS);
    await rig.measure(options.seconds);
    const { latency, lost } = (await rig.received()).nats;
    return { sent: rig.sent, lost, floor: latency };
  } finally {
    await rig.close();
  }
};
