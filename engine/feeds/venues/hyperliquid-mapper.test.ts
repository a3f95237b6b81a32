import { describe, expect, it } from "vitest";
import { BAD_PRICES, MapperStage } from "../../../test/support/mapper-stage.ts";
import { HyperliquidMapper } from "./hyperliquid-mapper.ts";

const stage = (): MapperStage<HyperliquidMapper> =>
  new MapperStage(new HyperliquidMapper());

const book = (time: number, coin = "BTC", px = "105055.0"): object => ({
  channel: "l2Book",
  data: {
    coin,
    time,
    levels: [
      [{ n: 5, px, sz: "3.03622" }],
      [{ n: 1, px: "105056.0", sz: "0.1428" }],
    ],
  },
});

describe("HyperliquidMapper", () => {
  it("takes every book for a whole one, and numbers it", () => {
    const hyperliquid = stage();
    const [first] = hyperliquid.take(book(1_737_918_843_893));
    expect(first).toMatchObject({
      type: "bookSnapshot",
      symbol: "BTC.HYPERLIQUID",
      eventUs: 1_737_918_843_893_000,
      bids: [105055, 3.03622],
      asks: [105056, 0.1428],
    });
    expect(hyperliquid.take(book(1_737_918_844_400))).toMatchObject([
      { seq: (first as { seq: number }).seq + 1 },
    ]);
  });

  it("passes over a book that is not newer, but not on a new connection", () => {
    const hyperliquid = stage();
    hyperliquid.take(book(1_737_918_844_400));
    expect(hyperliquid.take(book(1_737_918_844_400))).toEqual([]);
    expect(hyperliquid.take(book(1_737_918_843_893))).toEqual([]);
    expect(hyperliquid.mapper.counts.duplicates).toBe(2);
    hyperliquid.mapper.reset();
    expect(hyperliquid.types(book(1_737_918_844_400))).toEqual([
      "bookSnapshot",
    ]);
  });

  it("keeps names that no other venue has", () => {
    const hyperliquid = stage();
    expect(hyperliquid.take(book(1, "kPEPE"))).toMatchObject([
      { symbol: "=6BPEPE.HYPERLIQUID" },
    ]);
    expect(hyperliquid.take(book(1, "@107"))).toMatchObject([
      { symbol: "=40107.HYPERLIQUID" },
    ]);
    expect(hyperliquid.take(book(1, "PURR/USDC"))).toMatchObject([
      { symbol: "PURR=2FUSDC.HYPERLIQUID" },
    ]);
  });

  it("takes trades once, whatever the order of their ids", () => {
    const hyperliquid = stage();
    const trade = (tid: number, side: string): object => ({
      coin: "BTC",
      side,
      px: "105056.0",
      sz: "0.00219",
      time: 1_737_918_794_873,
      hash: "0x0",
      tid,
    });
    const message = {
      channel: "trades",
      data: [trade(121_451_470_284_048, "B"), trade(7, "A")],
    };
    expect(hyperliquid.take(message)).toMatchObject([
      { type: "trade", tradeId: 121_451_470_284_048, side: "buy" },
      { tradeId: 7, side: "sell" },
    ]);
    expect(hyperliquid.take(message)).toEqual([]);
    expect(hyperliquid.mapper.counts.duplicates).toBe(2);
  });

  it("makes a quote of the best bid and offer where there are both", () => {
    const hyperliquid = stage();
    const bbo = (bid: object | null): object => ({
      channel: "bbo",
      data: {
        coin: "BTC",
        time: 1_737_918_844_400,
        bbo: [bid, { px: "2", sz: "4", n: 1 }],
      },
    });
    expect(hyperliquid.take(bbo({ px: "1", sz: "3", n: 1 }))).toMatchObject([
      { type: "quote", bidPrice: 1, bidSize: 3, askPrice: 2, askSize: 4 },
    ]);
    expect(hyperliquid.take(bbo(null))).toEqual([]);
  });

  it("makes funding and open interest of a perpetual's context, with the next full hour", () => {
    const hyperliquid = stage();
    hyperliquid.take(book(1_737_918_844_400));
    const ctx = {
      funding: "0.0000125",
      openInterest: "688.11",
      markPx: "14.3",
    };
    const message = { channel: "activeAssetCtx", data: { coin: "BTC", ctx } };
    expect(hyperliquid.take(message)).toMatchObject([
      {
        type: "funding",
        rate: 0.0000125,
        markPrice: 14.3,
        nextUs: 1_737_921_600_000_000,
      },
      { type: "openInterest", openInterest: 688.11 },
    ]);
    expect(
      hyperliquid.take({
        channel: "activeAssetCtx",
        data: { coin: "PURR/USDC", ctx: { markPx: "14.3" } },
      }),
    ).toEqual([]);
  });

  it("closes a bar when the next begins", () => {
    const hyperliquid = stage();
    const candle = (t: number): object => ({
      channel: "candle",
      data: {
        t,
        T: t + 59_999,
        s: "BTC",
        i: "1m",
        o: "1",
        c: "2",
        h: "3",
        l: "1",
        v: "5",
        n: 4,
      },
    });
    expect(hyperliquid.take(candle(1_681_923_600_000))).toMatchObject([
      { closed: false, trades: 4 },
    ]);
    expect(hyperliquid.take(candle(1_681_923_660_000))).toMatchObject([
      { closed: true, openUs: 1_681_923_600_000_000 },
      { closed: false },
    ]);
  });

  it("passes over greeting, pongs and acknowledgements", () => {
    const hyperliquid = stage();
    hyperliquid.take("Websocket connection established.");
    hyperliquid.take({ channel: "pong" });
    hyperliquid.take({ channel: "subscriptionResponse", data: {} });
    expect(hyperliquid.mapper.counts.ignored).toBe(3);
  });

  it.each([
    [
      "a book of no levels",
      { channel: "l2Book", data: { coin: "BTC", time: 1 } },
    ],
    ["trades that are no list", { channel: "trades", data: {} }],
    [
      "a level of another shape",
      {
        channel: "l2Book",
        data: { coin: "BTC", time: 1, levels: [[["1", "2"]], []] },
      },
    ],
  ])("refuses %s", (_name, message) => {
    expect(stage().codeOf(message)).toBe("E_INPUT_SCHEMA");
  });

  it.each([...BAD_PRICES])("refuses a price of %j", (price) => {
    expect(stage().codeOf(book(1, "BTC", price))).toBe("E_INPUT_RANGE");
  });
});
