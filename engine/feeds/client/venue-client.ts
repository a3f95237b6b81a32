/** One venue's symbols kept live for ever over one connection after another: lost ones are replaced, old ones before they end. */
import type { GapReason, MarketEvent } from "../../domain/market-event.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import type { TimerHandle } from "../../ports.ts";
import { assert } from "../../std/assert.ts";
import type { ErrorCode } from "../../std/errors.ts";
import type { Random } from "../../std/random.ts";
import {
  newVenueCounts,
  type VenueCounts,
  type VenueMapper,
} from "../venues/venue-mapper.ts";
import { Backoff } from "./backoff.ts";
import { Handover } from "./handover.ts";
import type { RateWindow } from "./rate-window.ts";
import type { DownReason } from "./venue-connection.ts";
import { VenueSession, type SessionOptions } from "./venue-session.ts";

export interface VenueClientOptions extends Omit<
  SessionOptions,
  "mapper" | "onDown"
> {
  readonly random: Random;
  /** Shared by all clients of the venue: the limit is of our address. */
  readonly connects: RateWindow;
  /** Levels a side of the books kept while one connection replaces another. */
  readonly depthMax: number;
}

/** A connection and the mapper that outlives it, so that sequences go on upwards. */
interface Lane {
  readonly mapper: VenueMapper;
  /** What of its counts the metrics have. */
  readonly counted: VenueCounts;
  session: VenueSession | undefined;
}

const TICK_MS = 250;

export class VenueClient {
  readonly #options: VenueClientOptions;
  readonly #backoff: Backoff;
  readonly #lastSeq = new Map<SymbolId, number>();
  #lane: Lane;
  /** Takes over before the venue ends the connection. */
  #next: Lane | undefined;
  #handover: Handover | undefined;
  #retry: TimerHandle | undefined;
  #rollover: TimerHandle | undefined;
  #overlapEnd: TimerHandle | undefined;
  #tick: TimerHandle | undefined;
  #isStopped = false;

