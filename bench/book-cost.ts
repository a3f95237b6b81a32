/** One stream through book and rival in turns, pass by pass; each pass begins with the snapshot, untimed; the median pass counts. */
import { OrderBook } from "../engine/market/order-book.ts";
import type { BookUpdates } from "./book-streams.ts";
import { SortedMapBook } from "./sorted-map-book.ts";

export interface Cost {
  readonly nsPerUpdate: number;
}

export interface DepthCost extends Cost {
  readonly depth: number;
  readonly updates: number;
  readonly levelsPerUpdate: number;
  readonly updatesPerSecond: number;
  readonly levelsPerSecond: number;
  readonly rival: Cost;
  readonly ratio: number;
}

const WARM_UP_PASSES = 3;

export const measureDepth = (
  stream: BookUpdates,
  passes: number,
): DepthCost => {
  const { depth, updates } = stream;
  const book = new OrderBook({ depthMax: depth });
  const rival = new SortedMapBook(depth);
  const bookNs: number[] = [];
  const rivalNs: number[] = [];
  for (let pass = -WARM_UP_PASSES; pass < passes; pass++) {
    const own = passOfBook(book, stream);
    const other = passOfRival(rival, stream);
    if (book.mid !== rival.mid) throw new Error("book and rival disagree");
    if (pass < 0) continue;
    bookNs.push(own);
    rivalNs.push(other);
  }
  const nsPerUpdate = median(bookNs) / updates.length;
  const rivalNsPerUpdate = median(rivalNs) / updates.length;
  const levelsPerUpdate =
    sum(updates, ({ bids, asks }) => (bids.length + asks.length) / 2) /
    updates.length;
  return {
    depth,
    updates: updates.length,
    levelsPerUpdate: round(levelsPerUpdate),
    nsPerUpdate: round(nsPerUpdate),
    updatesPerSecond: Math.round(1e9 / nsPerUpdate),
    levelsPerSecond: Math.round((1e9 * levelsPerUpdate) / nsPerUpdate),
    rival: { nsPerUpdate: round(rivalNsPerUpdate) },
    ratio: round(rivalNsPerUpdate / nsPerUpdate),
  };
};

const passOfBook = (
  book: OrderBook,
  { start, updates }: BookUpdates,
): number => {
  book.applySnapshot(start.bids, start.asks, 0);
  const startedNs = process.hrtime.bigint();
  for (let i = 0; i < updates.length; i++) {
    const { bids, asks } = updates[i]!;
    book.update(bids, asks, i);
  }
  return Number(process.hrtime.bigint() - startedNs);
};

const passOfRival = (
  rival: SortedMapBook,
  { start, updates }: BookUpdates,
): number => {
  rival.applySnapshot(start.bids, start.asks);
  const startedNs = process.hrtime.bigint();
  for (let i = 0; i < updates.length; i++) {
    const { bids, asks } = updates[i]!;
    rival.applyDelta(bids, asks);
  }
  return Number(process.hrtime.bigint() - startedNs);
};

export const sum = <T>(
  items: readonly T[],
  of: (item: T) => number,
): number => {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
};

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[values.length >> 1]!;

export const round = (x: number): number => Math.round(100 * x) / 100;
