import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type {
  Bar,
  BookDelta,
  Quote,
  Side,
  Trade,
} from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { FeatureSet } from "./feature-set.ts";
import { MARKET_FEATURES } from "./feature-schema.ts";

const symbol = symbolId("BTCUSDT.TEST");
const START_NS = 7_123_456_789;

type Level = readonly [price: number, size: number];
interface Shape {
  readonly bids: readonly Level[];
  readonly asks: readonly Level[];
}
type Raw =
  | { readonly kind: "book"; readonly t: number; readonly shape: Shape }
  | { readonly kind: "trade"; readonly t: number; readonly trade: Trade }
  | { readonly kind: "quote"; readonly t: number; readonly quote: Quote }
  | { readonly kind: "bar"; readonly t: number; readonly bar: Bar };

// ---------------------------------------------------------------- The slow reference: every feature anew from the raw list

const SECOND = 1e9;

const decayed = (
  points: readonly { t: number; x: number }[],
  now: number,
  seconds: number,
): number =>
  points.reduce(
    (sum, { t, x }) => sum + x * Math.exp(-(now - t) / SECOND / seconds),
    0,
  );

const sizes = (levels: readonly Level[], count: number): number =>
  levels.slice(0, count).reduce((sum, level) => sum + level[1], 0);

const flowOf = (before: Shape, after: Shape, i: number): number => {
  const [bid, bidSize] = after.bids[i] ?? [0, 0];
  const [ask, askSize] = after.asks[i] ?? [Infinity, 0];
  const [bidBefore, bidSizeBefore] = before.bids[i] ?? [0, 0];
  const [askBefore, askSizeBefore] = before.asks[i] ?? [Infinity, 0];
  return (
    (bid >= bidBefore ? bidSize : 0) -
    (bid <= bidBefore ? bidSizeBefore : 0) -
    (ask <= askBefore ? askSize : 0) +
    (ask >= askBefore ? askSizeBefore : 0)
  );
};

const midOf = (shape: Shape): number =>
  (shape.bids[0]![0] + shape.asks[0]![0]) / 2;
const sum = (numbers: readonly number[]): number =>
  numbers.reduce((a, b) => a + b, 0);

