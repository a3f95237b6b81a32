import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { OrderBook } from "./order-book.ts";

/** The obvious book: a map a side, sorted when asked; cut to the depth where a message has made it a quarter larger. */
class ReferenceBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  dropped = 0;
  readonly #depthMax: number;
  constructor(depthMax: number) {
    this.#depthMax = depthMax;
  }

  sorted(side: "bids" | "asks"): [number, number][] {
    const direction = side === "bids" ? -1 : 1;
    return [...this[side]]
      .sort((a, b) => direction * (a[0] - b[0]))
      .slice(0, this.#depthMax);
  }

  apply(side: "bids" | "asks", levels: readonly number[]): void {
    for (let i = 0; i < levels.length; i += 2) {
      const price = levels[i]!;
      const size = levels[i + 1]!;
      if (size > 0) this[side].set(price, size);
      else this[side].delete(price);
    }
    const held = this[side];
    if (held.size <= this.#depthMax + Math.ceil(this.#depthMax / 4)) return;
    const seen = this.sorted(side);
    this.dropped += held.size - seen.length;
    held.clear();
    for (const [price, size] of seen) held.set(price, size);
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

/** Often 0: the level goes. */
const fewSizes = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 3, arbitrary: fc.integer({ min: 1, max: 9 }) },
);

/** A message at one of the markets; one in ten is a snapshot. */
const stepOf = (
  markets: readonly number[],
  levelsAt: (market: number) => fc.Arbitrary<number[]>,
) =>
  fc
    .tuple(fc.constantFrom(...markets), fc.integer({ min: 0, max: 9 }))
    .chain(([market, dice]) =>
      fc.record({
        isSnapshot: fc.constant(dice === 0),
        /** Told by an instrument before it; 0: none. */
        tick: fc.constantFrom(0, 0, 0, 0, 0, 0.01, 0.5, 0.3, 1e-8),
        bids: levelsAt(market),
        asks: levelsAt(market),
      }),
    );

/** A market that drifts, leaps by many windows, and quotes between ticks and far away now and then. */
const wildLevels = (market: number): fc.Arbitrary<number[]> =>
  fc
    .array(
      fc.tuple(
        fc.oneof(
          {
            weight: 12,
            arbitrary: fc
              .integer({ min: -60, max: 60 })
              .map((ticks) => (market + ticks) / 100),
          },
          {
            weight: 3,
            arbitrary: fc
              .integer({ min: 1, max: 2 * market })
              .map((ticks) => ticks / 100),
          },
          {
            weight: 1,
            arbitrary: fc
              .integer({ min: 1, max: 3 * market })
              .map((thirds) => thirds / 300),
          },
        ),
        fewSizes,
      ),
      { maxLength: 24 },
    )
    .map((pairs) => pairs.flat());

const wildStep = stepOf([10_000, 10_100, 10_300, 11_000, 60_000], wildLevels);

/** A market of small prices on a fine grid, with orders as far off as may stand in a book. */
const farLevels = (market: number): fc.Arbitrary<number[]> =>
  fc
    .array(
      fc.tuple(
        fc.oneof(
          {
            weight: 8,
            arbitrary: fc
              .integer({ min: -60, max: 60 })
              .map((ticks) => (market + ticks) / 1e8),
          },
          {
            weight: 1,
            arbitrary: fc.constantFrom(
              1e12,
              999_999_999_999.9999,
              123_456_789.12,
              90_071_992.54740993,
              1e9,
              1e7,
              1e-8,
              1e-12,
            ),
          },
        ),
        fewSizes,
      ),
      { maxLength: 12 },
    )
    .map((pairs) => pairs.flat());

const farStep = stepOf([1_234, 1_300, 200_000_000, 12_300_000_000], farLevels);

describe("order book against a sorted map", () => {
  it.each([1, 2, 10, 50])(
    "holds the same levels where some stand further off than ticks can be counted, at depth %i",
    (depthMax) => {
      fc.assert(
        fc.property(
          fc.array(farStep, { maxLength: 40 }),
          fc.constantFrom(0, 1e-8, 1e-4, 0.3),
          (steps, tickSize) => {
            const book = new OrderBook({ depthMax, tickSize });
            const reference = new ReferenceBook(depthMax);
            steps.forEach(({ isSnapshot, tick, bids, asks }, seq) => {
              if (tick > 0) book.useTick(tick);
              if (isSnapshot) {
                reference.bids.clear();
                reference.asks.clear();
                book.applySnapshot(bids, asks, seq);
              } else book.applyDelta(bids, asks, seq);
              reference.apply("bids", bids);
              reference.apply("asks", asks);
              expect(sideOf(book, "bids")).toEqual(reference.sorted("bids"));
              expect(sideOf(book, "asks")).toEqual(reference.sorted("asks"));
            });
          },
        ),
        { numRuns: 60 },
      );
    },
  );

  it.each([1, 2, 10, 30, 200])(
    "holds the same levels of a market that leaps and leaves its grid, at depth %i",
    (depthMax) => {
      fc.assert(
        fc.property(
          fc.array(wildStep, { maxLength: 40 }),
          fc.constantFrom(0, 0.01, 0.5),
          (steps, tickSize) => {
            const book = new OrderBook({ depthMax, tickSize });
            const reference = new ReferenceBook(depthMax);
            const top = new Float64Array(4 * 12);
            steps.forEach(({ isSnapshot, tick, bids, asks }, seq) => {
              if (tick > 0) book.useTick(tick);
              if (isSnapshot) {
                reference.bids.clear();
                reference.asks.clear();
                book.applySnapshot(bids, asks, seq);
              } else book.applyDelta(bids, asks, seq);
              reference.apply("bids", bids);
              reference.apply("asks", asks);
              const bidLevels = reference.sorted("bids");
              const askLevels = reference.sorted("asks");
              expect(sideOf(book, "bids")).toEqual(bidLevels);
              expect(sideOf(book, "asks")).toEqual(askLevels);
              expect(book.equals(bidLevels.flat(), askLevels.flat())).toBe(
                true,
              );
              book.copyTop(top, 12);
              for (let i = 0; i < 12; i++)
                expect([...top.subarray(4 * i, 4 * i + 4)]).toEqual([
                  ...(bidLevels[i] ?? [0, 0]),
                  ...(askLevels[i] ?? [0, 0]),
                ]);
            });
            expect(book.dropped).toBe(reference.dropped);
          },
        ),
        { numRuns: 60 },
      );
    },
  );

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
