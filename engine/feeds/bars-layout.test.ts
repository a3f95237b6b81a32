import { describe, expect, it } from "vitest";
import { isHeader, layoutOf } from "./bars-layout.ts";
import { parseBarsName } from "./bars-name.ts";

const names = (text: string): string[] => text.split(",");
const columns = (header: string, choice = {}) =>
  Object.fromEntries(
    layoutOf(names(header).length, names(header), choice).columns,
  );

describe("the columns of a bar file", () => {
  it.each([
    ["timestamp,open,high,low,close,volume", 0],
    ["Open time,Open,High,Low,Close,Volume", 0],
    ["symbol,Date,O,H,L,C,Vol", 1],
    ["open,high,low,close,volume,__index_level_0__", 5],
  ])("are known by the names in %s", (header, time) => {
    expect(columns(header)).toMatchObject({ time });
    expect(columns(header)).toHaveProperty("volume");
  });

  it("are those of Binance's files, with and without a header", () => {
    const header =
      "open_time,open,high,low,close,volume,close_time,quote_volume,count,taker_buy_volume,taker_buy_quote_volume,ignore";
    expect(columns(header)).toEqual(
      Object.fromEntries(layoutOf(12, undefined, {}).columns),
    );
  });

  it("are asked about where they are not clear", () => {
    const unclear = (header: string, field: string) =>
      expect(() => columns(header)).toThrow(`(${field})`);
    unclear("open,high,low,close,volume", "time");
    unclear("time,open,high,low,price,volume", "close");
    unclear("time,open,open,high,low,close,volume", "open");
    unclear("unix,open,high,low,close,Volume BTC,Volume USD", "volume");
    expect(() => layoutOf(9, undefined, {})).toThrow("E_BARS_UNCLEAR");
  });

  it("are those that are told", () => {
    const header = "unix,open,high,low,close,Volume BTC,Volume USD";
    expect(
      columns(header, { volume: "Volume BTC", quoteVolume: "6" }),
    ).toMatchObject({ volume: 5, quoteVolume: 6 });
    expect(() => columns(header, { volume: "Volume EUR" })).toThrow("(volume)");
    const told = { time: "6", open: "0", high: "1", low: "2", close: "3" };
    expect(layoutOf(7, undefined, told).columns.get("time")).toBe(6);
    expect(() => layoutOf(6, undefined, told)).toThrow("(time)");
  });

  it("have names in the first line, or not", () => {
    expect(isHeader(names("timestamp,open,high,low,close,volume"))).toBe(true);
    expect(isHeader(names("2022-12-13 00:00:00,1,2,0.5,1,7"))).toBe(false);
    expect(isHeader(names("0,,,,,,17000,17001,16999,17000,5"))).toBe(false);
  });
});

describe("the name of a Lean file", () => {
  it("tells symbol, interval and day, by folders or by underscores", () => {
    const dayUs = Date.UTC(2022, 11, 13) * 1000;
    expect(
      parseBarsName("data/crypto/binance/minute/btcbusd/20221213_trade.zip"),
    ).toEqual({ symbol: "BTCBUSD.BINANCE", intervalMs: 60_000, dayUs });
    expect(
      parseBarsName(
        "x/lean_cryptofuture_binance_minute_btcusd_20221213_quote.zip",
      ),
    ).toMatchObject({ symbol: "BTCUSD.BINANCECOINM" });
    expect(
      parseBarsName("cryptofuture/binance/second/adausdt/20221213_trade.csv"),
    ).toMatchObject({ symbol: "ADAUSDT.BINANCEUSDM", intervalMs: 1000 });
    expect(parseBarsName("bars/btc_1m.csv")).toBeUndefined();
  });
});
