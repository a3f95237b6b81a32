/**
 * What stands beside one symbol's minutes as each closes, for the sets that read it: its book, the leading symbol's close, funding, open
 * interest and the mood of the news. What is not known, or is out of date, is NaN.
 */
import type { Bar, Funding, OpenInterest } from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import { nsToMs } from "../std/time.ts";
import type { MonoNanos } from "../std/time.ts";
import { GRID_FILL_MAX } from "./bar-inputs.ts";
import type { BarInputName } from "./bar-inputs.ts";
import type { Received } from "./event-features.ts";
import type { DeclaredSet, FeatureInput } from "./feature-declaration.ts";
import { NewsWindows } from "./news-windows.ts";
import type { Article } from "./news-windows.ts";

/** The minutes of the symbol that leads this one. */
export interface LeadingMinutes {
  /** Start of the latest one that closed; -Infinity before the first. */
  readonly lastMinuteUs: number;
  /** NaN while it has not closed, and where it is not known. */
  minuteClose(openUs: number): number;
}

/** Takes what stands beside the next row. */
interface RowInputs {
  set(name: BarInputName, value: number): void;
}

const LEVELS = 5;
const MINUTE_US = 60_000_000;
/** The leading symbol's minute is waited for this long, if it closed one of the last few. */
const LEADER_WAIT_MS = 5000;
const LEADER_SPEAKS_WITHIN = 2;
/** Venues tell it every few seconds, or are asked twice a minute. */
const INTEREST_STALE_MS = 120_000;
/** Of these a set may require; bars are what there is a row of. */
const BESIDE: readonly FeatureInput[] = ["book", "otherBar", "funding"];

interface Need {
  readonly input: FeatureInput;
  /** Minutes in a row that it must have been known. */
  readonly minutes: number;
  readonly staleNs: number;
}

export class BarSurroundings {
  readonly #rows: RowInputs;
  readonly #leading: LeadingMinutes | undefined;
  readonly #reads: ReadonlySet<FeatureInput>;
  readonly #needs: readonly Need[];
  /** Of each need: minutes in a row that it was known. */
  readonly #known: Float64Array;
  readonly #top = new Float64Array(4 * LEVELS);
  readonly #news = new NewsWindows();
  readonly #bookStaleNs: number;
  readonly #fundingStaleNs: number;
  /** The symbol's book while it is live. */
  #book: OrderBook | undefined;
  #hasBook = false;
  #fundingRate = NaN;
  #fundingNs = Number.NEGATIVE_INFINITY;
  #interest = NaN;
  #interestNs = Number.NEGATIVE_INFINITY;
  /** When the book last changed, and how it stood beside the last row, as the leading symbol's close did; -Infinity where it did not. */
  #lastBookNs = Number.NEGATIVE_INFINITY;
  #bookNs = Number.NEGATIVE_INFINITY;
  #otherNs = Number.NEGATIVE_INFINITY;
  /** Rows since the leading symbol's close was known; Infinity before it ever was. */
  #otherMissed = Infinity;

