/** One symbol's events as its features are told of them, in numbers: what the reference reads, and nothing that the features made of it. */
import type { FeatureVector } from "../domain/feature.ts";
import type { Bar, MarketEvent, Quote, Trade } from "../domain/market-event.ts";
import type { EventFeatures, Received } from "../features/event-features.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import { createEventFeatures } from "../features/feature-sets.ts";
import { JoinedFeatures } from "../features/joined-features.ts";
import { Microstructure } from "../features/microstructure.ts";
import { MICROSTRUCTURE_SET } from "../features/microstructure-set.ts";
import type { OrderBook } from "../market/order-book.ts";
import { assert } from "../std/assert.ts";
import { CodedError } from "../std/errors.ts";
import { DrawnLeader } from "./parity-leader.ts";
import type { ParityTask } from "./verify-parity.ts";

const LEVELS = 10;
const DEPTH_MAX = 1000;
const SAMPLE_MS = 100;
const KINDS = {
  book: 0,
  void: 1,
  trade: 2,
  quote: 3,
  bar: 4,
  row: 5,
  leader: 6,
} as const;
const SIGNS = { buy: 1, sell: -1, unknown: 0 } as const;

const sideColumns = (side: string): string[] =>
  Array.from({ length: LEVELS }, (_, i) => [
    `${side}Price${i + 1}`,
    `${side}Size${i + 1}`,
  ]).flat();

/** A book's levels; the other kinds have their own numbers in the first of the columns. */
const EVENT_COLUMNS = [
  "kind",
  "receivedNs",
  "seq",
  ...sideColumns("bid"),
  ...sideColumns("ask"),
] as const;

/** Follows like the features themselves and writes down what it was told. */
class ToldFeatures implements EventFeatures {
  readonly told: number[] = [];
  readonly #features: EventFeatures;
  readonly #leader: DrawnLeader;

  constructor(features: EventFeatures, leader: DrawnLeader) {
    this.#features = features;
    this.#leader = leader;
  }

  get schema(): DeclaredSet {
    return this.#features.schema;
  }

  get values(): FeatureVector {
    return this.#features.values;
  }

  get isWarm(): boolean {
    return this.#features.isWarm;
  }

  onBook(...told: Parameters<EventFeatures["onBook"]>): void {
    const [book, event] = told;
    this.#hearLeader(event);
    // A book that lacks a side is none.
    if (book.hasBothSides)
      this.#tell("book", event.receivedNs, book.seq, levelsOf(book));
    else this.#tell("void", 0, 0, []);
    this.#features.onBook(...told);
  }

  onVoid(): void {
    this.#tell("void", 0, 0, []);
    this.#features.onVoid();
  }

  onTrade(trade: Trade): void {
    const { receivedNs, price, size, side } = trade;
    this.#hearLeader(trade);
    this.#tell("trade", receivedNs, 0, [price, size, SIGNS[side]]);
    this.#features.onTrade(trade);
  }

  onQuote(quote: Quote): void {
    const { receivedNs, seq, bidPrice, bidSize, askPrice, askSize } = quote;
    this.#tell("quote", receivedNs, seq, [
      bidPrice,
      bidSize,
      askPrice,
      askSize,
    ]);
    this.#features.onQuote(quote);
  }

  onBar(bar: Bar): void {
    const { receivedNs, high, low, close, volume, vwap } = bar;
    this.#tell("bar", receivedNs, 0, [high, low, close, volume, vwap]);
    this.#features.onBar(bar);
  }

  ageMs(feature: number, latest: Received): number {
    return this.#features.ageMs(feature, latest);
  }

  snapshot(): Float64Array {
    return this.#features.snapshot();
  }

  restore(snapshot: Float64Array, book: OrderBook | undefined): void {
    this.#features.restore(snapshot, book);
  }

  write(book: OrderBook, latest: Received): FeatureVector {
    this.#hearLeader(latest);
    this.#tell("row", latest.receivedNs, 0, []);
    return this.#features.write(book, latest);
  }

  #tell(
    kind: keyof typeof KINDS,
    receivedNs: number,
    seq: number,
    numbers: readonly number[],
  ): void {
    this.told.push(KINDS[kind], receivedNs, seq, ...numbers);
    const filled = 3 + numbers.length;
    for (let i = filled; i < EVENT_COLUMNS.length; i++) this.told.push(NaN);
  }

  /** The leader speaks of its own accord, before the event that comes after it. */
  #hearLeader({ receivedNs }: Received): void {
    this.#leader.advanceTo(receivedNs, (ns, mid) =>
      this.#tell("leader", ns, 0, [mid]),
    );
  }
}

const levelsOf = (book: OrderBook): number[] => {
  const levels: number[] = [];
  for (let i = 0; i < LEVELS; i++)
    levels.push(
      ...(i < book.bidCount ? [book.bidPrice(i), book.bidSize(i)] : [NaN, 0]),
    );
  for (let i = 0; i < LEVELS; i++)
    levels.push(
      ...(i < book.askCount ? [book.askPrice(i), book.askSize(i)] : [NaN, 0]),
    );
  return levels;
};

const followerOf = (set: DeclaredSet, leading: DrawnLeader): EventFeatures =>
  set === MICROSTRUCTURE_SET
    ? new Microstructure({ leading })
    : createEventFeatures(set);

/** The engine's features over the tape and a drawn leader, a row at least 100 ms after the last one and at each change of the mid, and what they were told. */
export const tapeTask = (
  sets: readonly DeclaredSet[],
  events: readonly MarketEvent[],
): ParityTask => {
  const symbol = events[0]?.symbol;
  assert(symbol !== undefined, "there are events");
  const leader = new DrawnLeader();
  const features = new ToldFeatures(
    new JoinedFeatures(sets.map((set) => followerOf(set, leader))),
    leader,
  );
  const values: number[] = [];
  const sampler = new FeatureSampler(
    {
      symbol,
      sampleMs: SAMPLE_MS,
      sampleOn: "any",
      depthMax: DEPTH_MAX,
      features,
    },
    (row) => values.push(...row.features),
  );
  for (const event of events) sampler.onEvent(event);
  if (values.length === 0)
    throw new CodedError("E_BOOK_NOSYNC", {
      detail: "there never was a book with both sides: no row",
    });
  return {
    sets,
    values,
    settings: { eventColumns: EVENT_COLUMNS },
    matrices: { events: features.told },
  };
};
