/** What a NATS link is told, and what of it the client library is told. */
import { readFileSync } from "node:fs";
import {
  credsAuthenticator,
  type NodeConnectionOptions,
} from "@nats-io/transport-node";
import type { Logger, Telemetry } from "../ports.ts";
import { NO_LOG, NO_TELEMETRY } from "../ports.ts";
import { systemTimers, type Timers } from "../std/time.ts";
import { identityCheck, type ServerAddress } from "./nats-address.ts";
import type { NatsDelayOptions } from "./nats-delay.ts";

export interface NatsTlsOptions {
  readonly caFile?: string;
  readonly certFile?: string;
  readonly keyFile?: string;
}

export interface NatsLinkOptions extends NatsDelayOptions {
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
  readonly drainTimeoutMs: number;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  /** The client library closed for good although nobody asked: the process must end and be started again. */
  readonly onFatal: (error: Error) => void;
}

export const NATS_DEFAULTS = {
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

/** `delayMs` is asked for before each attempt to reconnect. */
export const connectionOptionsOf = (
  options: NatsLinkOptions,
  address: ServerAddress,
  delayMs: () => number,
): NodeConnectionOptions => {
  const { credsFile, tls, name } = options;
  const { hosts, isTls } = address;
  const user = options.user ?? address.user;
  const password = options.password ?? address.password;
  return {
    servers: hosts,
    name,
    ...(credsFile === undefined
      ? {}
      : { authenticator: credsAuthenticator(readFileSync(credsFile)) }),
    ...(user === undefined ? {} : { user }),
    ...(password === undefined ? {} : { pass: password }),
    ...(tls === undefined && !isTls
      ? {}
      : { tls: { ...tls, ...identity(hosts) } }),
    timeout: options.connectTimeoutMs,
    pingInterval: options.pingIntervalMs,
    maxPingOut: 2,
    reconnect: true,
    maxReconnectAttempts: -1,
    ignoreAuthErrorAbort: true,
    reconnectDelayHandler: delayMs,
  };
};

/** Handed through to Node's own TLS, where the library's types do not know it. */
const identity = (hosts: readonly string[]): object => ({
  checkServerIdentity: identityCheck(hosts),
});
