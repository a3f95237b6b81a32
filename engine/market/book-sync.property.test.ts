import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BookDelta, BookSnapshot } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BookSync } from "./book-sync.ts";
import { OrderBook } from "./order-book.ts";

const DELTAS = 40;

const head = (at: number) => ({
  symbol: symbolId("BTCUSDT.TEST"),
  eventUs: unixMicros(at),
  receivedUs: unixMicros(at),
  receivedNs: monoNanos(at * 1e6),
});

/** A venue's true book at every sequence, and the deltas between. */
interface Venue {
  readonly bids: readonly ReadonlyMap<number, number>[];
  readonly asks: readonly ReadonlyMap<number, number>[];
  readonly deltas: readonly BookDelta[];
}

const flat = (side: ReadonlyMap<number, number>, sign: 1 | -1): number[] =>
  [...side].sort((a, b) => sign * (a[0] - b[0])).flat();

const venueOf = (
  changes: readonly (readonly [
    ticks: number,
    size: number,
    isBid: boolean,
  ])[][],
): Venue => {
  const bids = [new Map([[100, 1]])];
  const asks = [new Map([[101, 1]])];
  const deltas = changes.map((levels, i): BookDelta => {
    const bidLevels: number[] = [];
    const askLevels: number[] = [];
    const bid = new Map(bids[i]);
    const ask = new Map(asks[i]);
    for (const [ticks, size, isBid] of levels) {
      const price = isBid ? 100 - ticks : 101 + ticks;
      (isBid ? bidLevels : askLevels).push(price, size);
      const side = isBid ? bid : ask;
      if (size > 0) side.set(price, size);
      else side.delete(price);
    }
    bids.push(bid);
    asks.push(ask);
    return {
      type: "bookDelta",
      ...head(i),
      prevSeq: i,
      seq: i + 1,
      bids: bidLevels,
      asks: askLevels,
    };
  });
  return { bids, asks, deltas };
};

const level = fc.tuple(
  fc.integer({ min: 1, max: 8 }),
  fc.integer({ min: 0, max: 3 }),
  fc.boolean(),
);
const venue = fc
  .array(fc.array(level, { maxLength: 4 }), {
    minLength: DELTAS,
    maxLength: DELTAS,
  })
  .map(venueOf);

/** What the network does: each delivery is a delta by number, or a snapshot as of a sequence. */
const delivery = fc.oneof(
  {
    weight: 12,
    arbitrary: fc.record({
      kind: fc.constant("next" as const),
      skip: fc.constantFrom(0, 0, 0, 0, 0, 0, 1, 2, -1, -2, -3),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("snapshot" as const),
      behind: fc.integer({ min: -2, max: 6 }),
    }),
  },
  { weight: 1, arbitrary: fc.record({ kind: fc.constant("gap" as const) }) },
);

describe("book sync over a network that drops, repeats and reorders", () => {
  it("is live only with the venue's true book as of its sequence", () => {
    fc.assert(
      fc.property(
        venue,
        fc.array(delivery, { maxLength: 80 }),
        (true_, net) => {
          const sync = new BookSync(new OrderBook({ depthMax: 100 }));
          let next = 0;
          let seenSeq = 0;
          net.forEach((what, at) => {
            if (what.kind === "gap")
              sync.apply({ type: "gap", ...head(at), reason: "disconnected" });
            else if (what.kind === "snapshot") {
              const seq = Math.min(DELTAS, Math.max(0, next - what.behind));
              const snapshot: BookSnapshot = {
                type: "bookSnapshot",
                ...head(at),
                seq,
                bids: flat(true_.bids[seq]!, -1),
                asks: flat(true_.asks[seq]!, 1),
              };
              sync.apply(snapshot);
            } else {
              const index = Math.max(0, next + what.skip);
              const delta = true_.deltas[index];
              if (delta === undefined) return;
              sync.apply(delta);
              next = Math.max(next, index + 1);
            }
            if (!sync.isLive) return;
            const { book } = sync;
            expect(book.seq).toBeGreaterThanOrEqual(seenSeq);
            seenSeq = book.seq;
            const bids: number[] = [];
            const asks: number[] = [];
            for (let i = 0; i < book.bidCount; i++)
              bids.push(book.bidPrice(i), book.bidSize(i));
            for (let i = 0; i < book.askCount; i++)
              asks.push(book.askPrice(i), book.askSize(i));
            expect(bids).toEqual(flat(true_.bids[book.seq]!, -1));
            expect(asks).toEqual(flat(true_.asks[book.seq]!, 1));
            expect(sync.reason).toBe("none");
            expect(sync.buffered).toBe(0);
          });
          // Whatever happened, the next fresh snapshot heals.
          sync.apply({
            type: "bookSnapshot",
            ...head(1000),
            seq: DELTAS + 1,
            bids: [100, 1],
            asks: [101, 1],
          });
          expect(sync.isLive).toBe(true);
        },
      ),
      { numRuns: 500 },
    );
  });

  it("finds every single lost delta on the next message", () => {
    fc.assert(
      fc.property(
        venue,
        fc.integer({ min: 1, max: DELTAS - 2 }),
        (true_, lost) => {
          const sync = new BookSync(new OrderBook({ depthMax: 100 }));
          sync.apply({
            type: "bookSnapshot",
            ...head(0),
            seq: 0,
            bids: [100, 1],
            asks: [101, 1],
          });
          for (let i = 0; i <= lost + 1; i++)
            if (i !== lost) sync.apply(true_.deltas[i]!);
          expect(sync.counts.gaps).toBe(1);
          expect(sync.isLive).toBe(false);
        },
      ),
      { numRuns: 100 },
    );
  });
});
