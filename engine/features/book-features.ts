/** What the book says: its shape as it stands, and how it got there. */
import type { StateReader, StateWriter } from "../std/state-snapshot.ts";
import {
  DecayedSum,
  OVER_100_MS,
  OVER_1_S,
  OVER_5_S,
  SHARE_30_S,
} from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";
import { MidHistory } from "./mid-history.ts";

/** Levels whose flow is followed. */
const FLOW_LEVELS = 5;
/** Levels looked at. The top of a book is `4 · TOP_LEVELS` numbers, as OrderBook.copyTop lays them out. */
export const TOP_LEVELS = 10;
const RETURNS_NS = Float64Array.of(100e6, 500e6, 1e9, 5e9, 30e9);

/** Positions in `BookFeatures.depth`: half the best level's and best five levels' sizes, averaged over some 30 s, … */
export const MEAN_DEPTH_1 = 0;
const MEAN_DEPTH_5 = 1;
/** … as they are now, and the time-weighted sums with their common weight. */
const NOW_1 = 2;
const NOW_5 = 3;
const SUM_1 = 4;
const SUM_5 = 5;
const WEIGHT = 6;

/** Positions in what `orderFlow` fills. */
const BEST_FLOW = 0;
const TOTAL_FLOW = 1;

/**
 * Cont's measure of a change: what was added to demand less what was added to supply, of the best level and of all
 * `levels`. A missing ask lies above all others, as a missing bid at 0 lies below.
 */
export const orderFlow = (
  after: Float64Array,
  before: Float64Array,
  levels: number,
  into: Float64Array,
): void => {
  let total = 0;
  for (let i = 4 * (levels - 1); i >= 0; i -= 4) {
    const bidSize = after[i + 1]!;
    const bidSizeBefore = before[i + 1]!;
    const askSize = after[i + 3]!;
    const askSizeBefore = before[i + 3]!;
    let flow = 0;
    if (after[i]! >= before[i]!) flow += bidSize;
    if (after[i]! <= before[i]!) flow -= bidSizeBefore;
    if (askSizeBefore === 0 || after[i + 2]! <= before[i + 2]!) flow -= askSize;
    if (askSize === 0 || after[i + 2]! >= before[i + 2]!) flow += askSizeBefore;
    total += flow;
    // The best level comes last.
    into[BEST_FLOW] = flow;
  }
  into[TOTAL_FLOW] = total;
};

