import { describe, expect, it } from "vitest";
import type { BookDelta, BookSnapshot, Quote } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BookSync } from "./book-sync.ts";
import type { BookSyncOptions } from "./book-sync-options.ts";
import { OrderBook } from "./order-book.ts";

const BIDS = [100, 1, 99, 2];
const ASKS = [101, 1, 102, 2];
const ns = (ms: number) => monoNanos(ms * 1e6);
/** The venue's clock goes as it likes: ages must not care. */
const head = (atMs: number, symbol: string, venueMs = atMs) => ({
  symbol: symbolId(symbol),
  eventUs: unixMicros(1e15 + venueMs * 1000),
  receivedUs: unixMicros(1e15 + atMs * 1000),
  receivedNs: ns(atMs),
});
const PLAIN = "BTCUSDT.TEST";
const BINANCE = "BTCUSDT.BINANCE";
const snapshot = (
  seq: number,
  atMs: number,
  { bids = BIDS, asks = ASKS, symbol = PLAIN } = {},
): BookSnapshot => ({
  type: "bookSnapshot",
  ...head(atMs, symbol),
  seq,
  bids,
  asks,
});
const delta = (
  prevSeq: number,
  atMs: number,
  bids: number[] = [],
  asks: number[] = [],
  symbol = PLAIN,
): BookDelta => ({
  type: "bookDelta",
  ...head(atMs, symbol),
  prevSeq,
  seq: prevSeq + 1,
  bids,
  asks,
});
const quote = (
  seq: number,
  atMs: number,
  best: Partial<Quote> = {},
  symbol = PLAIN,
): Quote => ({
  type: "quote",
  ...head(atMs, symbol),
  seq,
  bidPrice: 100,
  bidSize: 1,
  askPrice: 101,
  askSize: 1,
  ...best,
});
const live = (options: Partial<BookSyncOptions> = {}, symbol = PLAIN) => {
  const sync = new BookSync(new OrderBook({ depthMax: 10 }), options);
  sync.apply(snapshot(10, 0, { symbol }));
  expect(sync.state).toBe("LIVE");
  return sync;
};

