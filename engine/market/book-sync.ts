/** Decides which book events may be applied, and what the book is worth after each: one state machine a symbol. */
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  GapReason,
  Quote,
} from "../domain/market-event.ts";
import type { BookReason, BookState } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { assert, unreachable } from "../std/assert.ts";
import type { MonoNanos } from "../std/time.ts";
import type { BookChange } from "./book-change.ts";
import { BookCounts } from "./book-counts.ts";
import { BookFreshness } from "./book-freshness.ts";
import { BookRefresh } from "./book-refresh.ts";
import { BOOK_SYNC_DEFAULTS } from "./book-sync-options.ts";
import type { BookSyncOptions } from "./book-sync-options.ts";
import { EarlyDeltas } from "./early-deltas.ts";
import type { OrderBook } from "./order-book.ts";
import { PlausibleBand } from "./plausible-band.ts";
import { QuoteCheck, isBest } from "./quote-check.ts";
import { ResyncPlan } from "./resync-plan.ts";
import { SeenNumbers } from "./seen-numbers.ts";
import { traitsOf } from "./venue-traits.ts";
import type { VenueTraits } from "./venue-traits.ts";

export class BookSync {
  readonly book: OrderBook;
  readonly counts = new BookCounts();
  readonly #options: BookSyncOptions;
  readonly #early: EarlyDeltas;
  readonly #band: PlausibleBand;
  readonly #plan: ResyncPlan;
  readonly #refresh: BookRefresh;
  readonly #fresh: BookFreshness;
  readonly #seen = new SeenNumbers();
  readonly #quotes = new QuoteCheck();
  #traits: VenueTraits | undefined;
  #state: BookState = "SYNCING";
  #reason: BookReason;
  /** Sequence rule: looser for the first delta after a snapshot. */
  #isFirstDelta = true;
  /** The book stands before a hole that a late delta may still fill. */
  #isHeld = false;
  #quoteSeq = -1;

