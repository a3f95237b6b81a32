/** How a client talks to Coinbase without a key: Advanced Trade, whose messages are numbered, or Exchange, whose are not. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { CoinbaseAdvancedMapper } from "../../venues/coinbase-advanced-mapper.ts";
import { CoinbaseMapper } from "../../venues/coinbase-mapper.ts";
import { readCoinbaseInstruments } from "../../venues/instruments/coinbase-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

type Request = "subscribe" | "unsubscribe";
type ChannelNames = Readonly<Partial<Record<Channel, readonly string[]>>>;

const PRODUCTS_A_MESSAGE_MAX = 50;

const COMMON = {
  venue: "COINBASE",
  resync: "resubscribe",
  lifetimeMs: Infinity,
  // A heartbeat comes every second.
  silenceMs: 10_000,
  // The venue closes connections that cannot be served; whole books are megabytes each.
  subscriptionsPerConnectionMax: 60,
  requestWeightPerMinuteMax: 60,
} as const;

const instrumentsAt = (
  path: string,
): NonNullable<VenueProfile["instruments"]> => ({
  requests: (_symbols, restUrl) => [{ url: `${restUrl}${path}`, weight: 1 }],
  read: readCoinbaseInstruments,
});

/** A book is given up without the heartbeat that other channels share with it. */
const namesOf = (
  byChannel: ChannelNames,
  channels: readonly Channel[],
  type: Request,
): readonly string[] => {
  const names = new Set(
    channels.flatMap((channel) => byChannel[channel] ?? []),
  );
  if (type === "unsubscribe")
    for (const name of names) if (/^heartbeat/.test(name)) names.delete(name);
  return [...names];
};

const ADVANCED_CHANNELS: ChannelNames = {
  // Heartbeats keep quiet channels from being closed, and show a loss within a second.
  book: ["level2", "heartbeats"],
  trades: ["market_trades", "heartbeats"],
  quotes: ["ticker", "heartbeats"],
};

export const coinbaseProfile = (): VenueProfile => {
  /** One channel a message. */
  const request =
    (type: Request) =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      namesOf(ADVANCED_CHANNELS, channels, type).flatMap((channel) =>
        channel === "heartbeats"
          ? [JSON.stringify({ type, channel })]
          : inBatches(symbols.map(venueNameOf), PRODUCTS_A_MESSAGE_MAX).map(
              (products) =>
                JSON.stringify({ type, product_ids: products, channel }),
            ),
      );
  return {
    ...COMMON,
    channels: Object.keys(ADVANCED_CHANNELS) as Channel[],
    webSocketUrl: "wss://advanced-trade-ws.coinbase.com",
    restUrl: "https://api.coinbase.com",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    instruments: instrumentsAt("/api/v3/brokerage/market/products"),
    // 8 a second of one address.
    messagesPerSecondMax: 6,
    newMapper: () => new CoinbaseAdvancedMapper(),
  };
};

const EXCHANGE_CHANNELS: ChannelNames = {
  // Every 50 ms; `level2` is the same in every message, but for accounts. The heartbeat numbers the trades.
  book: ["level2_batch", "heartbeat"],
  trades: ["matches", "heartbeat"],
  quotes: ["ticker"],
};

export const coinbaseExchangeProfile = (): VenueProfile => {
  const request =
    (type: Request) =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      inBatches(symbols.map(venueNameOf), PRODUCTS_A_MESSAGE_MAX).map(
        (products) =>
          JSON.stringify({
            type,
            product_ids: products,
            channels: namesOf(EXCHANGE_CHANNELS, channels, type),
          }),
      );
  return {
    ...COMMON,
    channels: Object.keys(EXCHANGE_CHANNELS) as Channel[],
    webSocketUrl: "wss://ws-feed.exchange.coinbase.com",
    restUrl: "https://api.exchange.coinbase.com",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    instruments: instrumentsAt("/products"),
    messagesPerSecondMax: 8,
    newMapper: () => new CoinbaseMapper(),
  };
};