describe("a book that meets a fault", () => {
  it("F43: is not live from the message after a lost one, and comes back by a snapshot", () => {
    const sync = live();
    sync.apply(delta(10, 1));
    expect(sync.apply(delta(12, 2, [98, 1]))).toBe("voided");
    expect(sync).toMatchObject({
      state: "SYNCING",
      reason: "gap",
      counts: { gaps: 1 },
    });
    expect(sync.takeResync(ns(2))).toBe(true);
    expect(sync.apply(snapshot(12, 3))).toBe("snapshot");
    expect(sync.state).toBe("LIVE");
    expect(sync.book.seq).toBe(13);
  });

  it.each([1, 2, 3, 4, 5])(
    "F44: puts %i deltas back in order that one has overtaken",
    (overtaken) => {
      const sync = live();
      const deltas = Array.from({ length: overtaken + 1 }, (_, i) =>
        delta(10 + i, i + 1, [100, i + 2]),
      );
      expect(sync.apply(deltas.at(-1)!)).toBe("voided");
      for (const late of deltas.slice(0, -1).reverse()) {
        expect(sync.isLive).toBe(false);
        sync.apply(late);
      }
      expect(sync).toMatchObject({
        state: "LIVE",
        counts: { reordered: 1, snapshots: 1 },
      });
      expect(sync.book.bidSize(0)).toBe(overtaken + 2);
    },
  );

  it("F45: refuses a snapshot from before its buffer, asks five times with growing waits, then says noSync", () => {
    const sync = live();
    sync.apply(delta(12, 1));
    const askedMs: number[] = [];
    let spentMs = 0;
    for (let ms = 1; spentMs === 0; ms++) {
      if (sync.takeResync(ns(ms))) {
        askedMs.push(ms);
        expect(sync.apply(snapshot(11, ms))).toBe("refused");
      }
      if (sync.reason === "noSync") spentMs = ms;
    }
    expect(askedMs).toEqual([1, 251, 751, 1751, 3751]);
    expect(spentMs).toBe(7751);
    expect(sync).toMatchObject({
      state: "QUARANTINED",
      counts: { refused: 5 },
    });
    expect(sync.apply(snapshot(12, 8000))).toBe("snapshot");
  });

  it("F45: refuses a snapshot from before what it has seen already, even when it was told that data is lost", () => {
    const sync = live();
    for (let i = 0; i < 5; i++) sync.apply(delta(10 + i, 1));
    sync.apply({ type: "gap", ...head(2, PLAIN), reason: "checksum" });
    expect(sync.apply({ ...snapshot(12, 3), eventUs: unixMicros(1e15) })).toBe(
      "refused",
    );
    expect(sync.apply(snapshot(15, 4))).toBe("snapshot");
  });

  it.each([
    [
      "contradicted by a quote",
      (sync: BookSync) => sync.onQuote(quote(15, 2, { bidSize: 77 }, BINANCE)),
    ],
    [
      "crossed",
      (sync: BookSync) => sync.apply(delta(15, 2, [105, 1], [], BINANCE)),
    ],
    [
      "cut off",
      (sync: BookSync) =>
        sync.apply({
          type: "gap",
          ...head(2, BINANCE),
          reason: "disconnected",
        }),
    ],
    ["stale", (sync: BookSync) => sync.checkFresh(ns(3000))],
  ])(
    "F45: refuses a snapshot from before what a book that is %s has seen, however late it is dated",
    (_, spoil) => {
      const sync = live({}, BINANCE);
      for (let i = 0; i < 5; i++)
        sync.apply(delta(10 + i, 1, [100, 2 + i], [], BINANCE));
      spoil(sync);
      expect(sync.isLive).toBe(false);
      const old = snapshot(12, 3100, {
        bids: [100, 2, 98, 1],
        symbol: BINANCE,
      });
      expect(sync.apply(old)).toBe("refused");
      const now = snapshot(16, 3200, { bids: [100, 3], symbol: BINANCE });
      expect(sync.apply(now)).toBe("snapshot");
    },
  );

  it("F45: refuses a snapshot from before a delta that waited when all was void", () => {
    const sync = live();
    sync.apply(delta(12, 1));
    sync.apply({ type: "gap", ...head(2, PLAIN), reason: "checksum" });
    expect(sync.apply(snapshot(12, 3))).toBe("refused");
    expect(sync.apply(snapshot(13, 4))).toBe("snapshot");
  });

  it("F45: takes a lower number for news where our own processes count, if it is dated later", () => {
    const symbol = "BTC-USD.KRAKEN";
    const sync = live({}, symbol);
    sync.apply({ type: "gap", ...head(1, symbol), reason: "resync" });
    expect(sync.apply(snapshot(3, 0, { symbol }))).toBe("refused");
    expect(sync.apply(snapshot(3, 2, { symbol }))).toBe("snapshot");
  });

  it("F46: tells a crossed from a locked book, judges each held delta, and asks at once", () => {
    const sync = live();
    sync.apply(delta(11, 1, [101, 0]));
    // The missing one crosses the book, and the held one would cover that up.
    expect(sync.apply(delta(10, 2, [101.5, 1]))).toBe("crossed");
    expect(sync).toMatchObject({ state: "QUARANTINED", reason: "crossed" });
    expect(sync.takeResync(ns(2))).toBe(true);
    expect(sync.apply(snapshot(12, 500))).toBe("snapshot");
    expect(sync.apply(delta(12, 501, [101, 1]))).toBe("locked");
    expect(sync).toMatchObject({ state: "QUARANTINED", reason: "locked" });
  });

  it("F47: is void on a venue's checksum", () => {
    const sync = live();
    sync.apply({ type: "gap", ...head(1, PLAIN), reason: "checksum" });
    expect(sync).toMatchObject({ state: "SYNCING", reason: "checksum" });
  });

  it("F47: is void when a quote of its own sequence contradicts it, where quotes and book share one", () => {
    const sync = live({}, BINANCE);
    sync.onQuote(quote(10, 1, {}, BINANCE));
    expect(sync).toMatchObject({ state: "LIVE", counts: { quotesAgreed: 1 } });
    sync.onQuote(quote(11, 2, { bidSize: 7 }, BINANCE));
    expect(sync.apply(delta(10, 3, [100, 6], [], BINANCE))).toBe("voided");
    expect(sync).toMatchObject({
      state: "SYNCING",
      reason: "checksum",
      counts: { quotesContradicted: 1 },
    });
    const plain = live();
    plain.onQuote(quote(10, 1, { bidSize: 7 }));
    expect(plain.state).toBe("LIVE");
  });

  const OUT_OF_RANGE = [
    [NaN, 1],
    [0, 1],
    [-1, 1],
    [1e308, 1],
    [5e-324, 1],
    [99, -1],
    [99, 2 ** 54],
  ] as const;

  it.each(OUT_OF_RANGE)(
    "F48: rejects a message with %d × %d, keeps the book as it was, and is not live until what was lost is known",
    (price, size) => {
      const sync = live();
      const spoilt = [100, 0, price, size];
      expect(sync.apply(delta(10, 1, spoilt))).toBe("rejected");
      expect(sync).toMatchObject({ state: "SYNCING", reason: "gap" });
      expect(sync.book.hasBothSides).toBe(false);
      expect(sync.apply(snapshot(11, 1, { bids: spoilt }))).toBe("rejected");
      expect(sync.counts.rejected).toBe(2);
      // Told once more, as it should have been.
      expect(sync.apply(delta(10, 2))).toBe("delta");
      expect(sync.isLive).toBe(true);
      expect(sync.book.equals(BIDS, ASKS)).toBe(true);
      expect(sync.book.seq).toBe(11);
    },
  );

  it("F48: finds out by the next message what a rejected one has cost, and takes no snapshot from before it", () => {
    const sync = live();
    expect(sync.apply(delta(10, 1, [NaN, 1]))).toBe("rejected");
    expect(sync.takeResync(ns(1))).toBe(true);
    expect(sync.apply(snapshot(10, 2))).toBe("refused");
    expect(sync.apply(delta(11, 3, [100, 5]))).toBe("voided");
    expect(sync).toMatchObject({ state: "SYNCING", counts: { gaps: 1 } });
    expect(sync.apply(snapshot(11, 4))).toBe("snapshot");
    expect(sync).toMatchObject({ state: "LIVE", book: { seq: 12 } });
  });

  it("F48: is not live by a late message while a rejected one is missing", () => {
    const sync = live();
    expect(sync.apply(delta(11, 1, [NaN, 1]))).toBe("rejected");
    expect(sync.apply(delta(10, 2, [100, 5]))).toBe("buffered");
    expect(sync.isLive).toBe(false);
    expect(sync.apply(delta(11, 3))).toBe("delta");
    expect(sync).toMatchObject({ state: "LIVE", book: { seq: 12 } });
  });

  it("F48: stays live where what was rejected had been had already", () => {
    const sync = live();
    sync.apply(delta(10, 1));
    expect(sync.apply(delta(10, 2, [NaN, 1]))).toBe("rejected");
    expect(sync.apply(snapshot(9, 2, { bids: [NaN, 1] }))).toBe("refused");
    expect(sync.apply(snapshot(11, 2, { bids: [NaN, 1] }))).toBe("rejected");
    expect(sync.isLive).toBe(true);
  });

  it("F49: suspects a price off by ten thousand on its first message, and believes a second opinion", () => {
    const sync = live();
    expect(sync.isPlausible(1_000_000)).toBe(false);
    expect(sync.apply(delta(10, 1, [], [1_010_000, 1]))).toBe("suspect");
    expect(sync).toMatchObject({ state: "QUARANTINED", reason: "suspect" });
    const odd = { asks: [...ASKS, 1_010_000, 1] };
    expect(sync.apply(snapshot(11, 2, odd))).toBe("snapshot");
    expect(sync.apply(delta(11, 3, [], [1_010_000, 2]))).toBe("delta");
    expect(sync.apply(delta(12, 4, [0.001, 1]))).toBe("suspect");
  });

  it.each(["live", "stale", "cut off"])(
    "F49: suspects a whole book off by ten thousand beside one that is or was %s, and believes a second that agrees",
    (how) => {
      const sync = live();
      if (how === "stale") sync.checkFresh(ns(2100));
      if (how === "cut off")
        sync.apply({ type: "gap", ...head(1, PLAIN), reason: "disconnected" });
      const shifted = (seq: number, factor: number) =>
        snapshot(seq, 2200 + seq, {
          bids: [100 * factor, 1],
          asks: [101 * factor, 1],
        });
      expect(sync.apply(shifted(11, 1e4))).toBe("suspect");
      expect(sync).toMatchObject({ state: "QUARANTINED", reason: "suspect" });
      // Another one that is off in another way confirms nothing.
      expect(sync.apply(shifted(12, 1e-4))).toBe("suspect");
      expect(sync.apply(shifted(13, 1.2e-4))).toBe("snapshot");
      expect(sync.apply(shifted(14, 1.3e-4))).toBe("snapshot");
      expect(sync).toMatchObject({ state: "LIVE", counts: { suspects: 2 } });
    },
  );

  it("F49: goes on after a shifted book with the market as it was", () => {
    const sync = live();
    const shifted = { bids: [1e6, 1], asks: [1.01e6, 1] };
    expect(sync.apply(snapshot(11, 1, shifted))).toBe("suspect");
    // One order where that book stood does not agree with it.
    const odd = { asks: [...ASKS, 1_010_000, 1] };
    expect(sync.apply(snapshot(12, 2, odd))).toBe("suspect");
    expect(sync.apply(snapshot(13, 3))).toBe("snapshot");
    expect(sync.isLive).toBe(true);
  });

  it("F49: takes no delta's levels for a market", () => {
    const sync = live();
    const far = delta(10, 1, [99, 3], [1_010_000, 1]);
    expect(sync.apply(far)).toBe("suspect");
    const shifted = { bids: [500_000, 1], asks: [510_000, 1] };
    expect(sync.apply(snapshot(11, 2, shifted))).toBe("suspect");
  });

  it("F49: suspects a far order that is new in a whole book, believes the second, and forgets it with the order", () => {
    const sync = live();
    const odd = { asks: [...ASKS, 1_020_000, 1] };
    expect(sync.apply(snapshot(11, 1, odd))).toBe("suspect");
    expect(sync.apply(snapshot(12, 2, odd))).toBe("snapshot");
    // No trade is at such a price for all that.
    expect(sync.isPlausible(1_000_000)).toBe(false);
    expect(sync.apply(delta(12, 3, [], [1_010_000, 1]))).toBe("delta");
    expect(sync.apply(snapshot(14, 4))).toBe("snapshot");
    expect(sync.apply(delta(14, 5, [], [1_010_000, 1]))).toBe("suspect");
  });

  it("F49: takes any market for granted after an operator's order", () => {
    const sync = live();
    sync.forceResync();
    const shifted = { bids: [1e6, 1], asks: [1.01e6, 1] };
    expect(sync.apply(snapshot(11, 1, shifted))).toBe("snapshot");
  });

  it("F49: has a band that can be set and taken away, and lets removals pass", () => {
    expect(live({ bandFactor: 2 }).apply(delta(10, 1, [49, 1]))).toBe(
      "suspect",
    );
    expect(live({ bandFactor: 0 }).apply(delta(10, 1, [0.01, 1]))).toBe(
      "delta",
    );
    expect(live().apply(delta(10, 1, [0.01, 0]))).toBe("delta");
  });

  it("F50: is stale after two seconds of silence, and live again with the next delta", () => {
    const sync = live();
    expect(sync.checkFresh(ns(2000))).toBe("LIVE");
    expect(sync.checkFresh(ns(2001))).toBe("STALE");
    expect(sync.reason).toBe("silent");
    expect(sync.apply(delta(10, 3000, [99, 3]))).toBe("delta");
    expect(sync).toMatchObject({ state: "LIVE", reason: "none" });
  });

  it.each(["standing still", "moving"])(
    "F51: is frozen after two seconds of the same book, its sequence %s",
    (how) => {
      const sync = live();
      let seq = 10;
      for (let ms = 100; ms <= 2200; ms += 100) {
        if (how === "moving") seq++;
        sync.apply(snapshot(seq, ms));
        expect(sync.checkFresh(ns(ms))).toBe(ms <= 2000 ? "LIVE" : "STALE");
      }
      expect(sync.reason).toBe("frozen");
      expect(sync.apply(snapshot(seq + 1, 2300, { bids: [100, 9] }))).toBe(
        "snapshot",
      );
      expect(sync.state).toBe("LIVE");
    },
  );

  it("F51: is alive while a venue that repeats a quiet book dates it later, within bounds", () => {
    const symbol = "BTC.HYPERLIQUID";
    const repeated = (venueMs: (ms: number) => number): BookSync => {
      const sync = live({ quietMaxMs: 10_000 }, symbol);
      for (let ms = 500; ms <= 9500; ms += 500) {
        const told = snapshot(10 + ms, ms, { symbol });
        sync.apply({ ...told, ...head(ms, symbol, venueMs(ms)) });
        sync.checkFresh(ns(ms));
      }
      return sync;
    };
    const quiet = repeated((ms) => ms);
    expect(quiet.state).toBe("LIVE");
    for (let ms = 10_000; ms <= 13_000; ms += 500) {
      quiet.apply(snapshot(20_000 + ms, ms, { symbol }));
      quiet.checkFresh(ns(ms));
    }
    expect(quiet).toMatchObject({ state: "STALE", reason: "frozen" });
    expect(repeated(() => 0)).toMatchObject({ reason: "frozen" });
  });

  it("F51: is frozen when deltas repeat what is known, and not when they say that nothing has changed", () => {
    const repeats = live();
    const beats = live();
    for (let i = 0; i < 30; i++) {
      repeats.apply(delta(10 + i, 100 * i, BIDS, ASKS));
      beats.apply(delta(10 + i, 100 * i));
      repeats.checkFresh(ns(100 * i));
      beats.checkFresh(ns(100 * i));
    }
    expect(repeats).toMatchObject({ state: "STALE", reason: "frozen" });
    expect(beats.state).toBe("LIVE");
  });

  it("F51: is alive in a quiet market as long as new quotes agree with it, within bounds", () => {
    const sync = live({ quietMaxMs: 10_000 });
    const quoted = (ms: number, best = {}): void => {
      sync.onQuote(quote(1000 + ms, ms, best));
      sync.checkFresh(ns(ms));
    };
    for (let ms = 500; ms <= 9500; ms += 500) quoted(ms);
    expect(sync.state).toBe("LIVE");
    for (let ms = 10_000; ms <= 13_000; ms += 500) quoted(ms);
    expect(sync).toMatchObject({ state: "STALE", reason: "silent" });
    const behind = live();
    behind.onQuote(quote(1500, 1500, { bidPrice: 99.5 }));
    expect(behind.checkFresh(ns(2100))).toBe("STALE");
  });

  it("F52: ages by its own monotonic clock, whatever the venue's says", () => {
    const sync = live();
    for (const [i, venueMs] of [5000, -5000, 0, 1e9, -1e9].entries())
      expect(
        sync.apply({
          ...delta(10 + i, 100 * (i + 1), [100, 2 + i]),
          eventUs: unixMicros(1e15 + venueMs * 1000),
        }),
      ).toBe("delta");
    expect(sync.checkFresh(ns(2500))).toBe("LIVE");
    expect(sync.checkFresh(ns(2501))).toBe("STALE");
  });

  it("heeds an operator: void at once, and asked for at once", () => {
    const sync = live();
    sync.apply(delta(12, 1));
    expect(sync.takeResync(ns(1))).toBe(true);
    expect(sync.takeResync(ns(2))).toBe(false);
    sync.forceResync();
    expect(sync).toMatchObject({ state: "SYNCING", reason: "operator" });
    expect(sync.takeResync(ns(2))).toBe(true);
    expect(sync.apply(snapshot(3, 3))).toBe("snapshot");
  });

  it("asks for a fresh snapshot while live before a cut one runs out of levels, and goes on from it", () => {
    const sync = new BookSync(new OrderBook({ depthMax: 100 }), {
      completeMin: 2,
    });
    const cut = { bids: [100, 1, 99, 1, 98, 1], asks: ASKS, symbol: BINANCE };
    sync.apply(snapshot(10, 0, cut));
    let seq = 10;
    const move = (bids: number[]): void => {
      sync.apply(delta(seq++, seq, bids, [], BINANCE));
    };
    move([100, 0, 90, 1]);
    for (let i = 0; i < 64; i++) move([99, 2 + i]);
    expect(sync).toMatchObject({ state: "LIVE", wantsRefresh: true });
    expect(sync.takeResync(ns(200))).toBe(true);
    const askedAt = seq;
    move([99, 7]);
    const whole = { bids: [99, 1, 98, 1, 95, 1], asks: ASKS, symbol: BINANCE };
    expect(sync.apply(snapshot(askedAt, 201, whole))).toBe("snapshot");
    expect(sync).toMatchObject({ state: "LIVE", wantsRefresh: false });
    expect(sync.book.seq).toBe(seq);
    expect(sync.book.equals([99, 7, 98, 1, 95, 1], ASKS)).toBe(true);
  });
});
