/** Random books told as each venue would tell them, beside what the book is after every message: for property tests of the mappers. */
import { crc32 } from "node:zlib";
import * as fc from "fast-check";
import { BinanceMapper } from "../../engine/feeds/venues/binance-mapper.ts";
import { BybitMapper } from "../../engine/feeds/venues/bybit-mapper.ts";
import { CoinbaseAdvancedMapper } from "../../engine/feeds/venues/coinbase-advanced-mapper.ts";
import { CoinbaseMapper } from "../../engine/feeds/venues/coinbase-mapper.ts";
import { HyperliquidMapper } from "../../engine/feeds/venues/hyperliquid-mapper.ts";
import { KrakenV1Mapper } from "../../engine/feeds/venues/kraken-v1-mapper.ts";
import { KrakenV2Mapper } from "../../engine/feeds/venues/kraken-v2-mapper.ts";
import { OkxMapper } from "../../engine/feeds/venues/okx-mapper.ts";
import type { VenueMapper } from "../../engine/feeds/venues/venue-mapper.ts";

/** One change of the venue's own book: ticks away from the middle, and lots (0 takes the level away). */
export interface BookChange {
  readonly side: "bid" | "ask";
  readonly ticks: number;
  readonly lots: number;
}

export const bookChanges: fc.Arbitrary<readonly BookChange[]> = fc.array(
  fc.record({
    side: fc.constantFrom("bid" as const, "ask" as const),
    ticks: fc.integer({ min: 1, max: 14 }),
    lots: fc.oneof(
      { weight: 2, arbitrary: fc.constant(0) },
      { weight: 3, arbitrary: fc.integer({ min: 1, max: 10_000_000 }) },
    ),
  }),
  { minLength: 1, maxLength: 4 },
);

export type Row = readonly [price: string, size: string];

/** What a client sees: best first. */
export interface View {
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
}

/** What a message tells of a view: the levels that are new or other, and those that are gone. */
interface Step {
  readonly before: View;
  readonly after: View;
  readonly bids: readonly Row[];
  readonly asks: readonly Row[];
  /** 1, 2, 3, …; the snapshot after step n has n too. */
  readonly n: number;
}

export interface VenueFormat {
  readonly name: string;
  readonly symbol: string;
  /** Levels a side that the venue shows. */
  readonly depth: number;
  newMapper(): VenueMapper;
  /** Zero and any other name of the venue's book at step n. */
  snapshot(view: View, n: number): string;
  update(step: Step): string;
  /** By what a book that is not the venue's is told on the next message; undefined where the venue gives no means. */
  readonly proof: "sequence" | "checksum" | "whole" | undefined;
  /** REST: the symbol is told beside the snapshot. */
  readonly snapshotSymbol?: string;
}

const MIDDLE_TICKS = 1000;
const START_MS = 1_723_161_255_000;

const price = (ticks: number): string => (ticks / 1000).toFixed(5);
const size = (lots: number): string => (lots / 10_000).toFixed(8);

/** The venue's side of the story. */
export class VenueBook {
  readonly #bids = new Map<number, number>();
  readonly #asks = new Map<number, number>();
  readonly #depth: number;

  constructor(depth: number) {
    this.#depth = depth;
    for (let i = 1; i <= 12; i++) {
      this.#bids.set(MIDDLE_TICKS - i, 10_000 * i);
      this.#asks.set(MIDDLE_TICKS + i, 10_000 * i + 7);
    }
  }

