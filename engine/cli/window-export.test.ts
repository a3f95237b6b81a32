import {
  mkdtempSync,
  readFileSync,
  readdirSync,
  rmSync,
  writeFileSync,
} from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { ActorStage, BTC } from "../../test/support/actor-stage.ts";
import { barAt } from "../../test/support/bar-samples.ts";
import { FORECAST, TREES } from "../../test/support/fake-inference.ts";
import type { InputWindow } from "../domain/input-window.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import { TFT_1M, declareWindow } from "../features/input-windows.ts";
import { Random } from "../std/random.ts";
import { runExport } from "./export-verb.ts";
import { exportWindows, windowsPath } from "./window-export.ts";

let folder = "";
let random: Random;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-windows-"));
  random = new Random("windows");
});
afterEach(() => {
  rmSync(folder, { recursive: true, force: true });
});

/** Row by row, as NumPy would read them. */
const rowsOf = (path: string): { shape: number[]; rows: Float32Array[] } => {
  const bytes = readFileSync(path);
  expect(bytes.subarray(0, 8).toString("latin1")).toBe("\x93NUMPY\x01\x00");
  const begin = 10 + bytes.readUInt16LE(8);
  expect(begin % 64).toBe(0);
  const header = bytes.subarray(10, begin).toString("latin1");
  expect(header).toMatch(
    /^\{'descr': '<f4', 'fortran_order': False, 'shape': \([\d, ]+\), \} *\n$/,
  );
  const shape = /\(([\d, ]+)\)/.exec(header)![1]!.split(", ").map(Number);
  const values = new Float32Array(
    Uint8Array.from(bytes.subarray(begin)).buffer,
  );
  const width = shape[1]! * shape[2]!;
  expect(values.length).toBe(shape[0]! * width);
  const rows = Array.from({ length: shape[0]! }, (_, i) =>
    values.slice(i * width, (i + 1) * width),
  );
  return { shape, rows };
};

/** What an actor asks a model of the window with over the events, each a turn of its own. */
const askedLive = (
  window: InputWindow,
  steps: (stage: ActorStage) => Iterable<MarketEvent>,
): { events: MarketEvent[]; asked: Float32Array[] } => {
  const stage = new ActorStage({ models: [TREES, { ...FORECAST, window }] });
  const events: MarketEvent[] = [];
  for (const event of steps(stage)) {
    events.push(event);
    stage.feed(event);
    while (stage.inference.pending > 0)
      stage.inference.answer(FORECAST.name, 0.5);
    stage.run();
  }
  const asked = stage.inference.requests.flatMap(({ input }) =>
    input.kind === "bars" ? [input.values] : [],
  );
  return { events, asked };
};

