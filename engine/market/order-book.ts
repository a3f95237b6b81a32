/** The state that snapshots and deltas build: two sorted sides and the sequence they stand at. */
import type { Levels } from "../domain/market-event.ts";
import { CodedError } from "../std/errors.ts";
import { BookSide } from "./book-side.ts";
import { PRICE_MAX, PRICE_MIN, inspectLevels } from "./level-range.ts";

export interface OrderBookOptions {
  /** Levels seen a side; up to a quarter more are held in reserve, the rest is dropped and counted. */
  readonly depthMax: number;
  /** The instrument's; 0 or absent: learnt from the prices. */
  readonly tickSize?: number;
}

/** Applies what it is given; whether it may be applied is BookSync's business. Level 0 is the best. */
export class OrderBook {
  readonly depthMax: number;
  /** Sequence of the last applied event; 0 when empty. */
  seq = 0;
  readonly #ownBids: BookSide;
  readonly #ownAsks: BookSide;
  /** What readers see: the book's own sides, or nothing. */
  #bids: BookSide;
  #asks: BookSide;

  constructor(options: OrderBookOptions) {
    this.depthMax = options.depthMax;
    const { depthMax, tickSize = 0 } = options;
    this.#ownBids = new BookSide({ order: "highestFirst", depthMax, tickSize });
    this.#ownAsks = new BookSide({ order: "lowestFirst", depthMax, tickSize });
    this.#bids = this.#ownBids;
    this.#asks = this.#ownAsks;
  }

  /** Throws E_INPUT_RANGE for a level out of range, and has then changed nothing; so does `applyDelta`. */
  applySnapshot(bids: Levels, asks: Levels, seq: number): void {
    checkRange(bids, "bids");
    checkRange(asks, "asks");
    this.replace(bids, asks, seq);
  }

  applyDelta(bids: Levels, asks: Levels, seq: number): void {
    checkRange(bids, "bids");
    checkRange(asks, "asks");
    this.update(bids, asks, seq);
  }

  /** For levels whose range was looked at, as is `update`. */
  replace(bids: Levels, asks: Levels, seq: number): void {
    this.#ownBids.replace(bids);
    this.#ownAsks.replace(asks);
    this.seq = seq;
  }

  update(bids: Levels, asks: Levels, seq: number): void {
    this.#ownBids.apply(bids);
    this.#ownAsks.apply(asks);
    this.seq = seq;
  }

  /** 0 where none is known. */
  get tickSize(): number {
    return this.#ownBids.tickSize;
  }

  /** The instrument's, told while the book is up. No price or size changes by it, only what finding one costs. */
  useTick(tickSize: number): void {
    this.#ownBids.useTick(tickSize);
    this.#ownAsks.useTick(tickSize);
  }

  clear(): void {
    this.#ownBids.clear();
    this.#ownAsks.clear();
    this.seq = 0;
    this.show();
  }

  /** Reads as empty from here on, though it goes on being updated: for a book that may yet prove right. */
  withhold(): void {
    this.#bids = NOTHING;
    this.#asks = NOTHING;
  }

  show(): void {
    this.#bids = this.#ownBids;
    this.#asks = this.#ownAsks;
  }

  get bidCount(): number {
    return this.#bids.count;
  }

  get askCount(): number {
    return this.#asks.count;
  }

  /** Price of the i-th best bid; 0 where there is none, as with the three below. */
  bidPrice(i: number): number {
    return this.#bids.price(i);
  }

  bidSize(i: number): number {
    return this.#bids.size(i);
  }

  askPrice(i: number): number {
    return this.#asks.price(i);
  }

  askSize(i: number): number {
    return this.#asks.size(i);
  }

  /**
   * The best levels, four numbers each: bid price, bid size, ask price, ask size; zeros where there is none. One call
   * instead of four a level, so that no number is boxed on the way out.
   */
  copyTop(into: Float64Array, levels: number): void {
    this.#bids.copyTop(into, 0, levels);
    this.#asks.copyTop(into, 2, levels);
  }

  get hasBothSides(): boolean {
    return this.#bids.count > 0 && this.#asks.count > 0;
  }

  /** Best bid above best ask: something is wrong. Asked of the book itself, withheld or not, as is the next. */
  get isCrossed(): boolean {
    return this.#ownGap < 0;
  }

  /** Best bid at best ask: no venue's book rests like that. */
  get isLocked(): boolean {
    return this.#ownGap === 0;
  }

  /** 0 unless both sides have a level, as with the two below. */
  get mid(): number {
    return this.hasBothSides
      ? (this.#bids.price(0) + this.#asks.price(0)) / 2
      : 0;
  }

  get spread(): number {
    return this.hasBothSides ? this.#asks.price(0) - this.#bids.price(0) : 0;
  }

  /** Best prices weighted by the opposite side's size: nearer to the side that is about to give way. */
  get microprice(): number {
    if (!this.hasBothSides) return 0;
    const bidSize = this.#bids.size(0);
    const askSize = this.#asks.size(0);
    return (
      (this.#bids.price(0) * askSize + this.#asks.price(0) * bidSize) /
      (bidSize + askSize)
    );
  }

  /** Holds these levels and no others, within its depth; they come best first. */
  equals(bids: Levels, asks: Levels): boolean {
    return this.#bids.equals(bids) && this.#asks.equals(asks);
  }

  /** None of the best levels of either side can be missing for want of depth. */
  isComplete(levels: number): boolean {
    return this.#bids.isComplete(levels) && this.#asks.isComplete(levels);
  }

  /** Where the snapshot just applied has so many levels it may have been cut: what lies beyond its last one is unknown. */
  endHere(wholeBelow: number): void {
    for (const side of [this.#bids, this.#asks])
      if (side.count >= wholeBelow) side.endHere();
  }

  /** Levels whose size an update really changed since construction. */
  get changed(): number {
    return this.#ownBids.changed + this.#ownAsks.changed;
  }

  /** Levels dropped at the depth bound since construction. */
  get dropped(): number {
    return this.#ownBids.dropped + this.#ownAsks.dropped;
  }

  get #ownGap(): number {
    const bids = this.#ownBids;
    const asks = this.#ownAsks;
    return bids.count > 0 && asks.count > 0
      ? asks.price(0) - bids.price(0)
      : Infinity;
  }
}

const NOTHING = new BookSide({
  order: "lowestFirst",
  depthMax: 1,
  tickSize: 0,
});

const checkRange = (levels: Levels, field: "bids" | "asks"): void => {
  if (inspectLevels(levels, PRICE_MIN, PRICE_MAX) !== "ok")
    throw new CodedError("E_INPUT_RANGE", { field });
};
