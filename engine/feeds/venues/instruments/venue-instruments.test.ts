import { describe, expect, it } from "vitest";
import type { ReadGrids } from "../instrument-reader.ts";
import { readBinanceInstruments } from "./binance-instruments.ts";
import { readBybitInstruments } from "./bybit-instruments.ts";
import { readCoinbaseInstruments } from "./coinbase-instruments.ts";
import { readHyperliquidInstruments } from "./hyperliquid-instruments.ts";
import {
  readKrakenV1Instruments,
  readKrakenV2Instruments,
} from "./kraken-instruments.ts";
import { okxTypeOf, readOkxInstruments } from "./okx-instruments.ts";

const binance = (symbol: string, tickSize: string, stepSize: string) => ({
  symbol,
  status: "TRADING",
  filters: [
    { filterType: "PRICE_FILTER", minPrice: "0.01", maxPrice: "1e6", tickSize },
    { filterType: "LOT_SIZE", minQty: "0.00001", maxQty: "9000", stepSize },
    { filterType: "MARKET_LOT_SIZE", minQty: "0", stepSize: "0.00000000" },
  ],
});

const kraken = {
  error: [],
  result: {
    XXBTZUSD: {
      ...{ altname: "XBTUSD", wsname: "XBT/USD", base: "XXBT", quote: "ZUSD" },
      ...{ pair_decimals: 1, lot_decimals: 8, tick_size: "0.1" },
    },
    XDGEUR: {
      ...{ altname: "XDGEUR", wsname: "XDG/EUR", base: "XXDG", quote: "ZEUR" },
      ...{ pair_decimals: 7, lot_decimals: 8 },
    },
  },
};

