import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { mapBinance } from "./binance.ts";

const context = {
  receivedUs: unixMicros(1_700_000_000_000_007),
  receivedNs: monoNanos(5_000),
  venueUs: unixMicros(1_700_000_000_000_001),
};

const spotDepth = {
  stream: "btcusdt@depth@100ms",
  data: {
    e: "depthUpdate",
    E: 1_723_161_255_208,
    s: "BTCUSDT",
    U: 101,
    u: 104,
    b: [["61737.63000000", "0.00000000"]],
    a: [["61837.64000000", "1.54698000"]],
  },
};

const futuresTrade = {
  e: "trade",
  E: 1_723_161_256_322,
  T: 1_723_161_256_321,
  s: "BTCUSDT",
  t: 5_266_583_935,
  p: "61800.30",
  q: "0.006",
  X: "MARKET",
  m: false,
};

const codeOf = (message: unknown): string | undefined => {
  try {
    mapBinance(message, context);
    return undefined;
  } catch (error) {
    return (error as { code?: string }).code;
  }
};

describe("mapBinance", () => {
  it("chains spot deltas by consecutive ids", () => {
    expect(mapBinance(spotDepth, context)).toEqual({
      type: "bookDelta",
      symbol: "BTCUSDT.BINANCE",
      eventUs: 1_723_161_255_208_000,
      receivedUs: context.receivedUs,
      receivedNs: context.receivedNs,
      prevSeq: 100,
      seq: 104,
      bids: [61737.63, 0],
      asks: [61837.64, 1.54698],
    });
  });

  it("chains futures deltas by the previous last id and takes the transaction time", () => {
    const { data } = spotDepth;
    const event = mapBinance(
      { ...data, pu: 97, T: 1_723_161_255_200 },
      context,
    );
    expect(event).toMatchObject({
      symbol: "BTCUSDT.BINANCEUSDM",
      prevSeq: 97,
      seq: 104,
      eventUs: 1_723_161_255_200_000,
    });
  });

  it("tells the three venues apart by the message alone", () => {
    const venue = (fields: object): string | undefined =>
      mapBinance(fields, context)?.symbol;
    const { X: _, ...spotTrade } = futuresTrade;
    expect(venue({ ...spotTrade, M: true })).toBe("BTCUSDT.BINANCE");
    expect(venue(futuresTrade)).toBe("BTCUSDT.BINANCEUSDM");
    expect(venue({ ...futuresTrade, s: "BTCUSDT_241227" })).toBe(
      "BTCUSDT_241227.BINANCEUSDM",
    );
    expect(venue({ ...futuresTrade, s: "ETHUSD_PERP" })).toBe(
      "ETHUSD_PERP.BINANCECOINM",
    );
  });

  it("reads the aggressor from the maker flag", () => {
    expect(mapBinance(futuresTrade, context)).toMatchObject({
      type: "trade",
      tradeId: 5_266_583_935,
      price: 61800.3,
      size: 0.006,
      side: "buy",
    });
    expect(mapBinance({ ...futuresTrade, m: true }, context)).toMatchObject({
      side: "sell",
    });
  });

  it("takes the aggregate id of an aggregate trade", () => {
    const { X: _, t: __, ...rest } = futuresTrade;
    expect(
      mapBinance({ ...rest, e: "aggTrade", a: 7, f: 1, l: 3 }, context),
    ).toMatchObject({ tradeId: 7, symbol: "BTCUSDT.BINANCEUSDM" });
  });

  it("knows a spot best bid and ask, which has no event name and no time", () => {
    const event = mapBinance(
      {
        u: 50093239212,
        s: "BTCUSDT",
        b: "61837.63",
        B: "3.78826",
        a: "61837.64",
        A: "0",
      },
      context,
    );
    expect(event).toMatchObject({
      type: "quote",
      symbol: "BTCUSDT.BINANCE",
      eventUs: context.venueUs,
      bidPrice: 61837.63,
      askSize: 0,
    });
  });

  it("takes a REST snapshot when told the symbol", () => {
    const rest = {
      lastUpdateId: 50093239218,
      bids: [["61837.63", "3.7"]],
      asks: [["61837.64", "1.5"]],
    };
    expect(codeOf(rest)).toBe("E_INPUT_SCHEMA");
    expect(
      mapBinance(rest, { ...context, symbol: symbolId("BTCUSDT.BINANCE") }),
    ).toMatchObject({
      type: "bookSnapshot",
      symbol: "BTCUSDT.BINANCE",
      seq: 50093239218,
      bids: [61837.63, 3.7],
    });
  });

  it("passes over kinds that are no market event, and fills that were not in the book", () => {
    expect(
      mapBinance({ e: "kline", s: "BTCUSDT", k: {} }, context),
    ).toBeUndefined();
    expect(mapBinance({ result: null, id: 1 }, context)).toBeUndefined();
    expect(
      mapBinance(
        { ...futuresTrade, X: "INSURANCE_FUND", p: "0", q: "0" },
        context,
      ),
    ).toBeUndefined();
  });

  it.each([
    ["no object", "x", "E_INPUT_SCHEMA"],
    ["an array", [], "E_INPUT_SCHEMA"],
    ["a stream without data", { stream: "a@trade" }, "E_INPUT_SCHEMA"],
    [
      "a price that is no number",
      { ...futuresTrade, p: "x" },
      "E_INPUT_SCHEMA",
    ],
    ["an empty price", { ...futuresTrade, p: "" }, "E_INPUT_SCHEMA"],
    ["a price of zero", { ...futuresTrade, p: "0" }, "E_INPUT_RANGE"],
    ["an infinite size", { ...futuresTrade, q: "1e999" }, "E_INPUT_SCHEMA"],
    ["an id as text", { ...futuresTrade, t: "1" }, "E_INPUT_SCHEMA"],
    ["no maker flag", { ...futuresTrade, m: 1 }, "E_INPUT_SCHEMA"],
    ["a hostile symbol", { ...futuresTrade, s: "A.>" }, "E_SYMBOL_FORMAT"],
    [
      "ids that run backwards",
      { ...spotDepth.data, U: 10, u: 9 },
      "E_INPUT_RANGE",
    ],
    [
      "a level without a size",
      { ...spotDepth.data, b: [["1"]] },
      "E_INPUT_SCHEMA",
    ],
    [
      "a negative size",
      { ...spotDepth.data, b: [["1", "-1"]] },
      "E_INPUT_RANGE",
    ],
    ["a level of NaN", { ...spotDepth.data, a: [["x", "1"]] }, "E_INPUT_RANGE"],
    ["sides that are no lists", { ...spotDepth.data, a: {} }, "E_INPUT_SCHEMA"],
  ])("refuses %s", (_name, message, code) => {
    expect(codeOf(message)).toBe(code);
  });
});
