/** What a client must know of a venue besides the mapping: addresses, subscriptions, keep-alive, REST answers and limits. */
import type { SymbolId } from "../../domain/symbol.ts";
import type { ReadGrids } from "./instrument-reader.ts";
import type { Venue, VenueMapper } from "./venue-mapper.ts";

/** What can be asked of a venue; `VenueProfile.channels` names those it has. */
export type Channel =
  "book" | "trades" | "quotes" | "bars" | "funding" | "openInterest";

/** `proven`: every level is held to the venue's checksum. `deep`: as far as the venue tells, provable or not. */
export type BookDepth = "proven" | "deep";

export interface RestRequest {
  readonly url: string;
  /** JSON to be posted; absent: a GET. */
  readonly post?: string;
  /** In the venue's own unit, against `requestWeightPerMinuteMax`. */
  readonly weight: number;
}

export interface VenueProfile {
  readonly venue: Venue;
  /** What comes over the socket. */
  readonly channels: readonly Channel[];
  /** The production address; a client may be given another for tests. */
  readonly webSocketUrl: string;
  /** Where the venue spreads its channels over addresses: appended to `webSocketUrl`, one connection each. */
  readonly webSocketRoutes?: readonly {
    readonly path: string;
    readonly channels: readonly Channel[];
  }[];
  readonly restUrl: string;
  /** Messages to send, each within the venue's bound on subscriptions a message. */
  subscribe(
    symbols: readonly SymbolId[],
    channels: readonly Channel[],
  ): readonly string[];
  unsubscribe(
    symbols: readonly SymbolId[],
    channels: readonly Channel[],
  ): readonly string[];
  /** Keep-alive that the venue wants as a message; absent where it is WebSocket ping frames. */
  readonly ping?: { readonly everyMs: number; readonly text: string };
  /** How a book comes back: by REST answer given to `map` with its symbol, or by subscribing again; see `snapshot`. */
  readonly resync: "rest" | "resubscribe";
  /** Present where `resync` is `rest`; elsewhere every second try asks for it, should subscribing bring none. The answer's text goes to `map` as it is, with the symbol in the receipt. */
  snapshot?(symbol: SymbolId, restUrl: string): RestRequest;
  /** Present where open interest is polled. As above. */
  openInterest?(symbol: SymbolId, restUrl: string): RestRequest;
  /** Where tick and lot sizes are told: the answers to all of the requests hold those of all the symbols. */
  readonly instruments?: {
    requests(
      symbols: readonly SymbolId[],
      restUrl: string,
    ): readonly RestRequest[];
    readonly read: ReadGrids;
  };
  /** The venue closes the connection after this long; Infinity where it does not. */
  readonly lifetimeMs: number;
  /** Nothing heard for this long on a subscribed connection means it is dead. */
  readonly silenceMs: number;
  readonly messagesPerSecondMax: number;
  readonly subscriptionsPerConnectionMax: number;
  readonly requestWeightPerMinuteMax: number;
  newMapper(): VenueMapper;
}
