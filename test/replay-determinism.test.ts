/** The same tape gives the same signals, byte for byte, through real models on real threads. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { createHash } from "node:crypto";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signal } from "../engine/domain/signal.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";

const ROOT = join(import.meta.dirname, "..");
const CLI = join(ROOT, "dist/engine/cli/fusewire.js");
const RECORDING = join(
  ROOT,
  "../shared/data/l2/binance-usdm-btcusdt_20240808.gz",
);
const PROCESS_MS_MAX = 120_000;

interface Summary {
  readonly events: number;
  readonly gaps: number;
  readonly crossed: number;
  readonly signals: number;
  readonly sha256: string;
}

let folder = "";
beforeAll(async () => {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`);
  folder = await mkdtemp(join(tmpdir(), "fusewire-replay-"));
});
afterAll(() => rm(folder, { recursive: true }));

const run = async (
  tape: string,
  name: string,
): Promise<{ summary: Summary; bytes: Buffer }> => {
  const out = join(folder, `${name}.jsonl`);
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CLI, "replay", tape, "--speed", "max", "--out", out, "--json"],
    { timeout: PROCESS_MS_MAX },
  );
  const last = stdout.trimEnd().split("\n").at(-1)!;
  return { summary: JSON.parse(last) as Summary, bytes: await readFile(out) };
};

const replayTwice = async (
  tape: string,
  name: string,
): Promise<{ summary: Summary; signals: Signal[] }> => {
  const first = await run(tape, `${name}-1`);
  const second = await run(tape, `${name}-2`);
  expect(first.bytes.equals(second.bytes)).toBe(true);
  expect(second.summary.sha256).toBe(first.summary.sha256);
  expect(createHash("sha256").update(first.bytes).digest("hex")).toBe(
    first.summary.sha256,
  );
  const signals = first.bytes
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Signal);
  expect(signals).toHaveLength(first.summary.signals);
  return { summary: first.summary, signals };
};

describe("replay", () => {
  it(
    "gives the same bytes twice for a simulated tape with news",
    async () => {
      const path = join(folder, "simulated.fwt");
      const writer = await TapeWriter.create(path);
      const simulator = new MarketSimulator({ seed: 11, newsEverySeconds: 3 });
      let events = 0;
      for (const { simNs, event } of simulator) {
        if (simNs > 20e9) break;
        await writer.write(event);
        events++;
      }
      await writer.close();
      const { summary, signals } = await replayTwice(path, "simulated");
      expect(summary).toMatchObject({ events, gaps: 0, crossed: 0 });
      expect(new Set(signals.map(({ symbol }) => symbol)).size).toBe(8);
      for (const { emittedUs, receivedUs } of signals)
        expect(emittedUs).toBeGreaterThanOrEqual(receivedUs);
    },
    3 * PROCESS_MS_MAX,
  );

  it.skipIf(!existsSync(RECORDING))(
    "gives the same bytes twice for a recording, without a gap or a crossed book (skipped where the recordings are absent)",
    async () => {
      const { summary, signals } = await replayTwice(RECORDING, "recording");
      expect(summary).toMatchObject({ events: 93_954, gaps: 0, crossed: 0 });
      const seqs = signals.map(({ seq }) => seq);
      expect(seqs.every((seq, i) => seq === i + 1)).toBe(true);
    },
    3 * PROCESS_MS_MAX,
  );
});
