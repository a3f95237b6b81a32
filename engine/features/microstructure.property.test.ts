import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microMarket } from "../../test/support/micro-market.ts";
import type { MarketEvent, Trade } from "../domain/market-event.ts";
import { OrderBook } from "../market/order-book.ts";
import { monoNanos } from "../std/time.ts";
import { Microstructure } from "./microstructure.ts";
import { MICROSTRUCTURE_SET } from "./microstructure-set.ts";

const { features } = MICROSTRUCTURE_SET;

const apply = (
  set: Microstructure,
  book: OrderBook,
  event: MarketEvent,
): void => {
  if (event.type === "bookSnapshot") {
    book.applySnapshot(event.bids, event.asks, event.seq);
    set.onBook(book, event);
  } else if (event.type === "trade") set.onTrade(event);
  else if (event.type === "gap") {
    book.clear();
    set.onVoid();
  }
};

const run = (events: readonly MarketEvent[], set = new Microstructure()) => {
  const book = new OrderBook({ depthMax: 50 });
  for (const event of events) apply(set, book, event);
  return { set, book };
};

const market = fc.record({
  seed: fc.integer(),
  events: fc.integer({ min: 2, max: 800 }),
  meanGapMs: fc.constantFrom(0.1, 5, 100, 3000, 100_000),
  gaps: fc.constantFrom(0, 0.02, 0.3),
  levels: fc.constantFrom(1, 3, 12),
});

