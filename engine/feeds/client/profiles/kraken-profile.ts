/** How a client talks to Kraken: WebSocket v2, and v1 for who still needs its names. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { KrakenV1Mapper } from "../../venues/kraken-v1-mapper.ts";
import { KrakenV2Mapper } from "../../venues/kraken-v2-mapper.ts";
import type { ReadGrids } from "../../venues/instrument-reader.ts";
import {
  readKrakenV1Instruments,
  readKrakenV2Instruments,
} from "../../venues/instruments/kraken-instruments.ts";
import type {
  BookDepth,
  Channel,
  VenueProfile,
} from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

const SYMBOLS_A_MESSAGE_MAX = 50;
/** The checksum is over ten levels a side. */
const LEVELS: Readonly<Record<BookDepth, number>> = { proven: 10, deep: 1_000 };

/** The venue names no number and refuses what is too fast; behind its proxy some 150 connections in ten minutes. */
const LIMITS = {
  lifetimeMs: Infinity,
  silenceMs: 15_000,
  messagesPerSecondMax: 5,
  subscriptionsPerConnectionMax: 200,
  requestWeightPerMinuteMax: 60,
} as const;

const REST_URL = "https://api.kraken.com";

/** One answer tells all pairs. */
const instrumentsBy = (
  read: ReadGrids,
): NonNullable<VenueProfile["instruments"]> => ({
  requests: (_symbols, restUrl) => [
    { url: `${restUrl}/0/public/AssetPairs`, weight: 1 },
  ],
  read,
});

type Method = "subscribe" | "unsubscribe";

/** One message a channel and batch of symbols. */
const requests = (
  symbols: readonly SymbolId[],
  channels: readonly Channel[],
  message: (channel: Channel, names: readonly string[]) => unknown,
): readonly string[] =>
  channels.flatMap((channel) =>
    inBatches(symbols.map(venueNameOf), SYMBOLS_A_MESSAGE_MAX).map((names) =>
      JSON.stringify(message(channel, names)),
    ),
  );

type Params = Readonly<Partial<Record<Channel, object>>>;

const v2Params = (depth: number): Params => ({
  book: { channel: "book", depth },
  trades: { channel: "trade", snapshot: false },
  quotes: { channel: "ticker", event_trigger: "bbo" },
  bars: { channel: "ohlc", interval: 1 },
});

export const krakenProfile = (depth: BookDepth): VenueProfile => {
  const byChannel = v2Params(LEVELS[depth]);
  const request =
    (method: Method) =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      requests(symbols, channels, (channel, names) => ({
        method,
        params: { ...byChannel[channel], symbol: names },
      }));
  return {
    venue: "KRAKEN",
    channels: Object.keys(byChannel) as Channel[],
    webSocketUrl: "wss://ws.kraken.com/v2",
    restUrl: REST_URL,
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    ping: { everyMs: 5_000, text: '{"method":"ping"}' },
    resync: "resubscribe",
    instruments: instrumentsBy(readKrakenV2Instruments),
    ...LIMITS,
    newMapper: () => new KrakenV2Mapper(),
  };
};

const v1Subscriptions = (depth: number): Params => ({
  book: { name: "book", depth },
  trades: { name: "trade" },
  quotes: { name: "spread" },
  bars: { name: "ohlc", interval: 1 },
});

export const krakenV1Profile = (depth: BookDepth): VenueProfile => {
  const byChannel = v1Subscriptions(LEVELS[depth]);
  const request =
    (event: Method) =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      requests(symbols, channels, (channel, pair) => ({
        event,
        pair,
        subscription: byChannel[channel],
      }));
  return {
    venue: "KRAKEN",
    channels: Object.keys(byChannel) as Channel[],
    webSocketUrl: "wss://ws.kraken.com",
    restUrl: REST_URL,
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    ping: { everyMs: 5_000, text: '{"event":"ping"}' },
    resync: "resubscribe",
    instruments: instrumentsBy(readKrakenV1Instruments),
    ...LIMITS,
    newMapper: () => new KrakenV1Mapper(),
  };
};
