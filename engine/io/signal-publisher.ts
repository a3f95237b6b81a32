/** Signals onto the bus: `sig.v1.<VENUE>.<SYMBOL>` in MessagePack. */
import type { Signal } from "../domain/signal.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Bus,
  type Counter,
  type Logger,
  type SignalSink,
  type Telemetry,
} from "../ports.ts";
import { encodeSignal } from "../wire/signal-codec.ts";
import { signalSubject } from "../wire/subjects.ts";

export interface SignalPublisherOptions {
  readonly bus: Bus;
  readonly telemetry?: Telemetry;
  readonly log?: Logger;
}

export class SignalPublisher implements SignalSink {
  readonly #bus: Bus;
  readonly #log: Logger;
  readonly #published: Counter;
  readonly #refused: Counter;

  constructor({
    bus,
    telemetry = NO_TELEMETRY,
    log = NO_LOG,
  }: SignalPublisherOptions) {
    this.#bus = bus;
    this.#log = log;
    this.#published = telemetry.counter(
      "fusewire_signals_published_total",
      "Signals handed to the bus",
    );
    this.#refused = telemetry.counter(
      "fusewire_signals_refused_total",
      "Signals kept back because a number in them was not finite",
    );
  }

  /** The bytes, for whoever sends the same signal elsewhere; undefined when it was kept back. */
  publish(signal: Signal): Uint8Array | undefined {
    if (!isFinite(signal)) {
      this.#refused.add(1);
      this.#log.error("publisher.notFinite", {
        code: "E_INTERNAL",
        symbol: signal.symbol,
      });
      return undefined;
    }
    this.#published.add(1);
    const encoded = encodeSignal(signal);
    this.#bus.publish(signalSubject(signal.symbol), encoded);
    return encoded;
  }
}

/** The last door: one addition a number, and NaN or infinity in any of them shows in the sum. */
const isFinite = (signal: Signal): boolean => {
  let sum =
    signal.probability +
    signal.confidence +
    signal.logOdds +
    signal.agreement +
    signal.book.bidPrice +
    signal.book.askPrice;
  for (const source of signal.sources)
    sum += source.probability + source.weight + source.contribution;
  return Number.isFinite(sum);
};
