/** F53 of the fault catalogue on a real process: libfaketime moves its wall clock by an hour, there and back, and by a leap second. */
import { spawn } from "node:child_process";
import { existsSync, mkdtempSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { afterAll, describe, expect, it } from "vitest";
import type { ClockJumpReport } from "./support/clock-jump.ts";

const WATCHER = join(import.meta.dirname, "../dist/test/support/clock-jump.js");
const LIBRARY = [
  "/usr/lib/x86_64-linux-gnu/faketime/libfaketime.so.1",
  "/usr/lib/aarch64-linux-gnu/faketime/libfaketime.so.1",
].find((path) => existsSync(path));

const folder = mkdtempSync(join(tmpdir(), "fusewire-clock-"));
afterAll(() => rmSync(folder, { recursive: true }));

const watch = async (
  library: string,
  jumps: readonly string[],
): Promise<ClockJumpReport> => {
  const file = join(folder, "offset");
  writeFileSync(file, "+0");
  const child = spawn(process.execPath, [WATCHER], {
    env: {
      ...process.env,
      LD_PRELOAD: library,
      FAKETIME_TIMESTAMP_FILE: file,
      FAKETIME_NO_CACHE: "1",
      FAKETIME_DONT_FAKE_MONOTONIC: "1",
      DONT_FAKE_MONOTONIC: "1",
    },
    stdio: ["ignore", "pipe", "inherit"],
  });
  let out = "";
  child.stdout.on("data", (data: Buffer) => (out += data.toString()));
  const ended = new Promise((resolve) => child.on("exit", resolve));
  while (!out.includes("watching")) await sleep(10);
  for (const jump of jumps) {
    await sleep(600);
    writeFileSync(file, jump);
  }
  await ended;
  return JSON.parse(out.trimEnd().split("\n").at(-1)!) as ClockJumpReport;
};

describe("F53: our own wall clock jumps", () => {
  it.skipIf(LIBRARY === undefined)(
    "an hour ahead and back: the jump is seen, and no timer or rate minds it (needs libfaketime)",
    async () => {
      if (!existsSync(WATCHER)) throw new Error(`${WATCHER}: npm run build`);
      const report = await watch(LIBRARY!, ["+3600", "-3600"]);
      // Anchored anew a second after the step at the latest: both are seen.
      expect(report.stepAheadS).toBeGreaterThan(3_500);
      expect(report.stepBackS).toBeLessThan(-3_500);
      expectOrder(report);
    },
  );

  it.skipIf(LIBRARY === undefined)(
    "a leap second stepped in: no timer or rate minds it (needs libfaketime)",
    async () => {
      const report = await watch(LIBRARY!, ["-1"]);
      expect(Math.abs(report.stepAheadS)).toBeLessThan(1.5);
      expect(report.stepBackS).toBeLessThan(-0.5);
      expectOrder(report);
    },
  );
});

/** The watch lasts as long as it should, ticks come when due, tokens at their rate. What a busy machine withholds is no misfire. */
const expectOrder = (report: ClockJumpReport): void => {
  expect(report.watchedMs).toBeGreaterThan(2_990);
  expect(report.watchedMs).toBeLessThan(4_500);
  expect(report.misfires).toBe(0);
  expect(report.lateMedianMs).toBeLessThan(50);
  expect(report.lateMaxMs).toBeLessThan(1_000);
  // After a late tick the next comes early, by at most as much and never more than one whole interval.
  expect(report.earlyMaxMs).toBeLessThan(21);
  expect(report.ticks).toBeGreaterThan(50);
  expect(report.tokens).toBeLessThanOrEqual(report.watchedMs / 10 + 2);
  expect(report.tokens).toBeGreaterThan(50);
};
