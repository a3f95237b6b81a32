/** The state that snapshots and deltas build: two sorted sides and the sequence they stand at. */
import type { Levels } from "../domain/market-event.ts";
import { BookSide } from "./book-side.ts";
import { checkLevels } from "./level-range.ts";

export interface OrderBookOptions {
  /** Levels kept a side; a worse level than these is dropped and counted. */
  readonly depthMax: number;
  /** The instrument's; 0 or absent: learnt from the prices. */
  readonly tickSize?: number;
}

/** Applies what it is given; whether it may be applied is BookSync's business. Level 0 is the best. */
export class OrderBook {
  readonly depthMax: number;
  /** Sequence of the last applied event; 0 when empty. */
  seq = 0;
  readonly #bids: BookSide;
  readonly #asks: BookSide;

  constructor(options: OrderBookOptions) {
    this.depthMax = options.depthMax;
    const { depthMax, tickSize = 0 } = options;
    this.#bids = new BookSide({ order: "highestFirst", depthMax, tickSize });
    this.#asks = new BookSide({ order: "lowestFirst", depthMax, tickSize });
  }

  /** Throws E_INPUT_RANGE for a level out of range, and has then changed nothing; so does `applyDelta`. */
  applySnapshot(bids: Levels, asks: Levels, seq: number): void {
    checkLevels(bids, "bids");
    checkLevels(asks, "asks");
    this.#bids.replace(bids);
    this.#asks.replace(asks);
    this.seq = seq;
  }

  applyDelta(bids: Levels, asks: Levels, seq: number): void {
    checkLevels(bids, "bids");
    checkLevels(asks, "asks");
    this.#bids.apply(bids);
    this.#asks.apply(asks);
    this.seq = seq;
  }

  clear(): void {
    this.#bids.clear();
    this.#asks.clear();
    this.seq = 0;
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

  /** Best bid above best ask: something is wrong. */
  get isCrossed(): boolean {
    return this.hasBothSides && this.#bids.price(0) > this.#asks.price(0);
  }

  /** Best bid at best ask: no venue's book rests like that. */
  get isLocked(): boolean {
    return this.hasBothSides && this.#bids.price(0) === this.#asks.price(0);
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

  /** The snapshot just applied may have been cut: what lies beyond its last levels is unknown. */
  endHere(): void {
    this.#bids.endHere();
    this.#asks.endHere();
  }

  /** Levels whose size an update really changed since construction. */
  get changed(): number {
    return this.#bids.changed + this.#asks.changed;
  }

  /** Levels dropped at the depth bound since construction. */
  get dropped(): number {
    return this.#bids.dropped + this.#asks.dropped;
  }

  /** Removals of levels that were not in the book since construction. */
  get unknownRemoved(): number {
    return this.#bids.unknownRemoved + this.#asks.unknownRemoved;
  }
}
