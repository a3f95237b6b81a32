/** One venue's market data on a bus: its clients, and the publisher that answers for its books. Inside the engine or as a process of its own. */
import type { Config } from "./config-schema.ts";
import { symbolId, symbolIdOfVenue, type SymbolId } from "./domain/symbol.ts";
import { venueProfile } from "./feeds/client/profiles/venue-profiles.ts";
import { VENUES } from "./feeds/venues/venue-mapper.ts";
import {
  VenueFeed,
  checkVenueRequest,
  type VenueFeedStatus,
  type VenueRequest,
} from "./feeds/client/venue-feed.ts";
import { FeedPublisher } from "./feeds/feed-publisher.ts";
import type { Bus, Logger, Telemetry } from "./ports.ts";
import { CodedError } from "./std/errors.ts";
import { systemClock, systemTimers } from "./std/time.ts";
import { publisherId } from "./wire/publisher-header.ts";

export interface VenueRunOptions {
  readonly feed: Config["feed"];
  readonly bus: Bus;
  readonly telemetry: Telemetry;
  readonly log: Logger;
  /** `numbered`: over a bus that may lose messages, so that its readers notice. */
  readonly marks: "numbered" | "none";
}

export interface VenueRunStatus extends VenueFeedStatus {
  readonly venue: string;
  readonly symbols: number;
  /** Every connection is open and no book waits. */
  readonly isLive: boolean;
  readonly published: number;
  readonly answered: number;
}

export interface VenueRun {
  readonly status: VenueRunStatus;
  stop(): void;
}

const BOOKS_EVERY_MS = 250;

/** What the configuration asks of a venue. E_CONFIG_INVALID for a venue, symbol, channel or address that cannot be. */
export const venueRequest = (feed: Config["feed"]): VenueRequest => {
  const profile = venueProfile(feed.venue, feed.depth);
  const request: VenueRequest = {
    profile,
    symbols: [
      ...new Set(feed.symbols.map((text) => symbolOf(text, profile.venue))),
    ],
    channels: feed.channels,
    webSocketUrl: feed.url === "" ? profile.webSocketUrl : feed.url,
    restUrl: feed.restUrl === "" ? profile.restUrl : feed.restUrl,
  };
  checkVenueRequest(request);
  return request;
};

/** E_CONFIG_INVALID as above. */
export const startVenue = (options: VenueRunOptions): VenueRun => {
  const { feed, bus, telemetry, log } = options;
  const request = venueRequest(feed);
  const { symbols } = request;
  const publisher = new FeedPublisher({
    bus,
    clock: systemClock,
    symbolsMax: symbols.length,
    onBrokenBook: (symbol) => venue.resync(symbol),
    ...(options.marks === "none"
      ? {}
      : { id: publisherId(systemClock.nowUs(), process.pid) }),
  });
  const venue = new VenueFeed({
    ...request,
    onEvent: (event) => publisher.publish(event),
    onInstrument: (instrument) => publisher.tellInstrument(instrument),
    telemetry,
    log,
  });
  venue.start();
  const beat = systemTimers.every(BOOKS_EVERY_MS, () => publisher.checkBooks());
  return {
    get status() {
      const { connections, clients, booksWaiting } = venue.status;
      return {
        venue: feed.venue,
        symbols: symbols.length,
        isLive: connections >= clients && booksWaiting === 0,
        connections,
        clients,
        booksWaiting,
        published: publisher.published,
        answered: publisher.answered,
      };
    },
    stop: () => {
      beat.cancel();
      venue.stop();
      publisher.close();
    },
  };
};

/** As a SymbolId of the venue, or as the venue itself writes it: `BTCUSDT`, `BTC/USD`. */
const symbolOf = (text: string, venue: string): SymbolId => {
  const isOurs = text.endsWith(`.${venue}`);
  if (!isOurs && VENUES.some((other) => text.endsWith(`.${other}`)))
    throw new CodedError("E_CONFIG_INVALID", {
      field: "feed.symbols",
      detail: `${text} is not of ${venue}`,
    });
  try {
    return isOurs ? symbolId(text) : symbolIdOfVenue(text, venue);
  } catch (cause) {
    throw new CodedError("E_CONFIG_INVALID", {
      field: "feed.symbols",
      detail: `"${text.slice(0, 100)}" is no symbol`,
      cause,
    });
  }
};
