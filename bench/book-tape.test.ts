import { describe, expect, it } from "vitest";
import type { Levels } from "../engine/domain/market-event.ts";
import { unixMicros } from "../engine/std/time.ts";
import { benchSymbol, BookTape } from "./book-tape.ts";

const at = unixMicros(0);

const applied = (side: Map<number, number>, levels: Levels): void => {
  for (let i = 0; i < levels.length; i += 2)
    if (levels[i + 1] === 0) side.delete(levels[i]!);
    else side.set(levels[i]!, levels[i + 1]!);
};

const sideOf = (levels: Levels): Map<number, number> => {
  const side = new Map<number, number>();
  applied(side, levels);
  return side;
};

describe("the tape", () => {
  it("gives updates whose sum is its own snapshot, never crossed and without a hole", () => {
    const [book] = new BookTape(1).books;
    const first = book!.snapshot(at);
    const bids = sideOf(first.bids);
    const asks = sideOf(first.asks);
    let seq = first.seq;
    for (let i = 0; i < 2_000; i++) {
      const delta = book!.delta(at);
      expect(delta.prevSeq).toBe(seq);
      seq = delta.seq;
      applied(bids, delta.bids);
      applied(asks, delta.asks);
      expect(Math.max(...bids.keys())).toBeLessThan(Math.min(...asks.keys()));
    }
    const last = book!.snapshot(at);
    expect(last.seq).toBe(2_001);
    expect(bids).toEqual(sideOf(last.bids));
    expect(asks).toEqual(sideOf(last.asks));
  });

  it("is the same for the same seed, and deals the symbols in turn", () => {
    const [a, b] = [new BookTape(3, 7), new BookTape(3, 7)];
    for (let i = 0; i < 10; i++)
      expect(a.at(i).delta(at)).toEqual(b.at(i).delta(at));
    expect(a.at(4).symbol).toBe(benchSymbol(1));
    expect(a.at(0).trade(at)).toEqual(b.at(0).trade(at));
    expect(a.at(9).seq).toBe(5);
  });
});
