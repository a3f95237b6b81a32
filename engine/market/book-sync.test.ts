import { describe, expect, it } from "vitest";
import type {
  BookDelta,
  BookSnapshot,
  Gap,
  GapReason,
} from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { BookSync } from "./book-sync.ts";
import type { BookSyncOptions } from "./book-sync-options.ts";
import { OrderBook } from "./order-book.ts";

const head = (atMs: number) => ({
  symbol: symbolId("BTCUSDT.TEST"),
  eventUs: unixMicros(atMs * 1000),
  receivedUs: unixMicros(atMs * 1000),
  receivedNs: monoNanos(atMs * 1e6),
});
const snapshot = (
  seq: number,
  atMs = 0,
  bids = [100, 1],
  asks = [101, 1],
): BookSnapshot => ({ type: "bookSnapshot", ...head(atMs), seq, bids, asks });
const delta = (
  prevSeq: number,
  seq: number,
  atMs = 0,
  bids: number[] = [],
  asks: number[] = [],
): BookDelta => ({
  type: "bookDelta",
  ...head(atMs),
  prevSeq,
  seq,
  bids,
  asks,
});
const gap = (reason: GapReason): Gap => ({ type: "gap", ...head(0), reason });
const ns = (ms: number) => monoNanos(ms * 1e6);
const sync = (options: Partial<BookSyncOptions> = {}) =>
  new BookSync(new OrderBook({ depthMax: 10 }), options);
const live = (options: Partial<BookSyncOptions> = {}) => {
  const it = sync(options);
  it.apply(snapshot(10));
  return it;
};

