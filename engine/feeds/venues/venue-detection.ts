/** Which venue's mapper a recording wants, by the address it was taken from or by what its messages look like. */
import { BinanceMapper, binanceVenueOf } from "./binance-mapper.ts";
import { BybitMapper } from "./bybit-mapper.ts";
import { CoinbaseAdvancedMapper } from "./coinbase-advanced-mapper.ts";
import { CoinbaseMapper } from "./coinbase-mapper.ts";
import { HyperliquidMapper } from "./hyperliquid-mapper.ts";
import { KrakenV1Mapper } from "./kraken-v1-mapper.ts";
import { KrakenV2Mapper } from "./kraken-v2-mapper.ts";
import { isFields } from "./message.ts";
import { OkxMapper } from "./okx-mapper.ts";
import type { VenueMapper } from "./venue-mapper.ts";

/** First match wins. */
const BY_HOST: readonly (readonly [RegExp, () => VenueMapper])[] = [
  [/^fapi\.|^fstream\./, () => new BinanceMapper("BINANCEUSDM")],
  [/^dapi\.|^dstream\./, () => new BinanceMapper("BINANCECOINM")],
  [/binance/, () => new BinanceMapper("BINANCE")],
  [/^advanced-trade-ws/, () => new CoinbaseAdvancedMapper()],
  [/coinbase/, () => new CoinbaseMapper()],
  [/okx/, () => new OkxMapper()],
  [/bybit/, () => new BybitMapper()],
  [/hyperliquid/, () => new HyperliquidMapper()],
];

export const mapperOfUrl = (address: string): VenueMapper | undefined => {
  const url = URL.canParse(address) ? new URL(address) : undefined;
  if (url === undefined) return undefined;
  if (/kraken/.test(url.hostname))
    return url.pathname.startsWith("/v2")
      ? new KrakenV2Mapper()
      : new KrakenV1Mapper();
  return BY_HOST.find(([host]) => host.test(url.hostname))?.[1]();
};

const HYPERLIQUID_CHANNELS = new Set(["l2Book", "trades", "bbo"]);

/** Undefined for a message that says too little, such as a REST snapshot or a control message. */
export const mapperOfMessage = (message: unknown): VenueMapper | undefined => {
  if (Array.isArray(message)) return new KrakenV1Mapper();
  if (!isFields(message)) return undefined;
  const { arg, channel, data, product_id, topic } = message;
  if (isFields(arg)) return new OkxMapper();
  if (typeof topic === "string") return new BybitMapper();
  if ("sequence_num" in message) return new CoinbaseAdvancedMapper();
  if (typeof product_id === "string") return new CoinbaseMapper();
  if (typeof channel === "string" && "type" in message)
    return Array.isArray(data) ? new KrakenV2Mapper() : undefined;
  if (typeof channel === "string" && HYPERLIQUID_CHANNELS.has(channel))
    return new HyperliquidMapper();
  const venue = binanceVenueOf(message);
  return venue === undefined ? undefined : new BinanceMapper(venue);
};