describe("microstructure features, over any events", () => {
  it("are finite or missing", () => {
    fc.assert(
      fc.property(market, (options) => {
        const set = new Microstructure();
        const book = new OrderBook({ depthMax: 50 });
        for (const event of microMarket(options)) {
          apply(set, book, event);
          const values = set.write(book, event);
          for (let i = 0; i < values.length; i++)
            if (Math.abs(values[i]!) === Infinity)
              throw new Error(`${features[i]!.name} is infinite`);
          if (!book.hasBothSides) continue;
          // What needs no past is always there.
          features.forEach(({ name, warmUp }, i) => {
            if (warmUp.count === 1 && Number.isNaN(values[i]))
              throw new Error(`${name} is missing`);
          });
        }
      }),
      { numRuns: 40 },
    );
  });

  it("stay within the bounds that their units state", () => {
    fc.assert(
      fc.property(market, (options) => {
        const { set, book } = run(microMarket(options));
        const values = set.write(book, {
          receivedNs: monoNanos(set.values.length * 1e12),
        });
        features.forEach(({ name, unit }, i) => {
          const bounds =
            unit === "ratio in [-1, 1]"
              ? [-1, 1]
              : unit === "0 to 1"
                ? [0, 1]
                : undefined;
          const value = values[i]!;
          if (bounds === undefined || Number.isNaN(value)) return;
          expect(value, name).toBeGreaterThanOrEqual(bounds[0]! - 1e-9);
          expect(value, name).toBeLessThanOrEqual(bounds[1]! + 1e-9);
        });
      }),
      { numRuns: 60 },
    );
  });

  it("go on bit for bit after they were saved and restored", () => {
    fc.assert(
      fc.property(
        market,
        fc.double({ min: 0, max: 1, noNaN: true }),
        (options, share) => {
          const events = microMarket({
            ...options,
            events: options.events + 2,
          });
          const cut = Math.floor(events.length * share);
          const { set, book } = run(events.slice(0, cut));
          const other = new Microstructure();
          other.restore(set.snapshot());
          for (const event of events.slice(cut)) {
            apply(set, book, event);
            // Both look at one book: it must not be applied twice.
            if (event.type === "bookSnapshot") other.onBook(book, event);
            else if (event.type === "trade") other.onTrade(event);
            else other.onVoid();
            const values = set.write(book, event);
            expect(
              Buffer.from(other.write(book, event).buffer).equals(
                Buffer.from(values.buffer),
              ),
            ).toBe(true);
          }
        },
      ),
      { numRuns: 40 },
    );
  });

  it("are what the formulas give anew from all events", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const events = microMarket({ seed, events: 300, meanGapMs: 60 });
        const { set, book } = run(events);
        const now = events.at(-1)!.receivedNs;
        const values = set.write(book, { receivedNs: now });
        const of = (name: string): number =>
          values[features.findIndex((feature) => feature.name === name)]!;
        const decayed = (
          points: readonly { at: number; x: number }[],
          seconds: number,
        ): number =>
          points.reduce(
            (sum, { at, x }) => sum + x * Math.exp(-(now - at) / 1e9 / seconds),
            0,
          );
        const books = events.filter((event) => event.type === "bookSnapshot");
        const meanOf = (x: (i: number) => number, seconds: number): number => {
          let sum = 0;
          let weight = 0;
          books.forEach((event, i) => {
            const until = books[i + 1]?.receivedNs ?? now;
            const share =
              Math.exp(-(now - until) / 1e9 / seconds) *
              -Math.expm1(-(until - event.receivedNs) / 1e9 / seconds);
            sum += share * x(i);
            weight += share;
          });
          return weight > 0 ? sum / weight : x(books.length - 1);
        };
        const sizes = (i: number): number => {
          const { bids, asks } = books[i]!;
          let sum = 0;
          for (let at = 1; at < 20; at += 2) sum += bids[at]! + asks[at]!;
          return sum / 20;
        };
        const imbalance = (i: number): number => {
          const { bids, asks } = books[i]!;
          return (bids[1]! - asks[1]!) / (bids[1]! + asks[1]!);
        };
        const unit = meanOf(sizes, 30);
        const flows = (level: number) =>
          books.slice(1).map((after, i) => {
            const before = books[i]!;
            const at = 2 * level;
            const [b, a] = [after.bids[at]!, after.asks[at]!];
            const [b0, a0] = [before.bids[at]!, before.asks[at]!];
            return {
              at: after.receivedNs,
              x:
                (b >= b0 ? after.bids[at + 1]! : 0) -
                (b <= b0 ? before.bids[at + 1]! : 0) -
                (a <= a0 ? after.asks[at + 1]! : 0) +
                (a >= a0 ? before.asks[at + 1]! : 0),
            };
          });
        const close = (name: string, wanted: number): void => {
          const scale = Math.max(1, Math.abs(wanted));
          if (!(Math.abs(of(name) - wanted) <= 1e-9 * scale))
            throw new Error(`${name}: ${of(name)} is not ${wanted}`);
        };
        for (let level = 0; level < 10; level++)
          close(`ofiLevel${level + 1}`, decayed(flows(level), 1) / unit);
        const all = Array.from({ length: 10 }, (_, level) =>
          flows(level),
        ).flat();
        close("ofi10Over100Ms", decayed(all, 0.1) / (10 * unit));
        close("ofi10Over5S", decayed(all, 5) / (10 * unit));
        close("queueImbalance", imbalance(books.length - 1));
        close("queueImbalance1S", meanOf(imbalance, 1));
        close("queueImbalance5S", meanOf(imbalance, 5));
        const midAt = (trade: Trade): number => {
          const { bids, asks } = books.findLast(
            (event) => events.indexOf(event) < events.indexOf(trade),
          )!;
          return (bids[0]! + asks[0]!) / 2;
        };
        const trades = events
          .filter((event) => event.type === "trade")
          .map((trade) => ({
            at: trade.receivedNs,
            size: trade.size,
            sign:
              trade.side === "buy"
                ? 1
                : trade.side === "sell"
                  ? -1
                  : Math.sign(trade.price - midAt(trade)),
          }));
        const volumes = trades.map(({ at, size }) => ({ at, x: size }));
        const signed = trades.map(({ at, size, sign }) => ({
          at,
          x: size * sign,
        }));
        for (const [name, seconds] of [
          ["tradeFlow1S", 1],
          ["tradeFlow5S", 5],
        ] as const)
          close(
            name,
            decayed(signed, seconds) / (decayed(volumes, seconds) + unit),
          );
        const ones = (sign: number) =>
          trades
            .filter((trade) => trade.sign === sign)
            .map(({ at }) => ({ at, x: 1 }));
        const buys = decayed(ones(1), 1);
        const sells = decayed(ones(-1), 1);
        close("intensityImbalance1S", (buys - sells) / (buys + sells + 1));
      }),
      { numRuns: 25 },
    );
  });
});
