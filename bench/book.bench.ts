/**
 * What the order book costs by itself, beside a sorted map, and what the whole engine carries in a replay.
 *
 * An update is one delta message as decoded, with all its levels, into a book of 1,000 levels (the recording's own deltas) or of 20 (the changes
 * of its best 20). Book and rival take turns over the same updates, pass by pass; a pass begins with the snapshot, untimed. The median pass
 * counts. The top numbers are of both streams together; `depths` tells them apart, with levels a second.
 */
import { runReplay } from "../engine/replay-run.ts";
import type { FeedEvent } from "../engine/feeds/feed-event.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { INSTALLATION } from "../engine/installation.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { NO_LOG } from "../engine/ports.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import {
  findRecording,
  generatedUpdates,
  recordedUpdates,
  shallowed,
} from "./book-streams.ts";
import type { BookUpdates } from "./book-streams.ts";
import { BookTape } from "./book-tape.ts";
import { describeCommit, describeMachine } from "./report.ts";
import { SortedMapBook } from "./sorted-map-book.ts";

interface Cost {
  readonly nsPerUpdate: number;
}

interface DepthCost extends Cost {
  readonly depth: number;
  readonly updates: number;
  readonly levelsPerUpdate: number;
  readonly updatesPerSecond: number;
  readonly levelsPerSecond: number;
  readonly rival: Cost;
  readonly ratio: number;
}

export interface BookBench extends Cost {
  readonly machine: string;
  readonly commit: string;
  readonly data: "recorded" | "generated";
  readonly updates: number;
  readonly updatesPerSecond: number;
  readonly rival: Cost;
  /** How many times the rival's cost. */
  readonly ratio: number;
  readonly replayEventsPerSecond: number;
  readonly depths: readonly DepthCost[];
}

export interface BookBenchOptions {
  /** A recording of one symbol with a snapshot; looked for when undefined. */
  readonly recording: string | undefined;
  /** Passes of each book over each stream. */
  readonly passes: number;
  readonly onProgress?: (text: string) => void;
}

const WARM_UP_PASSES = 3;

export const runBookBench = async (
  options: BookBenchOptions,
): Promise<BookBench> => {
  const { passes, onProgress = () => undefined } = options;
  const recording = options.recording ?? findRecording();
  onProgress(`updates: ${recording ?? "generated, for want of a recording"}`);
  const deep =
    recording === undefined
      ? generatedUpdates(1)
      : await recordedUpdates(recording);
  const depths = [shallowed(deep), deep].map((stream) =>
    measure(stream, passes),
  );
  const updates = sum(depths, (d) => d.updates);
  const nsPerUpdate = sum(depths, (d) => d.updates * d.nsPerUpdate) / updates;
  const rivalNs = sum(depths, (d) => d.updates * d.rival.nsPerUpdate) / updates;
  onProgress("replay of the whole engine");
  const replayed = await runReplay({
    tape: recording === undefined ? generatedTape() : await openTape(recording),
    modelsDir: INSTALLATION.modelsDir,
    out: undefined,
    llama: "off",
    log: NO_LOG,
  });
  return {
    machine: describeMachine(),
    commit: describeCommit(),
    data: recording === undefined ? "generated" : "recorded",
    updates,
    nsPerUpdate: round(nsPerUpdate),
    updatesPerSecond: Math.round(1e9 / nsPerUpdate),
    rival: { nsPerUpdate: round(rivalNs) },
    ratio: round(rivalNs / nsPerUpdate),
    replayEventsPerSecond: replayed.eventsPerSecond,
    depths,
  };
};

const measure = (stream: BookUpdates, passes: number): DepthCost => {
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
    book.applyDelta(bids, asks, i);
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

/** 20 symbols in turn, 50 ms a symbol. */
async function* generatedTape(): AsyncGenerator<FeedEvent> {
  const tape = new BookTape(20);
  for (let i = 0; i < 60_000; i++) {
    const book = tape.at(i);
    const us = unixMicros(1e15 + i * 2500);
    const event = i < 20 ? book.snapshot(us) : book.delta(us);
    yield { ...event, receivedNs: monoNanos(1e9 + i * 2.5e6) };
  }
}

const sum = <T>(items: readonly T[], of: (item: T) => number): number => {
  let total = 0;
  for (const item of items) total += of(item);
  return total;
};

const median = (values: number[]): number =>
  values.sort((a, b) => a - b)[values.length >> 1]!;

const round = (x: number): number => Math.round(100 * x) / 100;
