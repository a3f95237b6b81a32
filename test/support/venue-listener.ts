/** A venue feed pointed at the test server, and the books that its events build, compared with the server's own. */
import { setTimeout as sleep } from "node:timers/promises";
import type { MarketEvent, Trade } from "../../engine/domain/market-event.ts";
import { symbolIdOfVenue, type SymbolId } from "../../engine/domain/symbol.ts";
import { bidsOf, asksOf } from "../../engine/feeds/book-levels.ts";
import type { ClientLimits } from "../../engine/feeds/client/client-limits.ts";
import { venueProfile } from "../../engine/feeds/client/profiles/venue-profiles.ts";
import { VenueFeed } from "../../engine/feeds/client/venue-feed.ts";
import type {
  Channel,
  VenueProfile,
} from "../../engine/feeds/venues/venue-profile.ts";
import { BookSync } from "../../engine/market/book-sync.ts";
import { OrderBook } from "../../engine/market/order-book.ts";
import { Random } from "../../engine/std/random.ts";
import { eventually } from "./eventually.ts";
import { RecordingLog, RecordingTelemetry } from "./recording-telemetry.ts";
import {
  bestAsks,
  bestBids,
  type DialectName,
  type Row,
} from "./venue-dialects.ts";
import type { VenueServer } from "./venue-server.ts";

/** The product's waits, made short. */
const QUICK: Partial<ClientLimits> = {
  connectTimeoutMs: 3_000,
  reconnectMinMs: 5,
  reconnectMaxMs: 40,
  stableMs: 20,
  firstBookMs: 150,
  resyncMinMs: 20,
  resyncMaxMs: 150,
  restRetryMinMs: 5,
  restRetryMaxMs: 40,
  connectsPer5MinutesMax: 10_000,
  overlapMinMs: 60,
};

export interface ListenerOptions {
  readonly channels?: readonly Channel[];
  readonly limits?: Partial<ClientLimits>;
  readonly profile?: Partial<VenueProfile>;
}

export class VenueListener {
  readonly events: MarketEvent[] = [];
  readonly telemetry = new RecordingTelemetry();
  readonly log = new RecordingLog();
  readonly profile: VenueProfile;
  readonly #names: readonly string[];
  readonly #server: VenueServer;
  readonly #books = new Map<SymbolId, BookSync>();
  readonly feed: VenueFeed;

  constructor(
    venue: DialectName,
    server: VenueServer,
    names: readonly string[],
    options: ListenerOptions = {},
  ) {
    this.#server = server;
    this.#names = names;
    this.profile = {
      ...venueProfile(venue),
      messagesPerSecondMax: 1_000,
      requestWeightPerMinuteMax: 1_000_000,
      ...options.profile,
    };
    this.feed = new VenueFeed({
      profile: this.profile,
      symbols: names.map((name) => this.symbolOf(name)),
      channels: options.channels ?? ["book"],
      webSocketUrl: server.webSocketUrl,
      restUrl: server.restUrl,
      onEvent: (event) => this.#onEvent(event),
      random: new Random(venue),
      telemetry: this.telemetry,
      log: this.log,
      limits: { ...QUICK, ...options.limits },
    });
    this.feed.start();
  }

  symbolOf(name: string): SymbolId {
    return symbolIdOfVenue(name, this.profile.venue);
  }

  bookOf(name: string): BookSync {
    const symbol = this.symbolOf(name);
    let sync = this.#books.get(symbol);
    if (sync === undefined) {
      sync = new BookSync(new OrderBook({ depthMax: 1_000 }), {
        bandFactor: 0,
      });
      this.#books.set(symbol, sync);
    }
    return sync;
  }

  get allLive(): boolean {
    return this.#names.every((name) => this.bookOf(name).isLive);
  }

  get gaps(): readonly string[] {
    return this.events.flatMap((event) =>
      event.type === "gap" ? [event.reason] : [],
    );
  }

  get trades(): readonly Trade[] {
    return this.events.filter((event) => event.type === "trade");
  }

  count(metric: string, labels = ""): number {
    const venue = `venue=${this.profile.venue}`;
    return this.telemetry.of(
      `fusewire_venue_${metric}{${labels === "" ? venue : `${venue},${labels}`}}`,
    );
  }

  whenLive(withinMs = 5_000): Promise<number> {
    return eventually("all books are live", () => this.allLive, withinMs);
  }

  /** Every book is live and level for level the server's. */
  async whenEqual(levels = 20, withinMs = 5_000): Promise<void> {
    const isEqual = (): boolean =>
      this.#names.every((name) => {
        const sync = this.bookOf(name);
        return (
          sync.isLive &&
          isSame(
            bidsOf(sync.book),
            bestBids(this.#server.bookOf(name)),
            levels,
          ) &&
          isSame(asksOf(sync.book), bestAsks(this.#server.bookOf(name)), levels)
        );
      });
    await eventually("all books equal the reference", isEqual, withinMs);
  }

  stop(): void {
    this.feed.stop();
  }

  #onEvent(event: MarketEvent): void {
    this.events.push(event);
    if (
      event.type === "bookSnapshot" ||
      event.type === "bookDelta" ||
      event.type === "gap"
    )
      this.bookOf(
        this.#names.find((name) => this.symbolOf(name) === event.symbol)!,
      ).apply(event);
  }
}

const isSame = (
  flat: readonly number[],
  rows: readonly Row[],
  levels: number,
): boolean => {
  const wanted = rows.slice(0, levels).flatMap((row) => row.map(Number));
  return (
    flat.length >= wanted.length &&
    wanted.every((number, i) => flat[i] === number)
  );
};

/** A few messages a millisecond. */
export const playAll = async (
  server: VenueServer,
  messages: Iterable<string>,
  aTurn = 5,
): Promise<void> => {
  let left = aTurn;
  for (const message of messages) {
    server.play(message);
    if (--left > 0) continue;
    left = aTurn;
    await sleep(1);
  }
};
