/** A feed's side of the bus: publishes events, keeps each symbol's book, and answers requests for snapshots from it. */
import type { BookSnapshot } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import type { Bus, Clock, Subscription } from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import { encodeEvent, encodeHeadline } from "../wire/codec.ts";
import type { Encoding } from "../wire/encoding.ts";
import { LEVELS_MAX } from "../wire/encoding.ts";
import {
  HEADLINE_SUBJECT,
  SNAPSHOT_WILDCARD,
  eventSubject,
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
}

interface Told {
  readonly sync: BookSync;
  /** Asked for while there was no book: answered as soon as there is. */
  isAsked: boolean;
  answeredNs: number;
}

export class FeedPublisher {
  readonly #bus: Bus;
  readonly #clock: Clock;
  readonly #encoding: Encoding;
  readonly #depthMax: number;
  readonly #symbolsMax: number;
  readonly #snapshotEveryNs: number;
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
    this.#bus.publish(eventSubject(event), encodeEvent(event, this.#encoding));
    this.#published++;
    if (
      event.type !== "bookSnapshot" &&
      event.type !== "bookDelta" &&
      event.type !== "gap"
    )
      return;
    const told = this.#tellerOf(event.symbol);
    told.sync.apply(event);
    if (told.isAsked) this.#answer(event.symbol, told);
  }

  close(): void {
    this.#requests.unsubscribe();
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
    this.#bus.publish(
      eventSubject(snapshot),
      encodeEvent(snapshot, this.#encoding),
    );
    this.#answered++;
  }

  #tellerOf(symbol: SymbolId): Told {
    const known = this.#told.get(symbol);
    if (known !== undefined) return known;
    if (this.#told.size >= this.#symbolsMax)
      throw new CodedError("E_SYMBOL_LIMIT");
    const told: Told = {
      sync: new BookSync(new OrderBook({ depthMax: this.#depthMax })),
      isAsked: false,
      answeredNs: Number.NEGATIVE_INFINITY,
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
