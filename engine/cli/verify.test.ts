import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it, vi } from "vitest";
import { microMarket } from "../../test/support/micro-market.ts";
import { MARKET_FEATURES } from "../features/feature-schema.ts";
import { TapeWriter } from "../feeds/tape-writer.ts";
import { tapeTask } from "./parity-tape.ts";
import { simulatedTape } from "./simulated-tape.ts";
import type { WarmupReport } from "./verify-features.ts";
import { verifyCommand } from "./verify.ts";

const SECONDS = 600;

let folder = "";
let halves: readonly string[] = [];
beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-verify-"));
  const { leader, events } = simulatedTape(SECONDS, "halves");
  const own = events.filter(({ symbol }) => symbol !== leader);
  const middle = own.length >> 1;
  halves = await Promise.all(
    [own.slice(0, middle), own.slice(middle)].map(async (part, i) => {
      const path = join(folder, `${i}.tape`);
      const writer = await TapeWriter.create(path);
      for (const event of part) await writer.write(event);
      await writer.close();
      return path;
    }),
  );
});
afterAll(() => {
  rmSync(folder, { recursive: true, force: true });
});

const warmups = async (...args: string[]): Promise<WarmupReport[]> => {
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  const status = await verifyCommand.run(["warmup", ...args, "--json"]);
  expect(status).toBe(0);
  const said = log.mock.calls.map(([line]) => String(line));
  log.mockRestore();
  return said.map((line) => JSON.parse(line) as WarmupReport);
};

it("checks files that continue one another as one, so that what settles slowly is checked", async () => {
  const [first] = await warmups(halves[0]!, "--starts", "2");
  expect(first?.uncheckedFeatures).toContain("depthRatio");
  const joined = await warmups(...halves, "--join", "--starts", "2");
  expect(joined).toHaveLength(1);
  expect(joined[0]).toMatchObject({ checked: 36, uncheckedFeatures: [] });
});

it("joins files of one kind alone", async () => {
  await expect(
    verifyCommand.run(["warmup", halves[0]!, "bars.csv", "--join"]),
  ).rejects.toThrow("two kinds");
});

it("compares nothing where there is no book", () => {
  const events = microMarket({ seed: 1, events: 100, meanGapMs: 100 });
  const trades = events.filter(({ type }) => type === "trade");
  expect(() => tapeTask([MARKET_FEATURES], trades)).toThrow("E_BOOK_NOSYNC");
});
