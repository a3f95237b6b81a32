import { describe, expect, it } from "vitest";
import {
  BAD_PRICES,
  BAD_SIZES,
  MapperStage,
  RECEIVED_NS,
  RECEIVED_US,
} from "../../../test/support/mapper-stage.ts";
import { BinanceMapper, binanceVenueOf } from "./binance-mapper.ts";
import type { BinanceVenue } from "./binance-mapper.ts";

const stage = (venue: BinanceVenue = "BINANCE"): MapperStage<BinanceMapper> =>
  new MapperStage(new BinanceMapper(venue));

const depth = (U: number, u: number, fields: object = {}): object => ({
  e: "depthUpdate",
  E: 1_723_161_255_208,
  s: "BTCUSDT",
  U,
  u,
  b: [["61737.63000000", "0.00000000"]],
  a: [["61837.64000000", "1.54698000"]],
  ...fields,
});

const rest = (lastUpdateId: number): object => ({
  lastUpdateId,
  bids: [["61837.63", "3.7"]],
  asks: [["61837.64", "1.5"]],
});

const trade = (t: number, fields: object = {}): object => ({
  e: "trade",
  E: 1_723_161_256_322,
  T: 1_723_161_256_321,
  s: "BTCUSDT",
  t,
  p: "61800.30",
  q: "0.006",
  m: false,
  M: true,
  ...fields,
});

const SPOT = "BTCUSDT.BINANCE";

