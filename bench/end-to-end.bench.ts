/** Tick to signal over real sockets, from the intended send to delivery, beside the bare wire's floor in the same run. */
import type { EchoOptions } from "./echo.ts";
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
  processOf,
  Rig,
  SLICES,
  startEngine,
  type RigOptions,
  type StartMiddle,
} from "./rig.ts";

export interface EndToEndOptions extends RigOptions {
  /** Counted seconds of the engine, and as many of the floor. */
  readonly seconds: number;
  /** Turns of each of the two. */
  readonly slices?: number;
  readonly warmupSeconds?: number;
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

const FLOOR_WARMUP_SECONDS = 2;

/** Needs the built tree: the processes that it starts are compiled. */
export const runEndToEndBench = async (
  options: EndToEndOptions,
): Promise<EndToEndResult> => {
  const tell = options.onProgress ?? (() => undefined);
  const { seconds, slices = SLICES } = options;
  const rigs: Rig[] = [];
  try {
    tell("engine: warming up");
    const engine = await Rig.open(options, startEngine);
    rigs.push(engine);
    await engine.warmUp(options.warmupSeconds ?? ENGINE_WARMUP_SECONDS);
    const { payloadBytes } = await engine.heard();
    const floor = await Rig.open(options, startEcho(payloadBytes));
    rigs.push(floor);
    await floor.warmUp(FLOOR_WARMUP_SECONDS);
    for (let slice = 1; slice <= slices; slice++) {
      tell(`slice ${slice} of ${slices}: engine, then floor`);
      await engine.measure(seconds / slices);
      await floor.measure(seconds / slices);
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
