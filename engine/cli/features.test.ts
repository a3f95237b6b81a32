import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it, vi } from "vitest";
import { SIMULATED_SYMBOLS } from "../feeds/simulated-symbols.ts";
import { featuresCommand } from "./features.ts";

let folder = "";
let said: string[] = [];
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-features-"));
  said = [];
  vi.spyOn(console, "log").mockImplementation((line: string) => {
    said.push(line);
  });
});
afterEach(() => {
  vi.restoreAllMocks();
  rmSync(folder, { recursive: true, force: true });
});

const minutes = (name: string, price: number): string => {
  const path = join(folder, name);
  const rows = Array.from({ length: 90 }, (_, i) =>
    [
      1.7e9 - 20 + i * 60,
      price,
      price + 1,
      price - 1,
      price + (i % 3) / 4,
      1,
    ].join(),
  );
  writeFileSync(path, ["time,open,high,low,close,volume", ...rows].join("\n"));
  return path;
};

describe("features export", () => {
  it("takes what stands beside the bars by its flags, and says what nobody told", async () => {
    const out = join(folder, "x.csv");
    const news = join(folder, "news.jsonl");
    writeFileSync(
      news,
      '{"receivedUs":1700000000000000,"positive":1,"negative":0,"neutral":0}\n',
    );
    const args = [
      ...["export", minutes("own.csv", 100), "--out", out],
      ...["--leader", minutes("leader.csv", 500), "--news", news],
      ...["--set", "direction,compact", "--horizons", "60,120"],
    ];
    expect(await featuresCommand.run([...args, "--json"])).toBe(0);
    expect(JSON.parse(said[0]!)).toEqual({
      out,
      rows: 90,
      columns: 2 + 40 + 6 + 6,
      barsLeftOut: 0,
      missingInputs: ["book", "funding"],
    });
    await featuresCommand.run(args);
    expect(said[1]).toBe(
      `${out}: 90 rows, 54 columns; nothing told: book, funding`,
    );
    const [head, ...rows] = readFileSync(out, "utf8").trimEnd().split("\n");
    const names = head!.split(",");
    const last = rows.at(-1)!.split(",");
    const valueOf = (name: string) => last[names.indexOf(name)];
    expect(valueOf("compact.sentiment_score")).toBe("1");
    expect(valueOf("direction.btc_correlation_60m")).not.toBe("");
    expect(valueOf("direction.funding_rate")).toBe("");
    expect(readFileSync(join(folder, "x.constants.json"), "utf8")).toContain(
      '"name": "direction"',
    );
  });

  it("writes the files of a simulated symbol into a folder", async () => {
    const simulate = (symbol: string) =>
      featuresCommand.run([
        ...["export", "--simulate", "5", "--symbol", symbol],
        ...["--out", join(folder, "sim"), "--json"],
      ]);
    const { symbol } = SIMULATED_SYMBOLS[0]!;
    await simulate(symbol);
    const summary = JSON.parse(said[0]!) as { symbol: string; rows: number };
    expect(summary.symbol).toBe(symbol);
    expect(summary.rows).toBeGreaterThan(10);
    await expect(simulate("BTCUSDT.NOWHERE")).rejects.toThrow(symbol);
  });

  it("names a verb that it does not know, and a place that is missing", async () => {
    await expect(featuresCommand.run(["sell"])).rejects.toThrow("export");
    await expect(featuresCommand.run(["export", "x"])).rejects.toThrow("--out");
  });
});