describe("BinanceMapper", () => {
  it("chains spot deltas by consecutive ids, wrapped in a stream or not", () => {
    const binance = stage();
    const expected = {
      type: "bookDelta",
      symbol: SPOT,
      eventUs: 1_723_161_255_208_000,
      receivedUs: RECEIVED_US,
      receivedNs: RECEIVED_NS,
      bids: [61737.63, 0],
      asks: [61837.64, 1.54698],
    };
    const stream = "btcusdt@depth@100ms";
    expect(binance.take({ stream, data: depth(101, 104) })).toEqual([
      { ...expected, prevSeq: 100, seq: 104 },
    ]);
    expect(binance.take(JSON.stringify(depth(105, 105)))).toEqual([
      { ...expected, prevSeq: 104, seq: 105 },
    ]);
  });

  it("chains futures deltas by the previous last id and takes the transaction time", () => {
    expect(
      stage("BINANCEUSDM").take(
        depth(101, 104, { pu: 97, T: 1_723_161_255_200 }),
      ),
    ).toMatchObject([
      {
        symbol: "BTCUSDT.BINANCEUSDM",
        prevSeq: 97,
        seq: 104,
        eventUs: 1_723_161_255_200_000,
      },
    ]);
  });

  it("waits for a snapshot from the first delta on, and no longer once one fits", () => {
    const binance = stage();
    expect(binance.mapper.awaitingSnapshot.size).toBe(0);
    binance.take(depth(101, 104));
    expect([...binance.mapper.awaitingSnapshot]).toEqual([SPOT]);
    expect(binance.types(rest(103), SPOT)).toEqual(["bookSnapshot"]);
    expect(binance.mapper.awaitingSnapshot.size).toBe(0);
    expect(binance.types(depth(105, 106))).toEqual(["bookDelta"]);
  });

  it("refuses a snapshot from before the deltas that it has, and goes on waiting", () => {
    const binance = stage();
    binance.take(depth(101, 104));
    expect(binance.take(rest(99), SPOT)).toEqual([]);
    expect(binance.mapper.counts.staleSnapshots).toBe(1);
    expect(binance.mapper.awaitingSnapshot.has(SPOT as never)).toBe(true);
    expect(binance.types(rest(100), SPOT)).toEqual(["bookSnapshot"]);
  });

  it("joins a snapshot that came first to the delta that spans it, and drops what is older", () => {
    const binance = stage();
    expect(binance.types(rest(103), SPOT)).toEqual(["bookSnapshot"]);
    expect(binance.types(depth(99, 101))).toEqual([]);
    expect(binance.types(depth(102, 104))).toEqual(["bookDelta"]);
    expect(binance.mapper.counts).toMatchObject({ gaps: 0, duplicates: 0 });
  });

  it("tells a hole between a snapshot and the first delta", () => {
    const binance = stage();
    binance.take(rest(103), SPOT);
    expect(binance.take(depth(105, 106))).toMatchObject([
      { type: "gap", reason: "sequence", symbol: SPOT },
      { type: "bookDelta", prevSeq: 104 },
    ]);
    expect(binance.mapper.awaitingSnapshot.size).toBe(1);
  });

  it("tells a lost delta on the next one, and drops one that comes twice", () => {
    const binance = stage();
    binance.take(depth(101, 104));
    binance.take(rest(104), SPOT);
    expect(binance.take(depth(101, 104))).toEqual([]);
    expect(binance.types(depth(106, 107))).toEqual(["gap", "bookDelta"]);
    expect(binance.types(rest(107), SPOT)).toEqual(["bookSnapshot"]);
    expect(binance.types(depth(108, 108))).toEqual(["bookDelta"]);
    expect(binance.mapper.counts).toMatchObject({ gaps: 1, duplicates: 1 });
  });

  it("keeps a gap of one symbol from another", () => {
    const binance = stage();
    binance.take(depth(1, 2));
    binance.take(depth(1, 2, { s: "ETHUSDT" }));
    expect(binance.types(depth(9, 9))).toEqual(["gap", "bookDelta"]);
    expect(binance.types(depth(3, 3, { s: "ETHUSDT" }))).toEqual(["bookDelta"]);
  });

  it("reads the aggressor from the maker flag, and passes over a trade that comes again", () => {
    const binance = stage();
    expect(binance.take(trade(7))).toMatchObject([
      { type: "trade", tradeId: 7, price: 61800.3, size: 0.006, side: "buy" },
    ]);
    expect(binance.take(trade(7))).toEqual([]);
    expect(binance.take(trade(8, { m: true }))).toMatchObject([
      { side: "sell" },
    ]);
  });

  it("takes the aggregate id of an aggregate trade", () => {
    expect(
      stage("BINANCEUSDM").take(
        trade(1, { e: "aggTrade", a: 77, f: 1, l: 3, t: undefined }),
      ),
    ).toMatchObject([{ tradeId: 77, symbol: "BTCUSDT.BINANCEUSDM" }]);
  });

  it("knows a spot best bid and ask, which has no event name and takes the time of what was before it", () => {
    const binance = stage();
    const quote = {
      u: 50093239212,
      s: "BTCUSDT",
      b: "61837.63",
      B: "3.78826",
      a: "61837.64",
      A: "0",
    };
    expect(binance.take(quote)).toMatchObject([
      { type: "quote", seq: 50093239212, eventUs: RECEIVED_US, askSize: 0 },
    ]);
    binance.take(depth(101, 104));
    expect(binance.take({ ...quote, u: 50093239213 })).toMatchObject([
      { eventUs: 1_723_161_255_208_000 },
    ]);
    expect(binance.take(quote)).toEqual([]);
  });

  it("closes a bar only where the venue does", () => {
    const k = {
      t: 1_626_992_700_000,
      T: 1_626_992_759_999,
      s: "CTKUSDT",
      i: "1m",
      o: "1.01000",
      c: "1.01100",
      h: "1.01100",
      l: "1.01000",
      v: "4000",
      n: 48,
      x: false,
      q: "4042",
      V: "1729",
    };
    const kline = { e: "kline", E: 1_626_992_741_424, s: "CTKUSDT", k };
    const usdm = stage("BINANCEUSDM");
    expect(usdm.take(kline)).toMatchObject([
      {
        type: "bar",
        intervalMs: 60_000,
        openUs: 1_626_992_700_000_000,
        vwap: 1.0105,
        trades: 48,
        buyVolume: 1729,
        sellVolume: 2271,
        closed: false,
      },
    ]);
    const closed = { ...kline, k: { ...k, x: true } };
    expect(usdm.take(closed)).toMatchObject([{ closed: true }]);
    expect(usdm.codeOf({ ...kline, k: { ...k, x: "true" } })).toBe(
      "E_INPUT_SCHEMA",
    );
    expect(usdm.codeOf({ ...kline, k: { ...k, h: "1.005" } })).toBe(
      "E_INPUT_RANGE",
    );
    expect(usdm.types({ ...kline, k: { ...k, i: "1M" } })).toEqual([]);
  });

  it("reckons the price of a COIN-M bar from contracts and coins", () => {
    const k = {
      t: 1_626_992_700_000,
      i: "1m",
      o: "2000",
      c: "2000",
      h: "2000",
      l: "2000",
      v: "400",
      n: 4,
      x: true,
      q: "2",
      V: "0",
    };
    expect(
      stage("BINANCECOINM").take({
        e: "kline",
        E: 1_626_992_741_424,
        s: "ETHUSD_PERP",
        k,
      }),
    ).toMatchObject([{ vwap: 2000, symbol: "ETHUSD_PERP.BINANCECOINM" }]);
  });

  it("takes funding from the mark price stream, where there is funding", () => {
    const mark = {
      e: "markPriceUpdate",
      E: 1_562_305_380_000,
      s: "BTCUSDT",
      p: "11794.15000000",
      i: "11784.62659091",
      r: "-0.00038167",
      T: 1_562_306_400_000,
    };
    const usdm = stage("BINANCEUSDM");
    expect(usdm.take(mark)).toMatchObject([
      {
        type: "funding",
        rate: -0.00038167,
        markPrice: 11794.15,
        eventUs: 1_562_305_380_000_000,
        nextUs: 1_562_306_400_000_000,
      },
    ]);
    expect(usdm.take({ ...mark, r: "", T: 0 })).toEqual([]);
    expect(usdm.codeOf({ ...mark, r: "2" })).toBe("E_INPUT_RANGE");
  });

  it("takes open interest from the REST answer", () => {
    expect(
      stage("BINANCEUSDM").take({
        openInterest: "10659.509",
        symbol: "BTCUSDT",
        time: 1_589_437_530_011,
      }),
    ).toMatchObject([
      {
        type: "openInterest",
        symbol: "BTCUSDT.BINANCEUSDM",
        openInterest: 10659.509,
      },
    ]);
  });

  it("names a REST snapshot's symbol by the request, a partial book's by its stream", () => {
    const binance = stage();
    expect(binance.codeOf(rest(1))).toBe("E_INPUT_SCHEMA");
    expect(binance.take(rest(1), SPOT)).toMatchObject([
      { symbol: SPOT, seq: 1, bids: [61837.63, 3.7] },
    ]);
    expect(
      binance.take({ stream: "ethusdt@depth20@100ms", data: rest(2) }),
    ).toMatchObject([{ symbol: "ETHUSDT.BINANCE", seq: 2 }]);
  });

  it("passes over acknowledgements, other kinds, and fills that were not in the book", () => {
    const binance = stage();
    expect(binance.take({ result: null, id: 1 })).toEqual([]);
    expect(binance.take({ e: "forceOrder", s: "BTCUSDT" })).toEqual([]);
    expect(
      binance.take(trade(1, { X: "INSURANCE_FUND", p: "0", q: "0" })),
    ).toEqual([]);
    expect(binance.mapper.counts.ignored).toBe(3);
  });

  it.each([
    ["text that is no JSON", '{"e":', "E_INPUT_DECODE"],
    ["no object", 7, "E_INPUT_SCHEMA"],
    ["an array", [], "E_INPUT_SCHEMA"],
    ["a stream without data", { stream: "a@trade" }, "E_INPUT_SCHEMA"],
    ["an empty price", trade(1, { p: "" }), "E_INPUT_SCHEMA"],
    ["a trade of no size", trade(1, { q: "0" }), "E_INPUT_RANGE"],
    ["an id that is no integer", trade(1.5), "E_INPUT_RANGE"],
    ["no maker flag", trade(1, { m: 1 }), "E_INPUT_SCHEMA"],
    ["no name", trade(1, { s: "" }), "E_INPUT_SCHEMA"],
    ["a name too long", trade(1, { s: "A".repeat(65) }), "E_SYMBOL_FORMAT"],
    ["ids that run backwards", depth(10, 9), "E_INPUT_RANGE"],
    ["a level without a size", depth(1, 2, { b: [["1"]] }), "E_INPUT_SCHEMA"],
    ["sides that are no lists", depth(1, 2, { a: {} }), "E_INPUT_SCHEMA"],
    ["a time that is none", depth(1, 2, { E: "now" }), "E_INPUT_SCHEMA"],
  ])("refuses %s", (_name, message, code) => {
    expect(stage().codeOf(message)).toBe(code);
  });

  it.each([
    ...BAD_PRICES.map((price) => ["price", [price, "1"]] as const),
    ...BAD_SIZES.map((size) => ["size", ["1", size]] as const),
  ])("voids the book at once with a level of %s %j", (_name, level) => {
    const binance = stage();
    binance.take(depth(1, 2));
    binance.take(rest(2), SPOT);
    const bad = depth(3, 4, { a: [["5", "1"], level] });
    expect(binance.refused(bad)).toMatchObject([
      { type: "gap", symbol: SPOT, reason: "sequence" },
    ]);
    expect([...binance.mapper.awaitingSnapshot]).toEqual([SPOT]);
    // Told once: what follows begins another run.
    expect(binance.types(depth(5, 6))).toEqual(["bookDelta"]);
    expect(binance.types(rest(3), SPOT)).toEqual([]);
    expect(binance.types(rest(5), SPOT)).toEqual(["bookSnapshot"]);
    expect(binance.types(depth(7, 8))).toEqual(["bookDelta"]);
  });

  it("voids the book that a refused message is about, and every book where it does not say", () => {
    const binance = stage();
    const both = ["BTCUSDT", "ETHUSDT"];
    for (const s of both) {
      binance.take(depth(1, 2, { s }));
      binance.take(rest(2), `${s}.BINANCE`);
    }
    const lost = (message: unknown): unknown =>
      binance.refused(message)?.map(({ type, symbol }) => [type, symbol]);
    // No book is in these.
    expect(lost(trade(1, { p: "" }))).toEqual([]);
    expect(lost({ stream: "btcusdt@trade" })).toEqual([]);
    expect(lost({ ...rest(9), bids: 7 })).toEqual([]);
    expect(lost({ stream: "ethusdt@depth@100ms", data: [] })).toEqual([
      ["gap", "ETHUSDT.BINANCE"],
    ]);
    // Void already: asked for, and not told again.
    expect(lost(depth(9, 8, { s: "ETHUSDT" }))).toEqual([]);
    expect(lost(depth(3, 4, { s: "" }))).toEqual([["gap", SPOT]]);
    for (const s of both) binance.take(rest(8), `${s}.BINANCE`);
    expect(lost('{"e":"depthUpd')).toEqual(
      both.map((s) => ["gap", `${s}.BINANCE`]),
    );
    expect([...binance.mapper.awaitingSnapshot]).toHaveLength(2);
    // An answer over REST that cannot be read is no word on any other book.
    for (const s of both) binance.take(rest(8), `${s}.BINANCE`);
    expect(binance.codeOf("{", SPOT)).toBe("E_INPUT_DECODE");
    expect([...binance.mapper.awaitingSnapshot]).toEqual([SPOT]);
  });

  it("tells the three venues apart by the message alone", () => {
    expect(binanceVenueOf(trade(1) as never)).toBe("BINANCE");
    expect(binanceVenueOf(trade(1, { X: "MARKET" }) as never)).toBe(
      "BINANCEUSDM",
    );
    expect(
      binanceVenueOf(depth(1, 2, { pu: 0, s: "ETHUSD_PERP" }) as never),
    ).toBe("BINANCECOINM");
    expect(binanceVenueOf({ result: null })).toBeUndefined();
  });
});
