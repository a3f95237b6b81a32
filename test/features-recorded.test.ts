/** The feature verbs over recorded bars and tapes: parity, checks and tables. */
import { existsSync, mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { exportTable } from "../engine/cli/feature-table-verb.ts";
import { barSource, tapeSource } from "../engine/cli/feature-rows.ts";
import { barsOf, tapeEvents } from "../engine/cli/recorded-input.ts";
import {
  verifyLookahead,
  verifyWarmup,
} from "../engine/cli/verify-features.ts";
import { barsTask } from "../engine/cli/parity-bars.ts";
import { tapeTask } from "../engine/cli/parity-tape.ts";
import { runParity } from "../engine/cli/verify-parity.ts";
import { BAR_SETS, GRID_SETS } from "../engine/features/feature-sets.ts";
import { FeatureSet } from "../engine/features/feature-set.ts";
import { MARKET_FEATURES } from "../engine/features/feature-schema.ts";
import { MICROSTRUCTURE_SET } from "../engine/features/microstructure-set.ts";
import { NEWS_SET } from "../engine/features/news-windows.ts";
import type {
  BookSnapshot,
  MarketEvent,
  Quote,
  Trade,
} from "../engine/domain/market-event.ts";
import { Random } from "../engine/std/random.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import { microMarket } from "./support/micro-market.ts";
import { pythonWith } from "./support/python.ts";

const DATA = "../shared/data";
const BARS = `${DATA}/bars/lean_crypto_coinbase_minute_btcusd_20180404_trade.zip`;
const TAPE = `${DATA}/l2/binance-spot-btcusdt_20240808.gz`;
const hasData = existsSync(BARS) && existsSync(TAPE);

const python = pythonWith("numpy", "pandas");

let folder = "";
beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-features-"));
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** A trade a second for 70 s, and then the market. */
const tradesBefore = (market: readonly MarketEvent[]): Trade[] => {
  const trade = market.find((event) => event.type === "trade")!;
  return Array.from({ length: 70 }, (_, i) => ({
    ...trade,
    receivedNs: monoNanos((i + 1) * 1e9),
    receivedUs: unixMicros((i + 1) * 1e6),
    eventUs: unixMicros((i + 1) * 1e6),
    tradeId: -i,
  }));
};

/** A quote of the book that stood, in the moment in which it is lost. */
const quotesBeforeGaps = (market: readonly MarketEvent[]): MarketEvent[] => {
  let book: BookSnapshot | undefined;
  return market.flatMap((event): MarketEvent[] => {
    if (event.type === "bookSnapshot") book = event;
    if (event.type !== "gap" || book === undefined) return [event];
    const { symbol, eventUs, receivedUs, receivedNs } = event;
    const quote: Quote = {
      type: "quote",
      ...{ symbol, eventUs, receivedUs, receivedNs, seq: book.seq },
      ...{ bidPrice: book.bids[0]!, bidSize: 3 },
      ...{ askPrice: book.asks[0]!, askSize: 2 },
    };
    return [quote, event];
  });
};

describe("parity", () => {
  it.skipIf(!hasData || python === undefined)(
    "holds on recorded bars with holes: no missing value differs, no number by a billionth (needs ../shared/data, and a Python with numpy and pandas)",
    async () => {
      const task = barsTask([...GRID_SETS, NEWS_SET], await barsOf(BARS));
      const report = await runParity(task, python!);
      expect(report.rows).toBeGreaterThan(1000);
      expect(report.nanMismatches).toBe(0);
      expect(report.maxRelError).toBeLessThan(1e-9);
      expect(report.maxRelErrorFloat32).toBeLessThan(1e-5);
    },
    60_000,
  );

  it.skipIf(!hasData || python === undefined)(
    "holds on a recorded tape, as far as the rounding of its prices allows (needs ../shared/data, and a Python with numpy and pandas)",
    async () => {
      const events = (await tapeEvents([TAPE])).slice(0, 12_000);
      const task = tapeTask([MARKET_FEATURES, MICROSTRUCTURE_SET], events);
      const report = await runParity(task, python!);
      expect(report.features).toBe(95);
      expect(report.rows).toBeGreaterThan(500);
      expect(report.nanMismatches).toBe(0);
      expect(report.maxRelError).toBeLessThan(1e-5);
    },
    60_000,
  );

  it.skipIf(python === undefined)(
    "holds where there were trades before the first book, and gaps (needs a Python with numpy and pandas)",
    async () => {
      const market = microMarket({
        seed: 6,
        events: 3000,
        meanGapMs: 600,
        startMs: 71_000,
        gaps: 0.05,
      });
      const sets = [MICROSTRUCTURE_SET, MARKET_FEATURES];
      const events = quotesBeforeGaps(market);
      const task = tapeTask(sets, [...tradesBefore(market), ...events]);
      expect(task.values[0]).toBeNaN();
      const report = await runParity(task, python!);
      expect(report.rows).toBeGreaterThan(1000);
      expect(report.nanMismatches).toBe(0);
      expect(report.maxRelError).toBeLessThan(1e-6);
    },
    60_000,
  );

  it("says with a code that there is no Python", async () => {
    const bars = [
      {
        type: "bar",
        openUs: 0,
        intervalMs: 60_000,
        open: 1,
        high: 1,
        low: 1,
        close: 1,
        volume: 1,
        closed: true,
      },
    ] as unknown as Awaited<ReturnType<typeof barsOf>>;
    await expect(
      runParity(barsTask(BAR_SETS, bars), join(folder, "nothing")),
    ).rejects.toThrow("E_DEP_PYTHON");
  });
});

describe.skipIf(!hasData)("recorded data (needs ../shared/data)", () => {
  it("holds no look-ahead in bars, and they settle as declared", async () => {
    const source = barSource(GRID_SETS, await barsOf(BARS));
    const ahead = verifyLookahead(source, 3, new Random("recorded"));
    expect(ahead).toMatchObject({ features: 214, changedRows: 0 });
    const warm = verifyWarmup(source, 3, new Random("recorded"), 1e-9);
    expect(warm.failedFeatures).toEqual([]);
    expect(warm.values).toBeGreaterThan(10_000);
  }, 60_000);

  it("holds no look-ahead in a tape, and it settles as declared", async () => {
    const events = (await tapeEvents([TAPE])).slice(0, 20_000);
    const source = tapeSource(events, () => new FeatureSet());
    const random = new Random("recorded");
    expect(verifyLookahead(source, 2, random).changedRows).toBe(0);
    expect(verifyWarmup(source, 2, random, 1e-4).failedFeatures).toEqual([]);
  }, 60_000);

  it("goes into a table with its sets' hashes and labels", async () => {
    const out = join(folder, "bars.parquet");
    const summary = await exportTable({
      paths: [BARS],
      sets: ["bars", "frames"],
      symbol: undefined,
      sampleMs: 0,
      horizonsS: [300],
      barrierBps: 5,
      digits: "float32",
      out,
    });
    const file = await asyncBufferFromFile(out);
    const rows = await parquetReadObjects({ file });
    expect(rows).toHaveLength(summary.rows);
    const row = rows[500]!;
    const later = rows[505]!;
    expect(row.midMove300S).toBe(
      Math.sign((later.price as number) - (row.price as number)),
    );
    expect(later.timeUs).toBe((row.timeUs as number) + 300e6);
    expect(rows.at(-1)!.forwardReturn300S).toBeNaN();
    const { key_value_metadata: metadata = [] } =
      await parquetMetadataAsync(file);
    const sets = metadata.find(({ key }) => key === "fusewire.sets")?.value;
    expect(sets).toContain(BAR_SETS[0]!.hash);
  }, 60_000);
});
