/** What a bench over real sockets is made of: a nats-server, a publisher, something in the middle, and a receiver. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { pathToFileURL } from "node:url";
import { INSTALLATION } from "../engine/installation.ts";
import type { Encoding } from "../engine/wire/encoding.ts";
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

export interface RigOptions {
  /** Book updates a second, over all symbols. */
  readonly rate: number;
  readonly symbols: number;
  /** Of the market data; signals are always MessagePack here. */
  readonly encoding?: Encoding;
  /** Trades a second of each symbol besides the book updates: they make the bars that the forecaster speaks on. */
  readonly tradesPerSymbol?: number;
  /** Further arguments of `fusewire run`, and of node before it (profiling). */
  readonly engineArguments?: readonly string[];
  readonly nodeArguments?: readonly string[];
}

/** The models speak after five seconds of book. */
export const ENGINE_WARMUP_SECONDS = 8;
/** Two that are compared take turns, often, so that both see the same machine, whatever else it does. */
export const SLICES = 10;
/** Uncounted, before each slice: the rig has stood idle meanwhile. */
const REWARM_SECONDS = 1;
const HEAR_TRIES_MAX = 15;
const ENGINE_UP_MS_MAX = 30_000;

/** What stands between publisher and receiver. */
export interface Middle {
  readonly wsPort: number | undefined;
  readonly pid: number | undefined;
  /** Throws when it is gone: its silence must not be taken for lost events. */
  check(): void;
  end(): Promise<void>;
}

export type StartMiddle = (
  options: RigOptions,
  nats: NatsServer,
) => Promise<Middle>;

export const processOf = (name: string): PeerProcess =>
  new PeerProcess(
    pathToFileURL(join(INSTALLATION.root, "dist/bench", `${name}.js`)),
  );

/** A nats-server of its own with a publisher, something in the middle and a receiver. */
export class Rig {
  sent = 0;
  lateMaxNs = 0;
  rssMb = 0;
  #cpuSeconds = 0;
  #measuredNs = 0;
  readonly #options: RigOptions;
  readonly #ends: (() => Promise<void>)[] = [];
  readonly #publisher = processOf("publisher");
  readonly #receiver = processOf("receiver");
  #middle: Middle | undefined;

  private constructor(options: RigOptions) {
    this.#options = options;
    this.#ends.push(
      () => this.#publisher.end(),
      () => this.#receiver.end(),
    );
  }

  static async open(
    options: RigOptions,
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

export const startEngine: StartMiddle = async (options, nats) => {
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
