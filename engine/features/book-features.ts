/** What the book says: its shape as it stands, and how it got there. */
import { DecayedSum, OVER_100_MS, OVER_1_S, OVER_5_S } from "./decay-clock.ts";
import type { DecayClock } from "./decay-clock.ts";
import { MidHistory } from "./mid-history.ts";

/** Levels whose flow is followed. */
const FLOW_LEVELS = 5;
/** Levels looked at. The top of a book is `4 · TOP_LEVELS` numbers, as OrderBook.copyTop lays them out. */
export const TOP_LEVELS = 10;
const NS_PER_MS = 1e6;
/** Positions in the array of depths. */
const NOW_1 = 0;
const NOW_5 = 1;
const SUM_1 = 2;
const SUM_5 = 3;
const WEIGHT = 4;

/**
 * Cont's contribution of one level's change: what was added to demand less what was added to supply. A level is bid price, bid size,
 * ask price, ask size from `at` on; a missing ask lies above all others, as a missing bid at 0 lies below.
 */
export const orderFlow = (
  after: Float64Array,
  before: Float64Array,
  at: number,
): number => {
  const bid = after[at]!;
  const bidBefore = before[at]!;
  const ask = after[at + 3]! > 0 ? after[at + 2]! : Infinity;
  const askBefore = before[at + 3]! > 0 ? before[at + 2]! : Infinity;
  let flow = 0;
  if (bid >= bidBefore) flow += after[at + 1]!;
  if (bid <= bidBefore) flow -= before[at + 1]!;
  if (ask <= askBefore) flow -= after[at + 3]!;
  if (ask >= askBefore) flow += before[at + 3]!;
  return flow;
};

export class BookFeatures {
  readonly mids = new MidHistory();
  /** Order flow over 100 ms, 1 s and 5 s; the best level's stands in for the quotes' where there are none. */
  readonly flow1 = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  readonly #flow5 = new DecayedSum([OVER_100_MS, OVER_1_S, OVER_5_S]);
  readonly #squares = new DecayedSum([OVER_5_S]);
  /** Half the sizes of the best level and of the best five: now, and time-weighted with their common weight. */
  readonly #depth = new Float64Array(5);
  /** The best levels as they stood after the last update. */
  readonly #before = new Float64Array(4 * FLOW_LEVELS);
  #hasBefore = false;

  /** Half the best levels' sizes, averaged over some 30 s: the unit of all flows. Above 0 once a book was seen. */
  get meanDepth1(): number {
    const depth = this.#depth;
    return depth[WEIGHT]! > 0 ? depth[SUM_1]! / depth[WEIGHT]! : depth[NOW_1]!;
  }

  get #meanDepth5(): number {
    const depth = this.#depth;
    return depth[WEIGHT]! > 0 ? depth[SUM_5]! / depth[WEIGHT]! : depth[NOW_5]!;
  }

  decay(clock: DecayClock): void {
    this.flow1.decay(clock);
    this.#flow5.decay(clock);
    this.#squares.decay(clock);
    // While the book is void its depth is unknown, not 0.
    if (!this.#hasBefore) return;
    const { share30S } = clock;
    const left = 1 - share30S;
    const depth = this.#depth;
    depth[SUM_1] = depth[SUM_1]! * left + depth[NOW_1]! * share30S;
    depth[SUM_5] = depth[SUM_5]! * left + depth[NOW_5]! * share30S;
    depth[WEIGHT] = depth[WEIGHT]! * left + share30S;
  }

  /** After each update that left both sides, at its receive time. */
  onBook(top: Float64Array, nowNs: number): void {
    const before = this.#before;
    let flow1 = 0;
    let flow5 = 0;
    let depth5 = 0;
    for (let at = 0; at < 4 * FLOW_LEVELS; at += 4) {
      depth5 += top[at + 1]! + top[at + 3]!;
      if (this.#hasBefore) {
        const flow = orderFlow(top, before, at);
        flow5 += flow;
        if (at === 0) flow1 = flow;
      }
      before[at] = top[at]!;
      before[at + 1] = top[at + 1]!;
      before[at + 2] = top[at + 2]!;
      before[at + 3] = top[at + 3]!;
    }
    this.flow1.add(flow1);
    this.#flow5.add(flow5);
    this.#depth[NOW_1] = (top[1]! + top[3]!) / 2;
    this.#depth[NOW_5] = depth5 / 2;
    const mid = (top[0]! + top[2]!) / 2;
    if (this.#hasBefore && mid !== this.mids.mid) {
      const moveBps = 1e4 * Math.log(mid / this.mids.mid);
      this.#squares.add(moveBps * moveBps);
    }
    this.#hasBefore = true;
    this.mids.update(nowNs, mid);
  }

  /** The book is void: the next one is no change of this one. */
  onVoid(): void {
    this.#hasBefore = false;
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
    for (let i = 4 * FLOW_LEVELS; i < 4 * TOP_LEVELS; i += 4) {
      deepBidSize += top[i + 1]!;
      deepAskSize += top[i + 3]!;
    }
    const imbalance1 = (top[1]! - top[3]!) / (top[1]! + top[3]!);
    const bidSpan = bestBid - lastPrice(top, 0);
    const askSpan = lastPrice(top, 2) - bestAsk;
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
    to[at + 7] = Math.log((bidSize + askSize) / 2 / this.#meanDepth5);
  }

  /** Six order-flow features. */
  writeFlow(to: Float64Array, at: number): void {
    const { meanDepth1 } = this;
    const meanDepth5 = this.#meanDepth5;
    for (let i = 0; i < 3; i++) {
      to[at + i] = this.flow1.at(i) / meanDepth1;
      to[at + 3 + i] = this.#flow5.at(i) / meanDepth5;
    }
  }

  /** Five returns and the volatility. */
  writeMoves(mid: number, nowNs: number, to: Float64Array, at: number): void {
    const { mids } = this;
    to[at] = returnBps(mid, mids.ago(nowNs, 100 * NS_PER_MS));
    to[at + 1] = returnBps(mid, mids.ago(nowNs, 500 * NS_PER_MS));
    to[at + 2] = returnBps(mid, mids.ago(nowNs, 1000 * NS_PER_MS));
    to[at + 3] = returnBps(mid, mids.ago(nowNs, 5000 * NS_PER_MS));
    to[at + 4] = returnBps(mid, mids.ago(nowNs, 30_000 * NS_PER_MS));
    to[at + 5] = Math.sqrt(this.#squares.at(0) / 5);
  }
}

/** Price of the deepest level that is there, on the side whose prices begin at `at`. */
const lastPrice = (top: Float64Array, at: number): number => {
  let last = 4 * (TOP_LEVELS - 1) + at;
  while (top[last] === 0) last -= 4;
  return top[last]!;
};

/** The logarithm is dear and a mid often stands still. */
const returnBps = (mid: number, before: number): number =>
  mid === before ? 0 : 1e4 * Math.log(mid / before);
