/** All of one venue's symbols: as many connections as its limits ask for, one REST queue and one set of metrics for all. */
import type { Instrument } from "../../domain/instrument.ts";
import type { MarketEvent } from "../../domain/market-event.ts";
import { venueOf, type SymbolId } from "../../domain/symbol.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Clock,
  type Logger,
  type Telemetry,
  type TimerHandle,
  type Timers,
} from "../../ports.ts";
import { CodedError } from "../../std/errors.ts";
import { Random } from "../../std/random.ts";
import { systemClock, systemTimers } from "../../std/time.ts";
import type { Channel, VenueProfile } from "../venues/venue-profile.ts";
import { InstrumentWatch } from "./instrument-watch.ts";
import { CLIENT_LIMITS, type ClientLimits } from "./client-limits.ts";
import { RateWindow } from "./rate-window.ts";
import { fetchRest, type RestGet } from "./rest.ts";
import { RestQueue } from "./rest-queue.ts";
import type { OpenSocket } from "./socket.ts";
import { VenueClient } from "./venue-client.ts";
import { VenueMetrics } from "./venue-metrics.ts";
import { openWsSocket, requireTls } from "./ws-socket.ts";

export interface VenueFeedOptions {
  readonly profile: VenueProfile;
  readonly symbols: readonly SymbolId[];
  readonly channels: readonly Channel[];
  readonly onEvent: (event: MarketEvent) => void;
  /** Tick and lot sizes; where nobody wants them they are not asked for. */
  readonly onInstrument: ((instrument: Instrument) => void) | undefined;
  /** In place of the venue's own: a proxy, a test server. */
  readonly webSocketUrl: string;
  readonly restUrl: string;
  readonly openSocket: OpenSocket;
  readonly get: RestGet;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly random: Random;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  readonly limits: Partial<ClientLimits>;
  readonly depthMax: number;
}

export interface VenueFeedStatus {
  readonly connections: number;
  readonly clients: number;
  readonly booksWaiting: number;
}

const GAUGES_EVERY_MS = 1_000;
const INTEREST_EVERY_MS = 30_000;
const INSTRUMENTS_EVERY_MS = 3_600_000;
const FIVE_MINUTES_MS = 300_000;
const MINUTE_MS = 60_000;

export class VenueFeed {
  readonly #options: VenueFeedOptions;
  readonly #metrics: VenueMetrics;
  /** Books first: what else is asked for over REST has a queue of its own, within the same limits. */
  readonly #rest: RestQueue;
  readonly #asides: RestQueue;
  readonly #instruments: InstrumentWatch | undefined;
  readonly #clients: readonly VenueClient[];
  readonly #bookClients = new Map<SymbolId, VenueClient>();
  readonly #timers: TimerHandle[] = [];

  constructor(
    options: Partial<VenueFeedOptions> &
      Pick<VenueFeedOptions, "profile" | "symbols" | "channels" | "onEvent">,
  ) {
    const { profile } = options;
    const filled: VenueFeedOptions = {
      webSocketUrl: profile.webSocketUrl,
      restUrl: profile.restUrl,
      openSocket: openWsSocket,
      onInstrument: undefined,
      get: fetchRest,
      clock: systemClock,
      timers: systemTimers,
      random: new Random(`${process.pid} ${process.hrtime.bigint()}`),
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
      limits: {},
      depthMax: 1_000,
      ...options,
    };
    this.#options = filled;
    checkVenueRequest(filled);
    const limits = { ...CLIENT_LIMITS, ...filled.limits };
    this.#metrics = new VenueMetrics(filled.telemetry, profile.venue);
    const weights = new RateWindow(
      profile.requestWeightPerMinuteMax,
      MINUTE_MS,
    );
    this.#rest = this.#newRestQueue(limits, weights);
    this.#asides = this.#newRestQueue(limits, weights);
    this.#instruments = this.#newInstrumentWatch();
    this.#clients = this.#newClients(limits);
  }

  get status(): VenueFeedStatus {
    const sum = (of: (client: VenueClient) => number): number =>
      this.#clients.reduce((total, client) => total + of(client), 0);
    return {
      connections: sum((client) => client.connections),
      clients: this.#clients.length,
      booksWaiting: sum((client) => client.booksWaiting),
    };
  }

  start(): void {
    const { timers, channels, profile } = this.#options;
    for (const client of this.#clients) client.start();
    this.#timers.push(timers.every(GAUGES_EVERY_MS, () => this.#setGauges()));
    if (channels.includes("openInterest") && profile.openInterest !== undefined)
      this.#nowAndEvery(INTEREST_EVERY_MS, () => this.#pollInterest());
    const instruments = this.#instruments;
    if (instruments !== undefined)
      this.#nowAndEvery(INSTRUMENTS_EVERY_MS, () => instruments.ask());
  }

  /** Fetches or subscribes the symbol's book anew, bounded by the limits. */
  resync(symbol: SymbolId): void {
    this.#bookClients.get(symbol)?.resync(symbol);
  }

  stop(): void {
    for (const timer of this.#timers) timer.cancel();
    for (const client of this.#clients) client.stop();
    this.#rest.stop();
    this.#asides.stop();
  }

  #nowAndEvery(ms: number, task: () => void): void {
    task();
    this.#timers.push(this.#options.timers.every(ms, task));
  }

  #newClients(limits: ClientLimits): readonly VenueClient[] {
    const connects = new RateWindow(
      limits.connectsPer5MinutesMax,
      FIVE_MINUTES_MS,
    );
    return assignments(this.#options).map((assignment) => {
      const client = new VenueClient({
        ...this.#options,
        ...assignment,
        limits,
        connects,
        rest: this.#rest,
        metrics: this.#metrics,
      });
      if (assignment.channels.includes("book"))
        for (const symbol of assignment.symbols)
          this.#bookClients.set(symbol, client);
      return client;
    });
  }

