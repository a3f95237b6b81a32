/** `fusewire feed`: one venue's market data onto NATS, as a process of its own. */
import { setTimeout as sleep } from "node:timers/promises";
import { loadConfig } from "../config.ts";
import type { Config } from "../config-schema.ts";
import { VENUE_NAMES } from "../feeds/client/profiles/venue-profiles.ts";
import { openLog } from "../io/log.ts";
import { Metrics } from "../io/metrics.ts";
import { MetricsServer } from "../io/metrics-server.ts";
import { NatsLink } from "../io/nats-link.ts";
import { natsLinkOptions } from "../links.ts";
import { CodedError } from "../std/errors.ts";
import { startVenue, venueRequest, type VenueRunStatus } from "../venue-run.ts";
import {
  EXIT,
  UsageError,
  numberFlag,
  parseFlags,
  type Command,
} from "./command.ts";

const help = `usage: fusewire feed VENUE --symbols LIST --nats URL [flags]

Connects to the venue's public market data, keeps every book in sync, and publishes what it hears on md.v1.<VENUE>.<SYMBOL>.<kind> for engines
to listen to; snapshots are published on request. It reconnects for ever, stays inside the venue's rate limits, and replaces its connections
before the venue ends them. Readers notice what was lost on the way: books, trades and gaps are numbered for each symbol (docs/wire.md).
SIGTERM and SIGINT end it with exit code 0. No key is needed, and none is taken.

VENUE is one of ${VENUE_NAMES.join(", ")}.

      --symbols LIST    comma-separated, as the venue writes them (BTCUSDT, BTC/USD, BTC-USDT-SWAP) or as SYMBOL.VENUE
      --channels LIST   book, trades, quotes, bars (1 minute), funding, openInterest, as the venue has them (book,trades)
      --depth DEPTH     proven: the levels that the venue's checksum holds, on Kraken 10 a side; deep: all it tells (proven)
      --nats URL        where to publish (FUSEWIRE_NATS_URL)
      --url URL         WebSocket address in place of the venue's: a proxy; TLS, but on this machine
      --rest-url URL    REST address in place of the venue's
      --port PORT       health and metrics on this port (none; 0 takes a free one)
      --host ADDRESS    of the same (127.0.0.1)
      --seconds N       end after this long
      --every N         seconds between two lines of status (10)
      --log-level L     debug, info, warn, error or silent
      --json            each status as one JSON object on a line`;

const CONNECT_MS_MAX = 5_000;

/** Flags of this verb that stand for configuration keys. */
const KEYS = {
  symbols: "feed.symbols",
  channels: "feed.channels",
  depth: "feed.depth",
  nats: "nats.url",
  url: "feed.url",
  "rest-url": "feed.restUrl",
  host: "http.host",
  "log-level": "log.level",
} as const;

export const feedCommand: Command = {
  name: "feed",
  summary: "publish a venue's market data on NATS",
  help,
  async run(args) {
    const { values, positionals } = parseFlags(args, {
      symbols: { type: "string" },
      channels: { type: "string" },
      depth: { type: "string" },
      nats: { type: "string" },
      url: { type: "string" },
      "rest-url": { type: "string" },
      host: { type: "string" },
      "log-level": { type: "string" },
      port: { type: "string" },
      seconds: { type: "string" },
      every: { type: "string" },
      json: { type: "boolean" },
    });
    const [venue, ...more] = positionals;
    if (venue === undefined || more.length > 0)
      throw new UsageError("one venue is needed");
    const flags = new Map<string, string>([["feed.venue", venue]]);
    for (const [flag, key] of Object.entries(KEYS)) {
      const value = values[flag as keyof typeof KEYS];
      if (value !== undefined) flags.set(key, value);
    }
    const config = loadConfig({ flags });
    // Known to be wrong before a broker is asked for.
    venueRequest(config.feed);
    if (config.nats.url === "") throw new UsageError("feed needs --nats URL");
    const { port } = values;
    const error = await publishVenue({
      config,
      port: port === undefined ? undefined : portFlag(port),
      endMs: numberFlag("seconds", values.seconds, Infinity, 0.001) * 1e3,
      everyMs: numberFlag("every", values.every, 10, 0.1) * 1e3,
      format: values.json === true ? "json" : "text",
    });
    return error === undefined ? EXIT.ok : EXIT.failed;
  },
};

const portFlag = (text: string): number => {
  const port = numberFlag("port", text, 0, 0);
  if (!Number.isInteger(port) || port > 65_535)
    throw new UsageError(`--port ${text}: 0 to 65535`);
  return port;
};

interface FeedRequest {
  readonly config: Config;
  /** Of health and metrics. */
  readonly port: number | undefined;
  readonly endMs: number;
  readonly everyMs: number;
  readonly format: "json" | "text";
}

/** Until it is told to stop; resolves to what made it end before. */
const publishVenue = async (request: FeedRequest): Promise<unknown> => {
  const { config, port, endMs, everyMs, format } = request;
  const log = openLog({ level: config.log.level });
  const metrics = new Metrics();
  const end = new AbortController();
  for (const signal of ["SIGTERM", "SIGINT"] as const)
    process.once(signal, () => end.abort());
  let fatal: unknown;
  const bus = new NatsLink({
    ...natsLinkOptions(config.nats),
    name: `fusewire-feed-${config.feed.venue}`,
    telemetry: metrics,
    log,
    onFatal: (error) => {
      fatal = error;
      end.abort();
    },
  });
  bus.start();
  const stops: (() => void | Promise<void>)[] = [() => bus.drain()];
  try {
    if (!(await bus.whenConnected(Math.min(CONNECT_MS_MAX, endMs))))
      throw new CodedError("E_DEP_NATS", { field: "nats.url" });
    const run = startVenue({
      feed: config.feed,
      bus,
      telemetry: metrics,
      log,
      marks: "numbered",
    });
    stops.push(() => run.stop());
    if (port !== undefined) {
      const server = await MetricsServer.start({
        host: config.http.host,
        port,
        metrics,
        isReady: () => bus.state === "connected" && run.status.isLive,
      });
      stops.push(() => server.close());
      log.info("feed.listens", { port: server.port });
    }
    const print = (): void =>
      console.log(
        format === "json"
          ? JSON.stringify({ ...run.status, nats: bus.state })
          : statusLine(run.status),
      );
    await report(print, everyMs, endMs, end.signal);
    print();
  } finally {
    for (const stop of stops.reverse()) await stop();
    log.flush();
  }
  return fatal;
};

/** Until the time is up or somebody says so. */
const report = async (
  print: () => void,
  everyMs: number,
  endMs: number,
  end: AbortSignal,
): Promise<void> => {
  for (let leftMs = endMs; leftMs > 0; leftMs -= everyMs) {
    const waitMs = Math.min(everyMs, leftMs);
    await sleep(waitMs, undefined, { signal: end }).catch(() => undefined);
    if (end.aborted) return;
    if (waitMs < leftMs) print();
  }
};

const statusLine = (status: VenueRunStatus): string =>
  [
    `${status.venue}: ${status.connections} of ${status.clients} connections`,
    `${status.booksWaiting} of ${status.symbols} books waiting`,
    `${status.published} events published`,
    `${status.answered} snapshots answered`,
  ].join(", ");