const reference = (events: readonly Raw[], now: number, seq: number) => {
  const books = events.filter((e) => e.kind === "book");
  const { shape } = books.at(-1)!;
  const mid = midOf(shape);
  const [[bid, bidSize]] = shape.bids as [Level];
  const [[ask, askSize]] = shape.asks as [Level];

  const meanOf = (depth: (s: Shape) => number): number => {
    const parts = books.map((book, i) => {
      const until = books[i + 1]?.t ?? now;
      const weight =
        Math.exp(-(now - until) / SECOND / 30) *
        -Math.expm1(-(until - book.t) / SECOND / 30);
      return { weight, x: depth(book.shape) };
    });
    const weight = sum(parts.map((p) => p.weight));
    return weight > 0
      ? sum(parts.map((p) => p.weight * p.x)) / weight
      : depth(shape);
  };
  const unit1 = meanOf((s) => (sizes(s.bids, 1) + sizes(s.asks, 1)) / 2);
  const unit5 = meanOf((s) => (sizes(s.bids, 5) + sizes(s.asks, 5)) / 2);

  const changes = books.slice(1).map((book, i) => ({
    t: book.t,
    before: books[i]!.shape,
    after: book.shape,
  }));
  const ofi1 = changes.map((c) => ({
    t: c.t,
    x: flowOf(c.before, c.after, 0),
  }));
  const ofi5 = changes.map((c) => ({
    t: c.t,
    x: sum([0, 1, 2, 3, 4].map((i) => flowOf(c.before, c.after, i))),
  }));

  const quotes = events.filter((e) => e.kind === "quote");
  const shapeOfQuote = ({ quote }: { quote: Quote }): Shape => ({
    bids: [[quote.bidPrice, quote.bidSize]],
    asks: [[quote.askPrice, quote.askSize]],
  });
  const quoteOfi = quotes.slice(1).map((q, i) => ({
    t: q.t,
    x: flowOf(shapeOfQuote(quotes[i]!), shapeOfQuote(q), 0),
  }));
  const quote = quotes.at(-1);
  const isRecent = quote !== undefined && now - quote.t <= SECOND;
  const top = isRecent && quote.quote.seq > seq ? shapeOfQuote(quote) : shape;
  const [[topBid, topBidSize]] = top.bids as [Level];
  const [[topAsk, topAskSize]] = top.asks as [Level];
  const microprice =
    (topBid * topAskSize + topAsk * topBidSize) / (topBidSize + topAskSize);

  const trades = events.flatMap((e, at) => {
    if (e.kind !== "trade") return [];
    const standing = events
      .slice(0, at)
      .filter((x) => x.kind === "book")
      .at(-1);
    const sign =
      e.trade.side === "buy"
        ? 1
        : e.trade.side === "sell"
          ? -1
          : standing === undefined
            ? 0
            : Math.sign(e.trade.price - midOf(standing.shape));
    return [{ t: e.t, ...e.trade, sign }];
  });
  const flows = trades.map((x) => ({ t: x.t, x: x.sign * x.size }));
  const volumes = trades.map((x) => ({ t: x.t, x: x.size }));
  const counts = trades.map((x) => ({ t: x.t, x: 1 }));
  const volume5 = decayed(volumes, now, 5);

  const midAt = (agoMs: number): number => {
    const grid = 20e6;
    const at = Math.floor((now - agoMs * 1e6) / grid) * grid;
    return midOf((books.filter((b) => b.t <= at).at(-1) ?? books[0]!).shape);
  };
  const squares = changes.map((c) => ({
    t: c.t,
    x: (1e4 * Math.log(midOf(c.after) / midOf(c.before))) ** 2,
  }));

  const bars = events.flatMap((e) => (e.kind === "bar" ? [e.bar] : []));
  const last = (count: number): Bar[] => bars.slice(-count);
  const barReturn = (count: number): number =>
    bars.length === 0
      ? 0
      : 1e4 * Math.log(bars.at(-1)!.close / last(count + 1)[0]!.close);
  const moves = bars.slice(1).map((bar, i) => bar.close - bars[i]!.close);
  const wilder = (parts: readonly number[]): number => {
    const first = parts.slice(0, 14);
    let mean = first.length === 0 ? 0 : sum(first) / first.length;
    for (const part of parts.slice(14)) mean = (mean * 13 + part) / 14;
    return mean;
  };
  const gain = wilder(moves.map((m) => Math.max(m, 0)));
  const loss = wilder(moves.map((m) => Math.max(-m, 0)));
  const volume = (count: number): number =>
    sum(last(count).map((bar) => bar.volume));
  const minute = Math.min(60, bars.length);
  const vwap = sum(last(30).map((bar) => bar.vwap * bar.volume)) / volume(30);

  const depthPrice = (levels: readonly Level[]): number =>
    sum(levels.slice(0, 5).map(([p, s]) => p * s)) / sizes(levels, 5);
  const bid5 = sizes(shape.bids, 5);
  const ask5 = sizes(shape.asks, 5);
  const bid10 = sizes(shape.bids, 10);
  const ask10 = sizes(shape.asks, 10);
  const bidSpan = bid - shape.bids.slice(0, 10).at(-1)![0];
  const askSpan = shape.asks.slice(0, 10).at(-1)![0] - ask;
  const bps = (price: number): number => (1e4 * (price - mid)) / mid;
  const lnBps = (a: number, b: number): number => 1e4 * Math.log(a / b);

  const values: Record<string, number> = {
    spreadBps: (1e4 * (ask - bid)) / mid,
    imbalance1: (bidSize - askSize) / (bidSize + askSize),
    imbalance5: (bid5 - ask5) / (bid5 + ask5),
    imbalance10: (bid10 - ask10) / (bid10 + ask10),
    micropriceBps: bps((bid * askSize + ask * bidSize) / (bidSize + askSize)),
    depthPriceBps: bps(
      (depthPrice(shape.bids) * ask5 + depthPrice(shape.asks) * bid5) /
        (bid5 + ask5),
    ),
    slopeAsymmetry:
      bidSpan + askSpan > 0 ? (askSpan - bidSpan) / (bidSpan + askSpan) : 0,
    depthRatio: Math.log((bid5 + ask5) / 2 / unit5),
    ofi1Over100Ms: decayed(ofi1, now, 0.1) / unit1,
    ofi1Over1S: decayed(ofi1, now, 1) / unit1,
    ofi1Over5S: decayed(ofi1, now, 5) / unit1,
    ofi5Over100Ms: decayed(ofi5, now, 0.1) / unit5,
    ofi5Over1S: decayed(ofi5, now, 1) / unit5,
    ofi5Over5S: decayed(ofi5, now, 5) / unit5,
    quoteOfiOver100Ms: decayed(isRecent ? quoteOfi : ofi1, now, 0.1) / unit1,
    quoteOfiOver1S: decayed(isRecent ? quoteOfi : ofi1, now, 1) / unit1,
    quoteImbalance: (topBidSize - topAskSize) / (topBidSize + topAskSize),
    quoteMicropriceBps: bps(microprice),
    tradeFlowOver100Ms: decayed(flows, now, 0.1) / unit1,
    tradeFlowOver1S: decayed(flows, now, 1) / unit1,
    tradeFlowOver5S: decayed(flows, now, 5) / unit1,
    tradeImbalance5S:
      volume5 > 1e-9 * unit1 ? decayed(flows, now, 5) / volume5 : 0,
    tradeIntensity: Math.log(
      (decayed(counts, now, 1) + 0.1) / (decayed(counts, now, 30) / 30 + 0.1),
    ),
    lastTradeBps: trades.length === 0 ? 0 : lnBps(trades.at(-1)!.price, mid),
    return100Ms: lnBps(mid, midAt(100)),
    return500Ms: lnBps(mid, midAt(500)),
    return1S: lnBps(mid, midAt(1000)),
    return5S: lnBps(mid, midAt(5000)),
    return30S: lnBps(mid, midAt(30_000)),
    volatility5S: Math.sqrt(decayed(squares, now, 5) / 5),
    barReturn10: barReturn(10),
    barReturn60: barReturn(60),
    rsi14: gain + loss > 0 ? (100 * gain) / (gain + loss) : 50,
    barRange30:
      bars.length === 0
        ? 0
        : lnBps(
            Math.max(...last(30).map((bar) => bar.high)),
            Math.min(...last(30).map((bar) => bar.low)),
          ),
    volumeRatio:
      volume(60) > 0
        ? Math.log(
            Math.max(
              0.01,
              volume(5) / Math.min(5, minute) / (volume(60) / minute),
            ),
          )
        : 0,
    vwapDeviationBps: volume(30) > 0 ? lnBps(mid, vwap) : 0,
  };
  return MARKET_FEATURES.features.map(({ name }) => values[name]!);
};

