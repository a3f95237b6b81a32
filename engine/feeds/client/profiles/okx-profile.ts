/** How a client talks to OKX: public channels of the v5 WebSocket, bars on an address of their own. */
import { venueNameOf, type SymbolId } from "../../../domain/symbol.ts";
import { OkxMapper } from "../../venues/okx-mapper.ts";
import {
  okxTypeOf,
  readOkxInstruments,
} from "../../venues/instruments/okx-instruments.ts";
import type { Channel, VenueProfile } from "../../venues/venue-profile.ts";
import { inBatches } from "./batches.ts";

const CHANNELS: Readonly<Partial<Record<Channel, readonly string[]>>> = {
  book: ["books"],
  trades: ["trades"],
  quotes: ["bbo-tbt"],
  bars: ["candle1m"],
  funding: ["funding-rate", "mark-price"],
  openInterest: ["open-interest"],
};

/** A message may have 64 KB; one argument has some 60 bytes. */
const ARGUMENTS_A_MESSAGE_MAX = 100;

export const okxProfile = (): VenueProfile => {
  const request =
    (op: "subscribe" | "unsubscribe") =>
    (symbols: readonly SymbolId[], channels: readonly Channel[]) =>
      inBatches(
        symbols.flatMap((symbol) =>
          channels
            .flatMap((channel) => CHANNELS[channel] ?? [])
            .map((channel) => ({ channel, instId: venueNameOf(symbol) })),
        ),
        ARGUMENTS_A_MESSAGE_MAX,
      ).map((args) => JSON.stringify({ op, args }));
  return {
    venue: "OKX",
    channels: Object.keys(CHANNELS) as Channel[],
    webSocketUrl: "wss://ws.okx.com:8443/ws/v5",
    webSocketRoutes: [
      {
        path: "/public",
        channels: ["book", "trades", "quotes", "funding", "openInterest"],
      },
      { path: "/business", channels: ["bars"] },
    ],
    restUrl: "https://www.okx.com",
    subscribe: request("subscribe"),
    unsubscribe: request("unsubscribe"),
    // The venue ends what has been silent for 30 s.
    ping: { everyMs: 15_000, text: "ping" },
    resync: "resubscribe",
    // In 2026 the venue announced that subscriptions would bring no snapshot any more.
    snapshot: (symbol, restUrl) => ({
      url: `${restUrl}/api/v5/market/books?instId=${venueNameOf(symbol)}&sz=400&source=0`,
      weight: 1,
    }),
    instruments: {
      requests: (symbols, restUrl) =>
        [...new Set(symbols.map(venueNameOf).map(okxTypeOf))].map((type) => ({
          url: `${restUrl}/api/v5/public/instruments?instType=${type}`,
          weight: 1,
        })),
      read: readOkxInstruments,
    },
    lifetimeMs: Infinity,
    silenceMs: 30_000,
    // 480 subscriptions an hour and 3 connections a second; a few messages carry all.
    messagesPerSecondMax: 3,
    subscriptionsPerConnectionMax: 200,
    // 40 in two seconds.
    requestWeightPerMinuteMax: 600,
    newMapper: () => new OkxMapper(),
  };
};