  view(): View {
    const rows = (side: Map<number, number>, sign: number): Row[] =>
      [...side]
        .sort((a, b) => (a[0] - b[0]) * sign)
        .slice(0, this.#depth)
        .map(([ticks, lots]) => [price(ticks), size(lots)] as const);
    return { bids: rows(this.#bids, -1), asks: rows(this.#asks, 1) };
  }

  /** Undefined where the client would see no change. */
  change(changes: readonly BookChange[], n: number): Step | undefined {
    const before = this.view();
    for (const { side, ticks, lots } of changes) {
      const levels = side === "bid" ? this.#bids : this.#asks;
      const at = MIDDLE_TICKS + (side === "bid" ? -ticks : ticks);
      if (lots > 0) levels.set(at, lots);
      else if (levels.size > 2) levels.delete(at);
    }
    const after = this.view();
    const bids = this.#told(before.bids, after.bids, this.#bids);
    const asks = this.#told(before.asks, after.asks, this.#asks);
    return bids.length + asks.length === 0
      ? undefined
      : { before, after, bids, asks, n };
  }

  /** What is pushed out of the depth by better levels is not told. */
  #told(
    before: readonly Row[],
    after: readonly Row[],
    side: Map<number, number>,
  ): Row[] {
    const old = new Map(before);
    const now = new Map(after);
    const has = (text: string): boolean =>
      side.has(Math.round(Number(text) * 1000));
    return [
      ...before
        .filter(([text]) => !now.has(text) && !has(text))
        .map(([text]) => [text, size(0)] as const),
      ...after.filter(([text, lots]) => old.get(text) !== lots),
    ];
  }
}

const iso = (n: number): string =>
  new Date(START_MS + n).toISOString().replace("Z", "000Z");

const krakenDigits = ([p, s]: Row): string =>
  [p, s].map((text) => text.replace(".", "").replace(/^0+/, "")).join("");

const krakenChecksum = ({ bids, asks }: View): number =>
  crc32(
    [...asks.slice(0, 10), ...bids.slice(0, 10)].map(krakenDigits).join(""),
  );

const okxChecksum = ({ bids, asks }: View): number => {
  const parts: string[] = [];
  for (let i = 0; i < 25; i++)
    for (const row of [bids[i], asks[i]]) if (row) parts.push(...row);
  return crc32(parts.join(":")) | 0;
};

const binance = (venue: "BINANCE" | "BINANCEUSDM"): VenueFormat => ({
  name: venue,
  symbol: `BTCUSDT.${venue}`,
  depth: 1000,
  proof: "sequence",
  snapshotSymbol: `BTCUSDT.${venue}`,
  newMapper: () => new BinanceMapper(venue),
  snapshot: ({ bids, asks }, n) =>
    JSON.stringify({ lastUpdateId: 1000 + 3 * n, bids, asks }),
  update: ({ bids, asks, n }) =>
    JSON.stringify({
      stream: "btcusdt@depth@100ms",
      data: {
        e: "depthUpdate",
        E: START_MS + n,
        ...(venue === "BINANCE"
          ? {}
          : { T: START_MS + n, pu: 1000 + 3 * (n - 1) }),
        s: "BTCUSDT",
        U: 1000 + 3 * (n - 1) + 1,
        u: 1000 + 3 * n,
        b: bids,
        a: asks,
      },
    }),
});

const krakenV1Rows = (rows: readonly Row[], n: number): string[][] =>
  rows.map(([p, s]) => [p, s, ((START_MS + n) / 1000).toFixed(6)]);

const krakenV1: VenueFormat = {
  name: "Kraken v1",
  symbol: "XBT=2FUSD.KRAKEN",
  depth: 10,
  proof: "checksum",
  newMapper: () => new KrakenV1Mapper(),
  snapshot: ({ bids, asks }, n) =>
    JSON.stringify([
      7,
      { as: krakenV1Rows(asks, n), bs: krakenV1Rows(bids, n) },
      "book-10",
      "XBT/USD",
    ]),
  update: ({ bids, asks, after, n }) => {
    const c = String(krakenChecksum(after));
    const a = asks.length === 0 ? [] : [{ a: krakenV1Rows(asks, n) }];
    const b = bids.length === 0 ? [] : [{ b: krakenV1Rows(bids, n) }];
    const parts: object[] = [...a, ...b];
    parts[parts.length - 1] = { ...parts.at(-1), c };
    return JSON.stringify([7, ...parts, "book-10", "XBT/USD"]);
  },
};

/** Numbers that keep their zeros, which JSON.stringify would not write. */
const krakenV2Text = (
  type: "snapshot" | "update",
  rows: View,
  after: View,
  n: number,
): string => {
  const levels = (side: readonly Row[]): string =>
    side.map(([p, s]) => `{"price":${p},"qty":${s}}`).join(",");
  return `{"channel":"book","type":"${type}","data":[{"symbol":"BTC/USD","bids":[${levels(rows.bids)}],"asks":[${levels(rows.asks)}],"checksum":${krakenChecksum(after)},"timestamp":"${iso(n)}"}]}`;
};

const krakenV2: VenueFormat = {
  name: "Kraken v2",
  symbol: "BTC=2FUSD.KRAKEN",
  depth: 10,
  proof: "checksum",
  newMapper: () => {
    const mapper = new KrakenV2Mapper();
    mapper.map(
      '{"method":"subscribe","result":{"channel":"book","depth":10,"snapshot":true,"symbol":"BTC/USD"},"success":true}',
      { receivedUs: 1 as never, receivedNs: 1 as never },
      () => undefined,
    );
    return mapper;
  },
  snapshot: (view, n) => krakenV2Text("snapshot", view, view, n),
  update: ({ bids, asks, after, n }) =>
    krakenV2Text("update", { bids, asks }, after, n),
};

const okx = (form: "seqId" | "checksum"): VenueFormat => {
  const text = (
    action: string,
    rows: View,
    after: View,
    n: number,
    prevSeqId: number,
  ): string =>
    JSON.stringify({
      arg: { channel: "books", instId: "BTC-USDT-SWAP" },
      action,
      data: [
        {
          asks: rows.asks.map((row) => [...row, "0", "1"]),
          bids: rows.bids.map((row) => [...row, "0", "1"]),
          ts: String(START_MS + n),
          ...(form === "seqId"
            ? { checksum: 0, prevSeqId, seqId: 500 + n }
            : { checksum: okxChecksum(after) }),
        },
      ],
    });
  return {
    name: `OKX by ${form}`,
    symbol: "BTC-USDT-SWAP.OKX",
    depth: 400,
    proof: form === "seqId" ? "sequence" : "checksum",
    newMapper: () => new OkxMapper(),
    snapshot: (view, n) => text("snapshot", view, view, n, -1),
    update: ({ bids, asks, after, n }) =>
      text("update", { bids, asks }, after, n, 500 + n - 1),
  };
};

const bybit: VenueFormat = {
  name: "Bybit",
  symbol: "BTCUSDT.BYBIT",
  depth: 50,
  proof: "sequence",
  newMapper: () => new BybitMapper(),
  snapshot: ({ bids, asks }, n) =>
    JSON.stringify({
      topic: "orderbook.50.BTCUSDT",
      type: "snapshot",
      ts: START_MS + n,
      data: { s: "BTCUSDT", b: bids, a: asks, u: 77 + n, seq: 9000 + 5 * n },
      cts: START_MS + n,
    }),
  update: ({ bids, asks, n }) =>
    JSON.stringify({
      topic: "orderbook.50.BTCUSDT",
      type: "delta",
      ts: START_MS + n,
      data: { s: "BTCUSDT", b: bids, a: asks, u: 77 + n, seq: 9000 + 5 * n },
      cts: START_MS + n,
    }),
};

const coinbaseAdvanced = (
  type: "snapshot" | "update",
  { bids, asks }: View,
  n: number,
  sequence_num: number,
): string =>
  JSON.stringify({
    channel: "l2_data",
    client_id: "",
    timestamp: iso(n),
    sequence_num,
    events: [
      {
        type,
        product_id: "BTC-USD",
        updates: [
          ...bids.map((row) => ["bid", ...row]),
          ...asks.map((row) => ["offer", ...row]),
        ].map(([side, price_level, new_quantity]) => ({
          side,
          event_time: iso(n),
          price_level,
          new_quantity,
        })),
      },
    ],
  });

const coinbase: VenueFormat = {
  name: "Coinbase Advanced Trade",
  symbol: "BTC-USD.COINBASE",
  depth: 1000,
  proof: "sequence",
  newMapper: () => new CoinbaseAdvancedMapper(),
  // The connection goes on counting: what mends a book comes after the last update.
  snapshot: (view, n) =>
    coinbaseAdvanced("snapshot", view, n, n === 0 ? 0 : n + 1),
  update: ({ bids, asks, n }) =>
    coinbaseAdvanced("update", { bids, asks }, n, n),
};

const coinbaseExchange: VenueFormat = {
  name: "Coinbase Exchange",
  symbol: "BTC-USD.COINBASE",
  depth: 1000,
  proof: undefined,
  newMapper: () => new CoinbaseMapper(),
  snapshot: ({ bids, asks }, n) =>
    JSON.stringify({
      type: "snapshot",
      product_id: "BTC-USD",
      bids,
      asks,
      time: iso(n),
    }),
  update: ({ bids, asks, n }) =>
    JSON.stringify({
      type: "l2update",
      product_id: "BTC-USD",
      changes: [
        ...bids.map((row) => ["buy", ...row]),
        ...asks.map((row) => ["sell", ...row]),
      ],
      time: iso(n),
    }),
};

const hyperliquidText = ({ bids, asks }: View, n: number): string => {
  const rows = (side: readonly Row[]): object[] =>
    side.map(([px, sz]) => ({ px, sz, n: 1 }));
  return JSON.stringify({
    channel: "l2Book",
    data: {
      coin: "kPEPE",
      time: START_MS + n,
      levels: [rows(bids), rows(asks)],
    },
  });
};

const hyperliquid: VenueFormat = {
  name: "Hyperliquid",
  symbol: "=6BPEPE.HYPERLIQUID",
  depth: 20,
  proof: "whole",
  newMapper: () => new HyperliquidMapper(),
  snapshot: hyperliquidText,
  update: ({ after, n }) => hyperliquidText(after, n),
};

export const VENUE_FORMATS: readonly VenueFormat[] = [
  binance("BINANCE"),
  binance("BINANCEUSDM"),
  krakenV1,
  krakenV2,
  okx("seqId"),
  okx("checksum"),
  bybit,
  coinbase,
  coinbaseExchange,
  hyperliquid,
];
