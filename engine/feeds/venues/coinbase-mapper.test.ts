import { describe, expect, it } from "vitest";
import {
  BAD_PRICES,
  BAD_SIZES,
  MapperStage,
} from "../../../test/support/mapper-stage.ts";
import { CoinbaseMapper } from "./coinbase-mapper.ts";

const stage = (): MapperStage<CoinbaseMapper> =>
  new MapperStage(new CoinbaseMapper());

const snapshot = {
  type: "snapshot",
  product_id: "BTC-USD",
  bids: [["10101.10", "0.45054140"]],
  asks: [
    ["10102.55", "0.57753524"],
    ["10103.00", "1"],
  ],
};

const update = (
  micros: number,
  ...changes: readonly (readonly string[])[]
): object => ({
  type: "l2update",
  product_id: "BTC-USD",
  time: `2022-08-04T15:25:05.${String(micros).padStart(6, "0")}Z`,
  changes,
});

const match = (trade_id: number): object => ({
  type: "match",
  trade_id,
  maker_order_id: "a",
  taker_order_id: "b",
  side: "sell",
  size: "985",
  price: "0.00001305",
  product_id: "BTC-USD",
  sequence: 10 * trade_id,
  time: "2021-04-17T16:43:37.089706Z",
});

const heartbeat = (last_trade_id: number): object => ({
  type: "heartbeat",
  sequence: 90,
  last_trade_id,
  product_id: "BTC-USD",
  time: "2014-11-07T08:19:28.464459Z",
});

