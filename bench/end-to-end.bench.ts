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
import type { Received, ReceiverOptions } from "./receiver.ts";
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
  /** Of each of the two measurements. */
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
const ENGINE_UP_MS_MAX = 30_000;

/** Needs the built tree: the processes that it starts are compiled. */
export const runEndToEndBench = async (
  options: EndToEndOptions,
): Promise<EndToEndResult> => {
  const tell = options.onProgress ?? (() => undefined);
  tell("engine: measuring");
  const engine = await measure(options, startEngine);
  tell(`engine: ${engine.received.nats.signals} signals; floor: measuring`);
  const floor = await measure(options, startEcho(engine.received.payloadBytes));

  const { received, run } = engine;
  const nats = received.nats.latency;
  const ws = received.ws!.latency;
  const floorLatency = floor.received.nats.latency;
  const slower = {
    p50Us: Math.max(nats.p50Us, ws.p50Us),
    p99Us: Math.max(nats.p99Us, ws.p99Us),
  };
  return {
    rate: options.rate,
    symbols: options.symbols,
    seconds: options.seconds,
    sent: run.events,
    signals: received.nats.signals,
    lost: Math.max(received.nats.lost, received.ws!.lost),
    ws,
    nats,
    engine: received.engine,
    stages: received.stages,
    floor: { p50Us: floorLatency.p50Us, p99Us: floorLatency.p99Us },
    ratio: ratioOf(slower, floorLatency),
    cpu: engine.cpu,
    rssMb: engine.rssMb,
    generatorLateMaxUs: Math.round(
      Math.max(run.lateMaxNs, floor.run.lateMaxNs) / 1_000,
    ),
    machine: describeMachine(),
    commit: describeCommit(),
  };
};

/** What stands between publisher and receiver. */
interface Middle {
  readonly wsPort: number | undefined;
  readonly pid: number | undefined;
  end(): Promise<void>;
}

type StartMiddle = (
  options: EndToEndOptions,
  nats: NatsServer,
) => Promise<Middle>;

interface Measurement {
  readonly run: PublishRun;
  readonly received: Received;
  readonly cpu: number;
  readonly rssMb: number;
}

const processOf = (name: string): PeerProcess =>
  new PeerProcess(
    pathToFileURL(join(INSTALLATION.root, "dist/bench", `${name}.js`)),
  );

const measure = async (
  options: EndToEndOptions,
  startMiddle: StartMiddle,
): Promise<Measurement> => {
  const ends: (() => Promise<void>)[] = [];
  try {
    const nats = await startNatsServer();
    ends.unshift(() => nats.end());
    const middle = await startMiddle(options, nats);
    ends.unshift(() => middle.end());
    const receiver = processOf("receiver");
    ends.unshift(() => receiver.end());
    const publisher = processOf("publisher");
    ends.unshift(() => publisher.end());

    const { wsPort } = middle;
    await receiver.call("open", {
      natsPort: nats.port,
      ...(wsPort === undefined ? {} : { wsPort }),
    } satisfies ReceiverOptions);
    await publisher.call("open", {
      port: nats.port,
      symbols: options.symbols,
      encoding: options.encoding ?? "msgpack",
    } satisfies PublisherOptions);
    return await drive(options, middle, publisher, receiver);
  } finally {
    for (const end of ends) await end();
  }
};

const drive = async (
  options: EndToEndOptions,
  middle: Middle,
  publisher: PeerProcess,
  receiver: PeerProcess,
): Promise<Measurement> => {
  const { rate, symbols, seconds } = options;
  const roundsOf = (s: number): number =>
    Math.max(1, Math.round((rate * s) / symbols));
  const trades = options.tradesPerSymbol ?? 1;
  const plan = (s: number): PublishPlan => ({
    rate,
    rounds: roundsOf(s),
    roundsPerTrade:
      trades === 0 ? 0 : Math.max(1, Math.round(rate / symbols / trades)),
  });

  await publisher.call("snapshots");
  const warmup = await publisher.call<PublishRun>(
    "run",
    plan(options.warmupSeconds ?? WARMUP_SECONDS),
  );
  await sleep(300);
  const heard = await receiver.call<number>("heard");
  if (heard < symbols)
    throw new Error(
      `after the warm-up ${heard} of ${symbols} symbols have signals`,
    );
  const firstSeq = warmup.firstSeq + warmup.events / symbols;
  await receiver.call("begin", { firstSeq });
  const before = usageOf(middle.pid);
  const run = await publisher.call<PublishRun>("run", plan(seconds));
  const after = usageOf(middle.pid);
  const received = await receiver.call<Received>("finish", run);
  const cpuSeconds = after.cpuSeconds - before.cpuSeconds;
  return {
    run,
    received,
    cpu: Math.round((1e11 * cpuSeconds) / run.elapsedNs) / 100,
    rssMb: after.rssMb,
  };
};

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
  return { wsPort: port, pid: program.pid, end };
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
    return { wsPort: undefined, pid: undefined, end: () => echo.end() };
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
  const { run, received } = await measure(options, startEcho(payloadBytes));
  const { latency, lost } = received.nats;
  return { sent: run.events, lost, floor: latency };
};
