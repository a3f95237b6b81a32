import { describe, expect, it } from "vitest";
import { crc32 } from "node:zlib";
import { BAD_PRICES, MapperStage } from "../../../test/support/mapper-stage.ts";
import { OkxMapper } from "./okx-mapper.ts";

const stage = (): MapperStage<OkxMapper> => new MapperStage(new OkxMapper());

const SWAP = "BTC-USDT-SWAP";

const of = (channel: string, ...data: readonly object[]): object => ({
  arg: { channel, instId: SWAP },
  data,
});

const book = (
  action: string,
  fields: object,
  ts = "1652459225464",
): object => ({
  ...of("books", {
    bids: [["30228.6", "0.23393", "0", "1"]],
    asks: [["30228.7", "1.5", "0", "2"]],
    ts,
    ...fields,
  }),
  action,
});

describe("OkxMapper", () => {
  it("takes checksums over bid and ask by turns, signed", () => {
    const okx = stage();
    const bids = [
      ["3366.1", "7", "0", "3"],
      ["3366", "6", "3", "4"],
    ];
    const asks = [["3366.8", "9", "10", "3"]];
    const checksum = crc32("3366.1:7:3366.8:9:3366:6") | 0;
    expect(okx.take(book("snapshot", { bids, asks, checksum }))).toMatchObject([
      {
        type: "bookSnapshot",
        symbol: "BTC-USDT-SWAP.OKX",
        bids: [3366.1, 7, 3366, 6],
        eventUs: 1_652_459_225_464_000,
      },
    ]);
    expect(okx.mapper.counts.checksumsVerified).toBe(1);
    const other = { bids: [], asks: [["3366.9", "9", "0", "3"]] };
    expect(
      okx.take(book("update", { ...other, checksum }, "1652459225564")),
    ).toMatchObject([{ type: "gap", reason: "checksum" }]);
  });

  it("does not take the 0 of today for a checksum", () => {
    const okx = stage();
    okx.take(book("snapshot", { checksum: 0, seqId: 10, prevSeqId: -1 }));
    expect(okx.mapper.counts.checksumsVerified).toBe(0);
    expect(
      okx.types(book("update", { checksum: 0, seqId: 15, prevSeqId: 10 })),
    ).toEqual(["bookDelta"]);
  });

  it("does not believe an update that neither an id nor a checksum proves", () => {
    const okx = stage();
    okx.take(book("snapshot", { checksum: 0 }));
    expect(
      okx.take(book("update", { checksum: 0 }, "1652459225564")),
    ).toMatchObject([{ type: "gap", reason: "sequence" }]);
  });

  it("chains by the previous id, through the venue's pulse and its new beginning", () => {
    const okx = stage();
    okx.take(book("snapshot", { seqId: 10, prevSeqId: -1 }));
    const chain = (prevSeqId: number, seqId: number): readonly string[] =>
      okx.types(book("update", { bids: [], asks: [], seqId, prevSeqId }));
    expect(chain(10, 15)).toEqual(["bookDelta"]);
    expect(chain(15, 15)).toEqual(["bookDelta"]);
    expect(chain(15, 3)).toEqual(["bookDelta"]);
    expect(chain(3, 5)).toEqual(["bookDelta"]);
    expect(okx.mapper.counts).toMatchObject({ gaps: 0, duplicates: 0 });
    expect(chain(7, 9)).toEqual(["gap"]);
    expect(chain(9, 11)).toEqual([]);
    expect(okx.types(book("snapshot", { seqId: 12, prevSeqId: -1 }))).toEqual([
      "bookSnapshot",
    ]);
    expect(chain(12, 13)).toEqual(["bookDelta"]);
  });

  it("joins a snapshot over REST on to the updates that wait for it", () => {
    const okx = stage();
    const update = (prevSeqId: number, seqId: number): object =>
      book("update", { checksum: 0, prevSeqId, seqId });
    const rest = (seqId: number, code = "0"): object => {
      const { data } = book("snapshot", { seqId }) as { data: object };
      return { code, msg: "", data };
    };
    expect(okx.take(update(10, 12))).toEqual([]);
    expect(okx.take(update(12, 15))).toEqual([]);
    expect([...okx.mapper.awaitingSnapshot]).toEqual([`${SWAP}.OKX`]);
    expect(okx.take(rest(9), `${SWAP}.OKX`)).toEqual([]);
    expect(okx.mapper.counts.staleSnapshots).toBe(1);
    expect(okx.codeOf(rest(11, "50011"), `${SWAP}.OKX`)).toBe("E_DEP_VENUE");
    expect(okx.types(rest(11), `${SWAP}.OKX`)).toEqual([
      "bookSnapshot",
      "bookDelta",
      "bookDelta",
    ]);
    expect(okx.mapper.awaitingSnapshot.size).toBe(0);
    expect(okx.types(update(15, 16))).toEqual(["bookDelta"]);
    // One that comes late disturbs nothing, and a hole begins a new run.
    expect(okx.take(rest(20), `${SWAP}.OKX`)).toEqual([]);
    expect(okx.types(update(18, 19))).toEqual(["gap"]);
    expect(okx.types(rest(19), `${SWAP}.OKX`)).toEqual(["bookSnapshot"]);
    // The venue sums up what happens within a tenth of a second, and the snapshot lies somewhere in it.
    expect(okx.types(update(17, 19))).toEqual([]);
    expect(okx.types(update(18, 21))).toEqual(["bookDelta"]);
    expect(okx.mapper.counts.gaps).toBe(1);
    expect(okx.types(update(20, 22))).toEqual(["gap"]);
  });

  it("does not take an empty snapshot for a book", () => {
    const okx = stage();
    const empty = book("snapshot", {
      ...{ bids: [], asks: [], checksum: 0, seqId: 10, prevSeqId: -1 },
    });
    const update = book("update", { checksum: 0, seqId: 12, prevSeqId: 10 });
    expect(okx.take(empty)).toEqual([]);
    expect(okx.take(update)).toEqual([]);
    expect([...okx.mapper.awaitingSnapshot]).toEqual([`${SWAP}.OKX`]);
    okx.take(book("snapshot", { seqId: 20, prevSeqId: -1 }));
    expect(okx.types(empty)).toEqual(["gap"]);
  });

  it("passes over an update that the book has had", () => {
    const okx = stage();
    okx.take(book("snapshot", { seqId: 10, prevSeqId: -1 }));
    okx.take(book("update", { seqId: 15, prevSeqId: 10 }));
    expect(okx.take(book("update", { seqId: 15, prevSeqId: 10 }))).toEqual([]);
    expect(okx.mapper.counts).toMatchObject({ gaps: 0, duplicates: 1 });
  });

  it("takes each message of books5 for a whole book", () => {
    const message = of("books5", {
      bids: [["1", "2", "0", "1"]],
      asks: [["3", "4", "0", "1"]],
      ts: "1652459225464",
      seqId: 4,
    });
    const okx = stage();
    expect(okx.types(message)).toEqual(["bookSnapshot"]);
    expect(okx.types(message)).toEqual(["bookSnapshot"]);
  });

  it("makes quotes of tickers and of the best levels, but not of one side", () => {
    const okx = stage();
    const ts = "1652459223003";
    const ticker = { bidPx: "5.1", bidSz: "96", askPx: "5.2", askSz: "25", ts };
    expect(okx.take(of("tickers", ticker))).toMatchObject([
      { type: "quote", bidPrice: 5.1, bidSize: 96, askPrice: 5.2, askSize: 25 },
    ]);
    expect(okx.take(of("tickers", { ...ticker, bidPx: "" }))).toEqual([]);
    const [bids, asks] = [[["5.1", "9", "0", "1"]], [["5.2", "8", "0", "1"]]];
    expect(okx.take(of("bbo-tbt", { bids, asks, ts }))).toMatchObject([
      { bidPrice: 5.1, askSize: 8 },
    ]);
    expect(okx.take(of("bbo-tbt", { bids, asks: [], ts }))).toEqual([]);
    expect(okx.mapper.counts.ignored).toBe(2);
  });

  it("takes trades once", () => {
    const okx = stage();
    const trade = (tradeId: string): object =>
      of("trades", {
        instId: SWAP,
        tradeId,
        px: "30243.5",
        sz: "0.001",
        side: "buy",
        ts: "1652459226050",
      });
    expect(okx.take(trade("338476308"))).toMatchObject([
      { type: "trade", tradeId: 338476308, side: "buy", price: 30243.5 },
    ]);
    expect(okx.take(trade("338476308"))).toEqual([]);
  });

  it("tells funding once rate and mark price are known", () => {
    const okx = stage();
    const rate = of("funding-rate", {
      fundingRate: "0.0001875",
      fundingTime: "1700726400000",
      nextFundingTime: "1700755200000",
      ts: "1700724675402",
    });
    const mark = of("mark-price", { markPx: "42310.6", ts: "1700724675500" });
    expect(okx.take(rate)).toEqual([]);
    expect(okx.take(mark)).toMatchObject([
      {
        type: "funding",
        rate: 0.0001875,
        markPrice: 42310.6,
        nextUs: 1_700_726_400_000_000,
        eventUs: 1_700_724_675_500_000,
      },
    ]);
    expect(okx.types(rate)).toEqual(["funding"]);
  });

  it("takes open interest, and bars that say whether they are closed", () => {
    const okx = stage();
    expect(
      okx.take(of("open-interest", { oi: "2216113", ts: "1700724675500" })),
    ).toMatchObject([{ type: "openInterest", openInterest: 2216113 }]);
    const candle = (confirm: string): object => ({
      arg: { channel: "candle1H", instId: SWAP },
      data: [
        ["1597026383085", "8", "9", "7", "8.5", "45", "0.5", "4.1", confirm],
      ],
    });
    expect(okx.take(candle("0"))).toMatchObject([
      { intervalMs: 3_600_000, volume: 45, vwap: 8.2, closed: false },
    ]);
    expect(okx.take(candle("1"))).toMatchObject([{ closed: true }]);
    expect(okx.codeOf(candle("2"))).toBe("E_INPUT_SCHEMA");
  });

  it("passes over pongs and acknowledgements", () => {
    const okx = stage();
    expect(okx.take("pong")).toEqual([]);
    expect(
      okx.take({ event: "subscribe", arg: { channel: "books", instId: SWAP } }),
    ).toEqual([]);
    expect(okx.take(of("liquidation-orders", {}))).toEqual([]);
    expect(okx.mapper.counts.ignored).toBe(3);
  });

  it.each<readonly [name: string, message: unknown, code: string]>([
    ["a book without action", of("books", {}), "E_INPUT_SCHEMA"],
    [
      "a checksum as text",
      book("snapshot", { checksum: "1" }),
      "E_INPUT_SCHEMA",
    ],
    [
      "a book without time",
      book("snapshot", { ts: undefined }),
      "E_INPUT_SCHEMA",
    ],
    [
      "a rate beyond 1",
      of("funding-rate", { fundingRate: "2" }),
      "E_INPUT_RANGE",
    ],
    ...BAD_PRICES.map(
      (price) =>
        [
          `a price of ${JSON.stringify(price)}`,
          book("snapshot", { bids: [[price, "1", "0", "1"]] }),
          "E_INPUT_RANGE",
        ] as const,
    ),
  ])("refuses %s", (_name, message, code) => {
    expect(stage().codeOf(message)).toBe(code);
  });

  it("voids the book of a broken update at once, and none for what is not the book's", () => {
    const okx = stage();
    okx.take(book("snapshot", { seqId: 10, prevSeqId: -1 }));
    expect(okx.refused(of("funding-rate", { fundingRate: "2" }))).toEqual([]);
    const broken = { seqId: 11, prevSeqId: 10, bids: [["1", "-1", "0", "1"]] };
    expect(okx.refused(book("update", broken))).toMatchObject([
      { type: "gap", reason: "sequence" },
    ]);
    expect(okx.types(book("update", { seqId: 12, prevSeqId: 11 }))).toEqual([]);
    expect(okx.mapper.awaitingSnapshot.size).toBe(1);
  });
});
