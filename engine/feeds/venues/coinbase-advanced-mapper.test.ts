import { describe, expect, it } from "vitest";
import {
  BAD_PRICES,
  BAD_SIZES,
  MapperStage,
} from "../../../test/support/mapper-stage.ts";
import { CoinbaseAdvancedMapper } from "./coinbase-advanced-mapper.ts";

const stage = (): MapperStage<CoinbaseAdvancedMapper> =>
  new MapperStage(new CoinbaseAdvancedMapper());

const envelope = (
  sequence_num: number,
  channel: string,
  ...events: readonly object[]
): object => ({
  channel,
  client_id: "",
  timestamp: "2026-04-07T14:30:01.456789123Z",
  sequence_num,
  events,
});

type Level = readonly [side: string, price: string, quantity: string];

const l2 = (type: string, levels: readonly Level[], product = "BTC-USD") => ({
  type,
  product_id: product,
  updates: levels.map(([side, price_level, new_quantity]) => ({
    side,
    event_time: "1970-01-01T00:00:00Z",
    price_level,
    new_quantity,
  })),
});

const LEVELS: readonly Level[] = [
  ["bid", "68900.00", "1.5"],
  ["bid", "68899.99", "0.2"],
  ["offer", "68901.00", "0.5"],
];

const snapshot = (n: number, product?: string): object =>
  envelope(n, "l2_data", l2("snapshot", LEVELS, product));
const update = (n: number, ...levels: readonly Level[]): object =>
  envelope(n, "l2_data", l2("update", levels));
const heartbeat = (n: number): object =>
  envelope(n, "heartbeats", {
    current_time: "2026-04-07 14:30:10.000000000 +0000 UTC",
    heartbeat_counter: 42,
  });
const trade = (trade_id: string, side = "BUY"): object => ({
  ...{ trade_id, product_id: "BTC-USD", price: "68900.50", size: "0.0015" },
  ...{ side, time: "2026-04-07T14:30:02.789012Z" },
});
const trades = (n: number, type: string, ...rows: object[]): object =>
  envelope(n, "market_trades", { type, trades: rows });

