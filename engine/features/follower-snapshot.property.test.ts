import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { microMarket } from "../../test/support/micro-market.ts";
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { Reference } from "../market/references.ts";
import { Random } from "../std/random.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { EventFeatures } from "./event-features.ts";
import { FEATURE_SETS, createEventFeatures } from "./feature-sets.ts";
import { INPUT_WINDOWS } from "./input-windows.ts";
import { JoinedFeatures } from "./joined-features.ts";
import type { Article } from "./news-windows.ts";
import { WindowFollower } from "./window-follower.ts";

type Step =
  | Exclude<MarketEvent, { readonly type: "bookDelta" }>
  | { readonly type: "article"; readonly article: Article };

/** A market with all that followers read: book, trades, quotes, bars of a second or a minute with holes, funding, open interest, news. */
const steps = (seed: number, events: number, meanGapMs: number): Step[] => {
  const random = new Random(seed);
  const barMs = random.next() < 0.5 ? 1000 : 60_000;
  const out: Step[] = [];
  let openUs = 0;
  for (const event of microMarket({ seed, events, meanGapMs, gaps: 0.02 })) {
    const { symbol, eventUs, receivedUs, receivedNs } = event;
    const head = { symbol, eventUs, receivedUs, receivedNs };
    for (; openUs + barMs * 1000 <= eventUs; openUs += barMs * 1000)
      if (random.next() < 0.95) out.push(bar(head, openUs, barMs, random));
    if (event.type === "bookDelta") continue;
    out.push(event);
    const drawn = random.next();
    if (drawn < 0.05)
      out.push({
        type: "funding",
        ...head,
        rate: random.next() - 0.5,
        markPrice: 1000,
        nextUs: eventUs,
      });
    else if (drawn < 0.1) out.push(article(head, random));
    else if (drawn < 0.2)
      out.push({
        type: "openInterest",
        ...head,
        openInterest: 1000 + random.next(),
      });
    else if (drawn < 0.3)
      out.push({
        type: "quote",
        ...head,
        seq: out.length,
        bidPrice: 999 + random.int(3),
        bidSize: random.next(),
        askPrice: 1002 + random.int(3),
        askSize: random.next(),
      });
  }
  return out;
};

type Head = Pick<
  MarketEvent,
  "symbol" | "eventUs" | "receivedUs" | "receivedNs"
>;

const bar = (
  head: Head,
  openUs: number,
  intervalMs: number,
  random: Random,
): Bar => {
  const open = 1000 + random.next();
  const close = 1000 + random.next();
  const volume = random.next();
  const buyVolume = volume * random.next();
  return {
    type: "bar",
    ...head,
    intervalMs,
    openUs: unixMicros(openUs),
    open,
    high: Math.max(open, close) + random.next(),
    low: Math.min(open, close) - random.next(),
    close,
    volume,
    ...(random.next() < 0.9
      ? { buyVolume, sellVolume: volume - buyVolume }
      : {}),
    vwap: (open + close) / 2,
    trades: 1 + random.int(9),
    closed: true,
  };
};

const article = ({ eventUs, receivedUs }: Head, random: Random): Step => {
  const positive = random.next();
  const negative = (1 - positive) * random.next();
  return {
    type: "article",
    article: {
      publishedUs: eventUs,
      receivedUs,
      positive,
      negative,
      neutral: 1 - positive - negative,
      headline: `Börse № ${random.int(100)}`,
      source: "wire",
    },
  };
};

const tell = (follower: EventFeatures, step: Step, book: OrderBook): void => {
  switch (step.type) {
    case "bookSnapshot":
      follower.onBook(book, step);
      break;
    case "trade":
      follower.onTrade(step);
      break;
    case "quote":
      follower.onQuote(step);
      break;
    case "bar":
      follower.onBar(step);
      break;
    case "funding":
      follower.onFunding?.(step);
      break;
    case "openInterest":
      follower.onOpenInterest?.(step);
      break;
    case "article":
      follower.onArticle?.(step.article);
      break;
    case "gap":
      follower.onVoid();
  }
};

/** Whether the same numbers stand in both, to the bit; a NaN is a NaN, for which of its bit patterns arithmetic leaves is the compiler's choice. */
const sameBits = (a: Float64Array, b: Float64Array): boolean =>
  a.length === b.length && a.every((value, i) => Object.is(value, b[i]));

