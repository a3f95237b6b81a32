/** State in Redis, so tuned that a dead or frozen server costs a load 20 ms at most, a save nothing, and the path never. */
import { Redis } from "ioredis";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Counter,
  type Gauge,
  type Logger,
  type StateStore,
  type Telemetry,
} from "../ports.ts";
import {
  systemClock,
  systemTimers,
  type Clock,
  type TimerHandle,
  type Timers,
} from "../std/time.ts";
import { Breaker } from "./breaker.ts";

export interface RedisStoreOptions {
  /** `redis://user:password@host:port/db`, `rediss://` for TLS. */
  readonly url: string;
  readonly prefix: string;
  readonly commandTimeoutMs: number;
  /** The first commands of a run wait this long for the first connection, once. */
  readonly startTimeoutMs: number;
  /** What is not saved again within this time is forgotten; 0: never. */
  readonly ttlMs: number;
  readonly pendingMax: number;
  readonly valueBytesMax: number;
  readonly failuresMax: number;
  readonly probeEveryMs: number;
  /** Where state goes, and comes from, while Redis is away. */
  readonly fallback: StateStore | undefined;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

const DEFAULTS = {
  prefix: "fusewire:",
  commandTimeoutMs: 20,
  startTimeoutMs: 250,
  ttlMs: 0,
  pendingMax: 10_000,
  valueBytesMax: 1024 * 1024,
  failuresMax: 5,
  probeEveryMs: 1_000,
  fallback: undefined,
  clock: systemClock,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
} satisfies Partial<RedisStoreOptions>;

/** Attempts to save one value; what fails longer than a flush can wait is kept for the next save. */
const FLUSH_MS = 500;

export class RedisStore implements StateStore {
  readonly #options: RedisStoreOptions;
  readonly #redis: Redis;
  readonly #breaker: Breaker;
  /** The newest value of each key that Redis has not confirmed. */
  readonly #pending = new Map<string, Uint8Array>();
  readonly #failed: Counter;
  readonly #dropped: Counter;
  readonly #open: Gauge;
  /** Connected, refused or out of patience. */
  readonly #started: Promise<void>;
  #writing: Promise<void> | undefined;
  #retry: TimerHandle | undefined;

  constructor(
    options: Partial<RedisStoreOptions> & Pick<RedisStoreOptions, "url">,
  ) {
    this.#options = { ...DEFAULTS, ...options };
    const { telemetry, clock, failuresMax, probeEveryMs } = this.#options;
    this.#breaker = new Breaker({ clock, failuresMax, probeEveryMs });
    this.#failed = telemetry.counter(
      "fusewire_store_failed_total",
      "State that was not saved or not read",
      { store: "redis" },
    );
    this.#dropped = telemetry.counter(
      "fusewire_store_dropped_total",
      "State that was too much to keep for later",
      { store: "redis" },
    );
    this.#open = telemetry.gauge(
      "fusewire_redis_breaker_open",
      "1 while Redis is left alone",
    );
    this.#redis = new Redis(this.#options.url, {
      lazyConnect: true,
      // Never queue, never wait, never ask twice: the breaker decides when to try again.
      enableOfflineQueue: false,
      maxRetriesPerRequest: 0,
      autoResendUnfulfilledCommands: false,
      commandTimeout: this.#options.commandTimeoutMs,
      connectTimeout: 1_000,
      retryStrategy: (attempt) => Math.min(1_000, 50 * 2 ** attempt),
      connectionName: "fusewire",
      disableClientInfo: true,
    });
    // Without a listener an error of the connection would end the process.
    this.#redis.on("error", () => undefined);
    const { timers, startTimeoutMs } = this.#options;
    this.#started = new Promise((resolve) => {
      const timer = timers.after(startTimeoutMs, resolve);
      this.#redis
        .connect()
        .catch(() => undefined)
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }

  get isOpen(): boolean {
    return this.#breaker.isOpen;
  }

  async load(key: string): Promise<Uint8Array | undefined> {
    const pending = this.#pending.get(key);
    if (pending !== undefined) return pending.slice();
    const { fallback, prefix } = this.#options;
    await this.#started;
    if (!this.#breaker.allows()) return fallback?.load(key);
    try {
      const value = await this.#redis.getBuffer(prefix + key);
      this.#succeeded();
      return value ?? (await fallback?.load(key));
    } catch (error) {
      this.#fail(error);
      return fallback?.load(key);
    }
  }

  save(key: string, value: Uint8Array): void {
    const { fallback, pendingMax, valueBytesMax } = this.#options;
    fallback?.save(key, value);
    const isNew = !this.#pending.has(key);
    if (
      value.byteLength > valueBytesMax ||
      (isNew && this.#pending.size >= pendingMax)
    ) {
      this.#dropped.add(1);
      return;
    }
    this.#pending.set(key, value);
    this.#write();
  }

  async flush(): Promise<void> {
    const { fallback, timers, clock } = this.#options;
    const untilNs = clock.nowNs() + FLUSH_MS * 1e6;
    while (this.#pending.size > 0 && clock.nowNs() < untilNs) {
      this.#write();
      await this.#writing;
      if (this.#breaker.isOpen) break;
      if (this.#pending.size > 0)
        await new Promise<void>((resolve) => timers.after(20, resolve));
    }
    await fallback?.flush();
  }

  async close(): Promise<void> {
    await this.flush();
    this.#retry?.cancel();
    this.#redis.disconnect();
  }

  #write(): void {
    this.#writing ??= this.#writeAll().finally(() => {
      this.#writing = undefined;
      // What is left is tried again when the breaker probes; a newer value takes its place meanwhile.
      if (this.#pending.size > 0) this.#retryLater();
    });
  }

  async #writeAll(): Promise<void> {
    await this.#started;
    for (const [key, value] of this.#pending) {
      if (!this.#breaker.allows()) return;
      try {
        await this.#set(this.#options.prefix + key, value);
        this.#succeeded();
        if (this.#pending.get(key) === value) this.#pending.delete(key);
      } catch (error) {
        this.#fail(error);
        return;
      }
    }
  }

  #set(key: string, value: Uint8Array): Promise<unknown> {
    const data = Buffer.from(value.buffer, value.byteOffset, value.byteLength);
    const { ttlMs } = this.#options;
    return ttlMs > 0
      ? this.#redis.set(key, data, "PX", ttlMs)
      : this.#redis.set(key, data);
  }

  #retryLater(): void {
    this.#retry?.cancel();
    this.#retry = this.#options.timers.after(this.#options.probeEveryMs, () =>
      this.#write(),
    );
  }

  #succeeded(): void {
    if (this.#breaker.isOpen) this.#options.log.info("redis.back");
    this.#breaker.succeeded();
    this.#open.set(0);
  }

  #fail(error: unknown): void {
    this.#failed.add(1);
    const wasOpen = this.#breaker.isOpen;
    this.#breaker.failed();
    if (!this.#breaker.isOpen || wasOpen) return;
    this.#open.set(1);
    this.#options.log.warn("redis.away", {
      code: "E_DEP_REDIS",
      error: error instanceof Error ? error.name : typeof error,
    });
  }
}
