/** How a client talks to Binance: spot, USD-M and COIN-M futures differ in addresses, streams and limits. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import {
  BinanceMapper,
  type BinanceVenue,
} from "../../venues/binance-mapper.ts";
import { readBinanceInstruments } from "../../venues/instruments/binance-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

interface Market {
  readonly webSocketUrl: string;
  readonly webSocketRoutes: NonNullable<VenueProfile["webSocketRoutes"]>;
  readonly restUrl: string;
  readonly streams: Readonly<Partial<Record<Channel, string>>>;
  readonly depthPath: string;
  /** Of a book of 1,000 levels. */
  readonly depthWeight: number;
  readonly interestPath?: string;
  readonly instruments: {
    readonly path: string;
    readonly weight: number;
    /** Futures tell of all their symbols, or of none. */
    readonly answers: "those asked for" | "all";
  };
  readonly messagesPerSecondMax: number;
  readonly requestWeightPerMinuteMax: number;
}

const FUTURES_STREAMS = {
  book: "depth@100ms",
  trades: "aggTrade",
  quotes: "bookTicker",
  bars: "kline_1m",
  funding: "markPrice@1s",
} as const;

/** Limits are kept below the venue's own (5 and 10 messages a second, pongs counted; 6,000 and 2,400 weight a minute). */
const MARKETS: Readonly<Record<BinanceVenue, Market>> = {
  BINANCE: {
    webSocketUrl: "wss://stream.binance.com:9443",
    webSocketRoutes: [
      { path: "/stream", channels: ["book", "trades", "quotes", "bars"] },
    ],
    restUrl: "https://api.binance.com",
    streams: {
      book: "depth@100ms",
      trades: "trade",
      quotes: "bookTicker",
      bars: "kline_1m",
    },
    depthPath: "/api/v3/depth",
    depthWeight: 50,
    instruments: {
      path: "/api/v3/exchangeInfo",
      weight: 20,
      answers: "those asked for",
    },
    messagesPerSecondMax: 3,
    requestWeightPerMinuteMax: 4_800,
  },
  BINANCEUSDM: {
    webSocketUrl: "wss://fstream.binance.com",
    // Since 2026 an address says nothing of the other's streams.
    webSocketRoutes: [
      { path: "/public/stream", channels: ["book", "quotes"] },
      { path: "/market/stream", channels: ["trades", "bars", "funding"] },
    ],
    restUrl: "https://fapi.binance.com",
    streams: FUTURES_STREAMS,
    depthPath: "/fapi/v1/depth",
    depthWeight: 20,
    interestPath: "/fapi/v1/openInterest",
    instruments: { path: "/fapi/v1/exchangeInfo", weight: 1, answers: "all" },
    messagesPerSecondMax: 6,
    requestWeightPerMinuteMax: 1_900,
  },
  BINANCECOINM: {
    webSocketUrl: "wss://dstream.binance.com",
    webSocketRoutes: [
      {
        path: "/stream",
        channels: ["book", "trades", "quotes", "bars", "funding"],
      },
    ],
    restUrl: "https://dapi.binance.com",
    streams: FUTURES_STREAMS,
    depthPath: "/dapi/v1/depth",
    depthWeight: 20,
    interestPath: "/dapi/v1/openInterest",
    instruments: { path: "/dapi/v1/exchangeInfo", weight: 1, answers: "all" },
    messagesPerSecondMax: 6,
    requestWeightPerMinuteMax: 1_900,
  },
};

const STREAMS_A_MESSAGE_MAX = 100;

export const binanceProfile = (venue: BinanceVenue): VenueProfile => {
  const market = MARKETS[venue];
  const { interestPath } = market;
  let id = 0;
  const request =
    (method: "SUBSCRIBE" | "UNSUBSCRIBE") =>
    (
      symbols: readonly SymbolId[],
      channels: readonly Channel[],
    ): readonly string[] =>
      inBatches(
        symbols.flatMap((symbol) =>
          channels.flatMap((channel) => {
            const stream = market.streams[channel];
            const name = venueNameOf(symbol).toLowerCase();
            return stream === undefined ? [] : [`${name}@${stream}`];
          }),
        ),
        STREAMS_A_MESSAGE_MAX,
      ).map((params) => JSON.stringify({ method, params, id: ++id }));
  return {
    venue,
    channels: Object.keys(market.streams) as Channel[],
    webSocketUrl: market.webSocketUrl,
    webSocketRoutes: market.webSocketRoutes,
    restUrl: market.restUrl,
    subscribe: request("SUBSCRIBE"),
    unsubscribe: request("UNSUBSCRIBE"),
    resync: "rest",
    snapshot: (symbol, restUrl) => ({
      url: `${restUrl}${market.depthPath}?symbol=${venueNameOf(symbol)}&limit=1000`,
      weight: market.depthWeight,
    }),
    ...(interestPath === undefined
      ? {}
      : {
          openInterest: (symbol: SymbolId, restUrl: string) => ({
            url: `${restUrl}${interestPath}?symbol=${venueNameOf(symbol)}`,
            weight: 1,
          }),
        }),
    instruments: {
      requests: (symbols, restUrl) =>
        instrumentQueries(market, symbols).map((query) => ({
          url: `${restUrl}${market.instruments.path}${query}`,
          weight: market.instruments.weight,
        })),
      read: readBinanceInstruments,
    },
    lifetimeMs: 24 * 3_600_000,
    silenceMs: 30_000,
    messagesPerSecondMax: market.messagesPerSecondMax,
    // The venue's bound; older documents say 200 for futures, so connections stay below that.
    subscriptionsPerConnectionMax: 200,
    requestWeightPerMinuteMax: market.requestWeightPerMinuteMax,
    newMapper: () => new BinanceMapper(venue),
  };
};

/** The whole list of spot has tens of megabytes; a batch with a symbol that the venue does not know is refused. */
const ASKED_MAX = 50;

const instrumentQueries = (
  { instruments }: Market,
  symbols: readonly SymbolId[],
): readonly string[] =>
  instruments.answers === "all"
    ? [""]
    : inBatches(symbols.map(venueNameOf), ASKED_MAX).map(
        (names) => `?symbols=${encodeURIComponent(JSON.stringify(names))}`,
      );