const ANSWERS: readonly (readonly [
  name: string,
  read: ReadGrids,
  answer: unknown,
  grids: readonly (readonly [string, number, number])[],
])[] = [
  [
    "Binance spot",
    readBinanceInstruments,
    {
      timezone: "UTC",
      symbols: [
        binance("BTCUSDT", "0.01000000", "0.00001000"),
        binance("PEPEUSDT", "0.00000001", "1.00000000"),
      ],
    },
    [
      ["BTCUSDT", 0.01, 0.00001],
      ["PEPEUSDT", 0.00000001, 1],
    ],
  ],
  [
    "Binance futures, a market without a tick left out",
    readBinanceInstruments,
    {
      symbols: [
        binance("BTCUSDT", "0.10", "0.001"),
        binance("ETHUSD_PERP", "0.01", "1"),
        binance("NEWUSDT", "0.00000000", "1"),
        { symbol: "BAREUSDT" },
        null,
      ],
    },
    [
      ["BTCUSDT", 0.1, 0.001],
      ["ETHUSD_PERP", 0.01, 1],
    ],
  ],
  [
    "Kraken v1",
    readKrakenV1Instruments,
    kraken,
    [
      ["XBT/USD", 0.1, 1e-8],
      ["XDG/EUR", 1e-7, 1e-8],
    ],
  ],
  [
    "Kraken v2, by its own names",
    readKrakenV2Instruments,
    kraken,
    [
      ["BTC/USD", 0.1, 1e-8],
      ["DOGE/EUR", 1e-7, 1e-8],
    ],
  ],
  [
    "Coinbase Exchange",
    readCoinbaseInstruments,
    [
      {
        ...{ id: "BTC-USD", base_currency: "BTC", quote_currency: "USD" },
        ...{ quote_increment: "0.01", base_increment: "0.00000001" },
      },
    ],
    [["BTC-USD", 0.01, 1e-8]],
  ],
  [
    "Coinbase Advanced Trade",
    readCoinbaseInstruments,
    {
      products: [
        {
          ...{ product_id: "SHIB-USD", price: "0.0000123" },
          ...{ base_increment: "1", quote_increment: "0.01" },
          price_increment: "0.00000001",
        },
      ],
      num_products: 1,
    },
    [["SHIB-USD", 1e-8, 1]],
  ],
  [
    "OKX",
    readOkxInstruments,
    {
      ...{ code: "0", msg: "" },
      data: [
        {
          ...{ instType: "SWAP", instId: "BTC-USDT-SWAP", ctVal: "0.01" },
          ...{ tickSz: "0.1", lotSz: "0.01", minSz: "0.01" },
        },
        // Not listed yet: the venue leaves the sizes empty.
        { instType: "SWAP", instId: "NEW-USDT-SWAP", tickSz: "", lotSz: "" },
      ],
    },
    [["BTC-USDT-SWAP", 0.1, 0.01]],
  ],
  [
    "Bybit linear",
    readBybitInstruments,
    {
      ...{ retCode: 0, retMsg: "OK" },
      result: {
        category: "linear",
        list: [
          {
            symbol: "BTCUSDT",
            priceFilter: { minPrice: "0.10", tickSize: "0.10" },
            lotSizeFilter: { minOrderQty: "0.001", qtyStep: "0.001" },
          },
        ],
      },
    },
    [["BTCUSDT", 0.1, 0.001]],
  ],
  [
    "Bybit spot",
    readBybitInstruments,
    {
      retCode: 0,
      result: {
        category: "spot",
        list: [
          {
            symbol: "BTCUSDT",
            priceFilter: { tickSize: "0.01" },
            lotSizeFilter: { basePrecision: "0.000001", minOrderQty: "1" },
          },
        ],
      },
    },
    [["BTCUSDT", 0.01, 0.000001]],
  ],
  [
    "Hyperliquid perpetuals",
    readHyperliquidInstruments,
    {
      universe: [
        { name: "BTC", szDecimals: 5, maxLeverage: 40 },
        { name: "kPEPE", szDecimals: 0, maxLeverage: 10 },
      ],
    },
    [
      ["BTC", 0.1, 0.00001],
      ["kPEPE", 0.000001, 1],
    ],
  ],
  [
    "Hyperliquid spot",
    readHyperliquidInstruments,
    {
      tokens: [
        { name: "USDC", szDecimals: 8, index: 0 },
        { name: "HYPE", szDecimals: 2, index: 150 },
      ],
      universe: [
        { name: "@107", tokens: [150, 0], index: 107 },
        { name: "@108", tokens: [9, 0], index: 108 },
      ],
    },
    [["@107", 0.000001, 0.01]],
  ],
];

describe("the instruments that venues tell", () => {
  it.each(ANSWERS)("are read: %s", (_name, read, answer, grids) => {
    expect(
      read(JSON.stringify(answer)).map(({ name, tickSize, lotSize }) => [
        name,
        tickSize,
        lotSize,
      ]),
    ).toEqual(grids);
  });

  it.each([
    [readBinanceInstruments, '{"code":-1003,"msg":"Too many requests"}'],
    [readBinanceInstruments, "<html>"],
    [readKrakenV1Instruments, '{"error":["EGeneral:Internal"],"result":{}}'],
    [readCoinbaseInstruments, '{"message":"NotFound"}'],
    [readOkxInstruments, '{"code":"51001","msg":"no","data":[]}'],
    [readBybitInstruments, '{"retCode":10001,"retMsg":"no","result":{}}'],
    [readHyperliquidInstruments, "null"],
  ])("are refused with a code where the answer is none", (read, body) => {
    expect(() => read(body)).toThrow(/^E_/);
  });

  it.each([
    ["BTC-USDT", "SPOT"],
    ["BTC-USDT-SWAP", "SWAP"],
    ["BTC-USD-261225", "FUTURES"],
    ["BTC-USD-261225-90000-C", "OPTION&instFamily=BTC-USD"],
  ])("of OKX are asked for by type: %s is %s", (instId, type) => {
    expect(okxTypeOf(instId)).toBe(type);
  });
});
