/** The Bus over a NATS server: never gives up, notices a frozen server in seconds, drops and counts instead of buffering. */
import { readFileSync } from "node:fs";
import {
  connect,
  credsAuthenticator,
  errors,
  headers as natsHeaders,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type NodeConnectionOptions,
  type Status,
  type Subscription as NatsSubscription,
} from "@nats-io/transport-node";
import type {
  Bus,
  BusMessage,
  BusState,
  Logger,
  Subscription,
  Telemetry,
} from "../ports.ts";
import { NO_LOG, NO_TELEMETRY } from "../ports.ts";
import type { ErrorCode } from "../std/errors.ts";
import { Random } from "../std/random.ts";
import { systemTimers, type TimerHandle, type Timers } from "../std/time.ts";
import {
  identityCheck,
  parseServers,
  type ServerAddress,
} from "./nats-address.ts";
import { NatsCounts } from "./nats-counts.ts";
import { headersOf } from "./nats-headers.ts";

export interface NatsTlsOptions {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsLinkOptions {
  /** `nats://host:port` or `tls://…`; user and password may stand in the first. */
  readonly servers: readonly string[];
  readonly user?: string;
  readonly password?: string;
  /** A NATS credentials file (JWT and nkey). */
  readonly credsFile?: string;
  readonly tls?: NatsTlsOptions;
  /** As the server lists this client. */
  readonly name: string;
  readonly connectTimeoutMs: number;
  /** Two unanswered pings end a connection: a frozen server is noticed within three intervals. */
  readonly pingIntervalMs: number;
  /** Delay between attempts: doubles from the first to the second, plus up to a quarter at random. */
  readonly reconnectMinMs: number;
  readonly reconnectMaxMs: number;
  /** After a refused password: a server that says no is not asked again at once. */
  readonly refusedWaitMs: number;
  readonly drainTimeoutMs: number;
  readonly timers: Timers;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  /** The client library closed for good although nobody asked: the process must end and be started again. */
  readonly onFatal: (error: Error) => void;
}

const DEFAULTS = {
  name: "fusewire",
  connectTimeoutMs: 2_000,
  pingIntervalMs: 1_000,
  reconnectMinMs: 100,
  reconnectMaxMs: 500,
  refusedWaitMs: 5_000,
  drainTimeoutMs: 2_000,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
  onFatal: () => undefined,
} satisfies Partial<NatsLinkOptions>;

interface Entry {
  readonly subject: string;
  readonly queue: string | undefined;
  readonly onMessage: (message: BusMessage) => void;
  live: NatsSubscription | undefined;
}

export class NatsLink implements Bus {
  readonly #options: NatsLinkOptions;
  readonly #counts: NatsCounts;
  readonly #address: ServerAddress;
  readonly #entries = new Set<Entry>();
  readonly #listeners: ((state: BusState) => void)[] = [];
  #connection: NatsConnection | undefined;
  #state: BusState = "disconnected";
  #isEnding = false;
  #retry: TimerHandle | undefined;
  #attempts = 0;
  #delayMs = 0;
  #wasRefused = false;

  constructor(
    options: Partial<NatsLinkOptions> & Pick<NatsLinkOptions, "servers">,
  ) {
    this.#options = {
      ...DEFAULTS,
      random: new Random(`${process.pid} ${process.hrtime.bigint()}`),
      ...options,
    };
    this.#counts = new NatsCounts(this.#options.telemetry);
    this.#address = parseServers(this.#options.servers);
    this.#nextDelay();
  }

  get state(): BusState {
    return this.#state;
  }

  /** Tries at once and for ever: the engine starts with or without a server. */
  start(): void {
    void this.#connect();
  }

