/** How a client talks to Hyperliquid: whole books of 20 levels, one subscription a message. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { HyperliquidMapper } from "../../venues/hyperliquid-mapper.ts";
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
    restUrl: "",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    // The venue ends what has been silent for a minute.
    ping: { everyMs: 20_000, text: '{"method":"ping"}' },
    resync: "resubscribe",
    lifetimeMs: Infinity,
    silenceMs: 45_000,
    // 2,000 a minute for the address.
    messagesPerSecondMax: 20,
    subscriptionsPerConnectionMax: 500,
    requestWeightPerMinuteMax: 60,
    newMapper: () => new HyperliquidMapper(),
  };
};
