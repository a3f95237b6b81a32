/** What follows one symbol's events and writes one vector of a declared set: the features of the moment, as opposed to those of bars. */
import type { FeatureVector } from "../domain/feature.ts";
import type {
  Bar,
  BookDelta,
  BookSnapshot,
  Funding,
  OpenInterest,
  Quote,
  Trade,
} from "../domain/market-event.ts";
import type { OrderBook } from "../market/order-book.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { DeclaredSet, FeatureInput } from "./feature-declaration.ts";
import type { Article } from "./news-windows.ts";

/** An event, or whatever else knows when it came: an object, for a number would be boxed for each call that V8 does not inline. */
export interface Received {
  readonly receivedNs: MonoNanos;
  /** By the wall's clock; what no news is read for may leave it out. */
  readonly receivedUs?: UnixMicros;
}

export interface EventFeatures {
  readonly schema: DeclaredSet;
  /** Owned by the set and overwritten by each `write`: copy to keep. */
  readonly values: FeatureVector;
  /** Enough has been seen for a model to judge. */
  readonly isWarm: boolean;
  /** As of the last `write`, the first input that the set requires and that is missing or out of date: no model may judge. Undefined: none is. */
  readonly staleInput?: FeatureInput | undefined;
  /** After each book event that left a live book. */
  onBook(book: OrderBook, event: BookSnapshot | BookDelta): void;
  /** After a gap or any other loss of the book. */
  onVoid(): void;
  onTrade(trade: Trade): void;
  onQuote(quote: Quote): void;
  /** Closed bars. */
  onBar(bar: Bar): void;
  onFunding?(funding: Funding): void;
  onOpenInterest?(event: OpenInterest): void;
  /** News of the symbol, once its sentiment is known. */
  onArticle?(article: Article): void;
  /** Age of the oldest input of a feature, as of an event; Infinity where one never came. Beyond its `staleAfterMs` it is out of date. */
  ageMs(feature: number, latest: Received): number;
  /** For `restore`: all that what follows depends on, but the book itself. */
  snapshot(): Float64Array;
  /** From a snapshot of a follower made alike, with the book as it stood if it was live: what follows is the same to the bit. */
  restore(snapshot: Float64Array, book: OrderBook | undefined): void;
  /** After `restore` on a clock that was set since: the times that it knows move with it. */
  moveClock?(byNs: number): void;
  /** Once a turn, over the final book, as of the turn's latest event. */
  write(book: OrderBook, latest: Received): FeatureVector;
}

/** Names of the features that are out of date as of an event. */
export const staleFeatures = (
  follower: EventFeatures,
  latest: Received,
): string[] =>
  follower.schema.features
    .filter(({ staleAfterMs }, i) => follower.ageMs(i, latest) > staleAfterMs)
    .map(({ name }) => name);
