import { mkdtempSync, readdirSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Outcome } from "../domain/outcome.ts";
import { symbolId } from "../domain/symbol.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { monoNanos } from "../std/time.ts";
import { JsonlPredictionLog } from "./prediction-log.ts";

let folder: string;
let path: string;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-log-"));
  path = join(folder, "deep", "predictions.jsonl");
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const outcome = (probability: number): Outcome => ({
  symbol: symbolId("BTCUSDT.BINANCE"),
  model: "m",
  probability,
  horizonMs: 1_000,
  logReturn: 0.5,
  maturedNs: monoNanos(1),
});

describe("the prediction log", () => {
  it("appends a line an outcome, across runs", async () => {
    for (let run = 0; run < 2; run++) {
      const log = new JsonlPredictionLog({
        path,
        timers: new SimulatedClock(),
      });
      log.record(outcome(0.25));
      log.record(outcome(0.75));
      await log.close();
    }
    const lines = readFileSync(path, "utf8").trim().split("\n");
    expect(lines).toHaveLength(4);
    expect(JSON.parse(lines[3]!)).toEqual(outcome(0.75));
  });

  it("rotates by size and keeps so many files", async () => {
    const log = new JsonlPredictionLog({
      path,
      timers: new SimulatedClock(),
      fileBytesMax: 300,
      filesMax: 2,
    });
    for (let i = 0; i < 20; i++) {
      log.record(outcome(i / 20));
      await log.flush();
    }
    await log.close();
    expect(readdirSync(join(folder, "deep")).sort()).toEqual([
      "predictions.jsonl",
      "predictions.jsonl.1",
      "predictions.jsonl.2",
    ]);
    const last = readFileSync(path, "utf8").trim().split("\n").at(-1)!;
    expect(JSON.parse(last)).toEqual(outcome(0.95));
  });

  it("keeps no more than its bound in memory", async () => {
    const log = new JsonlPredictionLog({
      path,
      timers: new SimulatedClock(),
      bufferedMax: 3,
    });
    for (let i = 0; i < 10; i++) log.record(outcome(0.5));
    await log.close();
    expect(readFileSync(path, "utf8").trim().split("\n")).toHaveLength(3);
  });

  it("writes by itself on its timer", async () => {
    const clock = new SimulatedClock();
    const log = new JsonlPredictionLog({ path, timers: clock });
    log.record(outcome(0.5));
    clock.advanceMs(1_000);
    await log.flush();
    expect(readFileSync(path, "utf8")).toContain("0.5");
    await log.close();
  });
});
