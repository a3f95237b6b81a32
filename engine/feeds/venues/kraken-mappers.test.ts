import { describe, expect, it } from "vitest";
import { crc32 } from "node:zlib";
import {
  BAD_PRICES,
  MapperStage,
  RECEIVED_US,
} from "../../../test/support/mapper-stage.ts";
import { KrakenV1Mapper } from "./kraken-v1-mapper.ts";
import { KrakenV2Mapper } from "./kraken-v2-mapper.ts";

const v1 = (): MapperStage<KrakenV1Mapper> =>
  new MapperStage(new KrakenV1Mapper());
const v2 = (): MapperStage<KrakenV2Mapper> =>
  new MapperStage(new KrakenV2Mapper());

const TIME = "1618678133.365913";
const SNAPSHOT = [
  992,
  {
    as: [
      ["0.05005", "0.00000500", TIME],
      ["0.05010", "0.00000500", TIME],
    ],
    bs: [
      ["0.05000", "0.00000500", TIME],
      ["0.04995", "0.00000500", TIME],
    ],
  },
  "book-10",
  "XBT/USD",
];

describe("KrakenV1Mapper", () => {
  it("takes checksums over the digits without points and leading zeros, asks before bids", () => {
    const kraken = v1();
    kraken.take(SNAPSHOT);
    const later = "1618678134.000001";
    const digits = "5005500" + "5010500" + "5000700" + "4995500";
    const update = (c: number): unknown => [
      992,
      { b: [["0.05000", "0.00000700", later]], c: String(c) },
      "book-10",
      "XBT/USD",
    ];
    expect(kraken.take(update(crc32(digits)))).toEqual([
      {
        type: "bookDelta",
        symbol: "XBT=2FUSD.KRAKEN",
        eventUs: 1_618_678_134_000_001,
        receivedUs: RECEIVED_US,
        receivedNs: 5_000,
        prevSeq: RECEIVED_US + 1,
        seq: RECEIVED_US + 2,
        bids: [0.05, 0.000007],
        asks: [],
      },
    ]);
    expect(kraken.mapper.counts.checksumsVerified).toBe(1);
  });

  it("takes both sides of a change from its two parts", () => {
    const kraken = v1();
    kraken.take(SNAPSHOT);
    const later = "1618678134.000001";
    const c = String(crc32("5005900" + "5010500" + "5000700" + "4995500"));
    expect(
      kraken.take([
        992,
        { a: [["0.05005", "0.00000900", later]] },
        { b: [["0.05000", "0.00000700", later]], c },
        "book-10",
        "XBT/USD",
      ]),
    ).toMatchObject([{ asks: [0.05005, 0.000009], bids: [0.05, 0.000007] }]);
  });

  it("tells the removal of what leaves the subscribed depth, which the venue does not", () => {
    const kraken = v1();
    const level = (i: number): readonly string[] => [
      `1.${String(i).padStart(5, "0")}`,
      "1.00000000",
      TIME,
    ];
    const asks = Array.from({ length: 10 }, (_, i) => level(2 * i + 2));
    kraken.take([
      1,
      { as: asks, bs: [["0.90000", "1.00000000", TIME]] },
      "book-10",
      "XBT/USD",
    ]);
    const digits = [level(1), ...asks.slice(0, 9)]
      .map(([price]) => `${price!.replace(".", "")}100000000`)
      .join("");
    const [price, size] = level(1);
    expect(
      kraken.take([
        1,
        {
          a: [[price, size, "1618678134.000001"]],
          c: String(crc32(`${digits}90000100000000`)),
        },
        "book-10",
        "XBT/USD",
      ]),
    ).toMatchObject([{ asks: [1.00001, 1, 1.0002, 0] }]);
  });

  it("keeps a damaged book of one pair from another", () => {
    const kraken = v1();
    const other = [...SNAPSHOT.slice(0, 3), "ETH/USD"];
    kraken.take(SNAPSHOT);
    kraken.take(other);
    const update = (pair: string): unknown => [
      992,
      { b: [["0.05000", "0.00000700", "1618678134.1"]], c: "1" },
      "book-10",
      pair,
    ];
    expect(kraken.take(update("XBT/USD"))).toMatchObject([
      { type: "gap", reason: "checksum", symbol: "XBT=2FUSD.KRAKEN" },
    ]);
    expect([...kraken.mapper.awaitingSnapshot]).toEqual(["XBT=2FUSD.KRAKEN"]);
    const c = String(crc32("5005500" + "5010500" + "5000700" + "4995500"));
    expect(
      kraken.types([
        992,
        { b: [["0.05000", "0.00000700", "1618678134.1"]], c },
        "book-10",
        "ETH/USD",
      ]),
    ).toEqual(["bookDelta"]);
    expect(kraken.types(SNAPSHOT)).toEqual(["bookSnapshot"]);
    expect(kraken.mapper.awaitingSnapshot.size).toBe(0);
  });

  it("numbers trades and reads who was the aggressor", () => {
    expect(
      v1().take([
        0,
        [
          ["5541.20000", "0.15850568", "1534614057.321597", "s", "l", ""],
          ["6060.00000", "0.02455000", "1534614057.324998", "b", "l", ""],
        ],
        "trade",
        "XBT/USD",
      ]),
    ).toMatchObject([
      { tradeId: RECEIVED_US + 1, side: "sell", size: 0.15850568 },
      {
        tradeId: RECEIVED_US + 2,
        side: "buy",
        eventUs: 1_534_614_057_324_998,
      },
    ]);
  });

  it("makes quotes of spread and ticker, numbered in one row with the book", () => {
    const kraken = v1();
    const spread = ["5698.4", "5700.0", "1542057299.545897", "1.01", "0.98"];
    expect(kraken.take([0, spread, "spread", "XBT/USD"])).toMatchObject([
      { seq: RECEIVED_US + 1, bidPrice: 5698.4, bidSize: 1.01, askPrice: 5700 },
    ]);
    const ticker = {
      a: ["5525.40000", 1, "1.000"],
      b: ["5525.10000", 1, "2.000"],
    };
    expect(kraken.take([0, ticker, "ticker", "XBT/USD"])).toMatchObject([
      { seq: RECEIVED_US + 2, bidSize: 2, askPrice: 5525.4 },
    ]);
    expect(kraken.take(SNAPSHOT)).toMatchObject([{ seq: RECEIVED_US + 3 }]);
  });

  it("closes a bar when the next of its interval begins, and at no other time", () => {
    const kraken = v1();
    const bar = (end: number, close: string): unknown => [
      42,
      [
        `${end - 10}.5`,
        `${end}.0`,
        "3586.7",
        "3586.7",
        "3586.6",
        close,
        "3586.68",
        "0.03",
        2,
      ],
      "ohlc-5",
      "XBT/USD",
    ];
    expect(kraken.take(bar(1542057600, "3586.6"))).toMatchObject([
      { openUs: 1_542_057_300_000_000, intervalMs: 300_000, closed: false },
    ]);
    expect(kraken.take(bar(1542057600, "3586.7"))).toMatchObject([
      { close: 3586.7, closed: false },
    ]);
    expect(kraken.take(bar(1542057900, "3586.6"))).toMatchObject([
      { openUs: 1_542_057_300_000_000, close: 3586.7, closed: true },
      { openUs: 1_542_057_600_000_000, closed: false },
    ]);
    expect(kraken.take(bar(1542057600, "3586.7"))).toEqual([]);
    kraken.mapper.reset();
    expect(kraken.take(bar(1542058200, "3586.6"))).toMatchObject([
      { closed: false },
    ]);
  });

  it("passes over what is no event", () => {
    const kraken = v1();
    expect(kraken.take('{"event":"heartbeat"}')).toEqual([]);
    expect(kraken.take([1, {}, "openOrders", "XBT/USD"])).toEqual([]);
  });

  it.each<readonly [name: string, message: unknown, code: string]>([
    ["an array too short", [1, "book-10", "XBT/USD"], "E_INPUT_SCHEMA"],
    ["a book without a depth", [1, {}, "book", "XBT/USD"], "E_INPUT_SCHEMA"],
    [
      "levels that are numbers",
      [1, { as: [[1, 2, TIME]], bs: [] }, "book-10", "XBT/USD"],
      "E_INPUT_SCHEMA",
    ],
    [
      "a level without a time",
      [1, { as: [["1", "2"]], bs: [] }, "book-10", "XBT/USD"],
      "E_INPUT_SCHEMA",
    ],
    ...BAD_PRICES.map(
      (price) =>
        [
          `a price of ${JSON.stringify(price)}`,
          [1, { as: [[price, "2", TIME]], bs: [] }, "book-10", "XBT/USD"],
          "E_INPUT_RANGE",
        ] as const,
    ),
  ])("refuses %s", (_name, message, code) => {
    expect(v1().codeOf(message)).toBe(code);
  });
});

