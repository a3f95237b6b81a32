/** Decides which book events may be applied, and what the book is worth after each: one state machine a symbol. */
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  GapReason,
} from "../domain/market-event.ts";
import type { BookReason, BookState } from "../domain/signal.ts";
import { assert, unreachable } from "../std/assert.ts";
import { RingBuffer } from "../std/ring-buffer.ts";
import { msToNs } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";
import type { OrderBook } from "./order-book.ts";

export interface BookSyncOptions {
  /** No sequence progress for this long makes a live book stale. */
  readonly staleAfterMs: number;
  /** Deltas kept while there is no snapshot; one more voids them all. */
  readonly bufferMax: number;
  /** Requests for a snapshot before a book that does not come back is quarantined. */
  readonly resyncMax: number;
  /** Wait before the second request; doubles up to the maximum, at which requests go on. */
  readonly resyncMinMs: number;
  readonly resyncMaxMs: number;
  /** Why there is no book yet. */
  readonly initialReason: "noSnapshot" | "actorRestarted";
}

export const BOOK_SYNC_DEFAULTS: BookSyncOptions = {
  staleAfterMs: 2000,
  bufferMax: 1000,
  resyncMax: 5,
  resyncMinMs: 250,
  resyncMaxMs: 8000,
  initialReason: "noSnapshot",
};

/**
 * What an event did: `snapshot` and `delta` changed a book that is now live; `voided` took the book away;
 * `crossed` too, because its sides met; `oneSided` left a book without a mid; `buffered`, `duplicate` and `refused`
 * (a snapshot that does not fit) changed nothing.
 */
export type BookChange =
  | "snapshot"
  | "delta"
  | "voided"
  | "crossed"
  | "oneSided"
  | "buffered"
  | "duplicate"
  | "refused";

export class BookSync {
  readonly book: OrderBook;
  /** Holes in the sequence, found here or told by a Gap. */
  gaps = 0;
  /** Times that bid met ask after an update. */
  crossed = 0;
  duplicates = 0;
  /** Snapshots that did not fit. */
  refused = 0;
  /** Times that the buffer of early deltas ran over. */
  overflows = 0;
  snapshots = 0;
  deltas = 0;
  readonly #options: BookSyncOptions;
  readonly #staleAfterNs: number;
  readonly #early: RingBuffer<BookDelta>;
  #state: BookState = "SYNCING";
  #reason: BookReason;
  /** Sequence rule: looser for the first delta after a snapshot. */
  #isFirstDelta = true;
  /** Receive time of the last event that moved the sequence. */
  #progressNs = 0;
  #resyncs = 0;
  #lastResyncNs = Number.NEGATIVE_INFINITY;
  #nextResyncNs = Number.NEGATIVE_INFINITY;

