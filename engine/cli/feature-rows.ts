/** Rows of features with what gave them, as the checks compare them; and how bars and tapes give them. */
import type { Bar, BookSnapshot, MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type { EventFeatures } from "../features/event-features.ts";
import type {
  DeclaredFeature,
  DeclaredSet,
} from "../features/feature-declaration.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import type { Reference } from "../market/references.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { assert } from "../std/assert.ts";
import { FollowedReference } from "./followed-reference.ts";

/** Flat, for a tape has many rows. */
export class FeatureRows {
  readonly width: number;
  /** Position in the input of what gave each row. */
  readonly givenBy: number[] = [];
  /** When, in the unit in which ages are counted: bars, or milliseconds. */
  readonly times: number[] = [];
  readonly values: number[] = [];

  constructor(width: number) {
    this.width = width;
  }

  get length(): number {
    return this.times.length;
  }

  push(givenBy: number, time: number, values: ArrayLike<number>): void {
    this.givenBy.push(givenBy);
    this.times.push(time);
    for (let i = 0; i < this.width; i++) this.values.push(values[i]!);
  }

  at(row: number, feature: number): number {
    return this.values[row * this.width + feature]!;
  }
}

/** What a check is made of: how a stretch of input becomes rows. Tests plant faulty ones. */
export interface FeatureSource<E> {
  /** Of the rows' times. */
  readonly unit: "bars" | "ms";
  readonly features: readonly DeclaredFeature[];
  readonly input: readonly E[];
  run(input: readonly E[]): FeatureRows;
  /** The input as if the tape had begun at `start`, with how many of its events stand for what was before. */
  from(start: number): { readonly input: readonly E[]; readonly added: number };
}

export const barSource = (
  sets: readonly DeclaredSet[],
  input: readonly Bar[],
): FeatureSource<Bar> => {
  const features = sets.flatMap((set) => set.features);
  const intervalMs = input[0]?.intervalMs;
  assert(intervalMs !== undefined, "there are bars");
  return {
    unit: "bars",
    features,
    input,
    run(bars) {
      const rows = new FeatureRows(features.length);
      let givenBy = 0;
      const grid = new GridFeatures(
        { sets, intervalMs, fillMax: GRID_FILL_MAX },
        ({ openUs }) =>
          rows.push(givenBy, openUs / (intervalMs * 1000), grid.values),
      );
      for (const [i, bar] of bars.entries()) {
        givenBy = i;
        grid.onBar(bar);
      }
      return rows;
    },
    from: (start) => ({ input: input.slice(start), added: 0 }),
  };
};

/** Deep enough to forget nothing: what a book held beyond its depth before a start is not in its snapshot. */
const DEPTH_MAX = 10_000;
const NS_PER_MS = 1e6;

export interface TapeSourceOptions {
  /** A symbol of the same tape that leads the one whose features these are. */
  readonly leader?: SymbolId;
  /** Least distance of two rows that show no change of the mid. */
  readonly sampleMs: number;
}

/** A set of event features over the events of one symbol, and of one that leads it where there is one. */
export const tapeSource = (
  input: readonly MarketEvent[],
  create: (leading?: Reference) => EventFeatures,
  { leader, sampleMs }: TapeSourceOptions = { sampleMs: 0 },
): FeatureSource<MarketEvent> => {
  const { features } = create().schema;
  const symbol = input.find((event) => event.symbol !== leader)?.symbol;
  assert(symbol !== undefined, "there are events");
  return {
    unit: "ms",
    features,
    input,
    run(events) {
      const rows = new FeatureRows(features.length);
      let givenBy = 0;
      const led =
        leader === undefined ? undefined : new FollowedReference(leader);
      const sampler = new FeatureSampler(
        {
          symbol,
          sampleMs,
          sampleOn: "any",
          depthMax: DEPTH_MAX,
          features: create(led?.reference),
        },
        (row) => rows.push(givenBy, row.receivedNs / NS_PER_MS, row.features),
      );
      for (const [i, event] of events.entries()) {
        givenBy = i;
        led?.silentUntil(event.receivedNs);
        if (event.symbol === leader) led?.hear(event);
        else sampler.onEvent(event);
      }
      return rows;
    },
    from(start) {
      const before = [
        ...bookAt(input, start, leader, "lastHeard"),
        ...bookAt(input, start, symbol, "start"),
      ];
      return {
        input: [...before, ...input.slice(start)],
        added: before.length,
      };
    },
  };
};

/**
 * A symbol's book as it stood before event `start`, as a snapshot, if it was in sync: stamped by the event before the start, where the tape
 * begins, or by when the symbol was last heard, for one whose silence counts on.
 */
const bookAt = (
  events: readonly MarketEvent[],
  start: number,
  whose: SymbolId | undefined,
  stamp: "start" | "lastHeard",
): readonly BookSnapshot[] => {
  const book = new OrderBook({ depthMax: DEPTH_MAX });
  const sync = new BookSync(book);
  let last: MarketEvent | undefined;
  for (const event of events.slice(0, start)) {
    if (event.symbol !== whose) continue;
    if (
      event.type !== "bookSnapshot" &&
      event.type !== "bookDelta" &&
      event.type !== "gap"
    )
      continue;
    sync.apply(event);
    last = event;
  }
  const head = stamp === "start" ? events[start - 1] : last;
  if (head === undefined || whose === undefined || !book.hasBothSides)
    return [];
  const { eventUs, receivedUs, receivedNs } = head;
  const bids: number[] = [];
  const asks: number[] = [];
  for (let i = 0; i < book.bidCount; i++)
    bids.push(book.bidPrice(i), book.bidSize(i));
  for (let i = 0; i < book.askCount; i++)
    asks.push(book.askPrice(i), book.askSize(i));
  return [
    {
      type: "bookSnapshot",
      symbol: whose,
      eventUs,
      receivedUs,
      receivedNs,
      seq: book.seq,
      bids,
      asks,
    },
  ];
};
