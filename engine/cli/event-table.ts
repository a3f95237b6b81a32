/** A table of features of the moment: a row an event at least `sampleMs` after the last row, and a row a change of the mid, so that labels are exact. */
import type { FeatureConstants } from "../domain/feature-constants.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import type { EventFeatures } from "../features/event-features.ts";
import type { FeatureInput } from "../features/feature-declaration.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import { JoinedFeatures } from "../features/joined-features.ts";
import type { Article } from "../features/news-windows.ts";
import { CodedError } from "../std/errors.ts";
import type { ConstantsBySet } from "./constants-file.ts";
import { TableBuilder } from "./feature-table.ts";
import type { FeatureTable, TableOptions, TableSet } from "./feature-table.ts";
import type { LeadingTape } from "./leading-tape.ts";

export interface EventTableOptions extends TableOptions {
  readonly sampleMs: number;
  /** What the features read of a leading symbol. */
  readonly leader?: LeadingTape;
  /** In the order in which they were received. */
  readonly articles?: readonly Article[];
  /** Those that the features were made with, where they are not their sets' own. */
  readonly constants?: ConstantsBySet;
}

const NS_PER_S = 1e9;
const DEPTH_MAX = 1000;

const INPUT_OF: Partial<Record<MarketEvent["type"], readonly FeatureInput[]>> =
  {
    bookSnapshot: ["book"],
    bookDelta: ["book"],
    quote: ["quote"],
    trade: ["trade", "bar"],
    bar: ["bar"],
    funding: ["funding"],
    openInterest: ["openInterest"],
  };

/** Events of one symbol in order of time, through features that are new. */
export const tableOfEvents = async (
  events: AsyncIterable<MarketEvent> | Iterable<MarketEvent>,
  parts: readonly EventFeatures[],
  options: EventTableOptions,
): Promise<FeatureTable> => {
  let rows: EventRows | undefined;
  for await (const event of events) {
    rows ??= new EventRows(event, parts, options);
    await options.leader?.advanceTo(event);
    rows.onEvent(event);
  }
  if (rows === undefined)
    throw new CodedError("E_TAPE_FORMAT", { detail: "no event of a market" });
  return rows.finish();
};

class EventRows {
  readonly #features: EventFeatures;
  readonly #options: EventTableOptions;
  readonly #first: MarketEvent;
  readonly #sets: readonly TableSet[];
  readonly #table: TableBuilder;
  readonly #sampler: FeatureSampler;
  readonly #knownUntil: number[] = [];
  readonly #given = new Set<FeatureInput>();
  #nextArticle = 0;
  #lastNs = Number.NEGATIVE_INFINITY;

  constructor(
    first: MarketEvent,
    parts: readonly EventFeatures[],
    options: EventTableOptions,
  ) {
    const [only] = parts;
    this.#features =
      parts.length === 1 && only !== undefined
        ? only
        : new JoinedFeatures(parts);
    this.#options = options;
    this.#first = first;
    this.#sets = setsOf(parts, this.#features, options);
    this.#table = new TableBuilder(
      ["timeNs", "timeUs", "price", "bid", "ask", "isWarm"],
      this.#sets,
    );
    this.#sampler = new FeatureSampler(
      {
        symbol: first.symbol,
        sampleMs: options.sampleMs,
        sampleOn: "any",
        depthMax: DEPTH_MAX,
        features: this.#features,
      },
      ({
        receivedNs,
        receivedUs,
        mid,
        bidPrice,
        askPrice,
        state,
        features,
      }) => {
        const isLive = state === "LIVE";
        const isWarm = this.#features.isWarm && isLive ? 1 : 0;
        this.#knownUntil.push(isLive ? Infinity : receivedNs);
        this.#table.push(
          [receivedNs, receivedUs, mid, bidPrice, askPrice, isWarm],
          [features],
        );
      },
    );
  }

  onEvent(event: MarketEvent): void {
    const { receivedNs } = event;
    if (receivedNs < this.#lastNs)
      throw new CodedError("E_TAPE_ORDER", {
        detail: `an event came ${(this.#lastNs - receivedNs) / 1e6} ms before the one that it follows`,
      });
    this.#lastNs = receivedNs;
    for (const input of INPUT_OF[event.type] ?? []) this.#given.add(input);
    this.#hear(event);
    const { sync } = this.#sampler;
    // Looked at before the event: it may make the book live again.
    if (sync.isLive && receivedNs > sync.freshUntilNs)
      this.#endPrice(sync.freshUntilNs);
    this.#sampler.onEvent(event);
    if (!sync.book.hasBothSides) this.#endPrice(receivedNs);
  }

  finish(): FeatureTable {
    const table = this.#table;
    const { leader, articles } = this.#options;
    if (table.rows === 0)
      throw new CodedError("E_BOOK_NOSYNC", {
        detail: "there never was a book with both sides: no row",
      });
    if (leader !== undefined) this.#given.add("otherBook").add("otherBar");
    if (articles !== undefined) this.#given.add("headline");
    return table.finish(
      {
        symbol: this.#first.symbol,
        leader: leader?.reference.symbol,
        path: {
          times: table.head("timeNs"),
          prices: table.head("price"),
          knownUntil: Float64Array.from(this.#knownUntil),
        },
        unitsPerS: NS_PER_S,
        sets: this.#sets,
        given: this.#given,
        barsLeftOut: 0,
        metadata: {},
      },
      this.#options,
    );
  }

  /** Articles that were received before the event. */
  #hear({ receivedUs }: MarketEvent): void {
    const { articles = [] } = this.#options;
    for (; this.#nextArticle < articles.length; this.#nextArticle++) {
      const article = articles[this.#nextArticle]!;
      if (article.receivedUs > receivedUs) return;
      this.#features.onArticle?.(article);
    }
  }

  /** The last row's price is known no longer, if it still was. */
  #endPrice(ns: number): void {
    const last = this.#knownUntil.length - 1;
    if (last >= 0)
      this.#knownUntil[last] = Math.min(this.#knownUntil[last]!, ns);
  }
}

const setsOf = (
  parts: readonly EventFeatures[],
  joined: EventFeatures,
  { constants }: EventTableOptions,
): readonly TableSet[] => {
  let at = 0;
  return parts.map(({ schema }) => {
    const own: FeatureConstants =
      constants?.get(schema.name) ?? schema.constants;
    const columns = joined.schema.features
      .slice(at, (at += schema.features.length))
      .map(({ name }) => name);
    return { set: schema, constants: own, columns };
  });
};
