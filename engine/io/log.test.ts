import { mkdtempSync, readFileSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { openLog, type LogOptions } from "./log.ts";

let folder: string;
let path: string;
let clock: SimulatedClock;
beforeEach(() => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-log-"));
  path = join(folder, "engine.log");
  clock = new SimulatedClock();
});
afterEach(() => rmSync(folder, { recursive: true, force: true }));

const opened = (options: Partial<LogOptions> = {}) =>
  openLog({ to: path, clock, ...options });
const lines = (): Record<string, unknown>[] =>
  readFileSync(path, "utf8")
    .split("\n")
    .filter((line) => line !== "")
    .map((line) => JSON.parse(line) as Record<string, unknown>);

describe("the log", () => {
  it("writes one JSON object a line, from its level up", async () => {
    const log = opened({ level: "info" });
    log.debug("a.b", { x: 1 });
    log.warn("a.c", { x: 2 });
    await log.close();
    expect(lines()).toEqual([
      { level: "warn", time: expect.any(String), event: "a.c", x: 2 },
    ]);
  });

  it("limits each event name by itself and says how much it left out", async () => {
    const log = opened({ perSecond: 1, burst: 2 });
    for (let i = 0; i < 10; i++) log.warn("noisy", { i });
    log.warn("quiet");
    clock.advanceMs(1_000);
    log.warn("noisy", { i: 10 });
    await log.close();
    expect(
      lines().map(({ event, i, suppressed }) => [event, i, suppressed]),
    ).toEqual([
      ["noisy", 0, undefined],
      ["noisy", 1, undefined],
      ["quiet", undefined, undefined],
      ["noisy", 10, 8],
    ]);
  });

  it("cuts secrets out and long text off", async () => {
    const log = opened();
    log.info("x", {
      password: "canary",
      nats: { user: "engine", pass: "canary", deeper: { token: "canary" } },
      text: "y".repeat(2_000),
    });
    await log.close();
    expect(readFileSync(path, "utf8")).not.toContain("canary");
    expect(String(lines()[0]?.["text"]).length).toBeLessThan(600);
  });

  it("writes errors without their causes", async () => {
    const log = opened();
    log.error("x", {
      error: new Error("broken", { cause: new Error("peer") }),
    });
    await log.close();
    expect(lines()[0]?.["error"]).toMatchObject({
      name: "Error",
      message: "broken",
    });
    expect(readFileSync(path, "utf8")).not.toContain("peer");
  });

  it("goes on when the disk is full", async () => {
    const log = opened({ to: "/dev/full" });
    for (let i = 0; i < 100; i++) log.info(`e${i}`);
    log.flush();
    await log.close();
    log.info("still alive");
    expect(log.dropped).toBeGreaterThan(0);
  });

  it("flushes what waits when the process is about to die", () => {
    const log = opened();
    log.info("first");
    log.info("last");
    log.flush();
    expect(lines().some(({ event }) => event === "last")).toBe(true);
  });
});