/** Follows all steps; at each of the cuts a new follower takes over from a snapshot, beside the one that saw them all. */
const check = (
  create: () => EventFeatures,
  leader: Reference,
  all: readonly Step[],
  cut: number,
): void => {
  const book = new OrderBook({ depthMax: 50 });
  const whole = create();
  let resumed: EventFeatures | undefined;
  let at = { receivedNs: monoNanos(0), receivedUs: unixMicros(0) };
  all.forEach((step, i) => {
    if (i === cut) {
      resumed = create();
      const snapshot = whole.snapshot();
      resumed.restore(snapshot, book.hasBothSides ? book : undefined);
      expect(sameBits(resumed.snapshot(), snapshot)).toBe(true);
      expect(resumed.staleInput).toBe(whole.staleInput);
    }
    if (step.type !== "article") {
      const { receivedNs, receivedUs } = step;
      at = { receivedNs, receivedUs };
    }
    if (step.type === "bookSnapshot") {
      book.applySnapshot(step.bids, step.asks, step.seq);
      leader.moved(100 + (i % 7), 0.5, step.receivedNs);
    } else if (step.type === "gap") book.clear();
    else if (step.type === "bar" && step.intervalMs === 60_000 && i % 3 > 0)
      leader.closed(step);
    for (const follower of resumed === undefined ? [whole] : [whole, resumed])
      tell(follower, step, book);
    const values = whole.write(book, at);
    if (resumed === undefined) return;
    expect(sameBits(resumed.write(book, at), values)).toBe(true);
    expect(resumed.isWarm).toBe(whole.isWarm);
    expect(resumed.staleInput).toBe(whole.staleInput);
    for (let feature = 0; feature < values.length; feature += 5)
      expect(resumed.ageMs(feature, at)).toBe(whole.ageMs(feature, at));
  });
};

const markets = fc.record({
  seed: fc.integer(),
  events: fc.integer({ min: 2, max: 400 }),
  meanGapMs: fc.constantFrom(5, 300, 3000, 40_000),
  cut: fc.double({ min: 0, max: 1, maxExcluded: true, noNaN: true }),
});

describe("a follower restored from a snapshot taken anywhere", () => {
  const joined = "all sets joined";
  it.each([...FEATURE_SETS.map(({ name }) => name), joined])(
    "says of %s what the one that saw everything says, to the bit",
    (name) => {
      const sets = FEATURE_SETS.filter(
        (set) => name === joined || set.name === name,
      );
      fc.assert(
        fc.property(markets, ({ seed, events, meanGapMs, cut }) => {
          const leading = new Reference(symbolId("LEADER.TEST"));
          const create = (): EventFeatures => {
            const parts = sets.map((set) =>
              createEventFeatures(set, { leading }),
            );
            return parts.length === 1 ? parts[0]! : new JoinedFeatures(parts);
          };
          const all = steps(seed, events, meanGapMs);
          check(create, leading, all, Math.floor(all.length * cut));
        }),
        { numRuns: name === joined ? 4 : 8 },
      );
    },
  );

  it("refuses a snapshot of another set", () => {
    for (const set of FEATURE_SETS)
      for (const other of FEATURE_SETS)
        if (set !== other)
          expect(
            () =>
              createEventFeatures(set).restore(
                createEventFeatures(other).snapshot(),
                undefined,
              ),
            `${set.name} from ${other.name}`,
          ).toThrow("snapshot");
  });
});

describe("an input window restored from a snapshot", () => {
  it("copies the same rows to the bit, and goes on the same", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.nat(200),
        fc.nat(100),
        (seed, before, after) => {
          for (const window of INPUT_WINDOWS) {
            const random = new Random(seed);
            const { intervalMs } = window;
            const all = Array.from({ length: before + after }, (_, i) => {
              const us = (i + 1) * intervalMs * 1000;
              const head = {
                symbol: symbolId("BTCUSDT.TEST"),
                eventUs: unixMicros(us),
                receivedUs: unixMicros(us),
                receivedNs: monoNanos(us * 1000),
              };
              const isMissing = random.next() < 0.01;
              const heard = random.next() < 0.05 && article(head, random);
              return {
                bar: bar(head, us - intervalMs * 1000, intervalMs, random),
                isMissing,
                heard,
              };
            });
            const whole = new WindowFollower(window);
            let resumed: WindowFollower | undefined;
            all.forEach(({ bar: next, isMissing, heard }, i) => {
              if (i === before) {
                resumed = new WindowFollower(window);
                resumed.restore(whole.snapshot());
              }
              for (const one of resumed === undefined
                ? [whole]
                : [whole, resumed]) {
                if (heard !== false && heard.type === "article")
                  one.onArticle(heard.article);
                if (!isMissing) one.onBar(next);
              }
              if (resumed !== undefined)
                expect(resumed.copy()).toEqual(whole.copy());
            });
          }
        },
      ),
      { numRuns: 10 },
    );
  });
});
