/** Rows of features with what gave them, as the checks compare them; and how bars and tapes give them. */
import type { Bar, BookSnapshot, MarketEvent } from "../domain/market-event.ts";
import type { EventFeatures } from "../features/event-features.ts";
import type {
  DeclaredFeature,
  DeclaredSet,
} from "../features/feature-declaration.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { BookSync } from "../market/book-sync.ts";
import { OrderBook } from "../market/order-book.ts";
import { assert } from "../std/assert.ts";

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

const DEPTH_MAX = 1000;
const NS_PER_MS = 1e6;

/** A set of event features over one symbol's events. */
export const tapeSource = (
  input: readonly MarketEvent[],
  create: () => EventFeatures,
): FeatureSource<MarketEvent> => {
  const { features } = create().schema;
  const symbol = input[0]?.symbol;
  assert(symbol !== undefined, "there are events");
  return {
    unit: "ms",
    features,
    input,
    run(events) {
      const rows = new FeatureRows(features.length);
      let givenBy = 0;
      const sampler = new FeatureSampler(
        {
          symbol,
          sampleMs: 0,
          sampleOn: "any",
          depthMax: DEPTH_MAX,
          features: create(),
        },
        (row) => rows.push(givenBy, row.receivedNs / NS_PER_MS, row.features),
      );
      for (const [i, event] of events.entries()) {
        givenBy = i;
        sampler.onEvent(event);
      }
      return rows;
    },
    from(start) {
      const snapshot = bookAt(input, start);
      return {
        input: [
          ...(snapshot === undefined ? [] : [snapshot]),
          ...input.slice(start),
        ],
        added: snapshot === undefined ? 0 : 1,
      };
    },
  };
};

/** The book as it stood before event `start`, as a snapshot; undefined where it was not in sync. */
const bookAt = (
  events: readonly MarketEvent[],
  start: number,
): BookSnapshot | undefined => {
  const book = new OrderBook({ depthMax: DEPTH_MAX });
  const sync = new BookSync(book);
  for (const event of events.slice(0, start))
    if (
      event.type === "bookSnapshot" ||
      event.type === "bookDelta" ||
      event.type === "gap"
    )
      sync.apply(event);
  const head = events[start - 1];
  if (head === undefined || !book.hasBothSides) return undefined;
  const { symbol, eventUs, receivedUs, receivedNs } = head;
  const bids: number[] = [];
  const asks: number[] = [];
  for (let i = 0; i < book.bidCount; i++)
    bids.push(book.bidPrice(i), book.bidSize(i));
  for (let i = 0; i < book.askCount; i++)
    asks.push(book.askPrice(i), book.askSize(i));
  return {
    type: "bookSnapshot",
    symbol,
    eventUs,
    receivedUs,
    receivedNs,
    seq: book.seq,
    bids,
    asks,
  };
};
