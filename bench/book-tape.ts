/** An endless seeded tape of book updates for many symbols: what the benches send. */
import type {
  BookDelta,
  BookSnapshot,
  Trade,
} from "../engine/domain/market-event.ts";
import { symbolIdOf, type SymbolId } from "../engine/domain/symbol.ts";
import { Random } from "../engine/std/random.ts";
import { monoNanos, type UnixMicros } from "../engine/std/time.ts";

export const BENCH_VENUE = "BENCH";

export const benchSymbol = (i: number): SymbolId =>
  symbolIdOf(`S${i}`, BENCH_VENUE);

/** Levels a side. */
const DEPTH = 20;
/** Sizes that change with an update besides those that a move of the mid changes. */
const CHANGES = 4;
const TICKS_PER_UNIT = 100;
const MOVE_P = 0.2;

interface Side {
  /** Sizes at 1, 2, … DEPTH ticks from the mid. */
  readonly sizes: Float64Array;
  readonly sign: 1 | -1;
}

/** One symbol's book around a mid that walks by whole ticks. */
class TapeBook {
  readonly symbol: SymbolId;
  seq = 1;
  #midTicks: number;
  readonly #random: Random;
  readonly #bids: Side = { sizes: new Float64Array(DEPTH), sign: -1 };
  readonly #asks: Side = { sizes: new Float64Array(DEPTH), sign: 1 };

  constructor(i: number, random: Random) {
    this.symbol = benchSymbol(i);
    this.#midTicks = 10_000 + 100 * i;
    this.#random = random;
    for (const { sizes } of [this.#bids, this.#asks])
      for (let d = 0; d < DEPTH; d++) sizes[d] = this.#newSize();
  }

  snapshot(eventUs: UnixMicros): BookSnapshot {
    return {
      type: "bookSnapshot",
      symbol: this.symbol,
      eventUs,
      receivedUs: eventUs,
      receivedNs: monoNanos(0),
      seq: this.seq,
      bids: this.#levels(this.#bids),
      asks: this.#levels(this.#asks),
    };
  }

  delta(eventUs: UnixMicros): BookDelta {
    const bids: number[] = [];
    const asks: number[] = [];
    const random = this.#random;
    if (random.next() < MOVE_P)
      this.#move(random.next() < 0.5 ? 1 : -1, bids, asks);
    for (let k = 0; k < CHANGES; k++) {
      const side = k % 2 === 0 ? this.#bids : this.#asks;
      // Nearer levels change more often.
      const d = Math.floor(DEPTH * random.next() * random.next());
      side.sizes[d] = this.#newSize();
      this.#write(side, d, k % 2 === 0 ? bids : asks);
    }
    const prevSeq = this.seq++;
    return {
      type: "bookDelta",
      symbol: this.symbol,
      eventUs,
      receivedUs: eventUs,
      receivedNs: monoNanos(0),
      prevSeq,
      seq: this.seq,
      bids,
      asks,
    };
  }

  trade(eventUs: UnixMicros): Trade {
    const isBuy = this.#random.next() < 0.5;
    return {
      type: "trade",
      symbol: this.symbol,
      eventUs,
      receivedUs: eventUs,
      receivedNs: monoNanos(0),
      tradeId: this.seq,
      price: this.#price(isBuy ? this.#asks : this.#bids, 0),
      size: this.#newSize(),
      side: isBuy ? "buy" : "sell",
    };
  }

  /** One tick up or down: one side loses its best level and gains a last one, the other the reverse. */
  #move(by: 1 | -1, bids: number[], asks: number[]): void {
    const [eaten, fed] =
      by === 1 ? [this.#asks, this.#bids] : [this.#bids, this.#asks];
    const [eatenLevels, fedLevels] = by === 1 ? [asks, bids] : [bids, asks];
    eatenLevels.push(this.#price(eaten, 0), 0);
    fedLevels.push(this.#price(fed, DEPTH - 1), 0);
    eaten.sizes.copyWithin(0, 1);
    fed.sizes.copyWithin(1, 0, DEPTH - 1);
    this.#midTicks += by;
    eaten.sizes[DEPTH - 1] = this.#newSize();
    fed.sizes[0] = this.#newSize();
    this.#write(eaten, DEPTH - 1, eatenLevels);
    this.#write(fed, 0, fedLevels);
  }

  #levels(side: Side): number[] {
    const levels: number[] = [];
    for (let d = 0; d < DEPTH; d++) this.#write(side, d, levels);
    return levels;
  }

  #write(side: Side, d: number, levels: number[]): void {
    levels.push(this.#price(side, d), side.sizes[d]!);
  }

  #price(side: Side, d: number): number {
    return (this.#midTicks + side.sign * (d + 1)) / TICKS_PER_UNIT;
  }

  #newSize(): number {
    return (1 + this.#random.int(10_000)) / 1_000;
  }
}

/** The symbols take turns: event i is about symbol i mod `symbols`. */
export class BookTape {
  readonly books: readonly TapeBook[];

  constructor(symbols: number, seed = 1) {
    const random = new Random(seed);
    this.books = Array.from(
      { length: symbols },
      (_, i) => new TapeBook(i, random.fork(`symbol ${i}`)),
    );
  }

  at(i: number): TapeBook {
    return this.books[i % this.books.length]!;
  }
}
