/** What the book says: its shape as it stands, and how it got there. */
import type { DecayClock } from "./decay-clock.ts";
import { MidHistory } from "./mid-history.ts";

/** Levels whose flow is followed. */
const FLOW_LEVELS = 5;
/** Levels looked at. The top of a book is `4 · TOP_LEVELS` numbers, as OrderBook.copyTop lays them out. */
export const TOP_LEVELS = 10;
const NS_PER_MS = 1e6;

/** Cont's contribution of one level's change: what was added to demand less what was added to supply. */
export const orderFlow = (
  bidPrice: number,
  bidSize: number,
  askPrice: number,
  askSize: number,
  bidPriceBefore: number,
  bidSizeBefore: number,
  askPriceBefore: number,
  askSizeBefore: number,
): number => {
  let flow = 0;
  if (bidPrice >= bidPriceBefore) flow += bidSize;
  if (bidPrice <= bidPriceBefore) flow -= bidSizeBefore;
  if (askPrice <= askPriceBefore) flow -= askSize;
  if (askPrice >= askPriceBefore) flow += askSizeBefore;
  return flow;
};

export class BookFeatures {
  readonly mids = new MidHistory();
  /** Decayed sums, read by the quote features as their fallback. */
  ofi1Over100Ms = 0;
  ofi1Over1S = 0;
  #ofi1Over5S = 0;
  #ofi5Over100Ms = 0;
  #ofi5Over1S = 0;
  #ofi5Over5S = 0;
  #squares5S = 0;
  /** Time-weighted sums and their common weight. */
  #depth1Sum = 0;
  #depth5Sum = 0;
  #depthWeight = 0;
  #depth1 = 0;
  #depth5 = 0;
  /** The levels as they stood after the last update: bid price, bid size, ask price, ask size a level. */
  readonly #before = new Float64Array(4 * FLOW_LEVELS);
  #hasBefore = false;

  /** Half the best levels' sizes, averaged over some 30 s: the unit of all flows. Above 0 once a book was seen. */
  get meanDepth1(): number {
    return this.#depthWeight > 0
      ? this.#depth1Sum / this.#depthWeight
      : this.#depth1;
  }

  get #meanDepth5(): number {
    return this.#depthWeight > 0
      ? this.#depth5Sum / this.#depthWeight
      : this.#depth5;
  }

  decay(clock: DecayClock): void {
    this.ofi1Over100Ms *= clock.per100Ms;
    this.ofi1Over1S *= clock.per1S;
    this.#ofi1Over5S *= clock.per5S;
    this.#ofi5Over100Ms *= clock.per100Ms;
    this.#ofi5Over1S *= clock.per1S;
    this.#ofi5Over5S *= clock.per5S;
    this.#squares5S *= clock.per5S;
    // While the book is void its depth is unknown, not 0.
    if (!this.#hasBefore) return;
    const share = clock.share30S;
    this.#depth1Sum = this.#depth1Sum * clock.per30S + this.#depth1 * share;
    this.#depth5Sum = this.#depth5Sum * clock.per30S + this.#depth5 * share;
    this.#depthWeight = this.#depthWeight * clock.per30S + share;
  }

  /** After each update that left both sides, at its receive time. */
  onBook(top: Float64Array, nowNs: number): void {
    const before = this.#before;
    let flow1 = 0;
    let flow5 = 0;
    let depth5 = 0;
    for (let at = 0; at < 4 * FLOW_LEVELS; at += 4) {
      const bidPrice = top[at]!;
      const bidSize = top[at + 1]!;
      const askSize = top[at + 3]!;
      // A missing ask lies above all others, as a missing bid at 0 lies below.
      const askPrice = askSize > 0 ? top[at + 2]! : Infinity;
      depth5 += bidSize + askSize;
      if (this.#hasBefore) {
        const flow = orderFlow(
          bidPrice,
          bidSize,
          askPrice,
          askSize,
          before[at]!,
          before[at + 1]!,
          before[at + 2]!,
          before[at + 3]!,
        );
        flow5 += flow;
        if (at === 0) flow1 = flow;
      }
      before[at] = bidPrice;
      before[at + 1] = bidSize;
      before[at + 2] = askPrice;
      before[at + 3] = askSize;
    }
    this.ofi1Over100Ms += flow1;
    this.ofi1Over1S += flow1;
    this.#ofi1Over5S += flow1;
    this.#ofi5Over100Ms += flow5;
    this.#ofi5Over1S += flow5;
    this.#ofi5Over5S += flow5;
    this.#depth1 = (before[1]! + before[3]!) / 2;
    this.#depth5 = depth5 / 2;
    const mid = (top[0]! + top[2]!) / 2;
    if (this.#hasBefore && mid !== this.mids.mid) {
      const moveBps = 1e4 * Math.log(mid / this.mids.mid);
      this.#squares5S += moveBps * moveBps;
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
    to[at] = this.ofi1Over100Ms / meanDepth1;
    to[at + 1] = this.ofi1Over1S / meanDepth1;
    to[at + 2] = this.#ofi1Over5S / meanDepth1;
    to[at + 3] = this.#ofi5Over100Ms / meanDepth5;
    to[at + 4] = this.#ofi5Over1S / meanDepth5;
    to[at + 5] = this.#ofi5Over5S / meanDepth5;
  }

  /** Five returns and the volatility. */
  writeMoves(mid: number, nowNs: number, to: Float64Array, at: number): void {
    const { mids } = this;
    to[at] = returnBps(mid, mids.ago(nowNs, 100 * NS_PER_MS));
    to[at + 1] = returnBps(mid, mids.ago(nowNs, 500 * NS_PER_MS));
    to[at + 2] = returnBps(mid, mids.ago(nowNs, 1000 * NS_PER_MS));
    to[at + 3] = returnBps(mid, mids.ago(nowNs, 5000 * NS_PER_MS));
    to[at + 4] = returnBps(mid, mids.ago(nowNs, 30_000 * NS_PER_MS));
    to[at + 5] = Math.sqrt(this.#squares5S / 5);
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