  /** For whoever cannot go on without a server: a command line, a test. */
  whenConnected(timeoutMs: number): Promise<boolean> {
    if (this.#state === "connected") return Promise.resolve(true);
    return new Promise((resolve) => {
      const timer = this.#options.timers.after(timeoutMs, () => resolve(false));
      this.onState((state) => {
        if (state === "disconnected") return;
        timer.cancel();
        resolve(state === "connected");
      });
    });
  }

  publish(
    subject: string,
    data: Uint8Array,
    headers?: ReadonlyMap<string, string>,
    reply?: string,
  ): void {
    const connection = this.#connection;
    // The library would take it, and lose it when it connects again.
    if (connection === undefined || this.#state !== "connected") {
      this.#counts.droppedDisconnected.add(1);
      return;
    }
    try {
      if (headers === undefined && reply === undefined)
        connection.publish(subject, data);
      else
        connection.publish(subject, data, {
          ...(headers === undefined ? {} : { headers: toNats(headers) }),
          ...(reply === undefined ? {} : { reply }),
        });
      this.#counts.published.add(1);
    } catch (error) {
      this.#counts.droppedRefused.add(1);
      this.#options.log.error("nats.publishRefused", {
        code: "E_INPUT_SIZE" satisfies ErrorCode,
        bytes: data.byteLength,
        error: nameOf(error),
      });
    }
  }

  subscribe(
    subject: string,
    onMessage: (message: BusMessage) => void,
    queue?: string,
  ): Subscription {
    const entry: Entry = { subject, queue, onMessage, live: undefined };
    this.#entries.add(entry);
    this.#open(entry);
    return {
      unsubscribe: () => {
        this.#entries.delete(entry);
        entry.live?.unsubscribe();
        entry.live = undefined;
      },
    };
  }

  onState(listener: (state: BusState) => void): void {
    this.#listeners.push(listener);
  }

  /** A round trip: what was published before is with the server. False when there is none. */
  async flush(): Promise<boolean> {
    if (this.#connection === undefined || this.#state !== "connected")
      return false;
    try {
      await this.#connection.flush();
      return true;
    } catch {
      return false;
    }
  }

  async drain(): Promise<void> {
    this.#isEnding = true;
    this.#retry?.cancel();
    const connection = this.#connection;
    if (connection !== undefined) {
      // A drain waits for the server: without one it would wait for ever.
      if (this.#state === "connected") await this.#withinDrainTime(connection);
      if (!connection.isClosed()) await connection.close();
    }
    this.#connection = undefined;
    this.#change("closed");
  }

  async #withinDrainTime(connection: NatsConnection): Promise<void> {
    await new Promise<void>((resolve) => {
      const timer = this.#options.timers.after(
        this.#options.drainTimeoutMs,
        resolve,
      );
      connection
        .drain()
        .catch(() => undefined)
        .finally(() => {
          timer.cancel();
          resolve();
        });
    });
  }

  async #connect(): Promise<void> {
    this.#retry = undefined;
    let connection: NatsConnection;
    try {
      connection = await connect(this.#connectOptions());
    } catch (error) {
      this.#failed(error);
      if (!this.#isEnding)
        this.#retry = this.#options.timers.after(
          this.#delayMs,
          () => void this.#connect(),
        );
      return;
    }
    if (this.#isEnding) {
      await connection.close();
      return;
    }
    this.#connection = connection;
    void this.#follow(connection);
    void connection.closed().then((error) => this.#closed(error));
    for (const entry of this.#entries) this.#open(entry);
    this.#up(connection);
  }

  #connectOptions(): NodeConnectionOptions {
    const { credsFile, tls, name } = this.#options;
    const { hosts, user, password, isTls } = this.#address;
    const asUser = this.#options.user ?? user;
    const withPassword = this.#options.password ?? password;
    return {
      servers: hosts,
      name,
      ...(credsFile === undefined
        ? {}
        : { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
      ...(asUser === undefined ? {} : { user: asUser }),
      ...(withPassword === undefined ? {} : { pass: withPassword }),
      ...(tls === undefined && !isTls
        ? {}
        : { tls: { ...tls, ...identity(hosts) } }),
      timeout: this.#options.connectTimeoutMs,
      pingInterval: this.#options.pingIntervalMs,
      maxPingOut: 2,
      reconnect: true,
      maxReconnectAttempts: -1,
      ignoreAuthErrorAbort: true,
      reconnectDelayHandler: () => this.#delayMs,
    };
  }

  #open(entry: Entry): void {
    const connection = this.#connection;
    if (connection === undefined || entry.live !== undefined) return;
    entry.live = connection.subscribe(entry.subject, {
      ...(entry.queue === undefined ? {} : { queue: entry.queue }),
      callback: (error, message) => {
        if (error === null) this.#receive(entry, message);
        // The library has ended the subscription; the status event raises the alarm.
        else entry.live = undefined;
      },
    });
  }

  #receive(entry: Entry, message: Msg): void {
    this.#counts.received.add(1);
    try {
      entry.onMessage({
        subject: message.subject,
        data: message.data,
        reply: message.reply === "" ? undefined : message.reply,
        headers: headersOf(message),
      });
    } catch (error) {
      // A throw from here would end the library's reader, and with it all data.
      this.#counts.handlerErrors.add(1);
      this.#options.log.error("nats.handlerThrew", {
        subject: entry.subject,
        error,
      });
    }
  }

  async #follow(connection: NatsConnection): Promise<void> {
    for await (const status of connection.status())
      this.#onStatus(connection, status);
  }

  #onStatus(connection: NatsConnection, status: Status): void {
    switch (status.type) {
      case "disconnect":
        if (this.#state === "connected") {
          this.#counts.disconnects.add(1);
          this.#options.log.warn("nats.disconnected", {
            code: "E_DEP_NATS" satisfies ErrorCode,
            server: status.server,
          });
        }
        this.#change("disconnected");
        break;
      case "reconnecting":
        this.#attempts++;
        this.#nextDelay();
        break;
      case "reconnect":
        this.#counts.reconnects.add(1);
        for (const entry of this.#entries) this.#open(entry);
        this.#up(connection);
        break;
      case "staleConnection":
        this.#counts.stale.add(1);
        this.#options.log.warn("nats.stale", {
          code: "E_DEP_NATS" satisfies ErrorCode,
        });
        break;
      case "error":
        this.#failed(status.error);
        break;
      case "ldm":
        this.#options.log.warn("nats.lameDuck", { server: status.server });
        break;
      case "ping":
      case "update":
      case "forceReconnect":
      case "slowConsumer":
      case "close":
        break;
    }
  }

  #up(connection: NatsConnection): void {
    this.#attempts = 0;
    this.#wasRefused = false;
    this.#nextDelay();
    this.#options.log.info("nats.connected", {
      server: connection.getServer(),
      version: connection.info?.version,
    });
    this.#change("connected");
  }

  #failed(error: unknown): void {
    const { log } = this.#options;
    if (error instanceof errors.PermissionViolationError) {
      // Not an exception at the caller: a denied publish is known only here.
      const denied =
        error.operation === "publish"
          ? this.#counts.deniedPublish
          : this.#counts.deniedSubscribe;
      denied.add(1);
      log.error("nats.denied", {
        code: "E_AUTH_DENIED" satisfies ErrorCode,
        operation: error.operation,
        subject: error.subject,
      });
      return;
    }
    if (
      error instanceof errors.AuthorizationError ||
      error instanceof errors.UserAuthenticationExpiredError
    ) {
      this.#wasRefused = true;
      this.#nextDelay();
      this.#counts.authErrors.add(1);
      log.error("nats.refused", {
        code: (error instanceof errors.AuthorizationError
          ? "E_AUTH_INVALID"
          : "E_AUTH_EXPIRED") satisfies ErrorCode,
      });
      return;
    }
    if (this.#state !== "connected") {
      this.#attempts++;
      this.#nextDelay();
    }
    this.#counts.errors.add(1);
    log.warn("nats.error", {
      code: "E_DEP_NATS" satisfies ErrorCode,
      error: nameOf(error),
    });
  }

  #closed(error: unknown): void {
    if (this.#isEnding) return;
    const cause = error instanceof Error ? error : new Error("closed");
    this.#options.log.error("nats.closed", {
      code: "E_DEP_NATS" satisfies ErrorCode,
      error: nameOf(cause),
    });
    this.#change("closed");
    this.#options.onFatal(cause);
  }

  /** Fixed until the next attempt: the library asks more than once for the same wait. */
  #nextDelay(): void {
    const { reconnectMinMs, reconnectMaxMs, refusedWaitMs, random } =
      this.#options;
    const base = this.#wasRefused
      ? refusedWaitMs
      : Math.min(reconnectMaxMs, reconnectMinMs * 2 ** this.#attempts);
    this.#delayMs = Math.ceil(base * (1 + 0.25 * random.next()));
  }

  #change(state: BusState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#counts.connected.set(state === "connected" ? 1 : 0);
    for (const listener of this.#listeners) listener(state);
  }
}

/** Handed through to Node's own TLS, where the library's types do not know it. */
const identity = (hosts: readonly string[]): object => ({
  checkServerIdentity: identityCheck(hosts),
});

/** The class of an error: its text may hold what a peer sent. */
const nameOf = (error: unknown): string =>
  error instanceof Error ? error.name : typeof error;

const toNats = (headers: ReadonlyMap<string, string>): MsgHdrs => {
  const result = natsHeaders();
  for (const [name, value] of headers) result.set(name, value);
  return result;
};