  #newInstrumentWatch(): InstrumentWatch | undefined {
    const { onInstrument, profile } = this.#options;
    return onInstrument === undefined || profile.instruments === undefined
      ? undefined
      : new InstrumentWatch({
          ...this.#options,
          rest: this.#asides,
          onInstrument,
        });
  }

  #newRestQueue(limits: ClientLimits, weights: RateWindow): RestQueue {
    const { symbols } = this.#options;
    return new RestQueue({
      ...this.#options,
      weights,
      timeoutMs: limits.restTimeoutMs,
      bytesMax: limits.restBytesMax,
      triesMax: limits.resyncTriesMax,
      retryMinMs: limits.restRetryMinMs,
      retryMaxMs: limits.restRetryMaxMs,
      // A book a symbol, twice while one connection replaces another; or a poll, an instrument and what is left of a round.
      tasksMax: 4 * symbols.length,
      outcomes: this.#metrics.rest,
      onWeight: (used) => this.#metrics.gauges.restWeight.set(used),
    });
  }

  #setGauges(): void {
    const { gauges } = this.#metrics;
    const { connections, booksWaiting } = this.status;
    gauges.connections.set(connections);
    gauges.booksWaiting.set(booksWaiting);
    gauges.waiting.set(
      Math.max(0, ...this.#clients.map((c) => c.messagesWaiting)),
    );
    gauges.messageAge.set(
      Math.max(0, ...this.#clients.map((c) => c.quietForMs)) / 1e3,
    );
  }

  #pollInterest(): void {
    const { profile, symbols, restUrl, clock, onEvent, log } = this.#options;
    const mapper = profile.newMapper();
    for (const symbol of symbols) {
      const request = profile.openInterest?.(symbol, restUrl);
      if (request === undefined) return;
      this.#asides.add({
        ...request,
        accept: (body) => {
          const receivedNs = clock.nowNs();
          mapper.map(
            body,
            { receivedUs: clock.nowUs(), receivedNs, symbol },
            onEvent,
          );
          return "taken";
        },
        onFailed: ({ code }) => log.warn("venue.pollFailed", { code, symbol }),
      });
    }
  }
}

interface Assignment {
  readonly url: string;
  readonly symbols: readonly SymbolId[];
  readonly channels: readonly Channel[];
}

/** Which connection carries what: by the venue's addresses, then by how much one connection may carry. */
const assignments = ({
  profile,
  webSocketUrl,
  symbols,
  channels,
}: VenueFeedOptions): readonly Assignment[] => {
  const routes = profile.webSocketRoutes ?? [
    { path: "", channels: profile.channels },
  ];
  const overSocket = channels.filter((channel) =>
    profile.channels.includes(channel),
  );
  return routes.flatMap(({ path, channels: carried }) => {
    const wanted = overSocket.filter((channel) => carried.includes(channel));
    if (wanted.length === 0) return [];
    const symbolsMax = Math.max(
      1,
      Math.floor(profile.subscriptionsPerConnectionMax / wanted.length),
    );
    const parts: Assignment[] = [];
    for (let from = 0; from < symbols.length; from += symbolsMax)
      parts.push({
        url: webSocketUrl + path,
        symbols: symbols.slice(from, from + symbolsMax),
        channels: wanted,
      });
    return parts;
  });
};

export type VenueRequest = Pick<
  VenueFeedOptions,
  "profile" | "symbols" | "channels" | "webSocketUrl" | "restUrl"
>;

/** E_CONFIG_INVALID for what no venue could be asked. */
export const checkVenueRequest = (request: VenueRequest): void => {
  const { profile, symbols, channels, webSocketUrl, restUrl } = request;
  requireTls(webSocketUrl);
  if (restUrl !== "") requireTls(restUrl, "feed.restUrl");
  if (symbols.length === 0)
    throw new CodedError("E_CONFIG_INVALID", {
      field: "feed.symbols",
      detail: "at least one is needed",
    });
  for (const symbol of symbols)
    if (venueOf(symbol) !== profile.venue)
      throw new CodedError("E_CONFIG_INVALID", {
        field: "feed.symbols",
        detail: `${symbol} is not of ${profile.venue}`,
      });
  const known = [
    ...profile.channels,
    ...(profile.openInterest === undefined ? [] : ["openInterest"]),
  ];
  for (const channel of channels)
    if (!known.includes(channel))
      throw new CodedError("E_CONFIG_INVALID", {
        field: "feed.channels",
        detail: `${profile.venue} has ${known.join(", ")}`,
      });
};
