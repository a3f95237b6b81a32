/** The Bus over a NATS server: never gives up, notices a frozen server in seconds, drops and counts instead of buffering. */
import {
  connect,
  headers as natsHeaders,
  type Msg,
  type MsgHdrs,
  type NatsConnection,
  type Status,
  type Subscription as NatsSubscription,
} from "@nats-io/transport-node";
import type { Bus, BusMessage, BusState, Subscription } from "../ports.ts";
import type { ErrorCode } from "../std/errors.ts";
import { Random } from "../std/random.ts";
import type { TimerHandle } from "../std/time.ts";
import { parseServers, type ServerAddress } from "./nats-address.ts";
import { NatsCounts } from "./nats-counts.ts";
import { NatsDelay } from "./nats-delay.ts";
import { nameOf, tellFault } from "./nats-faults.ts";
import { headersOf } from "./nats-headers.ts";
import {
  connectionOptionsOf,
  NATS_DEFAULTS,
  type NatsLinkOptions,
} from "./nats-options.ts";

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
  readonly #delay: NatsDelay;

  constructor(
    options: Partial<NatsLinkOptions> & Pick<NatsLinkOptions, "servers">,
  ) {
    this.#options = {
      ...NATS_DEFAULTS,
      random: new Random(`${process.pid} ${process.hrtime.bigint()}`),
      ...options,
    };
    this.#counts = new NatsCounts(this.#options.telemetry);
    this.#address = parseServers(this.#options.servers);
    this.#delay = new NatsDelay(this.#options);
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
      // Our timers hold no process; one that waits for its broker must not end as if it had nothing to do.
      const hold = setInterval(() => undefined, timeoutMs);
      const end = (isConnected: boolean): void => {
        clearInterval(hold);
        timer.cancel();
        resolve(isConnected);
      };
      const timer = this.#options.timers.after(timeoutMs, () => end(false));
      this.onState((state) => {
        if (state !== "disconnected") end(state === "connected");
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
      connection = await connect(
        connectionOptionsOf(this.#options, this.#address, () => this.#delay.ms),
      );
    } catch (error) {
      this.#failed(error);
      if (!this.#isEnding)
        this.#retry = this.#options.timers.after(
          this.#delay.ms,
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
        this.#delay.attempted();
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
    this.#delay.connected();
    this.#options.log.info("nats.connected", {
      server: connection.getServer(),
      version: connection.info?.version,
    });
    this.#change("connected");
  }

  #failed(error: unknown): void {
    const fault = tellFault(error, this.#counts, this.#options.log);
    if (fault === "refused") this.#delay.refused();
    else if (fault === "failed" && this.#state !== "connected")
      this.#delay.attempted();
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

  #change(state: BusState): void {
    if (this.#state === state || this.#state === "closed") return;
    this.#state = state;
    this.#counts.connected.set(state === "connected" ? 1 : 0);
    for (const listener of this.#listeners) listener(state);
  }
}

const toNats = (headers: ReadonlyMap<string, string>): MsgHdrs => {
  const result = natsHeaders();
  for (const [name, value] of headers) result.set(name, value);
  return result;
};
