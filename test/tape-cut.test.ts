/** A cut is the market of its span: every book in it is the book that the whole tape had at that moment. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { isHeadline, type FeedEvent } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { chainTapes } from "../engine/feeds/tape-chain.ts";
import { cutTape, type TapeCutOptions } from "../engine/feeds/tape-cut.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";

const simulator = new MarketSimulator({ seed: 23, newsEverySeconds: 0.5 });
const EVENTS = Array.from({ length: 4000 }, () => simulator.next().event);
const START_US = EVENTS[0]!.receivedUs;
const SPAN_US = EVENTS.at(-1)!.receivedUs - START_US;

async function* tape(events: readonly FeedEvent[]): AsyncGenerator<FeedEvent> {
  yield* await Promise.resolve(events);
}

const collect = async (
  events: AsyncIterable<FeedEvent>,
): Promise<FeedEvent[]> => {
  const all: FeedEvent[] = [];
  for await (const event of events) all.push(event);
  return all;
};

const cut = (
  options: TapeCutOptions,
  events: readonly FeedEvent[] = EVENTS,
): Promise<FeedEvent[]> => collect(cutTape(tape(events), options));

/** The state of each book after the last event. */
const books = (events: readonly FeedEvent[]) => {
  const syncs = new Map<SymbolId, BookSync>();
  for (const event of events) {
    if (isHeadline(event)) continue;
    const { type, symbol } = event;
    if (type !== "bookSnapshot" && type !== "bookDelta" && type !== "gap")
      continue;
    let sync = syncs.get(symbol);
    if (sync === undefined) {
      sync = new BookSync(new OrderBook({ depthMax: 5000 }));
      syncs.set(symbol, sync);
    }
    sync.apply(event);
  }
  return syncs;
};

const levels = ({ book }: BookSync): number[] =>
  Array.from({ length: 20 }, (_, i) => [
    book.bidPrice(i),
    book.bidSize(i),
    book.askPrice(i),
    book.askSize(i),
  ]).flat();

describe("a cut", () => {
  it("has the books of the whole tape wherever it begins and ends", async () => {
    await fc.assert(
      fc.asyncProperty(
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        fc.double({ min: 0.01, max: 1, noNaN: true }),
        async (a, b) => {
          const fromUs = START_US + Math.floor(Math.min(a, b) * SPAN_US);
          const toUs = START_US + Math.floor(Math.max(a, b) * SPAN_US);
          const before = EVENTS.filter((e) => e.receivedUs < toUs);
          const piece = await cut({ fromUs, toUs });
          if (piece.length === 0) return;
          const whole = books(before);
          for (const [symbol, sync] of books(piece)) {
            expect([sync.counts.gaps, sync.counts.crossed]).toEqual([0, 0]);
            const reference = whole.get(symbol)!;
            expect([sync.state, sync.book.seq]).toEqual([
              reference.state,
              reference.book.seq,
            ]);
            expect(levels(sync)).toEqual(levels(reference));
          }
        },
      ),
      { numRuns: 15 },
    );
  });

  it("begins with one snapshot a live book, and changes nothing else", async () => {
    const fromUs = START_US + SPAN_US / 2;
    const piece = await cut({ fromUs });
    const inside = EVENTS.filter((e) => e.receivedUs >= fromUs);
    const added = piece.length - inside.length;
    expect(added).toBe(8);
    expect(piece.slice(0, added).map((e) => !isHeadline(e) && e.type)).toEqual(
      new Array(8).fill("bookSnapshot"),
    );
    expect(piece.slice(added)).toEqual(inside);
    expect(piece[0]!.receivedNs).toBe(inside[0]!.receivedNs);
  });

  it("keeps the symbols asked for, and headlines that name one", async () => {
    const symbol = simulator.symbols[2]!;
    const piece = await cut({ symbols: new Set([symbol]) });
    expect(piece).toEqual(
      EVENTS.filter((e) =>
        isHeadline(e) ? e.symbols.includes(symbol) : e.symbol === symbol,
      ),
    );
  });

  it("leaves a void book out until it is live again", async () => {
    const symbol = simulator.symbols[0]!;
    const own = EVENTS.filter(
      (e) =>
        !isHeadline(e) &&
        e.symbol === symbol &&
        (e.type === "bookDelta" || e.type === "bookSnapshot"),
    );
    // Voided before the cut and not mended: its deltas are of no use.
    const { receivedUs, receivedNs, eventUs } = own[20] as {
      receivedUs: number;
      receivedNs: number;
      eventUs: number;
    };
    const broken: FeedEvent[] = [
      ...own.slice(0, 20),
      {
        type: "gap",
        symbol,
        eventUs: unixMicros(eventUs),
        receivedUs: unixMicros(receivedUs),
        receivedNs: monoNanos(receivedNs),
        reason: "sequence",
      },
      ...own.slice(20, 60),
    ];
    expect(await cut({ fromUs: own[30]!.receivedUs }, broken)).toEqual([]);
  });
});

describe("tapes in a row", () => {
  it("keep their times as parts of one recording, and get one time as recordings of their own", async () => {
    const [a, b] = [EVENTS.slice(0, 2000), EVENTS.slice(2000)];
    expect(await collect(chainTapes([tape(a), tape(b)]))).toEqual(EVENTS);
    const anew = b.map((event) => ({
      ...event,
      receivedNs: monoNanos(event.receivedNs - b[0]!.receivedNs + 1e9),
    }));
    const chained = await collect(chainTapes([tape(a), tape(anew)]));
    const times = chained.map(({ receivedNs }) => receivedNs);
    expect(times).toEqual([...times].sort((x, y) => x - y));
    // Wall times are whole microseconds.
    expect(Math.abs(times[2500]! - EVENTS[2500]!.receivedNs)).toBeLessThan(
      1000,
    );
  });
});