  constructor(book: OrderBook, options: Partial<BookSyncOptions> = {}) {
    this.book = book;
    this.#options = { ...BOOK_SYNC_DEFAULTS, ...options };
    const { bufferMax, reorderMax, resyncMax, bandFactor, completeMin } =
      this.#options;
    assert(resyncMax > 0, "at least one resync is allowed");
    this.#early = new EarlyDeltas({ sizeMax: bufferMax, reorderMax });
    this.#band = new PlausibleBand(bandFactor);
    this.#plan = new ResyncPlan(this.#options);
    this.#refresh = new BookRefresh(completeMin);
    this.#fresh = new BookFreshness(this.#options);
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

  /** Deltas waiting for a snapshot, or for a late one. */
  get buffered(): number {
    return this.#early.size;
  }

  get needsSnapshot(): boolean {
    return this.#state !== "LIVE";
  }

  /** A live book whose best levels may soon lack some between them: a snapshot would mend it without a break. */
  get wantsRefresh(): boolean {
    return this.#refresh.isUnderWay;
  }

  /** Requests since the book was last live. */
  get resyncs(): number {
    return this.#plan.requests;
  }

  /** Past this time a live book without news is stale. */
  get freshUntilNs(): number {
    return this.#fresh.untilNs;
  }

  /** Receive time of the last event that changed the book, and the venue's time of the last one that came. */
  get movedNs(): number {
    return this.#fresh.movedNs;
  }

  get eventUs(): number {
    return this.#seen.eventUs;
  }

  /** Time until the next request for a snapshot is due. */
  resyncWaitMs(nowNs: MonoNanos): number {
    const plan = this.#state === "LIVE" ? this.#refresh.plan : this.#plan;
    return plan.waitMs(nowNs);
  }

  apply(event: BookSnapshot | BookDelta | Gap): BookChange {
    switch (event.type) {
      case "bookDelta":
        return this.#onDelta(event);
      case "bookSnapshot":
        return this.#onSnapshot(event);
      case "gap":
        this.counts.gaps++;
        this.#void("SYNCING", REASON_OF_GAP[event.reason]);
        if (event.reason === "operator") this.#beginAnew();
        return "voided";
      default:
        return unreachable(event);
    }
  }

  /**
   * A quote never changes the book: it stays beside it. It proves the book right or wrong where both stand at the same
   * sequence, and that a quiet market is alive.
   */
  onQuote(quote: Quote): "voided" | "kept" {
    const isNews = quote.seq > this.#quoteSeq;
    this.#quoteSeq = quote.seq;
    if (this.#traitsOf(quote.symbol).quoteSeq === "shared") {
      const verdict = this.#quotes.onQuote(quote, this.book);
      if (verdict !== "unknown" && this.#state === "LIVE")
        return this.#heed(verdict) ? "voided" : "kept";
    }
    if (isNews && isBest(quote, this.book))
      this.#fresh.agreed(quote.receivedNs);
    return "kept";
  }

  /** Of a trade or a quote: false where no market can have gone within moments. */
  isPlausible(price: number): boolean {
    return this.#state !== "LIVE" || this.#band.holds(price);
  }

  /** Call each turn and on a timer: a book that nothing is heard of, or nothing new, is stale. */
  checkFresh(nowNs: MonoNanos): BookState {
    if (this.#state === "LIVE" && nowNs > this.freshUntilNs) {
      this.#state = "STALE";
      this.#reason = this.#fresh.isFrozen ? "frozen" : "silent";
    }
    return this.#state;
  }

  /**
   * True when it is time to ask the feed for a snapshot, and counts the request. Waits double between requests. After
   * `resyncMax` of them in vain the book is quarantined as `noSync`; from then on it looks again at the longest wait only.
   */
  takeResync(nowNs: MonoNanos): boolean {
    const plan = this.#state === "LIVE" ? this.#refresh.plan : this.#plan;
    if (this.#state === "LIVE" && !this.#refresh.isUnderWay) return false;
    if (!plan.isDue(nowNs)) return false;
    // A stale book is not given up: its next delta may go on from where it stands.
    if (this.#state !== "STALE" && this.#reason !== "noSync" && plan.isSpent) {
      this.#void("QUARANTINED", "noSync");
      // So many answers were the same: the venue's numbers have begun anew.
      this.#forgetNumbers();
      this.#band.forget();
      plan.pause(nowNs);
      return false;
    }
    plan.requested(nowNs);
    return true;
  }

  /** An operator's order: whatever the book is, it is fetched anew, at once. */
  forceResync(): void {
    this.#void("SYNCING", "operator");
    this.#beginAnew();
  }

  #onDelta(event: BookDelta): BookChange {
    const { book } = this;
    this.#fresh.heard(event.receivedNs);
    const verdict = this.#band.inspect(event.bids, event.asks);
    if (verdict === "range") {
      this.#seen.lost(event);
      return this.#reject(event);
    }
    if (verdict === "suspect") {
      this.#seen.lost(event);
      return this.#suspect(event);
    }
    if (this.#isHeld) return this.#fillHole(event);
    if (this.#state !== "LIVE" && this.#state !== "STALE")
      return this.#buffer(event);
    if (event.seq <= book.seq) {
      this.counts.duplicates++;
      return "duplicate";
    }
    if (!this.#follows(event)) return this.#onHole(event);
    if (this.#refresh.isUnderWay) this.#keepForRefresh(event);
    this.#applyDelta(event);
    return this.#judge("delta");
  }

  #follows(event: BookDelta): boolean {
    return this.#isFirstDelta
      ? event.prevSeq <= this.book.seq
      : event.prevSeq === this.book.seq;
  }

  #applyDelta(event: BookDelta): void {
    const { book } = this;
    const { changed } = book;
    book.update(event.bids, event.asks, event.seq);
    this.#isFirstDelta = false;
    this.counts.deltas++;
    this.#seen.saw(event);
    // An empty delta says that nothing has changed; one that repeats what is known says nothing.
    const isHeartbeat = event.bids.length === 0 && event.asks.length === 0;
    if (isHeartbeat || book.changed !== changed)
      this.#fresh.moved(event.receivedNs);
  }

  /** Data is missing: the book is not live from here on, but a late delta may bring it back without a snapshot. */
  #onHole(event: BookDelta): BookChange {
    this.counts.gaps++;
    const mayFill =
      event.prevSeq > this.book.seq && this.#options.reorderMax > 0;
    if (!mayFill) this.#void("SYNCING", "gap");
    else {
      this.#early.clear();
      this.#refresh.end();
      this.#hold();
    }
    this.#early.push(event);
    return "voided";
  }

  /**
   * Something is lost with a message that cannot be read, unless it had come before: what the book holds is kept, but it is not live until the
   * next delta goes on from it.
   */
  #reject(event: BookDelta | BookSnapshot): BookChange {
    this.counts.rejected++;
    const hadBefore = event.seq <= this.book.seq;
    if (hadBefore || (this.#state !== "LIVE" && this.#state !== "STALE"))
      return "rejected";
    this.#early.clear();
    this.#refresh.end();
    this.#hold();
    return "rejected";
  }

  #hold(): void {
    this.#isHeld = true;
    this.book.withhold();
    this.#state = "SYNCING";
    this.#reason = "gap";
  }

  #release(): void {
    this.#isHeld = false;
    this.book.show();
  }

  #fillHole(event: BookDelta): BookChange {
    if (event.seq <= this.book.seq) {
      this.counts.duplicates++;
      return "duplicate";
    }
    const isHole = this.#early.size > 0;
    if (!isHole && !this.#follows(event)) return this.#onHole(event);
    if (this.#early.push(event) === "duplicate") {
      this.counts.duplicates++;
      return "duplicate";
    }
    const broken = this.#drainEarly();
    if (broken !== undefined) return broken;
    if (this.#early.size === 0) {
      // One that was rejected is missing still.
      if (this.#seen.isOld(this.book)) return "buffered";
      if (isHole) this.counts.reordered++;
      this.#release();
      return this.#judge("delta");
    }
    if (this.#early.size > this.#options.reorderMax) {
      // The late one will not come: only a snapshot helps.
      this.#isHeld = false;
      this.book.clear();
    }
    return "buffered";
  }

  /** Applies what goes on from the book, each judged by itself: what comes later must not cover anything up. */
  #drainEarly(): BookChange | undefined {
    for (;;) {
      const broken = this.#brokenBy();
      if (broken !== undefined) return broken;
      const next = this.#early.takeNext(
        this.book.seq,
        this.#isFirstDelta ? "overlapping" : "exactly",
      );
      if (next === undefined) return undefined;
      // When it came there may have been no mid to judge it by.
      if (this.#band.inspect(next.bids, next.asks) !== "ok")
        return this.#suspect(next);
      this.#applyDelta(next);
    }
  }

  /** A book whose sides meet is void. */
  #brokenBy(): "crossed" | "locked" | undefined {
    if (this.book.isCrossed) {
      this.counts.crossed++;
      this.#void("QUARANTINED", "crossed");
      return "crossed";
    }
    if (this.book.isLocked) {
      this.counts.locked++;
      this.#void("QUARANTINED", "locked");
      return "locked";
    }
    return undefined;
  }

  #onSnapshot(event: BookSnapshot): BookChange {
    const { book } = this;
    this.#fresh.heard(event.receivedNs);
    if (!this.#isNews(event)) {
      this.counts.refused++;
      return "refused";
    }
    const verdict = this.#band.inspectSnapshot(event.bids, event.asks);
    if (verdict === "range") return this.#reject(event);
    if (verdict === "suspect") return this.#suspect(event);
    const isAlive = this.#state === "LIVE" || this.#state === "STALE";
    const isChanged = !isAlive || !book.equals(event.bids, event.asks);
    // The same again is a frozen feed's repetition: it neither refreshes the book nor revives a stale one.
    if (!isChanged && event.seq === book.seq && !this.#refresh.isUnderWay)
      return "duplicate";
    const isRepeat =
      this.#traitsOf(event.symbol).quiet === "repeats" &&
      event.eventUs > this.#seen.eventUs;
    this.#applySnapshot(event);
    if (isChanged) this.#fresh.moved(event.receivedNs);
    else if (isRepeat) this.#fresh.agreed(event.receivedNs);
    const broken = this.#drainEarly();
    if (broken !== undefined) return broken;
    if (this.#early.size > 0) {
      // Behind a hole among the last deltas the book waits for a late one, as ever.
      this.#hold();
      return "buffered";
    }
    return this.#judge("snapshot");
  }

  #applySnapshot(event: BookSnapshot): void {
    const { book } = this;
    if (this.#seen.isOld(event) && !this.#refresh.isUnderWay)
      this.#forgetNumbers();
    book.replace(event.bids, event.asks, event.seq);
    book.endHere(this.#traitsOf(event.symbol).wholeBelow);
    this.counts.snapshots++;
    this.#isFirstDelta = true;
    this.#release();
    this.#refresh.end();
    this.#seen.saw(event);
    if (book.hasBothSides) this.#band.follow(book.mid);
  }

  /**
   * False for a snapshot from before what was already seen, unless another process of ours may have numbered it, and it
   * is dated later. False, too, for one that the deltas kept do not join on to.
   */
  #isNews(event: BookSnapshot): boolean {
    if (!this.#early.fits(event.seq)) return false;
    if (!this.#seen.isOld(event)) return true;
    // What a refresh brings is older than a live book, and what has come since is kept.
    if (this.#refresh.isUnderWay) return this.#bridges(event.seq);
    return (
      this.#state !== "LIVE" &&
      this.#traitsOf(event.symbol).numbering === "ofProcess" &&
      this.#seen.isRenumbered(event)
    );
  }

  #bridges(seq: number): boolean {
    const first = this.#early.at(0);
    return first !== undefined && first.prevSeq <= seq;
  }

  /** Keeps deltas in order for the snapshot to come. */
  #buffer(event: BookDelta): BookChange {
    switch (this.#early.push(event)) {
      case "duplicate":
        this.counts.duplicates++;
        return "duplicate";
      case "hole":
        this.counts.gaps++;
        return "buffered";
      case "overflow":
        this.counts.overflows++;
        this.#reason = "overflow";
        return "buffered";
      case "kept":
        return "buffered";
    }
  }

  #keepForRefresh(event: BookDelta): void {
    if (this.#early.push(event) === "kept") return;
    this.#early.clear();
    this.#refresh.end();
  }

  /** After a change: a book is live iff it has both sides, they do not meet, and its quotes agree. */
  #judge(change: "snapshot" | "delta"): BookChange {
    const { book } = this;
    if (!book.hasBothSides) {
      // Kept, for the next delta may fill the side; but it has no mid, so it is no valid book.
      this.#state = "STALE";
      this.#reason = "silent";
      return "oneSided";
    }
    const broken = this.#brokenBy();
    if (broken !== undefined) return broken;
    if (this.#heed(this.#quotes.onBook(book))) return "voided";
    this.#band.follow(book.mid);
    // A frozen feed does not revive a stale book.
    if (this.#state === "STALE" && this.#fresh.isFrozen) return "duplicate";
    if (this.#state !== "LIVE") {
      this.#state = "LIVE";
      this.#reason = "none";
      this.#plan.succeeded();
    }
    if (change === "delta" && this.#refresh.look(book)) this.counts.refreshes++;
    return change;
  }

  /** True when the book was voided for a quote that contradicts it. */
  #heed(verdict: "agrees" | "contradicts" | "unknown"): boolean {
    if (verdict === "agrees") this.counts.quotesAgreed++;
    if (verdict !== "contradicts") return false;
    this.counts.quotesContradicted++;
    this.#void("SYNCING", "checksum");
    return true;
  }

  #suspect(event: BookDelta | BookSnapshot): BookChange {
    this.counts.suspects++;
    this.#void("QUARANTINED", "suspect");
    this.#band.doubt(event);
    return "suspect";
  }

  #beginAnew(): void {
    this.#plan.reset();
    this.#forgetNumbers();
    this.#band.forget();
  }

  /** The venue may count anew from here. */
  #forgetNumbers(): void {
    this.#seen.forget();
    this.#quotes.clear();
  }

  #void(state: "SYNCING" | "QUARANTINED", reason: BookReason): void {
    this.book.clear();
    const { last } = this.#early;
    if (last !== undefined) this.#seen.lost(last);
    this.#early.clear();
    if (reason !== "suspect") this.#band.open();
    this.#isFirstDelta = true;
    this.#isHeld = false;
    this.#refresh.end();
    this.#state = state;
    this.#reason = reason;
  }

  #traitsOf(symbol: SymbolId): VenueTraits {
    return (this.#traits ??= traitsOf(symbol));
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
