/** Every venue that a client can be opened to, by the name that it has on the command line and in the configuration. */
import { CodedError } from "../../../std/errors.ts";
import type { BookDepth, VenueProfile } from "../../venues/venue-profile.ts";
import { binanceProfile } from "./binance-profile.ts";
import { bybitProfile } from "./bybit-profile.ts";
import {
  coinbaseExchangeProfile,
  coinbaseProfile,
} from "./coinbase-profile.ts";
import { hyperliquidProfile } from "./hyperliquid-profile.ts";
import { krakenProfile, krakenV1Profile } from "./kraken-profile.ts";
import { okxProfile } from "./okx-profile.ts";

const PROFILES = {
  binance: () => binanceProfile("BINANCE"),
  binanceusdm: () => binanceProfile("BINANCEUSDM"),
  binancecoinm: () => binanceProfile("BINANCECOINM"),
  kraken: krakenProfile,
  "kraken-v1": krakenV1Profile,
  coinbase: coinbaseProfile,
  "coinbase-exchange": coinbaseExchangeProfile,
  okx: okxProfile,
  bybit: () => bybitProfile("linear"),
  "bybit-spot": () => bybitProfile("spot"),
  "bybit-inverse": () => bybitProfile("inverse"),
  hyperliquid: hyperliquidProfile,
} as const satisfies Readonly<
  Record<string, (depth: BookDepth) => VenueProfile>
>;

export const VENUE_NAMES = Object.keys(PROFILES) as readonly string[];

/** `depth` counts where a venue proves less than it tells: on Kraken. */
export const venueProfile = (
  name: string,
  depth: BookDepth = "proven",
): VenueProfile => {
  if (!Object.hasOwn(PROFILES, name))
    throw new CodedError("E_CONFIG_INVALID", {
      field: "feed.venue",
      detail: `one of ${VENUE_NAMES.join(", ")}`,
    });
  return PROFILES[name as keyof typeof PROFILES](depth);
};