  constructor(book: OrderBook, options: Partial<BookSyncOptions> = {}) {
    this.book = book;
    this.#options = { ...BOOK_SYNC_DEFAULTS, ...options };
    assert(this.#options.resyncMax > 0, "at least one resync is allowed");
    this.#staleAfterNs = msToNs(this.#options.staleAfterMs);
    this.#early = new RingBuffer<BookDelta>(this.#options.bufferMax);
    this.#reason = this.#options.initialReason;
    book.clear();
  }

  get state(): BookState {
    return this.#state;
  }

  get reason(): BookReason {
    return this.#reason;
  }

  get isLive(): boolean {
    return this.#state === "LIVE";
  }

  /** Deltas waiting for a snapshot. */
  get buffered(): number {
    return this.#early.size;
  }

  get needsSnapshot(): boolean {
    return this.#state !== "LIVE";
  }

  /** Requests since the book was last live. */
  get resyncs(): number {
    return this.#resyncs;
  }

  apply(event: BookSnapshot | BookDelta | Gap): BookChange {
    switch (event.type) {
      case "bookDelta":
        return this.#onDelta(event);
      case "bookSnapshot":
        return this.#onSnapshot(event);
      case "gap":
        this.gaps++;
        this.#void("SYNCING", REASON_OF_GAP[event.reason]);
        this.#early.clear();
        return "voided";
      default:
        return unreachable(event);
    }
  }

  /** Call each turn and on a timer: a book whose sequence stands still is stale. */
  checkFresh(nowNs: MonoNanos): BookState {
    if (
      this.#state === "LIVE" &&
      nowNs - this.#progressNs > this.#staleAfterNs
    ) {
      this.#state = "STALE";
      this.#reason = "silent";
    }
    return this.#state;
  }

  /**
   * True when it is time to ask the feed for a snapshot, and counts the request. Waits double between requests. After
   * `resyncMax` of them a void book is quarantined; requests then go on at the longest wait, for a feed may come back.
   */
  takeResync(nowNs: MonoNanos): boolean {
    if (this.#state === "LIVE" || nowNs < this.#nextResyncNs) return false;
    if (this.#resyncs >= this.#options.resyncMax && this.#state === "SYNCING")
      this.#state = "QUARANTINED";
    const { resyncMinMs, resyncMaxMs } = this.#options;
    const waitMs = Math.min(resyncMaxMs, resyncMinMs * 2 ** this.#resyncs);
    this.#lastResyncNs = nowNs;
    this.#nextResyncNs = nowNs + msToNs(waitMs);
    this.#resyncs++;
    return true;
  }

  #onDelta(event: BookDelta): BookChange {
    if (this.#state !== "LIVE" && this.#state !== "STALE")
      return this.#buffer(event);
    const { seq } = this.book;
    if (event.seq <= seq) {
      this.duplicates++;
      return "duplicate";
    }
    if (!this.#follows(event)) {
      this.gaps++;
      this.#void("SYNCING", "gap");
      this.#buffer(event);
      return "voided";
    }
    this.#applyDelta(event);
    return this.#judge(event.receivedNs, "delta");
  }

  #follows(event: BookDelta): boolean {
    return this.#isFirstDelta
      ? event.prevSeq <= this.book.seq
      : event.prevSeq === this.book.seq;
  }

  #applyDelta(event: BookDelta): void {
    this.book.applyDelta(event.bids, event.asks, event.seq);
    this.#isFirstDelta = false;
    this.deltas++;
  }

  #onSnapshot(event: BookSnapshot): BookChange {
    // An older snapshot than a live book is an answer that came late; to any other book it is news.
    if (this.#state === "LIVE" && event.seq < this.book.seq) {
      this.refused++;
      return "refused";
    }
    const movesSeq =
      (this.#state !== "LIVE" && this.#state !== "STALE") ||
      event.seq !== this.book.seq;
    if (!this.#fitsBuffer(event.seq)) {
      this.refused++;
      return "refused";
    }
    this.book.applySnapshot(event.bids, event.asks, event.seq);
    this.#isFirstDelta = true;
    this.snapshots++;
    let progressNs: number = event.receivedNs;
    for (
      let early = this.#early.shift();
      early !== undefined;
      early = this.#early.shift()
    ) {
      if (early.seq <= this.book.seq) continue;
      this.#applyDelta(early);
      progressNs = Math.max(progressNs, early.receivedNs);
    }
    // The same sequence again is a frozen feed's repetition: it neither refreshes the book nor revives a stale one.
    if (!movesSeq) return "duplicate";
    return this.#judge(progressNs, "snapshot");
  }

  /** The first buffered delta that the snapshot does not cover must join on to it. */
  #fitsBuffer(seq: number): boolean {
    for (let i = 0; i < this.#early.size; i++) {
      const early = this.#early.at(i)!;
      if (early.seq > seq) return early.prevSeq <= seq;
    }
    return true;
  }

  /** Keeps an unbroken run of deltas for the snapshot to come. */
  #buffer(event: BookDelta): BookChange {
    const last = this.#early.at(this.#early.size - 1);
    if (last !== undefined && event.seq <= last.seq) {
      this.duplicates++;
      return "duplicate";
    }
    if (last !== undefined && event.prevSeq !== last.seq) {
      // No snapshot can bridge the hole, so what came before it is of no use.
      this.gaps++;
      this.#early.clear();
    } else if (this.#early.isFull) {
      this.overflows++;
      this.#early.clear();
      this.#reason = "overflow";
    }
    this.#early.push(event);
    return "buffered";
  }

  /** After a change: a book is live iff it has both sides and they do not meet. */
  #judge(progressNs: number, change: "snapshot" | "delta"): BookChange {
    if (this.book.isCrossed || this.book.isLocked) {
      this.crossed++;
      this.#void("QUARANTINED", "crossed");
      return "crossed";
    }
    if (!this.book.hasBothSides) {
      // Kept, for the next delta may fill the side; but it has no mid, so it is no valid book.
      this.#state = "STALE";
      this.#reason = "silent";
      return "oneSided";
    }
    this.#progressNs = progressNs;
    this.#state = "LIVE";
    this.#reason = "none";
    this.#resyncs = 0;
    // A book that keeps breaking right after each snapshot still asks no faster than this.
    this.#nextResyncNs = this.#lastResyncNs + msToNs(this.#options.resyncMinMs);
    return change;
  }

  #void(state: "SYNCING" | "QUARANTINED", reason: BookReason): void {
    this.book.clear();
    this.#isFirstDelta = true;
    this.#state = state;
    this.#reason = reason;
  }
}

const REASON_OF_GAP = {
  sequence: "gap",
  disconnected: "disconnected",
  overflow: "overflow",
  checksum: "checksum",
  resync: "resync",
  operator: "operator",
} as const satisfies Record<GapReason, BookReason>;
