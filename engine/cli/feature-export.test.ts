import { existsSync, mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import { afterEach, describe, expect, it } from "vitest";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { exportFeatures } from "./feature-export.ts";
import { eventsOfAll } from "./recorded-input.ts";

const RECORDINGS = "../shared/data/l2";
const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "fusewire-export-"));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0))
    rmSync(made, { recursive: true, force: true });
});

const symbol = symbolId("BTCUSDT.TEST");
const trade = (ns: number, us: number, of = symbol): MarketEvent => ({
  type: "trade",
  symbol: of,
  eventUs: unixMicros(us),
  receivedUs: unixMicros(us),
  receivedNs: monoNanos(ns),
  tradeId: us,
  price: 100,
  size: 1,
  side: "buy",
});
const snapshot = (ns: number): MarketEvent => ({
  type: "bookSnapshot",
  symbol,
  eventUs: unixMicros(0),
  receivedUs: unixMicros(0),
  receivedNs: monoNanos(ns),
  seq: 1,
  bids: [100, 1],
  asks: [101, 3],
});
const read = (path: string): { comment: string; rows: string[][] } => {
  const [comment, ...lines] = gunzipSync(readFileSync(path))
    .toString()
    .trimEnd()
    .split("\n");
  return { comment: comment!, rows: lines.map((line) => line.split(",")) };
};

describe("feature export", () => {
  it("stands where training/ looks for it, with all that it needs besides", () => {
    const engine = join(import.meta.dirname, "..");
    const script = join(engine, "../training/export-features.mjs");
    const needed = [
      ...readFileSync(script, "utf8").matchAll(/load\("(.+?)\.js"\)/g),
    ].map(([, name]) => name!);
    expect(needed).toContain("cli/feature-export");
    for (const name of needed)
      expect(existsSync(join(engine, `${name}.ts`)), name).toBe(true);
  });

  it("writes the schema's hash, the header and a row a sample", async () => {
    const to = folder();
    const summary = await exportFeatures({
      symbol,
      events: [
        snapshot(1e9),
        trade(1.1e9, 5e5),
        trade(1.2e9, 6e5, symbolId("OTHER.TEST")),
        trade(3e9, 2.5e6),
      ],
      folder: to,
      name: "small",
    });
    expect(summary).toMatchObject({ events: 3, rows: 3, gaps: 0, seconds: 2 });
    const { comment, rows } = read(join(to, "small.features.csv.gz"));
    expect(comment).toContain(`# market 1 hash=${MARKET_FEATURES.hash}`);
    expect(rows[0]).toEqual([
      ...["timeNs", "mid", "bid", "ask", "state"],
      ...MARKET_FEATURES.features.map((feature) => feature.name),
    ]);
    expect(rows[1]!.slice(0, 5)).toEqual([
      "1000000000",
      "100.5",
      "100",
      "101",
      "LIVE",
    ]);
    expect(rows.map((row) => row.length)).toEqual([41, 41, 41, 41]);
    expect(readFileSync(join(to, "bars", "small.csv"), "utf8")).toBe(
      "openUs,open,high,low,close,volume,vwap,trades\n0,100,100,100,100,1,100,1\n1000000,100,100,100,100,0,100,0\n",
    );
  });

  const recorded: [name: string, symbol: string, files: string[]][] = [
    [
      "USD-M BTCUSDT",
      "BTCUSDT.BINANCEUSDM",
      ["binance-usdm-btcusdt_20240808.gz"],
    ],
    [
      "spot BTCUSDT over two files",
      "BTCUSDT.BINANCE",
      ["binance-spot-btcusdt_20240808.gz", "binance-spot-btcusdt_20240809.gz"],
    ],
    [
      "COIN-M ETHUSD_PERP",
      "ETHUSD_PERP.BINANCECOINM",
      ["binance-cm-ethusd_perp_20240808.gz"],
    ],
  ];
  for (const [name, recordedSymbol, files] of recorded)
    it(
      `finds no gap, no crossed book and only finite, varied features in recorded ${name}`,
      { timeout: 60_000 },
      async ({ skip }) => {
        const paths = files.map((file) => join(RECORDINGS, file));
        const missing = paths.find((path) => !existsSync(path));
        skip(missing !== undefined, `${missing ?? ""} is not here`);
        const to = folder();
        const summary = await exportFeatures({
          symbol: symbolId(recordedSymbol),
          events: eventsOfAll(paths),
          folder: to,
          name: "recorded",
        });
        expect(summary).toMatchObject({ gaps: 0, crossed: 0 });
        expect(summary.seconds).toBeGreaterThan(340);
        const { rows } = read(join(to, "recorded.features.csv.gz"));
        const [header, ...data] = rows;
        expect(data.length).toBeGreaterThan(5000);
        expect(new Set(data.map((row) => row[4]))).toEqual(new Set(["LIVE"]));
        header!.slice(5).forEach((feature, i) => {
          const column = data.map((row) => Number(row[5 + i]));
          expect(column.every(Number.isFinite), feature).toBe(true);
          expect(new Set(column).size, feature).toBeGreaterThan(50);
        });
      },
    );
});
