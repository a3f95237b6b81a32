/** Drives a market simulator in real time: what is due since the last beat goes to one callback, stamped with our clock. */
import type { BookSnapshot } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { Clock, TimerHandle, Timers } from "../std/time.ts";
import type { FeedEvent } from "./feed-event.ts";
import type { MarketSimulator, SimulatedEvent } from "./simulator.ts";

export interface SimulatorFeedOptions {
  readonly simulator: MarketSimulator;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly onEvent: (event: FeedEvent) => void;
  readonly beatMs?: number;
  /** After a pause longer than this (a suspended laptop, a blocked loop) the market stood still for the rest. */
  readonly catchUpMsMax?: number;
}

export class SimulatorFeed {
  readonly #simulator: MarketSimulator;
  readonly #clock: Clock;
  readonly #timers: Timers;
  readonly #onEvent: (event: FeedEvent) => void;
  readonly #beatMs: number;
  readonly #catchUpNsMax: number;
  #beat: TimerHandle | undefined;
  #next: SimulatedEvent | undefined;
  /** Our clock less the simulator's. */
  #offsetNs = 0;
  #skippedNs = 0;

  constructor(options: SimulatorFeedOptions) {
    const {
      simulator,
      clock,
      timers,
      onEvent,
      beatMs = 20,
      catchUpMsMax = 500,
    } = options;
    this.#simulator = simulator;
    this.#clock = clock;
    this.#timers = timers;
    this.#onEvent = onEvent;
    this.#beatMs = beatMs;
    this.#catchUpNsMax = catchUpMsMax * 1_000_000;
  }

  get symbols(): readonly SymbolId[] {
    return this.#simulator.symbols;
  }

  /** How much of real time the market stood still. */
  get skippedNs(): number {
    return this.#skippedNs;
  }

  /** The snapshots come with the first beat. */
  start(): void {
    if (this.#beat !== undefined) return;
    this.#next ??= this.#simulator.next();
    this.#offsetNs = this.#clock.nowNs() - this.#next.simNs;
    this.#beat = this.#timers.every(this.#beatMs, () => this.#emitDue());
  }

  stop(): void {
    this.#beat?.cancel();
    this.#beat = undefined;
  }

  /** Emits the symbol's whole book at once, as a venue answers a request; nothing for a symbol that it does not have. */
  requestSnapshot(symbol: SymbolId): void {
    if (!this.symbols.includes(symbol)) return;
    const snapshot: BookSnapshot = this.#simulator.snapshot(symbol);
    this.#emit(snapshot, this.#clock.nowNs());
  }

  #emitDue(): void {
    const nowNs = this.#clock.nowNs();
    let event = this.#next!;
    const lateNs = nowNs - this.#offsetNs - event.simNs;
    if (lateNs > this.#catchUpNsMax) {
      const skippedNs = lateNs - this.#catchUpNsMax;
      this.#skippedNs += skippedNs;
      this.#offsetNs += skippedNs;
    }
    const dueNs = nowNs - this.#offsetNs;
    while (event.simNs <= dueNs) {
      this.#emit(event.event, event.simNs + this.#offsetNs);
      event = this.#simulator.next();
    }
    this.#next = event;
  }

  /** Received now; the venue's time is when it happened, at most one beat ago. */
  #emit(event: FeedEvent, happenedNs: number): void {
    const receivedNs = this.#clock.nowNs();
    const receivedUs = this.#clock.nowUs();
    const ageUs = Math.max(0, Math.floor((receivedNs - happenedNs) / 1000));
    this.#onEvent({
      ...event,
      eventUs: unixMicros(receivedUs - ageUs),
      receivedUs,
      receivedNs: monoNanos(receivedNs),
    });
  }
}