  constructor(
    set: DeclaredSet,
    leading: LeadingMinutes | undefined,
    rows: RowInputs,
  ) {
    const reading = (input: FeatureInput) =>
      set.features.filter(({ inputs }) => inputs.includes(input));
    const staleNs = (input: FeatureInput): number =>
      1e6 * Math.min(...reading(input).map(({ staleAfterMs }) => staleAfterMs));
    this.#rows = rows;
    this.#leading = leading;
    this.#reads = new Set(set.features.flatMap(({ inputs }) => inputs));
    this.#needs = BESIDE.filter((input) => set.requires.includes(input)).map(
      (input) => ({
        input,
        minutes: Math.max(...reading(input).map(({ warmUp }) => warmUp.count)),
        staleNs: staleNs(input),
      }),
    );
    this.#known = new Float64Array(this.#needs.length);
    this.#bookStaleNs = staleNs("book");
    this.#fundingStaleNs = staleNs("funding");
  }

  /** The first input that the set requires and that is out of date, or was not known for as long as its features need. */
  staleInput({ receivedNs }: Received): FeatureInput | undefined {
    for (let i = 0; i < this.#needs.length; i++) {
      const { input, minutes, staleNs } = this.#needs[i]!;
      const isKnown = this.#known[i]! >= minutes;
      if (!isKnown || receivedNs - this.#toldNs(input) > staleNs) return input;
    }
    return undefined;
  }

  /** Of what stood beside the last row; Infinity where it was not known. */
  ageMs(input: FeatureInput, { receivedNs, receivedUs }: Received): number {
    if (input === "headline") return this.#news.ageMs(receivedUs ?? NaN);
    return Math.max(0, nsToMs(receivedNs - this.#toldNs(input)));
  }

  save(to: StateWriter): void {
    to.numbers(this.#known);
    to.flag(this.#hasBook);
    for (const value of [
      this.#fundingRate,
      this.#fundingNs,
      this.#interest,
      this.#interestNs,
      this.#bookNs,
      this.#otherNs,
      this.#otherMissed,
      this.#lastBookNs,
    ])
      to.number(value);
    this.#news.save(to);
  }

  load(from: StateReader, book: OrderBook | undefined): void {
    from.numbers(this.#known);
    this.#hasBook = from.flag();
    this.#fundingRate = from.number();
    this.#fundingNs = from.number();
    this.#interest = from.number();
    this.#interestNs = from.number();
    this.#bookNs = from.number();
    this.#otherNs = from.number();
    this.#otherMissed = from.number();
    this.#lastBookNs = from.number();
    this.#news.load(from);
    this.#book = book;
  }

  /** Our clock was set by so much. */
  moveClock(byNs: number): void {
    this.#fundingNs += byNs;
    this.#interestNs += byNs;
    this.#lastBookNs += byNs;
    this.#bookNs += byNs;
    this.#otherNs += byNs;
  }

  onBook(book: OrderBook, { receivedNs }: Received): void {
    this.#book = book;
    this.#lastBookNs = receivedNs;
  }

  onVoid(): void {
    this.#book = undefined;
  }

  onFunding(funding: Funding): void {
    this.#fundingRate = funding.rate;
    this.#fundingNs = funding.receivedNs;
  }

  onOpenInterest(event: OpenInterest): void {
    this.#interest = event.openInterest;
    this.#interestNs = event.receivedNs;
  }

  onArticle(article: Article): void {
    this.#news.onArticle(article);
  }

  /** What stands beside the minute that has just closed; all but the leading symbol's close. */
  capture(minute: Bar): void {
    if (this.#reads.has("book")) this.#captureBook(minute.receivedNs);
    if (this.#reads.has("funding"))
      this.#rows.set(
        "fundingRate",
        this.#hasFunding(minute.receivedNs) ? this.#fundingRate : NaN,
      );
    if (this.#reads.has("openInterest"))
      this.#rows.set(
        "openInterest",
        nsToMs(minute.receivedNs - this.#interestNs) <= INTEREST_STALE_MS
          ? this.#interest
          : NaN,
      );
    if (this.#reads.has("headline")) {
      const { sentiment, momentum } = this.#news.moodAt(minute.receivedUs);
      this.#rows.set("sentiment", sentiment);
      this.#rows.set("sentimentMomentum", momentum);
    }
  }

  /** The leading symbol's close of that minute may still come. */
  awaitsLeader(minute: Bar, nowNs: MonoNanos): boolean {
    const leading = this.#leading;
    if (leading === undefined || !this.#reads.has("otherBar")) return false;
    const { openUs, receivedNs } = minute;
    return (
      openUs > leading.lastMinuteUs &&
      openUs - leading.lastMinuteUs <= LEADER_SPEAKS_WITHIN * MINUTE_US &&
      nowNs - receivedNs < LEADER_WAIT_MS * 1e6
    );
  }

  /** The leading symbol's minute beside one that is missing before this one. */
  settleMissing(openUs: number, { openUs: nextUs, receivedNs }: Bar): void {
    this.#settleOther(openUs, receivedNs - (nextUs - openUs) * 1000);
    this.#needs.forEach(({ input }, i) => {
      if (input === "otherBar")
        this.#known[i] = this.#isOtherKnown ? this.#known[i]! + 1 : 0;
    });
  }

  /** Right before the minute becomes a row. */
  settle({ openUs, receivedNs }: Bar): void {
    this.#settleOther(openUs, receivedNs);
    this.#needs.forEach(({ input }, i) => {
      const isKnown =
        input === "book"
          ? this.#hasBook
          : input === "funding"
            ? this.#hasFunding(receivedNs)
            : this.#isOtherKnown;
      this.#known[i] = isKnown ? this.#known[i]! + 1 : 0;
    });
  }

  /** The grid begins anew, without a past. */
  forget(): void {
    this.#known.fill(0);
    if (this.#otherMissed > 0) this.#otherMissed = Infinity;
  }

  /** Told, or carried on from when it was. */
  get #isOtherKnown(): boolean {
    return this.#otherMissed <= GRID_FILL_MAX;
  }

  #settleOther(openUs: number, atNs: number): void {
    const close = this.#leading?.minuteClose(openUs) ?? NaN;
    this.#rows.set("otherClose", close);
    if (Number.isNaN(close)) {
      this.#otherMissed++;
      return;
    }
    this.#otherMissed = 0;
    this.#otherNs = atNs;
  }

  #toldNs(input: FeatureInput): number {
    switch (input) {
      case "book":
        return this.#bookNs;
      case "otherBar":
        return this.#otherNs;
      case "openInterest":
        return this.#interestNs;
      default:
        return this.#fundingNs;
    }
  }

  #hasFunding(nowNs: MonoNanos): boolean {
    return nowNs - this.#fundingNs <= this.#fundingStaleNs;
  }

  /** A book that has long said nothing is no book: it may be live no more. */
  #captureBook(nowNs: MonoNanos): void {
    const top = this.#top;
    this.#hasBook =
      this.#book?.hasBothSides === true &&
      nowNs - this.#lastBookNs <= this.#bookStaleNs;
    if (this.#hasBook) this.#book!.copyTop(top, LEVELS);
    else top.fill(NaN);
    this.#bookNs = this.#hasBook ? this.#lastBookNs : Number.NEGATIVE_INFINITY;
    let bidDepth = 0;
    let askDepth = 0;
    for (let i = 0; i < top.length; i += 4) {
      bidDepth += top[i + 1]!;
      askDepth += top[i + 3]!;
    }
    this.#rows.set("bidPrice", top[0]!);
    this.#rows.set("bidSize", top[1]!);
    this.#rows.set("askPrice", top[2]!);
    this.#rows.set("askSize", top[3]!);
    this.#rows.set("bidDepth5", bidDepth);
    this.#rows.set("askDepth5", askDepth);
  }
}
