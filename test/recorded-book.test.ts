import { existsSync } from "node:fs";
import { describe, expect, it } from "vitest";
import type { Levels } from "../engine/domain/market-event.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { RawRecording } from "../engine/feeds/raw-recording.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";

const RECORDING = "../shared/data/l2/binance-usdm-btcusdt_20240808.gz";

const apply = (side: Map<number, number>, levels: Levels): void => {
  for (let i = 0; i < levels.length; i += 2)
    if (levels[i + 1]! > 0) side.set(levels[i]!, levels[i + 1]!);
    else side.delete(levels[i]!);
};

describe("order book over a recording", () => {
  it(
    "stays live from the snapshot on, without gap or crossed book, equal to a plain map",
    { timeout: 60_000 },
    async ({ skip }) => {
      skip(!existsSync(RECORDING), `${RECORDING} is not here`);
      const sync = new BookSync(new OrderBook({ depthMax: 20_000 }));
      const { book } = sync;
      const bids = new Map<number, number>();
      const asks = new Map<number, number>();
      const early: { seq: number; bids: Levels; asks: Levels }[] = [];
      let changes = 0;
      for await (const event of new RawRecording(RECORDING)) {
        if (event.type !== "bookSnapshot" && event.type !== "bookDelta")
          continue;
        const wasLive = sync.isLive;
        const change = sync.apply(event);
        if (event.type === "bookSnapshot") {
          apply(bids, event.bids);
          apply(asks, event.asks);
          for (const delta of early)
            if (delta.seq > event.seq) {
              apply(bids, delta.bids);
              apply(asks, delta.asks);
            }
        } else if (wasLive) {
          apply(bids, event.bids);
          apply(asks, event.asks);
        } else early.push(event);
        if (!sync.isLive) continue;
        changes++;
        expect(change).not.toBe("duplicate");
        expect(book.bidPrice(0)).toBeLessThan(book.askPrice(0));
        if (changes % 500 !== 0) continue;
        expect(
          Array.from({ length: book.bidCount }, (_, i) => [
            book.bidPrice(i),
            book.bidSize(i),
          ]),
        ).toEqual([...bids].sort((a, b) => b[0] - a[0]));
        expect(
          Array.from({ length: book.askCount }, (_, i) => [
            book.askPrice(i),
            book.askSize(i),
          ]),
        ).toEqual([...asks].sort((a, b) => a[0] - b[0]));
      }
      expect(changes).toBeGreaterThan(6000);
      expect(sync).toMatchObject({
        state: "LIVE",
        counts: { gaps: 0, crossed: 0 },
      });
      expect(book.dropped).toBe(0);
    },
  );

  for (const [file, agreedMin] of [
    ["binance-usdm-btcusdt_20240808.gz", 600],
    ["binance-spot-btcusdt_20240808.gz", 500],
    ["binance-cm-ethusd_perp_20240808.gz", 1300],
  ] as const)
    it(
      `agrees with every quote of the same sequence, whichever comes first, over ${file}`,
      { timeout: 60_000 },
      async ({ skip }) => {
        const path = `../shared/data/l2/${file}`;
        skip(!existsSync(path), `${path} is not here`);
        const sync = new BookSync(new OrderBook({ depthMax: 1000 }));
        for await (const event of new RawRecording(path)) {
          if (isHeadline(event)) continue;
          if (event.type === "quote") sync.onQuote(event);
          if (event.type === "bookSnapshot" || event.type === "bookDelta")
            sync.apply(event);
        }
        expect(sync.counts.quotesAgreed).toBeGreaterThan(agreedMin);
        expect(sync).toMatchObject({
          state: "LIVE",
          counts: {
            gaps: 0,
            crossed: 0,
            locked: 0,
            suspects: 0,
            rejected: 0,
            quotesContradicted: 0,
          },
        });
      },
    );
});
