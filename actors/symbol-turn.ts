/** What one turn of a symbol's actor has seen so far, and when; and the times of the latest event of any turn. */
import type { MarketEvent } from "../engine/domain/market-event.ts";
import type { SignalTrigger } from "../engine/domain/signal.ts";
import type { Clock, MonoNanos, UnixMicros } from "../engine/std/time.ts";
import type { MarketEventArrived, PredictionArrived } from "./messages.ts";

const ZERO_NS = 0 as MonoNanos;

export class SymbolTurn {
  /** Undefined while there is nothing to speak about. */
  trigger: SignalTrigger | undefined;
  hasMarketNews = false;
  /** Indices of the sources whose answers came in this turn. */
  arrivedSources: number[] = [];

  eventUs = 0 as UnixMicros;
  eventReceivedUs = 0 as UnixMicros;
  /** When the latest event came. */
  readonly latest: { receivedNs: MonoNanos; receivedUs: UnixMicros } = {
    receivedNs: ZERO_NS,
    receivedUs: 0 as UnixMicros,
  };

  readonly #clock: Clock;
  #receivedNs: MonoNanos = ZERO_NS;
  #decodedNs: MonoNanos = ZERO_NS;
  #enqueuedNs: MonoNanos = ZERO_NS;
  #dequeuedNs: MonoNanos = ZERO_NS;
  #featuredNs: MonoNanos = ZERO_NS;
  #submittedNs: MonoNanos = ZERO_NS;
  #predictedNs: MonoNanos = ZERO_NS;

  constructor(clock: Clock) {
    this.#clock = clock;
  }

  /** The turn's oldest event is the one that is timed: its latency is the longest. */
  dequeued(message: MarketEventArrived): void {
    if (this.#receivedNs !== 0) return;
    this.#receivedNs = message.event.receivedNs;
    this.#decodedNs = message.decodedNs;
    this.#enqueuedNs = message.enqueuedNs;
    this.#dequeuedNs = this.#clock.nowNs();
  }

  /** The event changed something to speak about. */
  moved(event: MarketEvent, trigger: SignalTrigger): void {
    this.trigger = trigger;
    this.hasMarketNews = true;
    this.eventUs = event.eventUs;
    this.eventReceivedUs = event.receivedUs;
    if (event.receivedNs <= this.latest.receivedNs) return;
    this.latest.receivedNs = event.receivedNs;
    this.latest.receivedUs = event.receivedUs;
  }

  answered(index: number, message: PredictionArrived): void {
    this.arrivedSources.push(index);
    this.#submittedNs = message.submittedNs;
    this.#predictedNs = message.arrivedNs;
    this.trigger ??= "prediction";
  }

  /** An answer that came in this turn has its stamps from another: those of the market count. */
  featured(): void {
    this.#featuredNs = this.#clock.nowNs();
    this.#submittedNs = ZERO_NS;
    this.#predictedNs = ZERO_NS;
  }

  submitted(): void {
    this.#submittedNs = this.#clock.nowNs();
  }

  predicted(): void {
    this.#predictedNs = this.#clock.nowNs();
  }

  /** By stage. */
  stampsNs(fusedNs: MonoNanos, publishedNs: MonoNanos): MonoNanos[] {
    return [
      this.#receivedNs,
      this.#decodedNs,
      this.#enqueuedNs,
      this.#dequeuedNs,
      this.#featuredNs,
      this.#submittedNs,
      this.#predictedNs,
      fusedNs,
      publishedNs,
    ];
  }

  /** The next turn begins. */
  forget(): void {
    this.trigger = undefined;
    this.hasMarketNews = false;
    if (this.arrivedSources.length > 0) this.arrivedSources = [];
    this.#receivedNs = ZERO_NS;
    this.#decodedNs = ZERO_NS;
    this.#enqueuedNs = ZERO_NS;
    this.#dequeuedNs = ZERO_NS;
    this.#featuredNs = ZERO_NS;
    this.#submittedNs = ZERO_NS;
    this.#predictedNs = ZERO_NS;
  }
}
