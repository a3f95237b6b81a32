import { describe, expect, it } from "vitest";
import { OrderBook } from "./order-book.ts";

describe("order book", () => {
  it("reads best first on both sides", () => {
    const book = new OrderBook({ depthMax: 10 });
    book.applySnapshot([99, 1, 100, 3], [103, 4, 101, 1], 7);
    expect(book.seq).toBe(7);
    expect([book.bidPrice(0), book.bidSize(0)]).toEqual([100, 3]);
    expect([book.askPrice(0), book.askSize(0)]).toEqual([101, 1]);
    expect(book.mid).toBe(100.5);
    expect(book.spread).toBe(1);
    expect(book.microprice).toBe(100.75);
    expect(book.isCrossed).toBe(false);
  });

  it("knows a crossed from a locked and from a one-sided book", () => {
    const book = new OrderBook({ depthMax: 10 });
    book.applySnapshot([100, 1], [100, 1], 1);
    expect([book.isCrossed, book.isLocked]).toEqual([false, true]);
    book.applyDelta([101, 1], [], 2);
    expect([book.isCrossed, book.isLocked]).toEqual([true, false]);
    book.applyDelta([], [100, 0], 3);
    expect([book.isCrossed, book.isLocked]).toEqual([false, false]);
    expect(book.hasBothSides).toBe(false);
    expect(book.mid).toBe(0);
    expect(book.microprice).toBe(0);
  });

  it("holds a quarter more than its depth unseen, drops what is more and counts it", () => {
    const book = new OrderBook({ depthMax: 4 });
    book.applySnapshot([96, 1, 97, 1, 98, 1, 99, 1, 100, 1], [], 1);
    expect([book.bidCount, book.bidPrice(3), book.bidPrice(4)]).toEqual([
      4, 97, 0,
    ]);
    expect(book.dropped).toBe(0);
    book.applyDelta([99, 0], [], 2);
    expect([book.bidCount, book.bidPrice(3)]).toEqual([4, 96]);
    book.applyDelta([95, 5, 99, 1], [], 3);
    expect(book.dropped).toBe(2);
    book.applyDelta([99, 0], [], 4);
    expect([book.bidCount, book.bidPrice(3)]).toEqual([3, 0]);
  });

  it("keeps what a message removes room for, in whichever order it tells", () => {
    for (const message of [
      [101, 0, 104, 1],
      [104, 1, 101, 0],
    ]) {
      const book = new OrderBook({ depthMax: 2 });
      book.applySnapshot([], [101, 1, 102, 1, 103, 1], 1);
      book.applyDelta([], message, 2);
      expect([book.dropped, book.askPrice(0), book.askPrice(1)]).toEqual([
        0, 102, 103,
      ]);
    }
  });

  it("gives 0 for a level that is not there", () => {
    const book = new OrderBook({ depthMax: 2 });
    expect(book.bidPrice(0)).toBe(0);
    expect(book.askSize(1)).toBe(0);
  });

  it.each([
    [[0, 1]],
    [[-1, 1]],
    [[NaN, 1]],
    [[Infinity, 1]],
    [[1e308, 1]],
    [[5e-324, 1]],
    [[1, -1]],
    [[1, NaN]],
    [[1, 2 ** 53 + 2]],
    [[1]],
  ])(
    "F48: refuses a message with a level out of range, %j, and has not changed",
    (level) => {
      const book = new OrderBook({ depthMax: 4 });
      book.applySnapshot([100, 3, 99, 1], [101, 2], 7);
      for (const [bids, asks] of [
        [[100, 0, ...level], []],
        [
          [100, 0],
          [101, 5, ...level],
        ],
      ] as const) {
        const refusal = expect.objectContaining({ code: "E_INPUT_RANGE" });
        expect(() => book.applyDelta(bids, asks, 8)).toThrow(refusal);
        expect(() => book.applySnapshot(bids, asks, 8)).toThrow(refusal);
      }
      expect(book.seq).toBe(7);
      expect(book.equals([100, 3, 99, 1], [101, 2])).toBe(true);
    },
  );

  it("gives each price back as the double that the venue's decimal is", () => {
    for (const [decimals, low] of [
      [1, 617_000],
      [2, 1],
      [5, 123_456],
      [8, 1_234],
      [12, 3],
    ] as const) {
      const book = new OrderBook({ depthMax: 1000 });
      const levels = Array.from({ length: 1000 }, (_, i) => [
        Number(`${low + i}e-${decimals}`),
        1,
      ]).flat();
      book.applySnapshot([], levels, 1);
      expect(book.equals([], levels)).toBe(true);
    }
  });

  it("tells which levels may lack some between them, once it had to drop any", () => {
    const book = new OrderBook({ depthMax: 3 });
    book.applySnapshot([], [101, 1, 102, 1, 103, 1], 1);
    expect(book.isComplete(3)).toBe(true);
    book.applyDelta([], [104, 1], 2);
    expect(book.isComplete(3)).toBe(true);
    book.applyDelta([], [105, 1], 3);
    book.applyDelta([], [101, 0, 105, 2], 4);
    expect(book.dropped).toBe(2);
    expect(book.isComplete(2)).toBe(true);
    expect(book.isComplete(3)).toBe(false);
    book.applySnapshot([], [101, 1, 102, 1, 103, 1], 5);
    expect(book.isComplete(3)).toBe(true);
    book.endHere(0);
    expect(book.isComplete(2)).toBe(true);
    expect(book.isComplete(3)).toBe(false);
  });

  it("copies its top in one call, with zeros below what is there", () => {
    const book = new OrderBook({ depthMax: 10 });
    book.applySnapshot([100, 3, 99, 1], [101, 2], 1);
    const top = new Float64Array(12).fill(7);
    book.copyTop(top, 3);
    expect([...top]).toEqual([100, 3, 101, 2, 99, 1, 0, 0, 0, 0, 0, 0]);
  });

  it("takes up a tick size while it stands, and finer ones where its prices need them", () => {
    const book = new OrderBook({ depthMax: 10 });
    expect(book.tickSize).toBe(0);
    book.useTick(0.5);
    expect(book.tickSize).toBe(0.5);
    const [bids, asks] = [
      [100, 3, 99.5, 1],
      [101, 2],
    ];
    book.applySnapshot(bids, asks, 1);
    const { changed } = book;
    for (const [told, used] of [
      [0.25, 0.25],
      [0.25, 0.25],
      [0.2, 0.1],
      [1, 0.5],
      [1e-300, 0.5],
    ] as const) {
      book.useTick(told);
      expect([told, book.tickSize]).toEqual([told, used]);
      expect(book.equals(bids, asks)).toBe(true);
    }
    expect([book.changed, book.seq]).toEqual([changed, 1]);
    book.applyDelta([99.75, 1], [], 2);
    expect(book.bidPrice(1)).toBe(99.75);
  });

  it.each([1e12, 123_456_789.12, 1e9])(
    "goes on near the market after the side was down to an order at %d",
    (far) => {
      const book = new OrderBook({ depthMax: 20, tickSize: 1e-8 });
      book.applySnapshot([0.00001233, 1], [0.00001235, 1, far, 1], 1);
      book.applyDelta([], [0.00001235, 0], 2);
      expect(book.askPrice(0)).toBe(far);
      book.applyDelta([], [0.00001236, 5], 3);
      expect([book.askPrice(0), book.askSize(0)]).toEqual([0.00001236, 5]);
      expect([book.askPrice(1), book.askCount]).toEqual([far, 2]);
    },
  );
});
