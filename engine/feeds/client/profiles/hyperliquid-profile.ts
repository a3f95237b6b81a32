/** How a client talks to Hyperliquid: whole books of 20 levels, one subscription a message. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { HyperliquidMapper } from "../../venues/hyperliquid-mapper.ts";
import { readHyperliquidInstruments } from "../../venues/instruments/hyperliquid-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";

const SUBSCRIPTIONS: Readonly<Partial<Record<Channel, object>>> = {
  book: { type: "l2Book" },
  trades: { type: "trades" },
  quotes: { type: "bbo" },
  bars: { type: "candle", interval: "1m" },
  funding: { type: "activeAssetCtx" },
  openInterest: { type: "activeAssetCtx" },
};

export const hyperliquidProfile = (): VenueProfile => {
  const request =
    (method: "subscribe" | "unsubscribe") =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      symbols.flatMap((symbol) => [
        ...new Set(
          channels.map((channel) =>
            JSON.stringify({
              method,
              subscription: {
                ...SUBSCRIPTIONS[channel],
                coin: venueNameOf(symbol),
              },
            }),
          ),
        ),
      ]);
  return {
    venue: "HYPERLIQUID",
    channels: Object.keys(SUBSCRIPTIONS) as Channel[],
    webSocketUrl: "wss://api.hyperliquid.xyz/ws",
    restUrl: "https://api.hyperliquid.xyz",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    // The venue ends what has been silent for a minute.
    ping: { everyMs: 20_000, text: '{"method":"ping"}' },
    resync: "resubscribe",
    instruments: {
      requests: (symbols, restUrl) =>
        [...new Set(symbols.map(metaOf))].map((type) => ({
          url: `${restUrl}/info`,
          post: JSON.stringify({ type }),
          weight: 20,
        })),
      read: readHyperliquidInstruments,
    },
    lifetimeMs: Infinity,
    silenceMs: 45_000,
    // 2,000 a minute for the address.
    messagesPerSecondMax: 20,
    subscriptionsPerConnectionMax: 500,
    // Of 1,200 for the address.
    requestWeightPerMinuteMax: 900,
    newMapper: () => new HyperliquidMapper(),
  };
};

/** Pairs of spot are `@107`, and `PURR/USDC`, which came first. */
const metaOf = (symbol: SymbolId): "meta" | "spotMeta" =>
  /^@|\//.test(venueNameOf(symbol)) ? "spotMeta" : "meta";