describe("KrakenV2Mapper", () => {
  const snapshot = (checksum: number): string =>
    `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[{"price":45283.50,"qty":0.10000000}],"asks":[{"price":45285.20,"qty":0.00100000}],"checksum":${checksum}}]}`;
  const CHECKSUM = crc32("4528520100000" + "452835010000000");

  it("takes checksums over the digits as they were sent, closing zeros and all", () => {
    const kraken = v2();
    expect(kraken.take(snapshot(CHECKSUM))).toMatchObject([
      {
        type: "bookSnapshot",
        symbol: "BTC=2FUSD.KRAKEN",
        bids: [45283.5, 0.1],
        asks: [45285.2, 0.001],
      },
    ]);
    expect(kraken.mapper.counts.checksumsVerified).toBe(1);
  });

  it("agrees with the example that the venue publishes", () => {
    const levels = (text: string): string =>
      text
        .split(" ")
        .map((level) => {
          const [price, qty] = level.split(":");
          return `{"price":${price!},"qty":${qty!}}`;
        })
        .join(",");
    const bids =
      "45283.5:0.10000000 45283.4:1.54582015 45282.1:0.10000000 45281.0:0.10000000 45280.3:1.54592586 " +
      "45279.0:0.07990000 45277.6:0.03310103 45277.5:0.30000000 45277.3:1.54602737 45276.6:0.15445238";
    const asks =
      "45285.2:0.00100000 45286.4:1.54571953 45286.6:1.54571109 45289.6:1.54560911 45290.2:0.15890660 " +
      "45291.8:1.54553491 45294.7:0.04454749 45296.1:0.35380000 45297.5:0.09945542 45299.5:0.18772827";
    expect(
      v2().types(
        `{"channel":"book","type":"snapshot","data":[{"symbol":"BTC/USD","bids":[${levels(bids)}],"asks":[${levels(asks)}],"checksum":3310070434}]}`,
      ),
    ).toEqual(["bookSnapshot"]);
  });

  it("refuses a snapshot that does not fit its checksum", () => {
    const kraken = v2();
    expect(kraken.take(snapshot(CHECKSUM + 1))).toMatchObject([
      { type: "gap", reason: "checksum" },
    ]);
    expect(kraken.mapper.awaitingSnapshot.size).toBe(1);
  });

  it("takes trades once, and none from before the subscription", () => {
    const kraken = v2();
    const trade = (type: string, trade_id: number): unknown => ({
      channel: "trade",
      type,
      data: [
        {
          symbol: "BTC/USD",
          side: "sell",
          price: 0.5117,
          qty: 40,
          ord_type: "market",
          trade_id,
          timestamp: "2023-09-25T07:49:37.708706Z",
        },
      ],
    });
    expect(kraken.take(trade("snapshot", 7))).toEqual([]);
    expect(kraken.take(trade("update", 7))).toEqual([]);
    expect(kraken.take(trade("update", 8))).toMatchObject([
      { tradeId: 8, side: "sell", eventUs: 1_695_628_177_708_706 },
    ]);
  });

  it("makes quotes of the ticker and bars of ohlc", () => {
    const kraken = v2();
    expect(
      kraken.take({
        channel: "ticker",
        type: "snapshot",
        data: [
          {
            symbol: "BTC/USD",
            bid: 0.10025,
            bid_qty: 740,
            ask: 0.10036,
            ask_qty: 1361.4,
          },
        ],
      }),
    ).toMatchObject([{ type: "quote", bidPrice: 0.10025, askSize: 1361.4 }]);
    const candle = (begin: string): unknown => ({
      symbol: "BTC/USD",
      open: 2,
      high: 3,
      low: 1,
      close: 2,
      trades: 4,
      volume: 10,
      vwap: 2.5,
      interval_begin: begin,
      interval: 5,
    });
    expect(
      kraken.take({
        channel: "ohlc",
        type: "snapshot",
        data: [
          candle("2023-10-04T16:20:00.000000000Z"),
          candle("2023-10-04T16:25:00.000000000Z"),
        ],
      }),
    ).toMatchObject([{ closed: false }, { closed: true }, { closed: false }]);
  });

  it("keeps the depth that the venue confirms", () => {
    const kraken = v2();
    kraken.take({
      method: "subscribe",
      result: { channel: "book", depth: 10, symbol: "BTC/USD" },
      success: true,
    });
    expect(kraken.take({ method: "pong" })).toEqual([]);
    expect(kraken.take({ channel: "heartbeat" })).toEqual([]);
    expect(kraken.mapper.counts.ignored).toBe(3);
  });

  it.each([
    [
      "a book without checksum",
      { channel: "book", type: "update", data: [{ symbol: "BTC/USD" }] },
    ],
    ["data that is no list", { channel: "book", type: "update", data: {} }],
    [
      "an unknown side",
      {
        channel: "trade",
        type: "update",
        data: [
          {
            symbol: "A/B",
            timestamp: "2023-09-25T07:49:37.708706Z",
            trade_id: 1,
            price: 1,
            qty: 1,
            side: "x",
          },
        ],
      },
    ],
  ])("refuses %s", (_name, message) => {
    expect(v2().codeOf(message)).toBe("E_INPUT_SCHEMA");
  });

  it("refuses a whole message for one bad row, and keeps what it had", () => {
    const kraken = v2();
    kraken.take(snapshot(CHECKSUM));
    const row = (price: number): object => ({
      symbol: "BTC/USD",
      timestamp: "2023-09-25T07:49:37.708706Z",
      trade_id: 1,
      price,
      qty: 1,
      side: "buy",
    });
    const message = {
      channel: "trade",
      type: "update",
      data: [row(1), row(-1)],
    };
    expect(kraken.codeOf(message)).toBe("E_INPUT_RANGE");
    expect(kraken.types({ ...message, data: [row(1)] })).toEqual(["trade"]);
  });
});
