/** What the book bench applies: a recording's deltas as they are, and the same market as a venue of 20 levels would tell it. */
import { readdirSync, existsSync } from "node:fs";
import { dirname, join } from "node:path";
import type { Levels } from "../engine/domain/market-event.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { Random } from "../engine/std/random.ts";

export interface BookUpdate {
  readonly bids: Levels;
  readonly asks: Levels;
}

export interface BookUpdates {
  readonly depth: number;
  readonly start: BookUpdate;
  readonly updates: readonly BookUpdate[];
}

const RECORDING = join("data", "l2", "binance-usdm-btcusdt_20240808.gz");
const DEEP = 1000;
const SHALLOW = 20;
const GENERATED_UPDATES = 6000;
/** As many levels as a delta of the recording has, on average. */
const GENERATED_CHANGES = 68;

/** In a folder beside the working directory, or in one beside its parent. */
export const findRecording = (): string | undefined => {
  for (const folder of [process.cwd(), dirname(process.cwd())])
    for (const name of readdirSync(folder)) {
      const path = join(folder, name, RECORDING);
      if (existsSync(path)) return path;
    }
  return undefined;
};

export const recordedUpdates = async (path: string): Promise<BookUpdates> => {
  const updates: BookUpdate[] = [];
  let start: (BookUpdate & { seq: number }) | undefined;
  for await (const event of await openTape(path)) {
    if (isHeadline(event)) continue;
    if (event.type === "bookSnapshot") start = event;
    else if (
      event.type === "bookDelta" &&
      start !== undefined &&
      event.seq > start.seq
    )
      updates.push({ bids: event.bids, asks: event.asks });
  }
  if (start === undefined) throw new Error(`${path} has no snapshot`);
  return { depth: DEEP, start, updates };
};

/** A thousand levels a side around a mid that walks; most changes are near it. */
export const generatedUpdates = (seed: number): BookUpdates => {
  const random = new Random(seed);
  let mid = 600_000;
  const side = (sign: 1 | -1): number[] => {
    const levels: number[] = [];
    for (let i = 1; i <= DEEP; i++)
      levels.push((mid + sign * i) / 10, 1 + random.int(1000));
    return levels;
  };
  const start = { bids: side(-1), asks: side(1) };
  const updates = Array.from({ length: GENERATED_UPDATES }, () => {
    const change = (sign: 1 | -1): number[] => {
      const levels: number[] = [];
      for (let i = 0; i < GENERATED_CHANGES / 2; i++) {
        const ticks = 1 + Math.floor(-300 * Math.log(1 - random.next()));
        levels.push((mid + sign * ticks) / 10, Math.max(0, random.int(12) - 3));
      }
      return levels;
    };
    const by = random.int(3) - 1;
    const passed = by === 1 ? [(mid + 1) / 10, 0] : [(mid - 1) / 10, 0];
    mid += by;
    const bids = change(-1);
    const asks = change(1);
    if (by === 1) asks.push(...passed);
    if (by === -1) bids.push(...passed);
    return { bids, asks };
  });
  return { depth: DEEP, start, updates };
};

/** The changes of the best 20 levels: those that come into sight are told, those that go out of it are removed. */
export const shallowed = (deep: BookUpdates): BookUpdates => {
  const book = new OrderBook({ depthMax: 100_000 });
  book.applySnapshot(deep.start.bids, deep.start.asks, 0);
  const side = (
    price: (i: number) => number,
    size: (i: number) => number,
  ): Map<number, number> => {
    const levels = new Map<number, number>();
    for (let i = 0; i < SHALLOW && price(i) > 0; i++)
      levels.set(price(i), size(i));
    return levels;
  };
  const bids = () =>
    side(
      (i) => book.bidPrice(i),
      (i) => book.bidSize(i),
    );
  const asks = () =>
    side(
      (i) => book.askPrice(i),
      (i) => book.askSize(i),
    );
  let bidsBefore = bids();
  let asksBefore = asks();
  const start = {
    bids: [...bidsBefore].flat(),
    asks: [...asksBefore].flat(),
  };
  const updates: BookUpdate[] = [];
  for (const update of deep.updates) {
    book.applyDelta(update.bids, update.asks, 0);
    const bidsNow = bids();
    const asksNow = asks();
    const change = {
      bids: changes(bidsBefore, bidsNow),
      asks: changes(asksBefore, asksNow),
    };
    bidsBefore = bidsNow;
    asksBefore = asksNow;
    // A venue is silent where nothing in sight has changed.
    if (change.bids.length + change.asks.length > 0) updates.push(change);
  }
  return { depth: SHALLOW, start, updates };
};

const changes = (
  before: ReadonlyMap<number, number>,
  now: ReadonlyMap<number, number>,
): number[] => {
  const levels: number[] = [];
  for (const price of before.keys()) if (!now.has(price)) levels.push(price, 0);
  for (const [price, size] of now)
    if (before.get(price) !== size) levels.push(price, size);
  return levels;
};
