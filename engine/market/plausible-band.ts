/** The prices that a market may show within moments: so many times under and over the mid. */
import type {
  BookDelta,
  BookSnapshot,
  Levels,
} from "../domain/market-event.ts";
import { PRICE_MAX, PRICE_MIN, inspectLevels } from "./level-range.ts";
import type { LevelVerdict } from "./level-range.ts";

interface PriceRange {
  readonly low: number;
  readonly high: number;
}

const NOTHING: PriceRange = { low: Infinity, high: 0 };
const EVERYTHING: PriceRange = { low: PRICE_MIN, high: PRICE_MAX };

export class PlausibleBand {
  /** For levels to be set; everything is plausible while there is no book. */
  low = PRICE_MIN;
  high = PRICE_MAX;
  readonly #factor: number;
  /** The last one believed, which a void book does not take away; 0 for none. */
  #mid = 0;
  /** What the last snapshot held: far orders rest there. */
  #held = NOTHING;
  /** What was told last and not believed, and its mid. */
  #doubted = NOTHING;
  #doubtedMid = 0;
  /** No book stands that a snapshot's far orders would have had to join. */
  #isAnew = true;

  /** 0: no band. */
  constructor(factor: number) {
    this.#factor = factor === 0 ? Infinity : factor;
  }

  /** Of a trade or a quote, which no far order excuses. */
  holds(price: number): boolean {
    return this.#agree(price, this.#mid);
  }

  follow(mid: number): void {
    this.#mid = mid;
    this.#isAnew = false;
    this.low = Math.max(
      PRICE_MIN,
      Math.min(mid / this.#factor, this.#held.low),
    );
    this.high = Math.min(
      PRICE_MAX,
      Math.max(mid * this.#factor, this.#held.high),
    );
  }

  /** The book is gone, for another reason than its prices. */
  open(): void {
    this.#openLevels();
    this.#isAnew = true;
    this.#doubted = NOTHING;
    this.#doubtedMid = 0;
  }

  /** The book is gone for these levels; a snapshot that agrees with them will be believed. A delta's are beside the last mid. */
  doubt({ type, bids, asks }: BookDelta | BookSnapshot): void {
    this.#openLevels();
    this.#doubted = rangeOf(bids, asks);
    this.#doubtedMid = type === "bookDelta" ? this.#mid : midOf(bids, asks);
  }

  /** Any market may come next. */
  forget(): void {
    this.open();
    this.#mid = 0;
    this.#held = NOTHING;
  }

  inspect(bids: Levels, asks: Levels): LevelVerdict {
    return worse(
      inspectLevels(bids, this.low, this.high),
      inspectLevels(asks, this.low, this.high),
    );
  }

  /**
   * Whole books hold resting orders at a thousandth of the mid and at a thousand times it: in a first one they are believed, and only what
   * stands on the wrong side of the market is suspect. Beside a book that stands new far orders are, and so is another mid, until a
   * second opinion repeats them.
   */
  inspectSnapshot(bids: Levels, asks: Levels): LevelVerdict {
    const mid = midOf(bids, asks) || this.#mid;
    const { low, high } = this.#around(mid);
    const verdict = worse(
      inspectLevels(bids, this.#isAnew ? PRICE_MIN : low, high),
      inspectLevels(asks, low, this.#isAnew ? PRICE_MAX : high),
    );
    if (verdict !== "ok") return verdict;
    const isBelieved =
      this.#mid === 0 ||
      this.#agree(mid, this.#mid) ||
      this.#agree(mid, this.#doubtedMid);
    if (!isBelieved) return "suspect";
    this.#held = rangeOf(bids, asks);
    return "ok";
  }

  #openLevels(): void {
    this.low = PRICE_MIN;
    this.high = PRICE_MAX;
  }

  #agree(price: number, mid: number): boolean {
    return price * this.#factor >= mid && price <= mid * this.#factor;
  }

  /** What a snapshot with this mid may hold: everything while there is none. */
  #around(mid: number): PriceRange {
    const factor = this.#factor;
    if (mid === 0 || factor === Infinity) return EVERYTHING;
    const { low, high } = this.#agree(mid, this.#doubtedMid)
      ? this.#doubted
      : NOTHING;
    return {
      low: Math.max(
        PRICE_MIN,
        Math.min(mid / factor, this.#held.low, low / factor),
      ),
      high: Math.min(
        PRICE_MAX,
        Math.max(mid * factor, this.#held.high, high * factor),
      ),
    };
  }
}

/** Of the levels that are there, in whatever order. */
const rangeOf = (bids: Levels, asks: Levels): PriceRange => {
  let { low, high } = NOTHING;
  for (const levels of [bids, asks])
    for (let i = 0; i < levels.length; i += 2) {
      if (levels[i + 1] === 0) continue;
      low = Math.min(low, levels[i]!);
      high = Math.max(high, levels[i]!);
    }
  return { low, high };
};

/** 0 unless both sides have a level. */
const midOf = (bids: Levels, asks: Levels): number => {
  const bid = bids[0];
  const ask = asks[0];
  return bid === undefined || ask === undefined ? 0 : (bid + ask) / 2;
};

const worse = (a: LevelVerdict, b: LevelVerdict): LevelVerdict => {
  if (a === "range" || b === "range") return "range";
  return a === "suspect" ? a : b;
};
