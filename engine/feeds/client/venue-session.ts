/** One connection with its mapper: subscribed, its messages mapped, its books kept asked for until each has its snapshot. */
import type { MarketEvent } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { Clock, Logger, TimerHandle, Timers } from "../../ports.ts";
import { toCodedError } from "../../std/errors.ts";
import {
  msToNs,
  nsToMs,
  type MonoNanos,
  type UnixMicros,
} from "../../std/time.ts";
import type { VenueMapper } from "../venues/venue-mapper.ts";
import type { Channel, VenueProfile } from "../venues/venue-profile.ts";
import { BookResync } from "./book-resync.ts";
import type { ClientLimits } from "./client-limits.ts";
import { ReceiveQueue } from "./receive-queue.ts";
import type { RestQueue } from "./rest-queue.ts";
import type { OpenSocket } from "./socket.ts";
import { VenueConnection, type DownReason } from "./venue-connection.ts";
import type { VenueMetrics } from "./venue-metrics.ts";

export interface SessionOptions {
  readonly profile: VenueProfile;
  readonly url: string;
  readonly restUrl: string;
  readonly symbols: readonly SymbolId[];
  readonly channels: readonly Channel[];
  /** Its counts go on over reconnects; reset by whoever opens the session. */
  readonly mapper: VenueMapper;
  readonly openSocket: OpenSocket;
  readonly rest: RestQueue;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly log: Logger;
  readonly limits: ClientLimits;
  readonly metrics: VenueMetrics;
  readonly onEvent: (event: MarketEvent) => void;
  /** Once, and last; not after `close`. */
  readonly onDown: (reason: DownReason, retryAfterMs?: number) => void;
}

interface Received {
  readonly text: string;
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
}

const CHECK_EVERY_MS = 250;

export class VenueSession {
  readonly #options: SessionOptions;
  readonly #connection: VenueConnection;
  readonly #queue: ReceiveQueue<Received>;
  readonly #resync: BookResync;
  /** Symbols whose book has had its snapshot on this connection. */
  readonly #synced = new Set<SymbolId>();
  readonly #hasBooks: boolean;
  readonly #check: TimerHandle;
  readonly #emit: (event: MarketEvent) => void;
  #openedNs: MonoNanos | undefined;
  #dataNs: MonoNanos;

  constructor(options: SessionOptions) {
    this.#options = options;
    const { profile, clock, timers, limits, metrics, channels } = options;
    this.#hasBooks = channels.includes("book");
    this.#dataNs = clock.nowNs();
    this.#emit = (event) => this.#onEvent(event);
    this.#queue = new ReceiveQueue({
      timers,
      turnMax: limits.turnMax,
      waitingMax: limits.waitingMax,
      onItem: (received) => this.#take(received),
      onOverflow: () => this.#connection.giveUp("overflow"),
    });
    this.#resync = new BookResync({
      ...options,
      send: (message) => this.#connection.send(message),
      onSnapshot: (symbol, body) => this.#onSnapshot(symbol, body),
    });
    this.#connection = new VenueConnection({
      url: options.url,
      openSocket: options.openSocket,
      clock,
      timers,
      limits: {
        ...limits,
        messagesPerSecondMax: profile.messagesPerSecondMax,
        silenceMs: profile.silenceMs,
      },
      ping: profile.ping,
      onOpen: () => this.#onOpen(),
      onText: (text) => {
        metrics.counters.messages.add(1);
        const receivedNs = clock.nowNs();
        this.#queue.push({ text, receivedUs: clock.nowUs(), receivedNs });
      },
      onDown: (reason, retryAfterMs) => {
        this.#end();
        options.onDown(reason, retryAfterMs);
      },
    });
    this.#check = timers.every(CHECK_EVERY_MS, () => this.#watch());
  }

  /** 0 until it is open. */
  get openForMs(): number {
    return this.#openedNs === undefined
      ? 0
      : nsToMs(this.#options.clock.nowNs() - this.#openedNs);
  }

  get booksWaiting(): number {
    return this.#hasBooks
      ? this.#options.symbols.length - this.#synced.size
      : 0;
  }

  get messagesWaiting(): number {
    return this.#queue.waiting;
  }

  /** Since the last market data, or the opening. */
  get quietForMs(): number {
    return nsToMs(this.#options.clock.nowNs() - this.#dataNs);
  }

  /** For a book that is wrong although its messages were right, or that an operator wants anew. */
  resync(symbol: SymbolId): void {
    if (this.#openedNs === undefined || !this.#hasBooks) return;
    this.#synced.delete(symbol);
    this.#resync.request([symbol]);
  }

  close(): void {
    this.#end();
    this.#connection.close();
  }

  #end(): void {
    this.#check.cancel();
    this.#resync.stop();
    this.#queue.clear();
  }

  #onOpen(): void {
    const { profile, symbols, channels, clock, metrics } = this.#options;
    metrics.counters.opened.add(1);
    this.#openedNs = this.#dataNs = clock.nowNs();
    for (const message of profile.subscribe(symbols, channels))
      this.#connection.send(message);
  }

  #take({ text, receivedUs, receivedNs }: Received): void {
    const { mapper } = this.#options;
    try {
      mapper.map(text, { receivedUs, receivedNs }, this.#emit);
    } catch (error) {
      this.#onMalformed(error, text.length);
    }
    if (mapper.awaitingSnapshot.size > 0 && this.#hasBooks)
      this.#resync.request(mapper.awaitingSnapshot);
  }

  #onMalformed(cause: unknown, chars: number): void {
    const { log, metrics, profile } = this.#options;
    const { code, field } = toCodedError(cause);
    metrics.malformed(code).add(1);
    log.warn("venue.malformed", { venue: profile.venue, code, field, chars });
    // Whose message it was nobody knows, and without venue sequences nobody will ever miss it.
    if (code === "E_INPUT_DECODE" && profile.resync === "resubscribe")
      this.#connection.giveUp("malformed");
  }

  #onSnapshot(symbol: SymbolId, body: string): boolean {
    const { mapper, clock } = this.#options;
    const receivedUs = clock.nowUs();
    const receivedNs = clock.nowNs();
    mapper.map(body, { receivedUs, receivedNs, symbol }, this.#emit);
    return !mapper.awaitingSnapshot.has(symbol);
  }

  #onEvent(event: MarketEvent): void {
    this.#dataNs = event.receivedNs;
    if (event.type === "bookSnapshot") {
      this.#synced.add(event.symbol);
      this.#resync.satisfied(event.symbol);
    } else if (event.type === "gap") this.#synced.delete(event.symbol);
    this.#options.onEvent(event);
  }

  /** Books that never said a word are asked for too, and a connection that only pretends is given up. */
  #watch(): void {
    const { limits, symbols, clock } = this.#options;
    if (this.#openedNs === undefined) return;
    const nowNs = clock.nowNs();
    if (nowNs - this.#dataNs > msToNs(limits.noDataMs)) {
      this.#connection.giveUp("noData");
      return;
    }
    if (!this.#hasBooks || this.booksWaiting === 0) return;
    if (nowNs - this.#openedNs < msToNs(limits.firstBookMs)) return;
    this.#resync.request(symbols.filter((symbol) => !this.#synced.has(symbol)));
  }
}
