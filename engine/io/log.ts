/** Structured log lines that never block: dropped when the reader is too slow, limited by event name, secrets cut out. */
import { pino, stdTimeFunctions } from "pino";
import type { Clock, Logger } from "../ports.ts";
import { systemClock, systemTimers } from "../std/time.ts";
import { LogWriter } from "./log-writer.ts";
import { TokenBucket } from "./rate-limit.ts";

export type LogLevel = "debug" | "info" | "warn" | "error" | "silent";

export interface LogOptions {
  readonly level: LogLevel;
  /** A path, or a file descriptor. */
  readonly to: string | number;
  /** Lines a second and event name beyond the burst; the rest is counted into the next line's `suppressed`. */
  readonly perSecond: number;
  readonly burst: number;
  readonly clock: Clock;
}

const DEFAULTS: LogOptions = {
  level: "info",
  to: 2,
  perSecond: 2,
  burst: 20,
  clock: systemClock,
};

const EVENTS_MAX = 1_024;
const TEXT_MAX = 500;

/** Field names whose values never reach a log, at any depth that we log. */
const SECRETS = [
  "password",
  "pass",
  "token",
  "secret",
  "creds",
  "authorization",
  "cookie",
  "apiKey",
];

interface Limit {
  readonly bucket: TokenBucket;
  suppressed: number;
}

export interface ClosableLogger extends Logger {
  /** What could not be written, because the reader was too slow. */
  readonly dropped: number;
  /** For a process that is about to die: what waits, synchronously. */
  flush(): void;
  /** For a process that ends in order: resolves when all is written, or given up after half a second. */
  close(): Promise<void>;
}

export const openLog = (options: Partial<LogOptions> = {}): ClosableLogger => {
  const { level, to, perSecond, burst, clock } = { ...DEFAULTS, ...options };
  const writer = new LogWriter(to, systemTimers);
  const lines = pino(
    {
      level,
      base: null,
      timestamp: stdTimeFunctions.isoTime,
      formatters: { level: (label) => ({ level: label }) },
      redact: {
        paths: SECRETS.flatMap((name) => [name, `*.${name}`, `*.*.${name}`]),
        censor: "[cut]",
      },
      depthLimit: 4,
      edgeLimit: 32,
      serializers: { error: errorFields },
    },
    writer,
  );
  const limits = new Map<string, Limit>();
  const write = (
    at: Exclude<LogLevel, "silent">,
    event: string,
    fields: Readonly<Record<string, unknown>> = {},
  ): void => {
    if (!lines.isLevelEnabled(at)) return;
    let limit = limits.get(event);
    if (limit === undefined) {
      if (limits.size >= EVENTS_MAX) limits.clear();
      limit = { bucket: new TokenBucket(perSecond, burst), suppressed: 0 };
      limits.set(event, limit);
    }
    if (!limit.bucket.take(clock.nowNs())) {
      limit.suppressed++;
      return;
    }
    const { suppressed } = limit;
    limit.suppressed = 0;
    lines[at]({
      event,
      ...shortened(fields),
      ...(suppressed === 0 ? {} : { suppressed }),
    });
  };
  return {
    debug: (event, fields) => write("debug", event, fields),
    info: (event, fields) => write("info", event, fields),
    warn: (event, fields) => write("warn", event, fields),
    error: (event, fields) => write("error", event, fields),
    get dropped() {
      return writer.dropped;
    },
    flush: () => writer.flushSync(),
    close: () => writer.close(),
  };
};

/** Without causes: they may hold what a peer sent. */
const errorFields = (error: unknown): unknown =>
  error instanceof Error
    ? {
        name: error.name,
        message: error.message.slice(0, TEXT_MAX),
        stack: error.stack
          ?.split("\n")
          .slice(1, 9)
          .map((line) => line.trim()),
      }
    : typeof error === "string"
      ? error.slice(0, TEXT_MAX)
      : typeof error;

const shortened = (
  fields: Readonly<Record<string, unknown>>,
): Record<string, unknown> => {
  const result: Record<string, unknown> = {};
  for (const [name, value] of Object.entries(fields))
    result[name] =
      typeof value === "string" && value.length > TEXT_MAX
        ? `${value.slice(0, TEXT_MAX)}…`
        : value;
  return result;
};