describe("CoinbaseAdvancedMapper", () => {
  it("makes books of l2_data, at the message's time", () => {
    const coinbase = stage();
    const [first] = coinbase.take(snapshot(0));
    expect(first).toMatchObject({
      type: "bookSnapshot",
      symbol: "BTC-USD.COINBASE",
      eventUs: 1_775_572_201_456_789,
      bids: [68900, 1.5, 68899.99, 0.2],
      asks: [68901, 0.5],
    });
    const [second] = coinbase.take(
      update(1, ["bid", "68900.00", "2"], ["offer", "68901.00", "0.00000000"]),
    );
    expect(second).toMatchObject({
      type: "bookDelta",
      prevSeq: (first as { seq: number }).seq,
      bids: [68900, 2],
      asks: [68901, 0],
    });
  });

  it("numbers every channel of a connection in one row: a hole voids every book, wherever it shows", () => {
    const coinbase = stage();
    coinbase.take(envelope(0, "subscriptions", { subscriptions: {} }));
    coinbase.take(snapshot(1));
    coinbase.take(snapshot(2, "ETH-USD"));
    coinbase.take(heartbeat(3));
    expect(coinbase.take(heartbeat(5))).toMatchObject([
      { type: "gap", symbol: "BTC-USD.COINBASE", reason: "sequence" },
      { type: "gap", symbol: "ETH-USD.COINBASE", reason: "sequence" },
    ]);
    expect([...coinbase.mapper.awaitingSnapshot]).toEqual([
      "BTC-USD.COINBASE",
      "ETH-USD.COINBASE",
    ]);
    expect(coinbase.take(update(6, ["bid", "68900.00", "2"]))).toEqual([]);
    expect(coinbase.types(snapshot(7))).toEqual(["bookSnapshot"]);
    expect([...coinbase.mapper.awaitingSnapshot]).toEqual(["ETH-USD.COINBASE"]);
  });

  it("takes a snapshot that comes with the hole", () => {
    const coinbase = stage();
    coinbase.take(snapshot(0));
    expect(coinbase.types(snapshot(2))).toEqual(["gap", "bookSnapshot"]);
  });

  it("drops what is older than its number, and begins anew with a connection", () => {
    const coinbase = stage();
    coinbase.take(snapshot(4));
    expect(coinbase.take(snapshot(4))).toEqual([]);
    expect(coinbase.mapper.counts.duplicates).toBe(1);
    coinbase.mapper.reset();
    expect(coinbase.take(update(0, ["bid", "68900.00", "2"]))).toEqual([]);
    expect(coinbase.types(snapshot(1))).toEqual(["bookSnapshot"]);
  });

  it("voids the book of a refused message at once, and takes its number all the same", () => {
    const coinbase = stage();
    for (const bad of [
      ...[...BAD_PRICES, "1e13"].map((price) => ["bid", price, "1"] as const),
      ...BAD_SIZES.map((size) => ["bid", "1", size] as const),
      ["buy", "1", "1"] as const,
    ]) {
      coinbase.mapper.reset();
      coinbase.take(snapshot(0));
      expect(coinbase.codeOf(update(0, bad))).toMatch(/^E_INPUT/);
      expect([...coinbase.mapper.awaitingSnapshot]).toEqual([]);
      expect(coinbase.refused(update(1, bad))).toMatchObject([
        { type: "gap", symbol: "BTC-USD.COINBASE", reason: "sequence" },
      ]);
      expect(coinbase.types(snapshot(2))).toEqual(["bookSnapshot"]);
      expect(coinbase.types(heartbeat(3))).toEqual([]);
    }
  });

  it("voids no book for a trade that it refuses, and all where nobody knows what was said", () => {
    const coinbase = stage();
    coinbase.take(snapshot(0));
    expect(coinbase.refused(trades(1, "update", trade("x")))).toEqual([]);
    expect(coinbase.types(heartbeat(2))).toEqual([]);
    const types = (message: unknown): unknown =>
      coinbase.refused(message)?.map(({ type }) => type);
    expect(types({ ...envelope(3, "l2_data"), channel: 7 })).toEqual(["gap"]);
    expect(coinbase.types(snapshot(4))).toEqual(["bookSnapshot"]);
    expect(types('{"channel":"l2_')).toEqual(["gap"]);
    // The number of the last one was not had: a hole, of which nothing is left to void.
    expect(coinbase.types(heartbeat(6))).toEqual([]);
    expect(coinbase.types(snapshot(7))).toEqual(["bookSnapshot"]);
  });

  it("tells trades oldest first by the taker's side, and counts those that are missing", () => {
    const coinbase = stage();
    expect(coinbase.take(trades(0, "snapshot", trade("7")))).toEqual([]);
    expect(
      coinbase.take(trades(1, "update", trade("10", "SELL"), trade("9"))),
    ).toMatchObject([
      { type: "trade", tradeId: 9, side: "sell", price: 68900.5, size: 0.0015 },
      { tradeId: 10, side: "buy" },
    ]);
    expect(coinbase.take(trades(2, "update", trade("9")))).toEqual([]);
    expect(coinbase.mapper.counts.lostTrades).toBe(1);
  });

  it("makes quotes of tickers", () => {
    expect(
      stage().take(
        envelope(0, "ticker", {
          type: "update",
          tickers: [
            {
              ...{ type: "ticker", product_id: "BTC-USD", price: "68900.5" },
              ...{ best_bid: "68900.00", best_bid_quantity: "1.5" },
              ...{ best_ask: "68901.00", best_ask_quantity: "0.5" },
            },
          ],
        }),
      ),
    ).toMatchObject([
      { type: "quote", bidPrice: 68900, bidSize: 1.5, askPrice: 68901 },
    ]);
  });

  it("passes over refusals, which have no number", () => {
    const coinbase = stage();
    expect(coinbase.take({ type: "error", message: "no" })).toEqual([]);
    expect(coinbase.mapper.counts.ignored).toBe(1);
  });
});
