import { describe, expect, it } from "vitest";
import type { Instrument } from "../../domain/instrument.ts";
import { symbolIdOfVenue } from "../../domain/symbol.ts";
import { RecordingLog } from "../../../test/support/recording-telemetry.ts";
import { CodedError } from "../../std/errors.ts";
import type { VenueProfile } from "../venues/venue-profile.ts";
import { InstrumentWatch } from "./instrument-watch.ts";
import { VENUE_NAMES, venueProfile } from "./profiles/venue-profiles.ts";
import type { RestTask } from "./rest-queue.ts";

const setUp = (profile: VenueProfile, names: readonly string[]) => {
  const tasks: RestTask[] = [];
  const told: Instrument[] = [];
  const log = new RecordingLog();
  const watch = new InstrumentWatch({
    profile,
    symbols: names.map((name) => symbolIdOfVenue(name, profile.venue)),
    restUrl: "https://venue",
    rest: {
      add: (task) => {
        tasks.push(task);
        return () => undefined;
      },
    },
    log,
    onInstrument: (instrument) => told.push(instrument),
  });
  return { watch, tasks, told, log };
};

const exchangeInfo = (tickSize: string): string =>
  JSON.stringify({
    symbols: ["BTCUSDT", "BNBUSDT"].map((symbol) => ({
      symbol,
      filters: [
        { filterType: "PRICE_FILTER", tickSize },
        { filterType: "LOT_SIZE", stepSize: "0.001" },
      ],
    })),
  });

describe("InstrumentWatch", () => {
  it("tells what the venue says of its symbols, and again only what has changed", () => {
    const { watch, tasks, told, log } = setUp(venueProfile("binanceusdm"), [
      "BTCUSDT",
    ]);
    const round = (tickSize: string): void => {
      watch.ask();
      tasks.at(-1)!.accept(exchangeInfo(tickSize));
    };
    for (const tickSize of ["0.10", "0.10", "0.20"]) round(tickSize);
    expect(told.map(({ symbol, tickSize }) => [symbol, tickSize])).toEqual([
      ["BTCUSDT.BINANCEUSDM", 0.1],
      ["BTCUSDT.BINANCEUSDM", 0.2],
    ]);
    expect(log.entries).toEqual([]);
  });

  it("warns of symbols that the venue does not tell of, and of requests that failed, and asks again in the next round", () => {
    const { watch, tasks, told, log } = setUp(venueProfile("okx"), [
      "BTC-USDT",
      "BTC-USDT-SWAP",
    ]);
    watch.ask();
    watch.ask();
    expect(tasks.length).toBe(2);
    tasks[0]!.accept('{"code":"0","data":[]}');
    tasks[1]!.onFailed(new CodedError("E_DEP_VENUE"));
    expect(told).toEqual([]);
    expect(log.entries.map(({ event, fields }) => [event, fields])).toEqual([
      ["venue.instrumentsFailed", { code: "E_DEP_VENUE", venue: "OKX" }],
      [
        "venue.instrumentsMissing",
        {
          ...{ code: "E_SYMBOL_UNKNOWN", venue: "OKX", missing: 2 },
          symbols: ["BTC-USDT.OKX", "BTC-USDT-SWAP.OKX"],
        },
      ],
    ]);
    watch.ask();
    expect(tasks.length).toBe(4);
  });

  it("asks each venue in its own way", () => {
    const asked = VENUE_NAMES.map((name) => {
      const { watch, tasks } = setUp(venueProfile(name), ["BTC-USD", "@107"]);
      watch.ask();
      const ways = tasks.map(({ url, post = "" }) => `${url} ${post}`.trim());
      return [name, ...ways];
    });
    expect(asked).toEqual([
      [
        "binance",
        "https://venue/api/v3/exchangeInfo?symbols=%5B%22BTC-USD%22%2C%22%40107%22%5D",
      ],
      ["binanceusdm", "https://venue/fapi/v1/exchangeInfo"],
      ["binancecoinm", "https://venue/dapi/v1/exchangeInfo"],
      ["kraken", "https://venue/0/public/AssetPairs"],
      ["kraken-v1", "https://venue/0/public/AssetPairs"],
      ["coinbase", "https://venue/api/v3/brokerage/market/products"],
      ["coinbase-exchange", "https://venue/products"],
      [
        "okx",
        "https://venue/api/v5/public/instruments?instType=SPOT",
        "https://venue/api/v5/public/instruments?instType=FUTURES",
      ],
      ...["linear", "spot", "inverse"].map((category) => [
        category === "linear" ? "bybit" : `bybit-${category}`,
        `https://venue/v5/market/instruments-info?category=${category}&symbol=BTC-USD`,
        `https://venue/v5/market/instruments-info?category=${category}&symbol=@107`,
      ]),
      [
        "hyperliquid",
        'https://venue/info {"type":"meta"}',
        'https://venue/info {"type":"spotMeta"}',
      ],
    ]);
  });
});
