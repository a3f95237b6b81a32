/** Market data and news off the bus: stamped, decoded, handed on; what is bad is counted and never thrown. */
import type { Headline } from "../domain/headline.ts";
import type { Instrument } from "../domain/instrument.ts";
import type { Gap, GapReason, MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import {
  NO_LOG,
  NO_TELEMETRY,
  type Bus,
  type BusMessage,
  type Clock,
  type Counter,
  type Histogram,
  type Logger,
  type Subscription,
  type Telemetry,
  type Timers,
} from "../ports.ts";
import { CodedError, toCodedError, type ErrorCode } from "../std/errors.ts";
import { systemClock, systemTimers, type MonoNanos } from "../std/time.ts";
import {
  decodeHeadline,
  decodeInstrument,
  decodeMarketEvent,
} from "../wire/codec.ts";
import { PUBLISHER_HEADER } from "../wire/publisher-header.ts";
import {
  HEADLINE_SUBJECT,
  INSTRUMENT_WILDCARD,
  MARKET_WILDCARDS,
  parseMarketSubject,
  snapshotSubject,
  type EventKind,
} from "../wire/subjects.ts";
import { PublisherSequence } from "./publisher-sequence.ts";
import { SnapshotRequests } from "./snapshot-requests.ts";

export interface MarketFeedOptions {
  readonly bus: Bus;
  /** `message`: what it was decoded from, valid during the call; none where the feed says so itself. */
  readonly onEvent: (
    event: MarketEvent,
    decodedNs: MonoNanos,
    message?: BusMessage,
  ) => void;
  readonly onHeadline: (
    headline: Headline,
    decodedNs: MonoNanos,
    message: BusMessage,
  ) => void;
  readonly onInstrument: (instrument: Instrument, message: BusMessage) => void;
  readonly clock: Clock;
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  /** Symbols that are told of an outage; the engine bounds its actors by the same number. */
  readonly symbolsMax: number;
  readonly snapshotRetryMinMs: number;
  readonly snapshotRetryMaxMs: number;
  /** An older publisher of a symbol is heard again when the newer one has been silent this long. */
  readonly publisherTakeBackMs: number;
}

const DEFAULTS = {
  onHeadline: () => undefined,
  onInstrument: () => undefined,
  clock: systemClock,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
  symbolsMax: 2_000,
  snapshotRetryMinMs: 250,
  snapshotRetryMaxMs: 5_000,
  publisherTakeBackMs: 5_000,
} satisfies Partial<MarketFeedOptions>;

const EMPTY = new Uint8Array(0);

export class MarketFeed {
  readonly #options: MarketFeedOptions;
  readonly #snapshots: SnapshotRequests;
  readonly #publishers: PublisherSequence;
  readonly #symbols = new Set<SymbolId>();
  readonly #subscriptions: Subscription[] = [];
  readonly #rejected = new Map<ErrorCode, Counter>();
  readonly #events: Counter;
  readonly #headlines: Counter;
  readonly #gaps: Counter;
  readonly #lost: Counter;
  readonly #restarts: Counter;
  readonly #left: Counter;
  readonly #requests: Counter;
  readonly #decodeTime: Histogram;
  #isDown = false;
  #isStopped = false;

  constructor(
    options: Partial<MarketFeedOptions> &
      Pick<MarketFeedOptions, "bus" | "onEvent">,
  ) {
    this.#options = { ...DEFAULTS, ...options };
    const { telemetry: t, bus } = this.#options;
    this.#events = t.counter("fusewire_events_total", "Market events decoded");
    this.#headlines = t.counter(
      "fusewire_headlines_total",
      "Headlines decoded",
    );
    this.#gaps = t.counter(
      "fusewire_feed_gaps_total",
      "Gaps told to symbols because the bus was lost",
    );
    this.#lost = t.counter(
      "fusewire_publisher_gaps_total",
      "Holes in what publishers sent, each told to its symbol",
    );
    this.#restarts = t.counter(
      "fusewire_publisher_restarts_total",
      "Symbols taken over by another publisher",
    );
    this.#left = t.counter(
      "fusewire_publisher_left_total",
      "Messages told twice, or by a publisher that another has replaced",
    );
    this.#requests = t.counter(
      "fusewire_snapshot_requests_total",
      "Snapshots asked for",
    );
    this.#decodeTime = t.histogram(
      "fusewire_stage_seconds",
      "Time from the stage before to this one",
      { stage: "decoded" },
    );
    this.#publishers = new PublisherSequence({
      symbolsMax: this.#options.symbolsMax,
      takeBackMs: this.#options.publisherTakeBackMs,
    });
    this.#snapshots = new SnapshotRequests({
      timers: this.#options.timers,
      retryMinMs: this.#options.snapshotRetryMinMs,
      retryMaxMs: this.#options.snapshotRetryMaxMs,
      symbolsMax: this.#options.symbolsMax,
      send: (symbol) => {
        this.#requests.add(1);
        bus.publish(snapshotSubject(symbol), EMPTY);
      },
    });
  }

  start(): void {
    const { bus } = this.#options;
    for (const wildcard of MARKET_WILDCARDS)
      this.#subscriptions.push(
        bus.subscribe(wildcard, (message) => this.#onEvent(message)),
      );
    this.#subscriptions.push(
      bus.subscribe(HEADLINE_SUBJECT, (message) => this.#onHeadline(message)),
      bus.subscribe(INSTRUMENT_WILDCARD, (message) =>
        this.#onInstrument(message),
      ),
    );
    this.#isDown = bus.state !== "connected";
    bus.onState((state) => this.#onBus(state === "connected"));
  }

  /** For a book that cannot be trusted: a snapshot is asked for until one comes. */
  requestSnapshot(symbol: SymbolId): void {
    this.#snapshots.request(symbol);
  }

  /** A symbol that will be heard of no more (its actor was passivated). */
  forget(symbol: SymbolId): void {
    this.#symbols.delete(symbol);
    this.#publishers.forget(symbol);
    this.#snapshots.satisfied(symbol);
  }

  stop(): void {
    this.#isStopped = true;
    for (const subscription of this.#subscriptions) subscription.unsubscribe();
    this.#subscriptions.length = 0;
    this.#snapshots.stop();
  }

  #onEvent(message: BusMessage): void {
    const { clock } = this.#options;
    const receivedNs = clock.nowNs();
    const mark = message.headers?.get(PUBLISHER_HEADER);
    let event: MarketEvent;
    try {
      if (mark !== undefined && !this.#follow(message, mark, receivedNs))
        return;
      event = decodeMarketEvent(
        message.subject,
        message.data,
        clock.nowUs(),
        receivedNs,
      );
    } catch (error) {
      this.#reject(error, message);
      this.#tellLoss(message, mark === undefined ? "unnumbered" : "numbered");
      return;
    }
    const decodedNs = clock.nowNs();
    this.#decodeTime.recordNs(decodedNs - receivedNs);
    this.#events.add(1);
    if (this.#symbols.size < this.#options.symbolsMax)
      this.#symbols.add(event.symbol);
    if (event.type === "bookSnapshot") this.#snapshots.satisfied(event.symbol);
    this.#options.onEvent(event, decodedNs, message);
  }

  /** False for a message to be left. What was lost before it is told first. */
  #follow(message: BusMessage, mark: string, nowNs: MonoNanos): boolean {
    const { symbol } = parseMarketSubject(message.subject);
    switch (this.#publishers.take(symbol, mark, nowNs)) {
      case "follows":
        return true;
      case "lost":
        this.#lost.add(1);
        this.#tellGap(symbol, "sequence");
        return true;
      case "restarted":
        this.#restarts.add(1);
        this.#tellGap(symbol, "resync");
        return true;
      case "repeated":
      case "superseded":
        this.#left.add(1);
        return false;
      case "malformed":
        throw new CodedError("E_INPUT_SCHEMA", { field: PUBLISHER_HEADER });
    }
  }

  /**
   * What it said is lost. Where it was numbered, no number after it will show that; where not, the book's own would, but only with the next
   * message. A name that nobody has heard of gets no actor for it.
   */
  #tellLoss({ subject }: BusMessage, from: "numbered" | "unnumbered"): void {
    let symbol: SymbolId;
    let kind: EventKind;
    try {
      ({ symbol, kind } = parseMarketSubject(subject));
    } catch {
      return;
    }
    const isBook = kind === "book" && this.#symbols.has(symbol);
    if (from === "unnumbered" && !isBook) return;
    this.#lost.add(1);
    this.#tellGap(symbol, "sequence");
  }

  #tellGap(symbol: SymbolId, reason: GapReason): void {
    const { clock, onEvent } = this.#options;
    const receivedUs = clock.nowUs();
    const receivedNs = clock.nowNs();
    const gap: Gap = {
      type: "gap",
      symbol,
      eventUs: receivedUs,
      receivedUs,
      receivedNs,
      reason,
    };
    onEvent(gap, receivedNs);
  }

  #onHeadline(message: BusMessage): void {
    const { clock } = this.#options;
    let headline: Headline;
    try {
      headline = decodeHeadline(message.data, clock.nowUs(), clock.nowNs());
    } catch (error) {
      this.#reject(error, message);
      return;
    }
    this.#headlines.add(1);
    this.#options.onHeadline(headline, clock.nowNs(), message);
  }

  #onInstrument(message: BusMessage): void {
    try {
      this.#options.onInstrument(
        decodeInstrument(message.subject, message.data),
        message,
      );
    } catch (error) {
      this.#reject(error, message);
    }
  }

  #reject(error: unknown, message: BusMessage): void {
    const coded = toCodedError(error);
    let counter = this.#rejected.get(coded.code);
    if (counter === undefined) {
      counter = this.#options.telemetry.counter(
        "fusewire_rejected_total",
        "Input refused at the door",
        { code: coded.code },
      );
      this.#rejected.set(coded.code, counter);
    }
    counter.add(1);
    // The subject is the sender's text: cut short, and only in the log.
    this.#options.log.warn("feed.rejected", {
      code: coded.code,
      field: coded.field,
      subject: message.subject.slice(0, 100),
      bytes: message.data.byteLength,
    });
  }

  /** Every book is void from the moment of the loss; after it, all are asked for. */
  #onBus(isUp: boolean): void {
    if (this.#isStopped || isUp === !this.#isDown) return;
    this.#isDown = !isUp;
    if (isUp) {
      // What was asked into the outage was lost, and patience had grown meanwhile.
      this.#snapshots.stop();
      for (const symbol of this.#symbols) this.#snapshots.request(symbol);
      return;
    }
    this.#publishers.clear();
    this.#gaps.add(this.#symbols.size);
    for (const symbol of this.#symbols) this.#tellGap(symbol, "disconnected");
  }
}
