import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderBook } from "./order-book.ts";

/** The obvious book: a map a side, sorted when asked, cut to the depth after each level. */
class ReferenceBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  dropped = 0;
  unknownRemoved = 0;
  readonly #depthMax: number;
  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  sorted(side: "bids" | "asks"): [number, number][] {
    const direction = side === "bids" ? -1 : 1;
    return [...this[side]].sort((a, b) => direction * (a[0] - b[0]));
  }

  apply(side: "bids" | "asks", levels: readonly number[]): void {
    for (let i = 0; i < levels.length; i += 2) {
      const price = levels[i]!;
      const size = levels[i + 1]!;
      if (size > 0) this[side].set(price, size);
      else if (!this[side].delete(price)) this.unknownRemoved++;
      if (this[side].size > this.#depthMax) {
        this[side].delete(this.sorted(side).at(-1)![0]);
        this.dropped++;
      }
    }
  }
}

const levels = (count: number): fc.Arbitrary<number[]> =>
  fc
    .array(
      fc.tuple(
        fc.integer({ min: 1, max: 60 }).map((ticks) => ticks / 10),
        fc.oneof(
          { weight: 1, arbitrary: fc.constant(0) },
          { weight: 2, arbitrary: fc.integer({ min: 1, max: 1e6 }) },
        ),
      ),
      { maxLength: count },
    )
    .map((pairs) => pairs.flat());

const step = fc.record({
  isSnapshot: fc.boolean(),
  bids: levels(12),
  asks: levels(12),
});

const sideOf = (book: OrderBook, side: "bids" | "asks"): [number, number][] =>
  side === "bids"
    ? Array.from({ length: book.bidCount }, (_, i) => [
        book.bidPrice(i),
        book.bidSize(i),
      ])
    : Array.from({ length: book.askCount }, (_, i) => [
        book.askPrice(i),
        book.askSize(i),
      ]);

describe("order book against a sorted map", () => {
  it.each([1, 3, 5, 40, 1000])(
    "holds the same levels after every event, at depth %i",
    (depthMax) => {
      fc.assert(
        fc.property(fc.array(step, { maxLength: 30 }), (steps) => {
          const book = new OrderBook({ depthMax });
          const reference = new ReferenceBook(depthMax);
          steps.forEach(({ isSnapshot, bids, asks }, seq) => {
            if (isSnapshot) {
              reference.bids.clear();
              reference.asks.clear();
              book.applySnapshot(bids, asks, seq);
            } else book.applyDelta(bids, asks, seq);
            reference.apply("bids", bids);
            reference.apply("asks", asks);
            expect(book.seq).toBe(seq);
            expect(sideOf(book, "bids")).toEqual(reference.sorted("bids"));
            expect(sideOf(book, "asks")).toEqual(reference.sorted("asks"));
          });
          expect(book.dropped).toBe(reference.dropped);
          expect(book.unknownRemoved).toBe(reference.unknownRemoved);
        }),
        { numRuns: 150 },
      );
    },
  );

  it("moves long runs of levels as it moves short ones", () => {
    const book = new OrderBook({ depthMax: 200 });
    const reference = new ReferenceBook(200);
    const all = Array.from({ length: 300 }, (_, i) => [
      1 + ((i * 7919) % 300),
      i + 1,
    ]).flat();
    const some = all.map((x, i) => (i % 6 === 1 ? 0 : x));
    for (const levels of [all, some, all]) {
      book.applyDelta(levels, levels, 1);
      reference.apply("bids", levels);
      reference.apply("asks", levels);
      expect(sideOf(book, "bids")).toEqual(reference.sorted("bids"));
      expect(sideOf(book, "asks")).toEqual(reference.sorted("asks"));
    }
  });
});
