/** A venue's book stream with faults put into it, and the truth to hold the book against that it leaves. */
import { crc32 } from "node:zlib";
import type {
  BookDelta,
  BookSnapshot,
  Quote,
} from "../../engine/domain/market-event.ts";
import { BookSync } from "../../engine/market/book-sync.ts";
import type { BookChange } from "../../engine/market/book-change.ts";
import { OrderBook } from "../../engine/market/order-book.ts";
import type { Random } from "../../engine/std/random.ts";
import type { MonoNanos, UnixMicros } from "../../engine/std/time.ts";
import { TRUTH_DEPTH, TRUTH_TOP } from "./book-truth.ts";
import type { BookTruth } from "./book-truth.ts";

export const FAULTS = [
  "drop",
  "duplicate",
  "reorder",
  "delay",
  "corrupt",
  "staleSnapshot",
] as const;
export type Fault = (typeof FAULTS)[number];

export interface FaultRunOptions {
  /** The stream, and what is right. */
  readonly truth: BookTruth;
  readonly random: Random;
  /** Chance of each fault at each delta. */
  readonly chance: number;
  /** `crc`: as from a venue that signs each message; `none`: only what the numbers themselves give away is corrupted. */
  readonly checksum: "crc" | "none";
  /** What an old snapshot says of its time: `own`, or that of the answer, as where the venue says none. */
  readonly dates: "own" | "answer";
}

export interface FaultReport {
  readonly injected: Record<Fault, number>;
  /** Faults while the book was live that showed on the next book message, and those that did not. */
  readonly detected: Record<Fault, number>;
  readonly missed: string[];
  /** Times that the book was live and not the venue's. */
  readonly falselyLive: string[];
  readonly resyncs: number;
  readonly mended: number;
  /** Whole books held against the truth after they had come back. */
  readonly compared: number;
}

/** Books that are held every so many live deltas, besides each that has come back. */
const COMPARE_EVERY = 997;
const HELD_MAX = 60;

const CRCS = new WeakMap<BookDelta, number>();

/** Worked out once for each delta of a stream, which many runs deliver. */
const crcOf = (delta: BookDelta): number => {
  let crc = CRCS.get(delta);
  if (crc === undefined) {
    const { bids, asks } = delta;
    crc = crc32(Buffer.from(Float64Array.of(...bids, ...asks).buffer));
    CRCS.set(delta, crc);
  }
  return crc;
};

interface Delivery {
  readonly event: BookDelta | BookSnapshot | Quote;
  /** What the venue signed; absent where it signs nothing. */
  readonly crc?: number;
  readonly fault?: Fault;
}

/** One run: deliver, hold against the truth, answer requests for snapshots, and end on a clean stretch. */
export class FaultRun {
  readonly #options: FaultRunOptions;
  readonly #truth: BookTruth;
  readonly #sync = new BookSync(new OrderBook({ depthMax: TRUTH_DEPTH }));
  readonly #top = new Float64Array(4 * TRUTH_TOP);
  readonly #injected = counts();
  readonly #detected = counts();
  readonly #missed: string[] = [];
  readonly #falselyLive: string[] = [];
  /** Deltas held back: when they are due, in events from now. */
  #late: { due: number; delivery: Delivery }[] = [];
  #answer: { due: number; snapshot: BookSnapshot } | undefined;
  #old: BookSnapshot[] = [];
  /** A live book that lost a delta: the next later one must tell. */
  #expects: { readonly fault: Fault; readonly seq: number } | undefined;
  /** Of the deltas that have come: a book that does not contain the last of them is not live. */
  #knownSeq = 0;
  #mustCompare = true;
  #compared = 0;
  #resyncs = 0;
  #deltas = 0;

  constructor(options: FaultRunOptions) {
    this.#options = options;
    this.#truth = options.truth;
    this.#sync.apply(options.truth.stream.start);
  }

  run(): FaultReport {
    const { events } = this.#options.truth.stream;
    const clean = Math.floor(events.length * 0.9);
    events.forEach((event, i) => {
      if (event.type === "quote") {
        this.#deliver({ event });
        return;
      }
      this.#deltas++;
      const fault = i < clean ? this.#draw() : undefined;
      this.#send(event, fault);
      this.#deliverLate(event);
      this.#answerRequests(event);
    });
    this.#end(events);
    return {
      injected: this.#injected,
      detected: this.#detected,
      missed: this.#missed,
      falselyLive: this.#falselyLive,
      resyncs: this.#resyncs,
      mended: this.#sync.counts.reordered,
      compared: this.#compared,
    };
  }