// ---------------------------------------------------------------- Random streams

const elapsedNs = fc.oneof(
  { weight: 2, arbitrary: fc.constant(0) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 5_000_000 }) },
  { weight: 4, arbitrary: fc.integer({ min: 1, max: 400_000_000 }) },
  {
    weight: 1,
    arbitrary: fc.integer({ min: 1, max: 40_000 }).map((us) => us * 1_000_000),
  },
);
const size = fc.integer({ min: 1, max: 5000 }).map((n) => n / 100);
const step = fc.oneof(
  {
    weight: 5,
    arbitrary: fc.record({
      kind: fc.constant("book" as const),
      elapsedNs,
      levels: fc.array(
        fc.tuple(
          fc.integer({ min: 1, max: 14 }),
          fc.oneof(fc.constant(0), size),
          fc.boolean(),
        ),
        { maxLength: 8 },
      ),
      shift: fc.integer({ min: -2, max: 2 }),
    }),
  },
  {
    weight: 2,
    arbitrary: fc.record({
      kind: fc.constant("trade" as const),
      elapsedNs,
      size,
      ticks: fc.integer({ min: -3, max: 3 }),
      side: fc.constantFrom<Side>("buy", "sell", "unknown"),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("quote" as const),
      elapsedNs,
      bidSize: size,
      askSize: size,
      ticks: fc.integer({ min: -3, max: 3 }),
      seqAhead: fc.integer({ min: 0, max: 2 }),
    }),
  },
  {
    weight: 3,
    arbitrary: fc.record({
      kind: fc.constant("bar" as const),
      elapsedNs,
      close: fc.integer({ min: 9900, max: 10100 }).map((n) => n / 100),
      volume: fc.oneof(fc.constant(0), size),
    }),
  },
);

const head = (t: number) => ({
  symbol,
  eventUs: unixMicros(0),
  receivedUs: unixMicros(0),
  receivedNs: monoNanos(t),
});

const shapeOf = (book: OrderBook): Shape => ({
  bids: Array.from({ length: book.bidCount }, (_, i) => [
    book.bidPrice(i),
    book.bidSize(i),
  ]),
  asks: Array.from({ length: book.askCount }, (_, i) => [
    book.askPrice(i),
    book.askSize(i),
  ]),
});

