/** How a client talks to Coinbase Exchange: the channels that need no key. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { CoinbaseMapper } from "../../venues/coinbase-mapper.ts";
import { readCoinbaseInstruments } from "../../venues/instruments/coinbase-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

const CHANNELS: Readonly<Partial<Record<Channel, readonly string[]>>> = {
  // Every 50 ms; `level2` is the same in every message, but for accounts. The heartbeat numbers the trades.
  book: ["level2_batch", "heartbeat"],
  trades: ["matches", "heartbeat"],
  quotes: ["ticker"],
};

const PRODUCTS_A_MESSAGE_MAX = 50;

export const coinbaseProfile = (): VenueProfile => {
  const request =
    (type: "subscribe" | "unsubscribe") =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      inBatches(symbols.map(venueNameOf), PRODUCTS_A_MESSAGE_MAX).map(
        (products) =>
          JSON.stringify({
            type,
            product_ids: products,
            channels: namesOf(channels, type),
          }),
      );
  return {
    venue: "COINBASE",
    channels: Object.keys(CHANNELS) as Channel[],
    webSocketUrl: "wss://ws-feed.exchange.coinbase.com",
    restUrl: "https://api.exchange.coinbase.com",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    resync: "resubscribe",
    instruments: {
      requests: (_symbols, restUrl) => [
        { url: `${restUrl}/products`, weight: 1 },
      ],
      read: readCoinbaseInstruments,
    },
    lifetimeMs: Infinity,
    // The heartbeat of each product comes every second.
    silenceMs: 10_000,
    messagesPerSecondMax: 8,
    // The venue closes connections that cannot be served; whole books are megabytes each.
    subscriptionsPerConnectionMax: 60,
    requestWeightPerMinuteMax: 60,
    newMapper: () => new CoinbaseMapper(),
  };
};

/** A book is given up without the heartbeat that other channels share with it. */
const namesOf = (
  channels: readonly Channel[],
  type: "subscribe" | "unsubscribe",
): readonly string[] => {
  const names = new Set(channels.flatMap((channel) => CHANNELS[channel] ?? []));
  if (type === "unsubscribe") names.delete("heartbeat");
  return [...names];
};
