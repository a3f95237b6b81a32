/** How a client talks to Bybit v5: one address a market, the same topics on each. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { BybitMapper } from "../../venues/bybit-mapper.ts";
import { readBybitInstruments } from "../../venues/instruments/bybit-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

export type BybitMarket = "spot" | "linear" | "inverse";

/** Funding, open interest and the best prices come as one topic. */
const topicsOf = (
  symbol: SymbolId,
  channels: readonly Channel[],
): readonly string[] => {
  const name = venueNameOf(symbol);
  const topics = new Set<string>();
  for (const channel of channels)
    switch (channel) {
      case "book":
        topics.add(`orderbook.200.${name}`);
        break;
      case "trades":
        topics.add(`publicTrade.${name}`);
        break;
      case "bars":
        topics.add(`kline.1.${name}`);
        break;
      case "quotes":
      case "funding":
      case "openInterest":
        topics.add(`tickers.${name}`);
        break;
    }
  return [...topics];
};

/** The venue's bound for spot, kept for all. */
const TOPICS_A_MESSAGE_MAX = 10;

export const bybitProfile = (market: BybitMarket): VenueProfile => {
  const request =
    (op: "subscribe" | "unsubscribe") =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      inBatches(
        symbols.flatMap((symbol) => topicsOf(symbol, channels)),
        TOPICS_A_MESSAGE_MAX,
      ).map((args) => JSON.stringify({ op, args }));
  return {
    venue: "BYBIT",
    // Tickers of spot have neither best prices nor funding.
    channels:
      market === "spot"
        ? ["book", "trades", "bars"]
        : ["book", "trades", "quotes", "bars", "funding", "openInterest"],
    webSocketUrl: `wss://stream.bybit.com/v5/public/${market}`,
    restUrl: "https://api.bybit.com",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    ping: { everyMs: 20_000, text: '{"op":"ping"}' },
    resync: "resubscribe",
    instruments: {
      // The whole list comes in pages.
      requests: (symbols, restUrl) =>
        symbols.map((symbol) => ({
          url: `${restUrl}/v5/market/instruments-info?category=${market}&symbol=${venueNameOf(symbol)}`,
          weight: 1,
        })),
      read: readBybitInstruments,
    },
    lifetimeMs: Infinity,
    silenceMs: 45_000,
    messagesPerSecondMax: 8,
    subscriptionsPerConnectionMax: 200,
    // 600 in five seconds.
    requestWeightPerMinuteMax: 600,
    newMapper: () => new BybitMapper(),
  };
};