describe("CoinbaseMapper", () => {
  it("numbers snapshot and updates itself", () => {
    const coinbase = stage();
    const [first] = coinbase.take(snapshot);
    expect(first).toMatchObject({
      type: "bookSnapshot",
      symbol: "BTC-USD.COINBASE",
      bids: [10101.1, 0.4505414],
    });
    const [second] = coinbase.take(
      update(
        108_172,
        ["buy", "10101.80", "0.162567"],
        ["sell", "10103.00", "0"],
      ),
    );
    expect(second).toMatchObject({
      type: "bookDelta",
      prevSeq: (first as { seq: number }).seq,
      seq: (first as { seq: number }).seq + 1,
      eventUs: 1_659_626_705_108_172,
      bids: [10101.8, 0.162567],
      asks: [10103, 0],
    });
  });

  it("drops updates before a snapshot, and asks for one", () => {
    const coinbase = stage();
    expect(coinbase.take(update(1, ["buy", "1", "1"]))).toEqual([]);
    expect([...coinbase.mapper.awaitingSnapshot]).toEqual(["BTC-USD.COINBASE"]);
    expect(coinbase.mapper.counts.unsynced).toBe(1);
  });

  it("takes the removal of a level that is not there as proof of a loss", () => {
    const coinbase = stage();
    coinbase.take(snapshot);
    expect(coinbase.take(update(1, ["sell", "10104.00", "0"]))).toMatchObject([
      { type: "gap", reason: "sequence" },
    ]);
    expect(coinbase.take(update(2, ["buy", "1", "1"]))).toEqual([]);
    expect(coinbase.types(snapshot)).toEqual(["bookSnapshot"]);
    expect(coinbase.types(update(3, ["buy", "1", "1"]))).toEqual(["bookDelta"]);
  });

  it("takes no such proof from the batched channel, where a level may come and go between two messages", () => {
    const coinbase = stage();
    coinbase.take({
      type: "subscriptions",
      channels: [{ name: "level2_50", product_ids: ["BTC-USD"] }],
    });
    coinbase.take(snapshot);
    expect(coinbase.types(update(1, ["sell", "10104.00", "0"]))).toEqual([
      "bookDelta",
    ]);
  });

  it("tells a gap when time goes back, and passes over what comes twice", () => {
    const coinbase = stage();
    coinbase.take(snapshot);
    coinbase.take(update(5, ["buy", "1", "1"]));
    expect(coinbase.take(update(5, ["buy", "1", "1"]))).toEqual([]);
    expect(coinbase.types(update(4, ["buy", "1", "2"]))).toEqual(["gap"]);
    expect(coinbase.mapper.counts).toMatchObject({ duplicates: 1, gaps: 1 });
  });

  it("voids only the product of an update that cannot be read, for nothing else would tell that it is missing", () => {
    const coinbase = stage();
    coinbase.take(snapshot);
    coinbase.take({ ...snapshot, product_id: "ETH-USD" });
    expect(coinbase.codeOf(update(1, ["buy", "0", "1"]))).toBe("E_INPUT_RANGE");
    expect([...coinbase.mapper.awaitingSnapshot]).toEqual(["BTC-USD.COINBASE"]);
    expect(
      coinbase.types({
        ...update(1, ["buy", "1", "1"]),
        product_id: "ETH-USD",
      }),
    ).toEqual(["bookDelta"]);
  });

  it("turns the maker's side round, and takes no trade from before the subscription", () => {
    const coinbase = stage();
    expect(coinbase.take({ ...match(7), type: "last_match" })).toEqual([]);
    expect(coinbase.take(match(8))).toMatchObject([
      { type: "trade", tradeId: 8, side: "buy", size: 985 },
    ]);
    expect(coinbase.take(match(8))).toEqual([]);
    expect(coinbase.mapper.counts.lostTrades).toBe(0);
  });

  it("counts trades that a hole in their ids or a heartbeat shows to be lost", () => {
    const coinbase = stage();
    coinbase.take(match(1));
    coinbase.take(match(4));
    expect(coinbase.mapper.counts.lostTrades).toBe(2);
    coinbase.take(heartbeat(6));
    expect(coinbase.mapper.counts.lostTrades).toBe(2);
    coinbase.take(heartbeat(6));
    expect(coinbase.mapper.counts.lostTrades).toBe(4);
    expect(coinbase.types(match(7))).toEqual(["trade"]);
    expect(coinbase.mapper.counts.lostTrades).toBe(4);
  });

  it("makes a quote of a ticker that has sizes", () => {
    const coinbase = stage();
    const ticker = {
      type: "ticker",
      sequence: 451724584,
      product_id: "YFI-BTC",
      best_bid: "0.82553",
      best_ask: "0.82628",
      time: "2021-04-17T16:43:15.270101Z",
    };
    expect(coinbase.take(ticker)).toEqual([]);
    const sized = { ...ticker, best_bid_size: "2", best_ask_size: "3" };
    expect(coinbase.take(sized)).toMatchObject([
      { type: "quote", bidPrice: 0.82553, askSize: 3 },
    ]);
    expect(coinbase.take(sized)).toEqual([]);
  });

  it("sorts a snapshot and passes on the best levels only, but knows the others", () => {
    const coinbase = stage();
    const bids = Array.from({ length: 5002 }, (_, i) => [String(i + 1), "1"]);
    const [event] = coinbase.take({
      ...snapshot,
      bids,
      asks: [["6000", "1"]],
    });
    const { bids: told } = event as unknown as { bids: readonly number[] };
    expect(told.slice(0, 4)).toEqual([5002, 1, 5001, 1]);
    expect(told).toHaveLength(10_000);
    expect(coinbase.types(update(1, ["buy", "1", "0"]))).toEqual(["bookDelta"]);
  });

  it.each<readonly [name: string, message: unknown, code: string]>([
    [
      "a time that is none",
      { ...match(1), time: "2021-04-17" },
      "E_INPUT_SCHEMA",
    ],
    ["no product", { ...snapshot, product_id: undefined }, "E_INPUT_SCHEMA"],
    ["an unknown side", update(1, ["hold", "1", "1"]), "E_INPUT_SCHEMA"],
    [
      "a snapshot of one side",
      { ...snapshot, asks: undefined },
      "E_INPUT_SCHEMA",
    ],
    ...BAD_PRICES.map(
      (price) =>
        [
          `a price of ${JSON.stringify(price)}`,
          { ...match(1), price },
          "E_INPUT_RANGE",
        ] as const,
    ),
    ...BAD_SIZES.map(
      (size) =>
        [
          `a size of ${JSON.stringify(size)}`,
          { ...match(1), size },
          "E_INPUT_RANGE",
        ] as const,
    ),
  ])("refuses %s", (_name, message, code) => {
    expect(stage().codeOf(message)).toBe(code);
  });
});