  constructor(options: VenueClientOptions) {
    assert(options.symbols.length > 0, "a client has symbols");
    const { limits, random } = options;
    this.#options = options;
    this.#backoff = new Backoff({
      minMs: limits.reconnectMinMs,
      maxMs: limits.reconnectMaxMs,
      random,
    });
    this.#lane = this.#newLane();
  }

  get symbols(): readonly SymbolId[] {
    return this.#options.symbols;
  }

  /** Open connections: two while one replaces the other. */
  get connections(): number {
    return [this.#lane, this.#next].filter(
      (lane) => lane?.session !== undefined && lane.session.openForMs > 0,
    ).length;
  }

  get booksWaiting(): number {
    return this.#lane.session?.booksWaiting ?? this.symbols.length;
  }

  get messagesWaiting(): number {
    return this.#lane.session?.messagesWaiting ?? 0;
  }

  get quietForMs(): number {
    return this.#lane.session?.quietForMs ?? 0;
  }

  start(): void {
    this.#connect();
    this.#tick = this.#options.timers.every(TICK_MS, () => this.#onTick());
  }

  resync(symbol: SymbolId): void {
    this.#lane.session?.resync(symbol);
  }

  stop(): void {
    this.#isStopped = true;
    for (const timer of [
      this.#retry,
      this.#rollover,
      this.#overlapEnd,
      this.#tick,
    ])
      timer?.cancel();
    this.#lane.session?.close();
    this.#next?.session?.close();
  }

  #newLane(): Lane {
    return {
      mapper: this.#options.profile.newMapper(),
      counted: newVenueCounts(),
      session: undefined,
    };
  }

  /** As soon as the venue's limit on connections allows. */
  #connect(): void {
    this.#retry = undefined;
    if (this.#isStopped) return;
    const { connects, clock, timers } = this.#options;
    if (!connects.take(clock.nowNs())) {
      const waitMs = Math.max(1, connects.waitMs(clock.nowNs()));
      this.#retry = timers.after(waitMs, () => this.#connect());
      return;
    }
    this.#lane.mapper.reset();
    this.#open(this.#lane);
    this.#armRollover();
  }

  #open(lane: Lane): void {
    const session: VenueSession = new VenueSession({
      ...this.#options,
      mapper: lane.mapper,
      onEvent: (event) => this.#onEvent(lane, event),
      onDown: (reason, retryAfterMs) =>
        this.#onDown(lane, session.openForMs, reason, retryAfterMs),
    });
    lane.session = session;
  }

  #onEvent(lane: Lane, event: MarketEvent): void {
    const handover = this.#handover;
    if (handover === undefined) this.#tell(event);
    else if (lane === this.#next || this.#next === undefined)
      handover.fromNew(event);
    else if (handover.fromOld(event)) this.#tell(event);
  }

  #tell(event: MarketEvent): void {
    const { metrics, onEvent } = this.#options;
    metrics.counters.events.add(1);
    if (event.type === "bookSnapshot" || event.type === "bookDelta")
      this.#lastSeq.set(event.symbol, event.seq);
    else if (event.type === "gap") metrics.gaps(event.reason).add(1);
    onEvent(event);
  }

  /** Whoever built on what a lost connection told must know at once. */
  #tellGaps(symbols: readonly SymbolId[], reason: GapReason): void {
    const { clock } = this.#options;
    const receivedUs = clock.nowUs();
    const receivedNs = clock.nowNs();
    for (const symbol of symbols)
      this.#tell({
        type: "gap",
        symbol,
        eventUs: receivedUs,
        receivedUs,
        receivedNs,
        reason,
      });
  }

  #onDown(
    lane: Lane,
    openForMs: number,
    reason: DownReason,
    retryAfterMs?: number,
  ): void {
    const { metrics, log, profile } = this.#options;
    lane.session = undefined;
    metrics.downs(reason).add(1);
    log.warn("venue.disconnected", {
      code: "E_DEP_VENUE" satisfies ErrorCode,
      venue: profile.venue,
      reason,
      openForMs: Math.round(openForMs),
    });
    const gapReason = reason === "overflow" ? "overflow" : "disconnected";
    const handover = this.#handover;
    if (this.#next === undefined || handover === undefined) {
      this.#tellGaps(this.symbols, gapReason);
      this.#reconnect(openForMs, retryAfterMs);
      return;
    }
    if (lane === this.#next) {
      if (handover.unswitched.length === this.symbols.length) {
        this.#abandonRollover();
        return;
      }
      // Some symbols live on the new connection, some on the old: one clean start is safer than two halves.
      this.#lane.session?.close();
      this.#lane.session = undefined;
      this.#next = undefined;
      metrics.rollovers.failed.add(1);
      this.#tellGaps(this.symbols, gapReason);
      this.#reconnect(openForMs, retryAfterMs);
      return;
    }
    // The replacement is on its way already.
    this.#tellGaps(handover.unswitched, gapReason);
    handover.switchAllNow();
  }

  #reconnect(openForMs: number, retryAfterMs = 0): void {
    const { limits, timers } = this.#options;
    this.#handover = undefined;
    this.#rollover?.cancel();
    this.#overlapEnd?.cancel();
    if (openForMs >= limits.stableMs) this.#backoff.reset();
    const waitMs = Math.max(this.#backoff.nextMs(), retryAfterMs);
    this.#retry = timers.after(waitMs, () => this.#connect());
  }

  #armRollover(): void {
    const { profile, limits, random, timers } = this.#options;
    this.#rollover?.cancel();
    if (profile.lifetimeMs === Infinity) return;
    const share = limits.rolloverShare - 0.05 * random.next();
    this.#rollover = timers.after(profile.lifetimeMs * share, () =>
      this.#beginRollover(),
    );
  }

  #beginRollover(): void {
    const { connects, clock, limits, timers, channels } = this.#options;
    if (!connects.take(clock.nowNs())) {
      this.#retryRollover();
      return;
    }
    const next = this.#newLane();
    this.#next = next;
    this.#handover = new Handover({
      symbols: this.symbols,
      hasBooks: channels.includes("book"),
      depthMax: this.#options.depthMax,
      lastSeqOf: (symbol) => this.#lastSeq.get(symbol) ?? 0,
      isSettled: () => (next.session?.openForMs ?? 0) >= limits.overlapMinMs,
      onEvent: (event) => this.#tell(event),
      onDone: () => this.#finishRollover(next),
    });
    this.#overlapEnd = timers.after(limits.overlapMaxMs, () =>
      this.#endOverlap(next),
    );
    this.#open(next);
  }

  #finishRollover(next: Lane): void {
    const { metrics, limits, timers } = this.#options;
    this.#lane.session?.close();
    this.#lane = next;
    this.#next = undefined;
    metrics.rollovers.done.add(1);
    this.#overlapEnd?.cancel();
    // Trades that the old connection told may still reach us from the new one.
    this.#overlapEnd = timers.after(limits.overlapMinMs, () => {
      if (this.#next === undefined) this.#handover = undefined;
    });
    this.#armRollover();
  }

  /** Time is up: what has no whole book on the new connection by now waits for it there, or, if that is all, nothing changes. */
  #endOverlap(next: Lane): void {
    const handover = this.#handover;
    if (handover === undefined) return;
    if (handover.unswitched.length === this.symbols.length) {
      next.session?.close();
      this.#abandonRollover();
      return;
    }
    this.#tellGaps(handover.unswitched, "resync");
    handover.switchAllNow();
  }

  /** Everything is still on the old connection. */
  #abandonRollover(): void {
    this.#next = undefined;
    this.#handover = undefined;
    this.#overlapEnd?.cancel();
    this.#options.metrics.rollovers.failed.add(1);
    this.#retryRollover();
  }

  #retryRollover(): void {
    const { timers } = this.#options;
    this.#rollover = timers.after(Math.max(1_000, this.#backoff.nextMs()), () =>
      this.#beginRollover(),
    );
  }

  #onTick(): void {
    if (this.#next !== undefined) this.#handover?.trySwitchAll();
    const { metrics } = this.#options;
    for (const lane of [this.#lane, this.#next])
      if (lane !== undefined)
        metrics.addMapped(lane.mapper.counts, lane.counted);
  }
}