describe("book sync", () => {
  it("begins without a snapshot, or says that the actor restarted", () => {
    expect(sync()).toMatchObject({ state: "SYNCING", reason: "noSnapshot" });
    expect(sync({ initialReason: "actorRestarted" })).toMatchObject({
      state: "SYNCING",
      reason: "actorRestarted",
    });
  });

  it("is live after a snapshot and follows deltas", () => {
    const it = live();
    expect(it).toMatchObject({ state: "LIVE", reason: "none" });
    expect(it.apply(delta(8, 12, 1, [100, 5]))).toBe("delta");
    expect(it.apply(delta(12, 13, 2))).toBe("delta");
    expect(it.book.seq).toBe(13);
    expect(it.book.bidSize(0)).toBe(5);
  });

  it("ignores a repeated or overtaken delta", () => {
    const it = live();
    it.apply(delta(10, 11));
    expect(it.apply(delta(10, 11, 0, [100, 9]))).toBe("duplicate");
    expect(it.book.bidSize(0)).toBe(1);
    expect(it.state).toBe("LIVE");
  });

  it("is not synced after a gap until a snapshot arrives", () => {
    const it = live();
    it.apply(delta(10, 11));
    expect(it.apply(delta(12, 13, 0, [99, 2]))).toBe("voided");
    expect(it).toMatchObject({
      state: "SYNCING",
      reason: "gap",
      counts: { gaps: 1 },
    });
    expect([it.book.bidCount, it.book.askCount]).toEqual([0, 0]);
    expect(it.apply(delta(13, 14))).toBe("buffered");
    expect(it.apply(snapshot(12))).toBe("snapshot");
    expect(it).toMatchObject({ state: "LIVE", reason: "none" });
    expect(it.book.seq).toBe(14);
    expect(it.book.bidSize(1)).toBe(2);
  });

  it("allows a delta that straddles the snapshot only as the first after it", () => {
    const it = live();
    expect(it.apply(delta(9, 11))).toBe("delta");
    expect(it.apply(delta(10, 12))).toBe("voided");
  });

  it("replays buffered deltas on to the snapshot", () => {
    const it = sync();
    it.apply(delta(4, 6, 1, [90, 1]));
    it.apply(delta(6, 9, 2, [91, 1]));
    it.apply(delta(9, 12, 3, [92, 1]));
    expect(it.apply(snapshot(8, 4))).toBe("snapshot");
    expect(it.book.seq).toBe(12);
    expect(it.book.bidCount).toBe(3);
    expect(it.buffered).toBe(0);
  });

  it("refuses a snapshot older than its buffer and waits for a newer one", () => {
    const it = sync();
    it.apply(delta(20, 21));
    expect(it.apply(snapshot(15))).toBe("refused");
    expect(it.state).toBe("SYNCING");
    expect(it.apply(snapshot(20))).toBe("snapshot");
    expect(it.book.seq).toBe(21);
  });

  it("forgets what came before a hole in the buffer, once no late delta can fill it", () => {
    const it = sync({ reorderMax: 2 });
    it.apply(delta(1, 2, 0, [90, 1]));
    it.apply(delta(5, 6, 0, [91, 1]));
    it.apply(delta(6, 7));
    expect(it).toMatchObject({ buffered: 3, counts: { gaps: 0 } });
    it.apply(delta(7, 8));
    expect(it).toMatchObject({ buffered: 3, counts: { gaps: 1 } });
    expect(it.apply(snapshot(2))).toBe("refused");
    expect(it.apply(snapshot(5))).toBe("snapshot");
    expect(it.book.seq).toBe(8);
  });

  it("voids the buffer at its bound and says overflow", () => {
    const it = sync({ bufferMax: 3 });
    for (let seq = 1; seq <= 4; seq++) it.apply(delta(seq - 1, seq));
    expect(it).toMatchObject({
      state: "SYNCING",
      reason: "overflow",
      buffered: 1,
      counts: { overflows: 1 },
    });
    expect(it.apply(snapshot(3))).toBe("snapshot");
    expect(it.book.seq).toBe(4);
  });

  it("ignores an older snapshot, live or not", () => {
    const it = live();
    expect(it.apply(snapshot(9))).toBe("refused");
    expect(it.book.seq).toBe(10);
    it.checkFresh(ns(3000));
    expect(it.state).toBe("STALE");
    // A later date says nothing where it may be that of the answer.
    expect(it.apply(snapshot(9, 3000, [99, 1]))).toBe("refused");
    expect(it.apply(snapshot(11, 3000, [99, 1]))).toBe("snapshot");
    expect(it.state).toBe("LIVE");
  });

  it.each([
    ["crossed", [102, 1]],
    ["locked", [101, 1]],
  ] as const)(
    "F46: is never live on a %s book, and heals by a snapshot that it asks for at once",
    (reason, bids) => {
      const it = live();
      expect(it.apply(delta(10, 11, 1, [...bids]))).toBe(reason);
      expect(it).toMatchObject({
        state: "QUARANTINED",
        reason,
        counts: { [reason]: 1 },
        needsSnapshot: true,
      });
      expect(it.takeResync(ns(1))).toBe(true);
      expect(it.book.hasBothSides).toBe(false);
      // Uncrossing alone proves nothing: something was wrong before.
      it.apply(delta(11, 12, 2, [102, 0, 101, 0]));
      expect(it.state).toBe("QUARANTINED");
      expect(it.apply(snapshot(11, 3))).toBe("snapshot");
      expect(it).toMatchObject({ state: "LIVE", reason: "none" });
      expect(it.book.seq).toBe(12);
    },
  );

  it("stays quarantined when the snapshot itself is crossed", () => {
    const it = sync();
    expect(it.apply(snapshot(1, 0, [101, 1], [100, 1]))).toBe("crossed");
    expect(it.state).toBe("QUARANTINED");
  });

  it("is not live while a side is empty", () => {
    const it = live();
    expect(it.apply(delta(10, 11, 1, [100, 0]))).toBe("oneSided");
    expect(it).toMatchObject({ state: "STALE", reason: "silent" });
    expect(it.apply(delta(11, 12, 2, [99, 1]))).toBe("delta");
    expect(it.state).toBe("LIVE");
  });

  it("goes stale after silence and comes back with the next delta", () => {
    const it = live();
    expect(it.checkFresh(ns(2000))).toBe("LIVE");
    expect(it.checkFresh(ns(2000.001))).toBe("STALE");
    expect(it.reason).toBe("silent");
    expect(it.apply(delta(10, 11, 2500))).toBe("delta");
    expect(it.state).toBe("LIVE");
  });

  it("goes stale on a feed that repeats itself without moving the sequence", () => {
    const it = live();
    for (let ms = 100; ms <= 2100; ms += 100) {
      expect(it.apply(snapshot(10, ms))).toBe("duplicate");
      it.apply(delta(9, 10, ms));
    }
    expect(it.checkFresh(ns(2100))).toBe("STALE");
    expect(it.apply(snapshot(10, 2200))).toBe("duplicate");
    expect(it.state).toBe("STALE");
  });

  it.each([
    ["sequence", "gap"],
    ["disconnected", "disconnected"],
    ["overflow", "overflow"],
    ["checksum", "checksum"],
    ["resync", "resync"],
  ] as const)("voids the book on a %s gap and names it", (reason, named) => {
    const it = live();
    expect(it.apply(gap(reason))).toBe("voided");
    expect(it).toMatchObject({
      state: "SYNCING",
      reason: named,
      counts: { gaps: 1 },
    });
    expect(it.book.bidCount).toBe(0);
    expect(it.apply(snapshot(3, 1))).toBe("refused");
    expect(it.apply(snapshot(10, 1))).toBe("snapshot");
  });

  it("asks for snapshots with doubling waits, then is quarantined and asks on slowly", () => {
    const it = sync({ resyncMax: 3, resyncMinMs: 100, resyncMaxMs: 1000 });
    const asked: number[] = [];
    for (let ms = 0; ms <= 4000; ms += 50) {
      if (it.takeResync(ns(ms))) asked.push(ms);
      if (ms === 600) expect(it.state).toBe("SYNCING");
    }
    expect(asked).toEqual([0, 100, 300, 1700, 2500, 3500]);
    expect(it).toMatchObject({ state: "QUARANTINED", reason: "noSync" });
    it.apply(snapshot(1, 4000));
    expect(it.state).toBe("LIVE");
    expect(it.takeResync(ns(9000))).toBe(false);
  });

  it("bounds the rate of requests of a book that breaks after each snapshot", () => {
    const it = live({ resyncMinMs: 100 });
    let asked = 0;
    for (let ms = 0, seq = 10; ms < 1000; ms += 10, seq += 2) {
      it.apply(snapshot(seq, ms));
      it.apply(delta(seq, seq + 1, ms, [105, 1]));
      if (it.takeResync(ns(ms))) asked++;
    }
    expect(asked).toBe(10);
  });
});
