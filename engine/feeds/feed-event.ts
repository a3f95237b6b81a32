/** What a feed brings: market events, and headlines among them. */
import type { Headline } from "../domain/headline.ts";
import type { MarketEvent } from "../domain/market-event.ts";

export type FeedEvent = MarketEvent | Headline;

export const isHeadline = (event: FeedEvent): event is Headline =>
  !("type" in event);