export class BookFeatures {
  readonly mids = new MidHistory();
  /** Order flow over 100 ms, 1 s and 5 s; the best level's stands in for the quotes' where there are none. */
  readonly flow1 = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  /** Its means are the unit of all flows: above 0, and up to date, once a book was seen and `updateMeans` called. */
  readonly depth = new Float64Array(7);
  readonly #flow5 = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  readonly #squares = new DecayedSum([OVER_5_S]);
  readonly #step = new Float64Array(2);
  /** The best levels as they stood after the last update. */
  readonly #before = new Float64Array(4 * FLOW_LEVELS);
  #hasBefore = false;
  readonly #state = [
    this.flow1.sums,
    this.#flow5.sums,
    this.#squares.sums,
    this.depth,
    this.#before,
  ];

  save(to: StateWriter): void {
    this.mids.save(to);
    for (const state of this.#state) to.numbers(state);
    to.flag(this.#hasBefore);
  }

  load(from: StateReader): void {
    this.mids.load(from);
    for (const state of this.#state) from.numbers(state);
    this.#hasBefore = from.flag();
  }

  decay(clock: DecayClock): void {
    this.flow1.decay(clock);
    this.#flow5.decay(clock);
    this.#squares.decay(clock);
    // While the book is void its depth is unknown, not 0.
    if (!this.#hasBefore) return;
    const { depth } = this;
    const share = clock.values[SHARE_30_S]!;
    depth[SUM_1] = depth[SUM_1]! * (1 - share) + depth[NOW_1]! * share;
    depth[SUM_5] = depth[SUM_5]! * (1 - share) + depth[NOW_5]! * share;
    depth[WEIGHT] = depth[WEIGHT]! * (1 - share) + share;
  }

  /** After each update that left both sides, at the clock's time. */
  onBook(top: Float64Array, clock: DecayClock): void {
    const before = this.#before;
    const step = this.#step;
    if (this.#hasBefore) {
      orderFlow(top, before, FLOW_LEVELS, step);
      this.flow1.add(step, BEST_FLOW);
      this.#flow5.add(step, TOTAL_FLOW);
      this.#addMove(top);
    }
    let depth5 = 0;
    for (let i = 0; i < 4 * FLOW_LEVELS; i += 2) {
      before[i] = top[i]!;
      before[i + 1] = top[i + 1]!;
      depth5 += top[i + 1]!;
    }
    this.depth[NOW_1] = (top[1]! + top[3]!) / 2;
    this.depth[NOW_5] = depth5 / 2;
    this.#hasBefore = true;
    this.mids.update(clock, top);
  }

  /** The book is void: the next one is no change of this one. */
  onVoid(): void {
    this.#hasBefore = false;
  }

  updateMeans(): void {
    const { depth } = this;
    const weight = depth[WEIGHT]!;
    depth[MEAN_DEPTH_1] = weight > 0 ? depth[SUM_1]! / weight : depth[NOW_1]!;
    depth[MEAN_DEPTH_5] = weight > 0 ? depth[SUM_5]! / weight : depth[NOW_5]!;
  }

  /** The first eight features, from the top of the book as it stands. */
  writeShape(top: Float64Array, to: Float64Array, at: number): void {
    const bestBid = top[0]!;
    const bestAsk = top[2]!;
    const mid = (bestBid + bestAsk) / 2;
    let bidSize = 0;
    let askSize = 0;
    let bidNotional = 0;
    let askNotional = 0;
    for (let i = 0; i < 4 * FLOW_LEVELS; i += 4) {
      const bid = top[i + 1]!;
      const ask = top[i + 3]!;
      bidSize += bid;
      askSize += ask;
      // Relative to the mid, for a small difference of large sums loses digits.
      bidNotional += bid * (top[i]! - mid);
      askNotional += ask * (top[i + 2]! - mid);
    }
    let deepBidSize = bidSize;
    let deepAskSize = askSize;
    let lastBid = 4 * (TOP_LEVELS - 1);
    let lastAsk = lastBid + 2;
    for (let i = 4 * FLOW_LEVELS; i < 4 * TOP_LEVELS; i += 4) {
      deepBidSize += top[i + 1]!;
      deepAskSize += top[i + 3]!;
    }
    while (top[lastBid] === 0) lastBid -= 4;
    while (top[lastAsk] === 0) lastAsk -= 4;
    const bidSpan = bestBid - top[lastBid]!;
    const askSpan = top[lastAsk]! - bestAsk;
    const imbalance1 = (top[1]! - top[3]!) / (top[1]! + top[3]!);
    const toBps = 1e4 / mid;
    to[at] = toBps * (bestAsk - bestBid);
    to[at + 1] = imbalance1;
    to[at + 2] = (bidSize - askSize) / (bidSize + askSize);
    to[at + 3] = (deepBidSize - deepAskSize) / (deepBidSize + deepAskSize);
    // The microprice is mid + imbalance · spread/2.
    to[at + 4] = (toBps * imbalance1 * (bestAsk - bestBid)) / 2;
    to[at + 5] =
      (toBps *
        ((bidNotional / bidSize) * askSize +
          (askNotional / askSize) * bidSize)) /
      (bidSize + askSize);
    to[at + 6] =
      bidSpan + askSpan > 0 ? (askSpan - bidSpan) / (bidSpan + askSpan) : 0;
    to[at + 7] = Math.log((bidSize + askSize) / 2 / this.depth[MEAN_DEPTH_5]!);
  }

  /** Six order-flow features. */
  writeFlow(to: Float64Array, at: number): void {
    const sums1 = this.flow1.sums;
    const sums5 = this.#flow5.sums;
    for (let i = 0; i < 3; i++) {
      to[at + i] = sums1[i]! / this.depth[MEAN_DEPTH_1]!;
      to[at + 3 + i] = sums5[i]! / this.depth[MEAN_DEPTH_5]!;
    }
  }

  /** Five returns and the volatility. */
  writeMoves(
    top: Float64Array,
    clock: DecayClock,
    to: Float64Array,
    at: number,
  ): void {
    const mid = (top[0]! + top[2]!) / 2;
    this.mids.copyAgo(clock, RETURNS_NS, to, at);
    for (let i = at; i < at + RETURNS_NS.length; i++)
      // The logarithm is dear and a mid often stands still.
      to[i] = to[i] === mid ? 0 : 1e4 * Math.log(mid / to[i]!);
    to[at + RETURNS_NS.length] = Math.sqrt(this.#squares.sums[0]! / 5);
  }

  /** The squared return since the last update. */
  #addMove(top: Float64Array): void {
    const before = this.#before;
    const mid = (top[0]! + top[2]!) / 2;
    const midBefore = (before[0]! + before[2]!) / 2;
    if (mid === midBefore) return;
    const moveBps = 1e4 * Math.log(mid / midBefore);
    this.#squares.sums[0]! += moveBps * moveBps;
  }
}
