import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Levels } from "../domain/market-event.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { MarketSimulator } from "./simulator.ts";

const seeds = fc.integer({ min: 0, max: 0xffffffff });
const RUNS = { numRuns: 8 };

const events = (seed: number, count: number): FeedEvent[] => {
  const simulator = new MarketSimulator({ seed });
  return Array.from({ length: count }, () => simulator.next().event);
};

/** The slowest of books: a map a side. */
class ReferenceBook {
  readonly bids = new Map<number, number>();
  readonly asks = new Map<number, number>();
  seq = -1;

  apply(seq: number, bids: Levels, asks: Levels): void {
    this.seq = seq;
    for (const [side, levels] of [
      [this.bids, bids],
      [this.asks, asks],
    ] as const)
      for (let i = 0; i < levels.length; i += 2)
        if (levels[i + 1] === 0) side.delete(levels[i]!);
        else side.set(levels[i]!, levels[i + 1]!);
  }

  levels(side: "bids" | "asks"): number[] {
    const sign = side === "bids" ? -1 : 1;
    return [...this[side]].sort((a, b) => sign * (a[0] - b[0])).flat();
  }
}

describe("MarketSimulator (properties)", () => {
  it("gives the same bytes for the same seed and others for another", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        const first = JSON.stringify(events(seed, 2000));
        expect(JSON.stringify(events(seed, 2000))).toBe(first);
        expect(JSON.stringify(events(seed ^ 1, 3000))).not.toBe(first);
      }),
      RUNS,
    );
  });

  it("tells deltas that chain and rebuild its own book, which never crosses", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 500, max: 2500 }), (seed, count) => {
        const simulator = new MarketSimulator({ seed });
        const books = new Map<string, ReferenceBook>();
        for (let i = 0; i < count; i++) {
          const { event } = simulator.next();
          if (isHeadline(event)) continue;
          if (event.type === "bookSnapshot") {
            const book = new ReferenceBook();
            book.apply(event.seq, event.bids, event.asks);
            books.set(event.symbol, book);
          }
          if (event.type !== "bookDelta") continue;
          const book = books.get(event.symbol)!;
          expect(event.prevSeq).toBe(book.seq);
          expect(event.seq).toBeGreaterThan(event.prevSeq);
          book.apply(event.seq, event.bids, event.asks);
          expect(book.levels("bids")[0]).toBeLessThan(book.levels("asks")[0]!);
          // Told this very instant, so the whole book is what the deltas say.
          const whole = simulator.snapshot(event.symbol);
          expect(whole.seq).toBe(event.seq);
          expect(book.levels("bids").join()).toBe(whole.bids.join());
          expect(book.levels("asks").join()).toBe(whole.asks.join());
        }
      }),
      RUNS,
    );
  });

  it("goes on from a snapshot taken at any time as if from the start", () => {
    fc.assert(
      fc.property(seeds, fc.integer({ min: 10, max: 3000 }), (seed, skip) => {
        const simulator = new MarketSimulator({ seed });
        for (let i = 0; i < skip; i++) simulator.next();
        const symbol = simulator.symbols[seed % simulator.symbols.length]!;
        const begin = simulator.snapshot(symbol);
        const book = new ReferenceBook();
        book.apply(begin.seq, begin.bids, begin.asks);
        let applied = 0;
        while (applied < 20) {
          const { event } = simulator.next();
          if (isHeadline(event) || event.type !== "bookDelta") continue;
          if (event.symbol !== symbol || event.seq <= book.seq) continue;
          if (applied++ === 0)
            expect(event.prevSeq).toBeLessThanOrEqual(book.seq);
          else expect(event.prevSeq).toBe(book.seq);
          book.apply(event.seq, event.bids, event.asks);
          const whole = simulator.snapshot(symbol);
          expect(book.levels("bids")).toEqual(whole.bids);
          expect(book.levels("asks")).toEqual(whole.asks);
        }
      }),
      RUNS,
    );
  });

  it("runs forwards in time, trades at ids that count up", () => {
    fc.assert(
      fc.property(seeds, (seed) => {
        let lastNs = 0;
        let backwards = 0;
        const trades = new Map<string, number>();
        for (const event of events(seed, 4000)) {
          if (event.receivedNs < lastNs) backwards++;
          lastNs = event.receivedNs;
          if (isHeadline(event) || event.type !== "trade") continue;
          expect(event.tradeId).toBe((trades.get(event.symbol) ?? 0) + 1);
          trades.set(event.symbol, event.tradeId);
        }
        expect(backwards).toBe(0);
      }),
      RUNS,
    );
  });
});
