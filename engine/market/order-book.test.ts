import { describe, expect, it } from "vitest";
import { AssertionFailure } from "../std/assert.ts";
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

  it("calls a locked book crossed, and a one-sided one not", () => {
    const book = new OrderBook({ depthMax: 10 });
    book.applySnapshot([100, 1], [100, 1], 1);
    expect(book.isCrossed).toBe(true);
    book.applyDelta([], [100, 0], 2);
    expect(book.isCrossed).toBe(false);
    expect(book.hasBothSides).toBe(false);
    expect(book.mid).toBe(0);
    expect(book.microprice).toBe(0);
  });

  it("drops the worst level at the depth bound and counts it", () => {
    const book = new OrderBook({ depthMax: 2 });
    book.applySnapshot([98, 1, 99, 1, 100, 1], [], 1);
    expect(book.bidCount).toBe(2);
    expect(book.bidPrice(1)).toBe(99);
    book.applyDelta([97, 5], [], 2);
    expect(book.bidPrice(1)).toBe(99);
    expect(book.dropped).toBe(2);
  });

  it("gives 0 for a level that is not there", () => {
    const book = new OrderBook({ depthMax: 2 });
    expect(book.bidPrice(0)).toBe(0);
    expect(book.askSize(1)).toBe(0);
  });

  it.each([[[0, 1]], [[-1, 1]], [[NaN, 1]], [[Infinity, 1]], [[1, -1]]])(
    "asserts that the codec let no bad level through: %j",
    (level) => {
      const book = new OrderBook({ depthMax: 2 });
      expect(() => book.applyDelta(level, [], 1)).toThrow(AssertionFailure);
    },
  );

  it("copies its top in one call, with zeros below what is there", () => {
    const book = new OrderBook({ depthMax: 10 });
    book.applySnapshot([100, 3, 99, 1], [101, 2], 1);
    const top = new Float64Array(12).fill(7);
    book.copyTop(top, 3);
    expect([...top]).toEqual([100, 3, 101, 2, 99, 1, 0, 0, 0, 0, 0, 0]);
  });

  it("asserts that levels come in pairs and sizes are finite", () => {
    const book = new OrderBook({ depthMax: 2 });
    expect(() => book.applyDelta([1], [], 1)).toThrow(AssertionFailure);
    expect(() => book.applyDelta([1, NaN], [], 1)).toThrow(AssertionFailure);
  });
});