describe("feature set against recomputation from the raw events", () => {
  it("gives the same numbers within 1e-9 after any stream", () => {
    fc.assert(
      fc.property(fc.array(step, { minLength: 1, maxLength: 60 }), (steps) => {
        const book = new OrderBook({ depthMax: 20 });
        const features = new FeatureSet();
        const events: Raw[] = [];
        let t = START_NS;
        let quoteSeq = 0;
        let barUs = 0;
        const apply = (bids: number[], asks: number[]): void => {
          book.applyDelta(bids, asks, book.seq + 1);
          const delta: BookDelta = {
            type: "bookDelta",
            ...head(t),
            prevSeq: book.seq - 1,
            seq: book.seq,
            bids,
            asks,
          };
          features.onBook(book, delta);
          events.push({ kind: "book", t, shape: shapeOf(book) });
        };
        apply([99.8, 5], [100.2, 4]);
        for (const s of steps) {
          t += s.elapsedNs;
          if (s.kind === "book") {
            const bids: number[] = [];
            const asks: number[] = [];
            // Anchors on either side keep the book whole and apart while the levels between come and go.
            for (const [tick, newSize, isBid] of s.levels)
              if (isBid) bids.push(100 - tick / 100, newSize);
              else asks.push(100 + tick / 100, newSize);
            bids.push(99 + s.shift / 100, 1);
            asks.push(101 + s.shift / 100, 1);
            apply(bids, asks);
          } else if (s.kind === "trade") {
            const trade: Trade = {
              type: "trade",
              ...head(t),
              tradeId: 1,
              price: 100 + s.ticks / 100,
              size: s.size,
              side: s.side,
            };
            features.onTrade(trade);
            events.push({ kind: "trade", t, trade });
          } else if (s.kind === "quote") {
            quoteSeq = Math.max(quoteSeq, book.seq + s.seqAhead);
            const quote: Quote = {
              type: "quote",
              ...head(t),
              seq: quoteSeq,
              bidPrice: 99.99 + s.ticks / 100,
              askPrice: 100.01 + s.ticks / 100,
              bidSize: s.bidSize,
              askSize: s.askSize,
            };
            features.onQuote(quote);
            events.push({ kind: "quote", t, quote });
          } else {
            barUs += 1_000_000;
            const bar: Bar = {
              type: "bar",
              ...head(t),
              intervalMs: 1000,
              openUs: unixMicros(barUs),
              open: s.close,
              high: s.close + 0.03,
              low: s.close - 0.02,
              close: s.close,
              volume: s.volume,
              vwap: s.close + 0.01,
              trades: 1,
              closed: true,
            };
            features.onBar(bar);
            events.push({ kind: "bar", t, bar });
          }
          const written = features.write(book, { receivedNs: monoNanos(t) });
          const expected = reference(events, t, book.seq);
          MARKET_FEATURES.features.forEach(({ name }, i) => {
            const apart =
              Math.abs(written[i]! - expected[i]!) /
              Math.max(1, Math.abs(expected[i]!));
            expect(
              apart,
              `${name}: ${written[i]!} ${expected[i]!}`,
            ).toBeLessThan(1e-9);
          });
        }
      }),
      { numRuns: 150 },
    );
  });

  it("gives the same numbers over minutes and hundreds of bars", () => {
    const book = new OrderBook({ depthMax: 20 });
    const features = new FeatureSet();
    const events: Raw[] = [];
    let t = START_NS;
    for (let i = 1; i <= 400; i++) {
      t += 317_000_001;
      const close = 100 + Math.sin(i / 9) + ((i * 7919) % 13) / 50;
      const bar: Bar = {
        type: "bar",
        ...head(t),
        intervalMs: 1000,
        openUs: unixMicros(i * 1e6),
        open: close,
        high: close + ((i * 31) % 7) / 100,
        low: close - ((i * 17) % 5) / 100,
        close,
        volume: (i * 37) % 11,
        vwap: close,
        trades: 1,
        closed: true,
      };
      features.onBar(bar);
      events.push({ kind: "bar", t, bar });
      const bid = Math.round(close * 100) / 100;
      book.applySnapshot([bid, 1 + (i % 5)], [bid + 0.01, 1 + (i % 3)], i);
      features.onBook(book, {
        type: "bookSnapshot",
        ...head(t),
        seq: i,
        bids: [],
        asks: [],
      });
      events.push({ kind: "book", t, shape: shapeOf(book) });
    }
    const written = features.write(book, { receivedNs: monoNanos(t) });
    const expected = reference(events, t, book.seq);
    MARKET_FEATURES.features.forEach(({ name }, i) => {
      expect(
        Math.abs(written[i]! - expected[i]!) /
          Math.max(1, Math.abs(expected[i]!)),
        name,
      ).toBeLessThan(1e-9);
    });
  });
});
