import { describe, expect, it } from "vitest";
import {
  BAD_PRICES,
  MapperStage,
  RECEIVED_US,
} from "../../../test/support/mapper-stage.ts";
import { BybitMapper } from "./bybit-mapper.ts";

const stage = (): MapperStage<BybitMapper> =>
  new MapperStage(new BybitMapper());

const book = (type: string, u: number, fields: object = {}): object => ({
  topic: "orderbook.50.BTCUSDT",
  type,
  ts: 1_672_304_484_978,
  data: {
    s: "BTCUSDT",
    b: [["16493.50", "0.006"]],
    a: [["16611.00", "0.029"]],
    u,
    seq: 7_961_638_724,
    ...fields,
  },
  cts: 1_672_304_484_976,
});

const tickers = (type: string, data: object): object => ({
  topic: "tickers.BTCUSDT",
  type,
  data: { symbol: "BTCUSDT", ...data },
  cs: 24_987_956_059,
  ts: 1_673_272_861_686,
});

describe("BybitMapper", () => {
  it("chains updates by their id and takes the matching engine's time", () => {
    const bybit = stage();
    expect(bybit.take(book("snapshot", 18_521_288))).toMatchObject([
      { type: "bookSnapshot", symbol: "BTCUSDT.BYBIT", seq: RECEIVED_US + 1 },
    ]);
    expect(bybit.take(book("delta", 18_521_289))).toMatchObject([
      {
        type: "bookDelta",
        prevSeq: RECEIVED_US + 1,
        seq: RECEIVED_US + 2,
        eventUs: 1_672_304_484_976_000,
      },
    ]);
    expect(bybit.types(book("delta", 18_521_291))).toEqual(["gap"]);
    expect([...bybit.mapper.awaitingSnapshot]).toEqual(["BTCUSDT.BYBIT"]);
    expect(bybit.types(book("delta", 18_521_292))).toEqual([]);
  });

  it("begins anew with a snapshot, whose id goes back to 1 when the service has restarted", () => {
    const bybit = stage();
    bybit.take(book("snapshot", 18_521_288));
    const [event] = bybit.take(book("snapshot", 1));
    expect(event).toMatchObject({ type: "bookSnapshot", seq: RECEIVED_US + 2 });
    expect(bybit.types(book("delta", 2))).toEqual(["bookDelta"]);
    expect(bybit.mapper.counts.gaps).toBe(0);
  });

  it("voids the book for an update that says by its id of 1 that all begins anew", () => {
    const bybit = stage();
    bybit.take(book("snapshot", 18_521_288));
    expect(bybit.take(book("delta", 1, { b: [], a: [] }))).toMatchObject([
      { type: "gap", reason: "sequence" },
    ]);
    expect(bybit.types(book("delta", 2))).toEqual([]);
    expect(bybit.types(book("snapshot", 3))).toEqual(["bookSnapshot"]);
    const young = stage();
    young.take(book("snapshot", 1));
    expect(young.take(book("delta", 1))).toEqual([]);
  });

  it("passes over a snapshot that says again that nothing changed", () => {
    const bybit = stage();
    bybit.take(book("snapshot", 5));
    expect(bybit.take(book("snapshot", 5))).toEqual([]);
    expect(bybit.take(book("delta", 4))).toEqual([]);
    expect(bybit.mapper.counts.duplicates).toBe(2);
  });

  it("numbers trades, whose ids are no numbers, and takes each once", () => {
    const bybit = stage();
    const trade = (i: string, S: string): object => ({
      T: 1_672_304_486_865,
      s: "BTCUSDT",
      S,
      v: "0.001",
      p: "16578.50",
      i,
      BT: false,
    });
    const message = {
      topic: "publicTrade.BTCUSDT",
      type: "snapshot",
      ts: 1_672_304_486_868,
      data: [trade("20f43950", "Buy"), trade("20f43951", "Sell")],
    };
    expect(bybit.take(message)).toMatchObject([
      { type: "trade", tradeId: RECEIVED_US + 1, side: "buy", price: 16578.5 },
      { tradeId: RECEIVED_US + 2, side: "sell" },
    ]);
    expect(bybit.take(message)).toEqual([]);
  });

  it("makes quote, funding and open interest of a ticker, and of what changes in it", () => {
    const bybit = stage();
    expect(
      bybit.take(
        tickers("snapshot", {
          markPrice: "17217.33",
          openInterest: "68744.761",
          nextFundingTime: "1673280000000",
          fundingRate: "-0.000212",
          bid1Price: "17215.50",
          bid1Size: "84.489",
          ask1Price: "17216.00",
          ask1Size: "83.020",
        }),
      ),
    ).toMatchObject([
      { type: "quote", bidPrice: 17215.5, askSize: 83.02 },
      {
        type: "funding",
        rate: -0.000212,
        markPrice: 17217.33,
        nextUs: 1_673_280_000_000_000,
      },
      { type: "openInterest", openInterest: 68744.761 },
    ]);
    expect(bybit.take(tickers("delta", { bid1Size: "80" }))).toMatchObject([
      { type: "quote", bidPrice: 17215.5, bidSize: 80 },
    ]);
    expect(bybit.take(tickers("delta", { markPrice: "17218" }))).toMatchObject([
      { type: "funding", rate: -0.000212, markPrice: 17218 },
    ]);
    expect(bybit.take(tickers("delta", { volume24h: "1" }))).toEqual([]);
    expect(bybit.take(tickers("delta", { fundingRate: "" }))).toEqual([]);
  });

  it("knows nothing of a ticker's other fields after a reconnect", () => {
    const bybit = stage();
    bybit.take(tickers("snapshot", { bid1Price: "1", bid1Size: "1" }));
    bybit.mapper.reset();
    expect(
      bybit.take(tickers("delta", { ask1Price: "2", ask1Size: "1" })),
    ).toEqual([]);
  });

  it("closes a bar only where the venue confirms it", () => {
    const bybit = stage();
    const kline = (confirm: unknown, interval = "5"): object => ({
      topic: `kline.${interval}.BTCUSDT`,
      type: "snapshot",
      ts: 1_672_324_988_882,
      data: [
        {
          start: 1_672_324_800_000,
          end: 1_672_325_099_999,
          interval,
          open: "16649.5",
          close: "16677",
          high: "16677",
          low: "16608",
          volume: "2",
          turnover: "33300",
          confirm,
          timestamp: 1_672_324_988_882,
        },
      ],
    });
    expect(bybit.take(kline(false))).toMatchObject([
      { type: "bar", intervalMs: 300_000, vwap: 16650, closed: false },
    ]);
    expect(bybit.take(kline(true))).toMatchObject([{ closed: true }]);
    expect(bybit.codeOf(kline(1))).toBe("E_INPUT_SCHEMA");
    expect(bybit.take(kline(true, "M"))).toEqual([]);
  });

  it("keeps one symbol's hole from another's book", () => {
    const bybit = stage();
    bybit.take(book("snapshot", 5));
    bybit.take(book("snapshot", 9, { s: "ETHUSDT" }));
    expect(bybit.types(book("delta", 8))).toEqual(["gap"]);
    expect(bybit.types(book("delta", 10, { s: "ETHUSDT" }))).toEqual([
      "bookDelta",
    ]);
  });

  it("passes over acknowledgements and pongs", () => {
    const bybit = stage();
    expect(bybit.take({ success: true, op: "subscribe" })).toEqual([]);
    expect(bybit.take({ topic: "liquidation.BTCUSDT", data: {} })).toEqual([]);
    expect(bybit.mapper.counts.ignored).toBe(2);
  });

  it.each<readonly [name: string, message: unknown, code: string]>([
    ["a book of an unknown type", book("other", 1), "E_INPUT_SCHEMA"],
    ["an id as fraction", book("delta", 1.5), "E_INPUT_RANGE"],
    [
      "a rate that is none",
      tickers("delta", { fundingRate: "x" }),
      "E_INPUT_RANGE",
    ],
    ...BAD_PRICES.map(
      (price) =>
        [
          `a price of ${JSON.stringify(price)}`,
          book("snapshot", 1, { b: [[price, "1"]] }),
          "E_INPUT_RANGE",
        ] as const,
    ),
  ])("refuses %s", (_name, message, code) => {
    expect(stage().codeOf(message)).toBe(code);
  });
});
