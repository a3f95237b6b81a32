/** What a verb of the command line is, and how its flags are read. */
import { parseArgs, type ParseArgsConfig } from "node:util";
import type { Overrides } from "../config.ts";
import { CodedError } from "../std/errors.ts";

export interface Command {
  readonly name: string;
  /** One line for the list of verbs. */
  readonly summary: string;
  /** What `--help` prints. */
  readonly help: string;
  /** The exit code. Throws CodedErrors for what the caller did wrong. */
  run(args: readonly string[]): Promise<number>;
}

export const EXIT = {
  ok: 0,
  failed: 1,
  usage: 2,
  /** EX_CONFIG of sysexits.h. */
  config: 78,
} as const;

/** A wrong command line: printed with a hint at `--help`, exit code 2. */
export class UsageError extends Error {
  override readonly name = "UsageError";
}

type Options = NonNullable<ParseArgsConfig["options"]>;

/** Strict flags; a mistake is a UsageError that names it. */
export const parseFlags = <T extends Options>(
  args: readonly string[],
  options: T,
) => {
  try {
    return parseArgs({
      args: [...args],
      options,
      allowPositionals: true,
      strict: true,
    });
  } catch (error) {
    const text = error instanceof Error ? error.message : "bad flags";
    throw new UsageError(text.split(". ")[0]);
  }
};

/** Flags that stand for configuration keys. */
const CONFIG_FLAGS = {
  nats: "nats.url",
  redis: "redis.url",
  host: "http.host",
  port: "http.port",
  feed: "feed.source",
  venue: "feed.venue",
  symbols: "feed.symbols",
  channels: "feed.channels",
  seed: "feed.seed",
  rate: "feed.updatesPerSecond",
  models: "models.dir",
  "state-dir": "state.dir",
  "log-level": "log.level",
  record: "record.tape",
  "signals-out": "record.signals",
} as const;

export const CONFIG_OPTIONS = {
  config: { type: "string", short: "c" },
  set: { type: "string", multiple: true },
  ...(Object.fromEntries(
    Object.keys(CONFIG_FLAGS).map((name) => [name, { type: "string" }]),
  ) as Record<keyof typeof CONFIG_FLAGS, { type: "string" }>),
} as const;

export const CONFIG_HELP = `  -c, --config FILE     YAML or JSON (its keys: fusewire config check)
      --set KEY=VALUE   any configuration key; may be repeated
      --nats URL        nats://user:password@host:port; no broker without it
      --redis URL       redis://host:port; without it state is kept in files
      --host ADDRESS    of page, WebSocket, health and metrics (127.0.0.1)
      --port PORT       of the same (8787; 0 takes a free one)
      --feed SOURCE     auto, simulator, bus or venue
      --venue NAME      listen to a venue itself: binance, kraken, coinbase,
                        okx, bybit, … (fusewire feed --help)
      --symbols LIST    comma-separated: the venue's (BTCUSDT), or simulated
                        ones (SYMBOL.VENUE)
      --channels LIST   of the venue: book, trades, quotes, bars, funding,
                        openInterest (book,trades)
      --seed TEXT       of the simulated market
      --rate N          mean book updates a second and simulated symbol
      --models DIR      model registry in place of the shipped one
      --state-dir DIR   file store and prediction log
      --log-level L     debug, info, warn, error or silent
      --record TAPE     record the run, for fusewire replay; {time} stands for
                        when it began
      --signals-out F   its signals as JSON Lines`;

type ConfigFlagValues = Partial<Record<keyof typeof CONFIG_FLAGS, string>> & {
  readonly config?: string;
  readonly set?: string[];
};

/** Flags as overrides of configuration keys. */
export const configOverrides = (values: ConfigFlagValues): Overrides => {
  const overrides = new Map<string, string>();
  for (const pair of values.set ?? []) {
    const at = pair.indexOf("=");
    if (at < 1) throw new UsageError(`--set ${pair}: KEY=VALUE expected`);
    overrides.set(pair.slice(0, at), pair.slice(at + 1));
  }
  for (const [flag, key] of Object.entries(CONFIG_FLAGS)) {
    const value = values[flag as keyof typeof CONFIG_FLAGS];
    if (value !== undefined) overrides.set(key, value);
  }
  return overrides;
};

/** A flag's number, or a UsageError. */
export const numberFlag = (
  name: string,
  text: string | undefined,
  fallback: number,
  minimum: number,
): number => {
  if (text === undefined) return fallback;
  const value = Number(text);
  if (text.trim() === "" || !Number.isFinite(value) || value < minimum)
    throw new UsageError(`--${name} ${text}: a number of at least ${minimum}`);
  return value;
};

/** One line of text for a person, without a stack. */
export const explain = (error: unknown): string =>
  error instanceof CodedError || error instanceof UsageError
    ? error.message
    : error instanceof Error
      ? (error.stack ?? error.message)
      : String(error);