  #draw(): Fault | undefined {
    const { random, chance } = this.#options;
    const at = random.next();
    return FAULTS[Math.floor(at / chance)];
  }

  #send(delta: BookDelta, fault: Fault | undefined): void {
    const { random } = this.#options;
    if (
      fault !== undefined &&
      (fault !== "staleSnapshot" || this.#old.length > 0)
    )
      this.#injected[fault]++;
    switch (fault) {
      case undefined:
        this.#deliver(this.#signed(delta));
        break;
      case "drop":
        this.#lose("drop", delta);
        break;
      case "duplicate":
        this.#deliver(this.#signed(delta));
        this.#late.push({
          due: random.int(4),
          delivery: { ...this.#signed(delta), fault },
        });
        break;
      case "reorder":
        this.#lose("reorder", delta);
        this.#late.push({
          due: 1 + random.int(5),
          delivery: this.#signed(delta),
        });
        break;
      case "delay":
        this.#lose("delay", delta);
        this.#late.push({
          due: 12 + random.int(40),
          delivery: this.#signed(delta),
        });
        break;
      case "corrupt":
        this.#deliver({ ...this.#corrupted(delta), fault });
        // What came in too late for an earlier request may meet a book that has just been given up.
        if (random.int(2) === 0) this.#deliverOld(delta, undefined);
        break;
      case "staleSnapshot":
        this.#deliver(this.#signed(delta));
        this.#deliverOld(delta, fault);
        break;
    }
    if (this.#deltas % 50 === 0) {
      this.#old.push(this.#snapshot(delta));
      if (this.#old.length > 3) this.#old.shift();
    }
  }

  #deliverOld(now: BookDelta, fault: Fault | undefined): void {
    const old = this.#old[0];
    if (old === undefined) return;
    const event = this.#answered(old, now);
    this.#deliver(fault === undefined ? { event } : { event, fault });
  }

  #lose(fault: Fault, { seq }: BookDelta): void {
    if (this.#sync.isLive) this.#expects ??= { fault, seq };
  }

  #signed(delta: BookDelta): Delivery {
    return this.#options.checksum === "crc"
      ? { event: delta, crc: crcOf(delta) }
      : { event: delta };
  }

  /** Any digit where the message is signed; otherwise something that the numbers themselves give away. */
  #corrupted(delta: BookDelta): Delivery {
    const { random, checksum } = this.#options;
    const bids = [...delta.bids];
    const asks = [...delta.asks];
    const levels = bids.length > 0 ? bids : asks;
    if (levels.length === 0) levels.push(1, 1);
    const at = 2 * random.int(levels.length / 2);
    const top = this.#truth.top(this.#deltas);
    if (checksum === "crc") {
      const i = at + random.int(2);
      levels[i] = levels[i]! * (1 + (1 + random.int(9)) / 10) || 1;
      return { event: { ...delta, bids, asks }, crc: crcOf(delta) };
    }
    switch (random.int(4)) {
      case 0:
        levels[at] = [NaN, -1, 0, 1e308, 5e-324][random.int(5)]!;
        break;
      case 1:
        levels[at + 1] = [NaN, -1, Infinity, 2 ** 53 + 2][random.int(4)]!;
        break;
      case 2:
        // A finger too fat by four digits, either way, on the side where it does not cross.
        bids.push(top[0]! / 1e4, 1);
        asks.push(top[2]! * 1e4, 1);
        break;
      case 3:
        bids.push(top[2]! + random.int(2) * (top[2]! - top[0]!), 1);
        break;
    }
    return { event: { ...delta, bids, asks } };
  }

  #deliverLate(now: BookDelta): void {
    if (this.#late.length === 0) return;
    const due = this.#late.filter((late) => late.due-- <= 0);
    this.#late = this.#late.filter((late) => late.due >= 0);
    for (const { delivery } of due)
      this.#deliver({
        ...delivery,
        event: { ...delivery.event, receivedNs: now.receivedNs },
      });
  }

  /** The feed answers after some events, with the book as it was somewhere between; now and then it is an old one. */
  #answerRequests(now: BookDelta): void {
    const { random } = this.#options;
    if (this.#answer !== undefined && this.#answer.due-- <= 0) {
      const { snapshot } = this.#answer;
      this.#answer = undefined;
      this.#deliver({ event: this.#answered(snapshot, now) });
    }
    if (!this.#sync.takeResync(now.receivedNs)) return;
    this.#resyncs++;
    const old = random.int(10) === 0 ? this.#old[0] : undefined;
    this.#answer = {
      due: random.int(12),
      snapshot: old ?? this.#snapshot(now),
    };
  }

  /** The venue's whole book by now. */
  #snapshot(now: BookDelta): BookSnapshot {
    const { symbol, eventUs, receivedUs, receivedNs } = now;
    const head = { symbol, eventUs, receivedUs, receivedNs };
    const seq = this.#truth.seq(this.#deltas);
    const levels = this.#truth.levels(this.#deltas);
    return { type: "bookSnapshot", ...head, seq, ...levels };
  }

  #answered(snapshot: BookSnapshot, now: BookDelta): BookSnapshot {
    const { receivedNs, eventUs } = now;
    return this.#options.dates === "own"
      ? { ...snapshot, receivedNs }
      : { ...snapshot, receivedNs, eventUs };
  }

  #deliver({ event, crc, fault }: Delivery): void {
    const sync = this.#sync;
    if (event.type === "quote") {
      if (sync.onQuote(event) === "voided")
        this.#falselyLive.push(`quote at ${event.seq}`);
      return;
    }
    const wasLive = sync.isLive;
    let change: BookChange;
    if (
      crc !== undefined &&
      event.type === "bookDelta" &&
      crcOf(event) !== crc
    ) {
      const { symbol, eventUs, receivedUs, receivedNs } = event;
      const head = { symbol, eventUs, receivedUs, receivedNs };
      change = sync.apply({ type: "gap", ...head, reason: "checksum" });
    } else {
      change = sync.apply(event);
      if (event.type === "bookDelta" && event.seq > this.#knownSeq)
        this.#knownSeq = event.seq;
    }
    // Answered with old ones only, the book gives in: the venue must be counting anew.
    if (sync.reason === "noSync") this.#knownSeq = 0;
    this.#judge(event, change, fault, wasLive);
    this.#holdAgainstTruth();
  }

  #judge(
    event: BookDelta | BookSnapshot,
    change: BookChange,
    fault: Fault | undefined,
    wasLive: boolean,
  ): void {
    const lost = this.#expects;
    if (
      lost !== undefined &&
      event.type === "bookDelta" &&
      event.seq > lost.seq
    ) {
      this.#tell(lost.fault, !this.#sync.isLive, event.seq);
      this.#expects = undefined;
    }
    if (!wasLive || fault === undefined) return;
    switch (fault) {
      case "duplicate":
        this.#tell(fault, change === "duplicate", event.seq);
        break;
      case "staleSnapshot":
        this.#tell(fault, change === "refused", event.seq);
        break;
      case "corrupt":
        this.#tell(fault, !this.#sync.isLive, event.seq);
        break;
      default:
    }
  }

  #tell(fault: Fault, isDetected: boolean, seq: number): void {
    if (isDetected) this.#detected[fault]++;
    else this.#missed.push(`${fault} at ${seq}`);
  }

  /** Live is what no signal may be wrongly: each time, the top of the book; each time it has come back, all of it. */
  #holdAgainstTruth(): void {
    const { book } = this.#sync;
    if (!this.#sync.isLive) {
      this.#mustCompare = true;
      return;
    }
    if (book.seq < this.#knownSeq)
      this.#falselyLive.push(`at ${book.seq}, before ${this.#knownSeq}`);
    const deltas = this.#truth.deltasAt(book.seq) ?? Infinity;
    book.copyTop(this.#top, TRUTH_TOP);
    if (deltas > this.#deltas || !isSame(this.#top, this.#truth.top(deltas)))
      this.#falselyLive.push(`at ${book.seq}`);
    if (this.#mustCompare || this.#deltas % COMPARE_EVERY === 0)
      this.#compare();
  }

  #compare(): void {
    const { book } = this.#sync;
    if (book.seq !== this.#truth.seq(this.#deltas)) return;
    this.#mustCompare = false;
    this.#compared++;
    const { bids, asks } = this.#truth.levels(this.#deltas);
    if (!book.equals(bids, asks))
      this.#falselyLive.push(`whole at ${book.seq}`);
  }

  /** Whatever is still on its way comes, the last requests are answered: then the book must be the venue's. */
  #end(events: readonly (BookDelta | Quote)[]): void {
    const last = events.findLast((event) => event.type === "bookDelta")!;
    let nowNs: number = last.receivedNs;
    for (let i = 0; i < HELD_MAX && !this.#sync.isLive; i++) {
      nowNs += 1e9;
      const now = { ...last, receivedNs: nowNs as MonoNanos };
      if (this.#sync.takeResync(now.receivedNs))
        this.#deliver({
          event: {
            ...this.#snapshot(now),
            eventUs: (last.eventUs + i) as UnixMicros,
          },
        });
    }
    this.#mustCompare = true;
    if (!this.#sync.isLive) this.#falselyLive.push("not live at the end");
    else if (this.#sync.book.seq !== this.#truth.seq(this.#deltas))
      this.#falselyLive.push(`behind at the end: ${this.#sync.book.seq}`);
    else this.#compare();
  }
}

const isSame = (a: Float64Array, b: Float64Array): boolean => {
  for (let i = 0; i < a.length; i++) if (a[i] !== b[i]) return false;
  return true;
};

const counts = (): Record<Fault, number> => ({
  drop: 0,
  duplicate: 0,
  reorder: 0,
  delay: 0,
  corrupt: 0,
  staleSnapshot: 0,
});
