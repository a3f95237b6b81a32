import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import "../../../test/support/properties.ts";
import type { MarketEvent, Trade } from "../../domain/market-event.ts";
import { symbolId } from "../../domain/symbol.ts";
import { monoNanos, unixMicros } from "../../std/time.ts";
import { Handover } from "./handover.ts";

const BTC = symbolId("BTCUSDT.BINANCE");
const ETH = symbolId("ETHUSDT.BINANCE");
const stamps = {
  eventUs: unixMicros(1),
  receivedUs: unixMicros(1),
  receivedNs: monoNanos(1),
};

const trade = (tradeId: number, symbol = BTC): Trade => ({
  ...{ type: "trade", symbol, ...stamps, tradeId, price: 1, size: 1 },
  side: "buy",
});

const snapshot = (seq: number): MarketEvent => ({
  ...{ type: "bookSnapshot", symbol: BTC, ...stamps, seq },
  bids: [1, 1],
  asks: [2, 1],
});

const setUp = (kind: "books" | "tradesOnly" = "tradesOnly") => {
  const told: MarketEvent[] = [];
  let isSettled = false;
  let done = 0;
  const handover = new Handover({
    symbols: [BTC, ETH],
    hasBooks: kind === "books",
    depthMax: 10,
    lastSeqOf: () => 5,
    isSettled: () => isSettled,
    onEvent: (event) => told.push(event),
    onDone: () => done++,
  });
  return {
    handover,
    told,
    settle: () => (isSettled = true),
    done: () => done,
    fromOld: (event: MarketEvent): void => {
      if (handover.fromOld(event)) told.push(event);
    },
    ids: () =>
      told.flatMap((event) => (event.type === "trade" ? [event.tradeId] : [])),
  };
};

describe("Handover", () => {
  it("tells a trade once that both connections tell, whichever is first", () => {
    const { handover, fromOld, settle, ids } = setUp();
    handover.fromNew(trade(2));
    fromOld(trade(1));
    fromOld(trade(2));
    fromOld(trade(3));
    settle();
    handover.trySwitchAll();
    handover.fromNew(trade(3));
    handover.fromNew(trade(4));
    fromOld(trade(4));
    expect(ids()).toEqual([1, 2, 3, 4]);
  });

  it("tells each trade once and in order, however two connections are interleaved and whenever one takes over", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 30 }),
        fc.array(fc.constantFrom("old", "new", "switch"), { maxLength: 90 }),
        fc.nat(30),
        (count, steps, late) => {
          const { handover, fromOld, settle, ids } = setUp();
          // The new connection hears what happens from its subscription on.
          const from = Math.min(late, count);
          let old = 0;
          let fresh = from;
          let isOpen = false;
          for (const step of steps)
            if (step === "old" && old < count) {
              fromOld(trade(++old));
              isOpen ||= old >= from;
            } else if (step === "new" && isOpen && fresh < count)
              handover.fromNew(trade(++fresh));
            else if (step === "switch" && isOpen) {
              settle();
              handover.trySwitchAll();
            }
          while (old < count) fromOld(trade(++old));
          settle();
          handover.trySwitchAll();
          while (fresh < count) handover.fromNew(trade(++fresh));
          expect(ids()).toEqual(Array.from({ length: count }, (_, i) => i + 1));
        },
      ),
    );
  });

  it("changes a symbol over when its new book is as far as the old, and the book goes before the trades", () => {
    const { handover, told, settle, done } = setUp("books");
    settle();
    handover.fromNew(trade(9));
    handover.fromNew(snapshot(4));
    expect(told).toEqual([]);
    handover.fromNew(snapshot(5));
    expect(told.map(({ type }) => type)).toEqual(["bookSnapshot", "trade"]);
    expect([handover.unswitched, done()]).toEqual([[ETH], 0]);
    handover.switchAllNow();
    expect([handover.unswitched, done()]).toEqual([[], 1]);
  });

  it("does not change over before both have run for a while", () => {
    const { handover, told, settle } = setUp("books");
    handover.fromNew(snapshot(7));
    handover.trySwitchAll();
    expect(told).toEqual([]);
    settle();
    handover.trySwitchAll();
    expect(told).toMatchObject([{ type: "bookSnapshot", seq: 7 }]);
  });
});
