import { describe, expect, it } from "vitest";
import { RecordingLog } from "../../../test/support/recording-telemetry.ts";
import type { Instrument } from "../../domain/instrument.ts";
import type { MarketEvent } from "../../domain/market-event.ts";
import { symbolIdOfVenue } from "../../domain/symbol.ts";
import { Random } from "../../std/random.ts";
import { SimulatedClock } from "../../std/simulated-clock.ts";
import { venueProfile } from "./profiles/venue-profiles.ts";
import type { RestReply } from "./rest.ts";
import { VenueFeed, type VenueFeedOptions } from "./venue-feed.ts";

const setUp = (
  venue: string,
  names: readonly string[],
  options: Partial<VenueFeedOptions> & Pick<VenueFeedOptions, "channels">,
) => {
  const clock = new SimulatedClock();
  const events: MarketEvent[] = [];
  const asked: string[] = [];
  const opened: string[] = [];
  const log = new RecordingLog();
  /** By the end of the address; else 404. */
  const answers = new Map<string, string>();
  const profile = venueProfile(venue);
  const feed = new VenueFeed({
    profile,
    symbols: names.map((name) => symbolIdOfVenue(name, profile.venue)),
    clock,
    timers: clock,
    random: new Random(7),
    log,
    onEvent: (event) => events.push(event),
    get: ({ url }): Promise<RestReply> => {
      const path = url.slice(url.lastIndexOf("/") + 1);
      asked.push(path);
      const body = answers.get(path);
      return Promise.resolve({
        status: body === undefined ? 404 : 200,
        body: body ?? "",
        retryAfterMs: undefined,
        usedWeight: undefined,
      });
    },
    openSocket: ({ url }) => {
      opened.push(url);
      return {
        send: () => undefined,
        ping: () => undefined,
        close: () => undefined,
      };
    },
    ...options,
  });
  feed.start();
  /** Time, and with each second what promises have to say. */
  const pass = async (seconds: number): Promise<void> => {
    for (let i = 0; i < seconds; i++) {
      clock.advanceMs(1_000);
      for (let j = 0; j < 10; j++) await Promise.resolve();
    }
  };
  return { feed, events, asked, opened, answers, log, pass };
};

const interest = (symbol: string, openInterest: string): string =>
  JSON.stringify({ openInterest, symbol, time: 1_700_000_000_000 });

describe("VenueFeed", () => {
  it.each(["binanceusdm", "binancecoinm"])(
    "polls the open interest of %s at start and every half minute, and goes on after a failure",
    async (venue) => {
      const { feed, events, answers, asked, log, pass } = setUp(
        venue,
        ["BTCUSDT", "GONE"],
        { channels: ["openInterest"] },
      );
      answers.set(
        "openInterest?symbol=BTCUSDT",
        interest("BTCUSDT", "10659.509"),
      );
      await pass(29);
      expect(events).toMatchObject([
        {
          type: "openInterest",
          symbol: `BTCUSDT.${venue.toUpperCase()}`,
          openInterest: 10659.509,
        },
      ]);
      expect(log.of("venue.pollFailed").map(({ fields }) => fields)).toEqual([
        { code: "E_DEP_VENUE", symbol: `GONE.${venue.toUpperCase()}` },
      ]);
      const before = asked.length;
      await pass(30);
      expect(events.length).toBe(2);
      expect(asked.length).toBeGreaterThan(before);
      feed.stop();
      await pass(60);
      expect(events.length).toBe(2);
    },
  );

  it("spreads channels over the venue's addresses, and symbols over connections", () => {
    const names = Array.from({ length: 150 }, (_, i) => `C${i}USDT`);
    const { opened } = setUp("binanceusdm", names, {
      channels: ["book", "quotes", "funding"],
    });
    const root = "wss://fstream.binance.com";
    expect(opened).toEqual([
      `${root}/public/stream`,
      `${root}/public/stream`,
      `${root}/market/stream`,
    ]);
  });

  it("asks for tick and lot sizes where somebody wants them, and again after an hour", async () => {
    const told: Instrument[] = [];
    const grid = (tickSize: string): string =>
      JSON.stringify({
        symbols: [
          {
            symbol: "BTCUSDT",
            filters: [
              { filterType: "PRICE_FILTER", tickSize },
              { filterType: "LOT_SIZE", stepSize: "0.001" },
            ],
          },
        ],
      });
    const { answers, pass } = setUp("binanceusdm", ["BTCUSDT"], {
      channels: ["quotes"],
      onInstrument: (instrument) => told.push(instrument),
    });
    answers.set("exchangeInfo", grid("0.10"));
    await pass(3_590);
    answers.set("exchangeInfo", grid("0.20"));
    await pass(20);
    expect(told.map(({ tickSize }) => tickSize)).toEqual([0.1, 0.2]);
    const indifferent = setUp("binanceusdm", ["BTCUSDT"], {
      channels: ["quotes"],
    });
    await indifferent.pass(1);
    expect(indifferent.asked).toEqual([]);
  });
});