describe("exported windows", () => {
  it("are what an actor feeds its model over the same events", async () => {
    const { events, asked } = askedLive(FORECAST.window!, function* (stage) {
      yield stage.snapshot(BTC, 100);
      for (let i = 0; i < 400; i++) {
        stage.advanceMs(20 + random.int(200));
        // A silence in which bars are flat, and one that begins them anew.
        if (i === 200) stage.advanceMs(3000);
        if (i === 300) stage.advanceMs(700_000);
        if (i === 301) yield stage.snapshot(BTC, 100, 1000);
        yield stage.trade(BTC, 100 + random.int(5), 1 + random.int(9));
      }
    });
    const out = join(folder, "seconds.npy");
    const window = FORECAST.window!;
    const summary = await exportWindows({ window, events, out });
    const { shape, rows } = rowsOf(out);
    expect(shape).toEqual([summary.windows, 4, 6]);
    expect(asked.length).toBeGreaterThan(20);
    // Several bars that one event closes are asked about once, with the last.
    let at = 0;
    for (const values of asked) {
      const found = rows.findIndex(
        (row, i) => i >= at && row.every((value, j) => value === values[j]),
      );
      expect(found).toBeGreaterThanOrEqual(at);
      at = found + 1;
    }
    expect(summary.windows - asked.length).toBeLessThan(6);
    const told = JSON.parse(readFileSync(windowsPath(out), "utf8")) as {
      window: InputWindow;
      endsUs: number[];
    };
    expect(told).toMatchObject({ format: 1, symbol: BTC, window });
    expect(told.endsUs).toHaveLength(summary.windows);
    expect(told.endsUs.every((us) => us % 1e6 === 0)).toBe(true);
  });

  it("are so with indicators and mood as well", async () => {
    const { events, asked } = askedLive(TFT_1M, function* (stage) {
      const { clock } = stage;
      clock.advanceMs(60_000 - ((clock.nowUs() / 1000) % 60_000));
      for (let i = 0; i < 110; i++) {
        stage.clock.advanceMs(60_000);
        yield stage.snapshot(BTC, 100, 1000 * (i + 1));
        const openMs = clock.nowUs() / 1000 - 60_000;
        const bar = barAt(openMs, 100 + random.normal(), { volume: 1 + i });
        yield { ...bar, symbol: BTC, receivedNs: clock.nowNs() };
      }
    });
    const out = join(folder, "minutes.npy");
    const { windows } = await exportWindows({ window: TFT_1M, events, out });
    const { shape, rows } = rowsOf(out);
    expect(shape).toEqual([windows, 60, 8]);
    expect(windows).toBeGreaterThan(30);
    expect(rows).toEqual(asked);
  });

  it("come of files of bars, and news beside them", async () => {
    const minute = 60_000;
    const fromMs = 16_666_667 * minute;
    const lines = Array.from({ length: 200 }, (_, i) => {
      const close = 100 + random.normal();
      return [fromMs + i * minute, close, close, close, close, 1 + i].join(",");
    });
    const bars = join(folder, "bars.csv");
    writeFileSync(
      bars,
      ["timestamp,open,high,low,close,volume", ...lines].join("\n"),
    );
    const news = join(folder, "news.jsonl");
    const receivedUs = fromMs * 1000 + 1e6;
    writeFileSync(
      news,
      JSON.stringify({
        receivedUs,
        positive: 0.75,
        negative: 0,
        neutral: 0.25,
      }),
    );
    const out = join(folder, "tft.npy");
    const values = { window: TFT_1M.name, news, out };
    await runExport([bars], values, "json");
    const { rows } = rowsOf(out);
    const mood = TFT_1M.channels.indexOf("sentiment_score");
    const last = rows.map((row) => row[59 * 8 + mood]);
    expect(new Set(last)).toEqual(new Set([0.75]));
  });

  it("are refused by name where there are none", async () => {
    const window = declareWindow({ ...FORECAST.window!, length: 9 });
    const events = [0, 1, 2].map((i) =>
      barAt(i * 1000, 100, { intervalMs: 1000 }),
    );
    const out = join(folder, "none.npy");
    await expect(exportWindows({ window, events, out })).rejects.toThrow(
      "E_BARS_FORMAT",
    );
    await expect(
      runExport(["x.gz"], { window: "tft-512", out }, "text"),
    ).rejects.toThrow("E_FEATURES_UNKNOWN");
    await expect(
      runExport(["x.gz"], { window: TFT_1M.name, out: "x.csv" }, "text"),
    ).rejects.toThrow("--out X.npy goes with --window");
  });

  it("leave an earlier export as it is where a later one fails", async () => {
    const window = declareWindow({ ...FORECAST.window!, length: 3 });
    const out = join(folder, "kept.npy");
    const events = [0, 1, 2, 3].map((i) =>
      barAt(i * 1000, 100, { intervalMs: 1000 }),
    );
    await exportWindows({ window, events, out });
    const before = [out, windowsPath(out)].map((path) => readFileSync(path));
    await expect(
      exportWindows({ window, events: events.slice(0, 2), out }),
    ).rejects.toThrow("E_BARS_FORMAT");
    expect([out, windowsPath(out)].map((path) => readFileSync(path))).toEqual(
      before,
    );
    expect(readdirSync(folder)).toHaveLength(2);
  });

  it("refuse flags that are a table's", async () => {
    const out = join(folder, "x.npy");
    for (const flag of ["set", "horizons", "leader", "sample-ms"])
      await expect(
        runExport(["x.gz"], { window: TFT_1M.name, out, [flag]: "1" }, "text"),
      ).rejects.toThrow(`--${flag} does not go with --window`);
  });
});
