/** A feed's side of the bus: publishes events, keeps each symbol's book, and answers requests for snapshots from it. */
import type { Instrument } from "../domain/instrument.ts";
import type { BookSnapshot, MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import type { Bus, Clock, Subscription } from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import {
  encodeEvent,
  encodeHeadline,
  encodeInstrument,
} from "../wire/codec.ts";
import type { Encoding } from "../wire/encoding.ts";
import { LEVELS_MAX } from "../wire/encoding.ts";
import {
  PUBLISHER_HEADER,
  writePublisherMark,
} from "../wire/publisher-header.ts";
import {
  HEADLINE_SUBJECT,
  SNAPSHOT_WILDCARD,
  eventSubject,
  instrumentSubject,
  parseSnapshotSubject,
} from "../wire/subjects.ts";
import { asksOf, bidsOf } from "./book-levels.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";

export interface FeedPublisherOptions {
  readonly bus: Bus;
  readonly clock: Clock;
  readonly encoding?: Encoding;
  /** Levels a side of the books kept here, and so of the snapshots answered. */
  readonly depthMax?: number;
  readonly symbolsMax?: number;
  /** Requests for one symbol that come faster than this share an answer. */
  readonly snapshotEveryMsMin?: number;
  /** Numbers what is sent under this name (`publisherId`), so that its receivers notice what is lost. */
  readonly id?: string;
  /** Where a book that broke here is asked for anew; see `checkBooks`. */
  readonly onBrokenBook?: (symbol: SymbolId) => void;
}

interface Told {
  readonly sync: BookSync;
  /** Asked for while there was no book: answered as soon as there is. */
  isAsked: boolean;
  answeredNs: number;
  /** Messages numbered so far. */
  sent: number;
  /** Told again with every snapshot that is asked for: who asks may be new. */
  instrument: Instrument | undefined;
}

export class FeedPublisher {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #encoding: Encoding;
  readonly #depthMax: number;
  readonly #symbolsMax: number;
  readonly #snapshotEveryNs: number;
  readonly #id: string | undefined;
  readonly #onBrokenBook: ((symbol: SymbolId) => void) | undefined;
  readonly #told = new Map<SymbolId, Told>();
  readonly #requests: Subscription;
  #published = 0;
  #answered = 0;
  #ignored = 0;

  constructor(options: FeedPublisherOptions) {
    const {
      bus,
      clock,
      encoding = "msgpack",
      depthMax = 1000,
      symbolsMax = 1000,
      snapshotEveryMsMin = 100,
    } = options;
    this.#bus = bus;
    this.#clock = clock;
    this.#encoding = encoding;
    this.#depthMax = Math.min(depthMax, LEVELS_MAX);
    this.#symbolsMax = symbolsMax;
    this.#id = options.id;
    this.#onBrokenBook = options.onBrokenBook;
    this.#snapshotEveryNs = snapshotEveryMsMin * 1_000_000;
    this.#requests = bus.subscribe(SNAPSHOT_WILDCARD, ({ subject }) =>
      this.#onRequest(subject),
    );
  }

  get published(): number {
    return this.#published;
  }

  get answered(): number {
    return this.#answered;
  }

  /** Requests for symbols that are not told here, or faster than allowed. */
  get ignored(): number {
    return this.#ignored;
  }

  publish(event: FeedEvent): void {
    if (isHeadline(event)) {
      this.#bus.publish(
        HEADLINE_SUBJECT,
        encodeHeadline(event, this.#encoding),
      );
      this.#published++;
      return;
    }
    switch (event.type) {
      case "bookSnapshot":
      case "bookDelta":
      case "gap": {
        const told = this.#tellerOf(event.symbol);
        this.#send(event, told);
        told.sync.apply(event);
        if (told.isAsked) this.#answer(event.symbol, told);
        return;
      }
      case "trade":
        this.#send(event, this.#tellerOf(event.symbol));
        return;
      default:
        // Each replaces the one before, or stands for itself: a lost one damages nothing that is kept.
        this.#send(event, undefined);
    }
  }

  tellInstrument(instrument: Instrument): void {
    this.#tellerOf(instrument.symbol).instrument = instrument;
    this.#sendInstrument(instrument);
  }

  /** On a timer: asks for each book that broke here, at the book's own growing intervals. */
  checkBooks(): void {
    const nowNs = this.#clock.nowNs();
    for (const [symbol, { sync }] of this.#told)
      // A stale book is quiet or one-sided, not broken.
      if (sync.state !== "STALE" && sync.takeResync(nowNs))
        this.#onBrokenBook?.(symbol);
  }

  close(): void {
    this.#requests.unsubscribe();
  }

  #sendInstrument(instrument: Instrument): void {
    this.#bus.publish(
      instrumentSubject(instrument.symbol),
      encodeInstrument(instrument, this.#encoding),
    );
  }

  /** Numbered within the symbol where `told` is given. */
  #send(event: MarketEvent, told: Told | undefined): void {
    const data = encodeEvent(event, this.#encoding);
    this.#published++;
    if (this.#id === undefined || told === undefined) {
      this.#bus.publish(eventSubject(event), data);
      return;
    }
    const mark = writePublisherMark(this.#id, ++told.sent);
    this.#bus.publish(
      eventSubject(event),
      data,
      new Map([[PUBLISHER_HEADER, mark]]),
    );
  }

  #onRequest(subject: string): void {
    const symbol = symbolOf(subject);
    const told = symbol === undefined ? undefined : this.#told.get(symbol);
    if (symbol === undefined || told === undefined) {
      this.#ignored++;
      return;
    }
    const sinceNs = this.#clock.nowNs() - told.answeredNs;
    if (sinceNs < this.#snapshotEveryNs) {
      this.#ignored++;
      return;
    }
    told.isAsked = true;
    this.#answer(symbol, told);
  }

  /** Waits for a valid book: a snapshot of anything else would only spread the damage. */
  #answer(symbol: SymbolId, told: Told): void {
    if (!told.sync.isLive) return;
    if (told.instrument !== undefined) this.#sendInstrument(told.instrument);
    told.isAsked = false;
    told.answeredNs = this.#clock.nowNs();
    const { book } = told.sync;
    const us = this.#clock.nowUs();
    const snapshot: BookSnapshot = {
      type: "bookSnapshot",
      symbol,
      eventUs: us,
      receivedUs: us,
      receivedNs: this.#clock.nowNs(),
      seq: book.seq,
      bids: bidsOf(book),
      asks: asksOf(book),
    };
    this.#send(snapshot, told);
    this.#answered++;
  }

  #tellerOf(symbol: SymbolId): Told {
    const known = this.#told.get(symbol);
    if (known !== undefined) return known;
    if (this.#told.size >= this.#symbolsMax)
      throw new CodedError("E_SYMBOL_LIMIT");
    const told: Told = {
      // Whether a price is plausible is for the engine to judge.
      sync: new BookSync(new OrderBook({ depthMax: this.#depthMax }), {
        bandFactor: 0,
      }),
      isAsked: false,
      answeredNs: Number.NEGATIVE_INFINITY,
      sent: 0,
      instrument: undefined,
    };
    this.#told.set(symbol, told);
    return told;
  }
}

/** Anyone may publish on the request's subject, so a malformed one is only ignored. */
const symbolOf = (subject: string): SymbolId | undefined => {
  try {
    return parseSnapshotSubject(subject);
  } catch {
    return undefined;
  }
};
