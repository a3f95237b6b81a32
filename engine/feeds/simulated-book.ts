/** The simulated venue's own book: integer ticks and lots, so that it never drifts from what its deltas say. */
import { assert } from "../std/assert.ts";
import type { SimulatedSymbol } from "./simulated-symbols.ts";

export type BookSideName = "bid" | "ask";

export interface Fill {
  readonly price: number;
  readonly size: number;
}

export interface BookChange {
  readonly prevSeq: number;
  readonly seq: number;
  readonly bids: number[];
  readonly asks: number[];
}

/** One side, best level first. Short enough (LEVELS_MAX of the simulator) for plain arrays. */
class Side {
  readonly ticks: number[] = [];
  readonly lots: number[] = [];
  readonly changed = new Set<number>();
  /** +1 where a higher tick is deeper (asks), -1 for bids. */
  readonly #deeper: 1 | -1;

  constructor(deeper: 1 | -1) {
    this.#deeper = deeper;
  }

  /** Where `tick` stands or would stand. */
  indexOf(tick: number): number {
    let low = 0;
    let high = this.ticks.length;
    while (low < high) {
      const middle = (low + high) >>> 1;
      if ((this.ticks[middle]! - tick) * this.#deeper < 0) low = middle + 1;
      else high = middle;
    }
    return low;
  }

  add(tick: number, lots: number): void {
    const i = this.indexOf(tick);
    if (this.ticks[i] === tick) this.lots[i]! += lots;
    else {
      this.ticks.splice(i, 0, tick);
      this.lots.splice(i, 0, lots);
    }
    this.changed.add(tick);
  }

  remove(i: number, lots: number): void {
    this.changed.add(this.ticks[i]!);
    if (lots < this.lots[i]!) {
      this.lots[i]! -= lots;
      return;
    }
    this.ticks.splice(i, 1);
    this.lots.splice(i, 1);
  }

  lotsAt(tick: number): number {
    const i = this.indexOf(tick);
    return this.ticks[i] === tick ? this.lots[i]! : 0;
  }
}

export class SimulatedBook {
  readonly #bid = new Side(-1);
  readonly #ask = new Side(1);
  readonly #price: Decimal;
  readonly #size: Decimal;
  /** Counts changes of a level; a delta spans the changes since the one before. */
  #seq = 0;
  #toldSeq = 0;

  constructor(spec: Pick<SimulatedSymbol, "tickSize" | "lotSize">) {
    this.#price = new Decimal(spec.tickSize);
    this.#size = new Decimal(spec.lotSize);
  }

  get seq(): number {
    return this.#seq;
  }

  get bestBid(): number {
    return this.#bid.ticks[0]!;
  }

  get bestAsk(): number {
    return this.#ask.ticks[0]!;
  }

  /** In ticks. */
  get mid(): number {
    return (this.bestBid + this.bestAsk) / 2;
  }

  count(side: BookSideName): number {
    return this.#side(side).ticks.length;
  }

  tick(side: BookSideName, i: number): number {
    return this.#side(side).ticks[i]!;
  }

  lots(side: BookSideName, i: number): number {
    return this.#side(side).lots[i]!;
  }

  /** Rests an order; a marketable one is the caller's to take first. */
  add(side: BookSideName, tick: number, lots: number): void {
    assert(lots > 0, "an order has a size");
    assert(
      side === "bid" ? !(tick >= this.bestAsk) : !(tick <= this.bestBid),
      "a resting order does not cross",
    );
    this.#side(side).add(tick, lots);
    this.#seq++;
  }

  /** The last level of a side stays: the venue's book is never empty. */
  cancel(side: BookSideName, i: number, lots: number): void {
    const book = this.#side(side);
    if (book.ticks.length === 1 && lots >= book.lots[0]!) return;
    book.remove(i, lots);
    this.#seq++;
  }

  /** Trades against `side` up to `limitTick`, level by level; leaves one level. */
  take(side: BookSideName, lots: number, limitTick: number): Fill[] {
    const book = this.#side(side);
    const fills: Fill[] = [];
    let left = lots;
    while (left > 0) {
      const tick = book.ticks[0]!;
      if (side === "ask" ? tick > limitTick : tick < limitTick) break;
      const isLast = book.ticks.length === 1;
      const filled = Math.min(left, isLast ? book.lots[0]! - 1 : book.lots[0]!);
      if (filled <= 0) break;
      book.remove(0, filled);
      this.#seq++;
      left -= filled;
      fills.push({
        price: this.#price.of(tick),
        size: this.#size.of(filled),
      });
    }
    return fills;
  }

  /** Share of bids among the best `depth` levels' lots, scaled to [-1, 1]. */
  imbalance(depth: number): number {
    let bid = 0;
    let ask = 0;
    for (let i = 0; i < depth; i++) {
      bid += this.#bid.lots[i] ?? 0;
      ask += this.#ask.lots[i] ?? 0;
    }
    return (bid - ask) / (bid + ask);
  }

  priceOf(tick: number): number {
    return this.#price.of(tick);
  }

  sizeOf(lots: number): number {
    return this.#size.of(lots);
  }

  /** What changed since the last call: absolute sizes, best first, 0 for what is gone. */
  takeChange(): BookChange | undefined {
    if (this.#seq === this.#toldSeq) return undefined;
    const change = {
      prevSeq: this.#toldSeq,
      seq: this.#seq,
      bids: this.#takeChanged(this.#bid, -1),
      asks: this.#takeChanged(this.#ask, 1),
    };
    this.#toldSeq = this.#seq;
    return change;
  }

  levels(side: BookSideName): number[] {
    const { ticks, lots } = this.#side(side);
    return ticks.flatMap((tick, i) => [
      this.#price.of(tick),
      this.#size.of(lots[i]!),
    ]);
  }

  #takeChanged(side: Side, deeper: 1 | -1): number[] {
    const flat = [...side.changed]
      .sort((a, b) => (a - b) * deeper)
      .flatMap((tick) => [
        this.#price.of(tick),
        this.#size.of(side.lotsAt(tick)),
      ]);
    side.changed.clear();
    return flat;
  }

  #side(name: BookSideName): Side {
    return name === "bid" ? this.#bid : this.#ask;
  }
}

/** Multiples of a decimal step as the doubles nearest to their decimal writing: 3 × 0.1 is 0.3. */
class Decimal {
  readonly #units: number;
  readonly #scale: number;

  constructor(step: number) {
    let scale = 1;
    while (Math.abs(step * scale - Math.round(step * scale)) > 1e-9)
      scale *= 10;
    this.#scale = scale;
    this.#units = Math.round(step * scale);
  }

  of(count: number): number {
    return (count * this.#units) / this.#scale;
  }
}
