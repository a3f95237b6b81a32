/** A live run, recorded and replayed, says the same bytes: real threads, news, timers, crashes, stores, a broker that dies. */
import { execFile, spawn } from "node:child_process";
import { existsSync, readdirSync } from "node:fs";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signal } from "../engine/domain/signal.ts";
import { eventually } from "./support/eventually.ts";
import { liveRun } from "./support/live-run.ts";
import { publishMarket } from "./support/market-stage.ts";
import { startNats } from "./support/nats-server.ts";
import { startRedis } from "./support/redis-server.ts";
import { startTestEngine } from "./support/test-engine.ts";

const CLI = join(import.meta.dirname, "../dist/engine/cli/fusewire.js");
const PROCESS_MS_MAX = 60_000;

interface Summary {
  readonly events: number;
  readonly steps: number;
  readonly signals: number;
  readonly whole: boolean;
  readonly verified?: number;
  readonly recomputed?: readonly {
    readonly model: string;
    readonly compared: number;
    readonly different: number;
  }[];
}

let folder = "";
beforeAll(async () => {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`);
  folder = await mkdtemp(join(tmpdir(), "fusewire-record-"));
});
afterAll(() => rm(folder, { recursive: true }));

const replay = async (
  tape: string,
  ...flags: readonly string[]
): Promise<Summary> => {
  const { stdout } = await promisify(execFile)(
    process.execPath,
    [CLI, "replay", tape, "--json", ...flags],
    { timeout: PROCESS_MS_MAX },
  );
  return JSON.parse(stdout.trimEnd().split("\n").at(-1)!) as Summary;
};

const signalsOf = (bytes: Buffer): Signal[] =>
  bytes
    .toString()
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Signal);

/** Twice, and once with the live run's file for comparison. */
const expectSameBytes = async (
  tape: string,
  live: string,
): Promise<Signal[]> => {
  const said = await readFile(live);
  const signals = signalsOf(said);
  for (const name of ["first", "second"]) {
    const out = `${tape}.${name}.jsonl`;
    const summary = await replay(tape, "--out", out, "--verify", live);
    expect(summary).toMatchObject({
      signals: signals.length,
      verified: signals.length,
      whole: true,
    });
    expect((await readFile(out)).equals(said)).toBe(true);
  }
  return signals;
};

const speakers = (signals: readonly Signal[]): string[] =>
  [
    ...new Set(
      signals.flatMap(({ sources }) => sources.map(({ model }) => model)),
    ),
  ].sort();

describe("a run of the engine's actors at their worst", () => {
  it(
    "replays to its own bytes, with what an earlier run had learnt",
    async () => {
      const earlier = await liveRun({ folder, seconds: 2, poisonEvery: 1e9 });
      expect(earlier.restarts).toBe(0);
      await expectSameBytes(
        join(folder, "run.fwt"),
        join(folder, "live.jsonl"),
      );
      for (const name of ["run.fwt", "live.jsonl"])
        await rm(join(folder, name));

      const ordeal = await liveRun({
        folder,
        seconds: 6,
        poisonEvery: 250,
        partMb: 0.02,
      });
      // The replays below begin with its first part and find the others.
      expect(existsSync(join(folder, "run-0003.fwt"))).toBe(true);
      expect(ordeal.crashes).toBeGreaterThan(0);
      expect(ordeal.restarts).toBeGreaterThan(0);
      expect(ordeal.conflated).toBeGreaterThan(0);
      expect(ordeal.rejected).toBeGreaterThan(0);
      const signals = await expectSameBytes(
        join(folder, "run.fwt"),
        join(folder, "live.jsonl"),
      );
      expect(speakers(signals)).toEqual([
        "finbert",
        "lightgbm-1s",
        "lightgbm-5s",
        "patchtst-1s",
      ]);
      const reasons = new Set(signals.map(({ book }) => book.reason));
      expect([...reasons]).toEqual(
        expect.arrayContaining(["none", "actorRestarted", "overflow"]),
      );
    },
    2 * PROCESS_MS_MAX,
  );

  it(
    "is judged by the installed models as it was then",
    async () => {
      const { recomputed = [] } = await replay(
        join(folder, "run.fwt"),
        "--recompute",
      );
      const compared = new Map(
        recomputed.map(({ model, compared: n }) => [model, n]),
      );
      for (const model of ["finbert", "lightgbm-1s", "patchtst-1s"])
        expect(compared.get(model)).toBeGreaterThan(0);
      expect(recomputed.map(({ different }) => different)).toEqual(
        recomputed.map(() => 0),
      );
    },
    PROCESS_MS_MAX,
  );

  it("tells the first signal that differs, and in what", async () => {
    const lines = signalsOf(await readFile(join(folder, "live.jsonl")));
    const { symbol, seq, confidence } = lines[41]!;
    lines[41] = { ...lines[41]!, confidence: confidence + 0.25 };
    const forged = join(folder, "forged.jsonl");
    await writeFile(
      forged,
      `${lines.map((line) => JSON.stringify(line)).join("\n")}\n`,
    );
    await expect(
      replay(join(folder, "run.fwt"), "--verify", forged),
    ).rejects.toMatchObject({
      code: 1,
      stderr: expect.stringContaining(
        `E_TAPE_DIVERGED: the replay is not the run that was recorded: signal 42 (${symbol}, seq ${seq}): confidence is ${confidence}, live it was ${confidence + 0.25}`,
      ),
    });
  });

  it("is a tape like any other: it also runs on simulated time", async () => {
    const tape = join(folder, "run.fwt");
    const { signals } = await replay(tape, "--simulated", "--no-llama");
    expect(signals).toBeGreaterThan(100);
  });
});

describe("a run of the whole engine", () => {
  it(
    "replays to its own bytes: on a broker that dies and comes back, with weights in Redis",
    async () => {
      const nats = await startNats();
      const redis = await startRedis();
      const tape = join(folder, "nats.fwt");
      const live = join(folder, "nats.jsonl");
      const stage = await startTestEngine(nats.url, {
        "redis.url": redis.url,
        "models.llama": "false",
        "record.tape": tape,
        "record.signals": live,
      });
      const market = await publishMarket(nats.url, 3);
      const liveSince = (from: number): boolean =>
        stage.signals.slice(from).some((signal) => signal.live);
      await eventually("live", () => liveSince(0), 20_000);
      market.headline(
        "h1",
        "profit warning after weak demand",
        market.symbols[0]!,
      );
      await new Promise((resolve) => setTimeout(resolve, 2_000));
      await nats.stop("SIGKILL");
      await new Promise((resolve) => setTimeout(resolve, 1_000));
      const from = stage.signals.length;
      await nats.start();
      await eventually("live again", () => liveSince(from), 20_000);
      await market.close();
      await stage.close();
      await redis.stop();
      await nats.close();
      const signals = await expectSameBytes(tape, live);
      expect(signals.map(({ book }) => book.reason)).toContain("disconnected");
      expect(speakers(signals)).toContain("finbert");
    },
    2 * PROCESS_MS_MAX,
  );

  it(
    "replays up to where it was killed",
    async () => {
      const tape = join(folder, "killed-tape/");
      const live = join(folder, "killed.jsonl");
      const out = join(folder, "killed-replayed.jsonl");
      const engine = spawn(process.execPath, [
        ...[CLI, "record", "--out", tape, "--signals-out", live],
        ...["--part-mb", "0.02"],
        ...["--port", "0", "--state-dir", join(folder, "killed")],
        ...["--set", "models.llama=false", "--log-level", "silent"],
      ]);
      const parts = (): number =>
        existsSync(tape) ? readdirSync(tape).length : 0;
      await expect.poll(parts, { timeout: 20_000 }).toBeGreaterThan(2);
      engine.kill("SIGKILL");
      await new Promise((resolve) => engine.once("exit", resolve));
      const summary = await replay(tape, "--out", out, "--verify", live);
      expect(summary.whole).toBe(false);
      expect(summary.verified).toBeGreaterThan(50);
      // Its files one by one are the same run; without the first they are not.
      const files = readdirSync(tape).map((name) => join(tape, name));
      expect(await replay(files.at(-1)!, ...files.slice(0, -1))).toMatchObject({
        signals: summary.signals,
      });
      await expect(replay(files[1]!)).rejects.toMatchObject({
        stderr: expect.stringContaining("E_TAPE_PART"),
      });
      expect(summary.signals).toBeGreaterThan(50);
      // Either file may have got further than the other.
      const [said, again] = [await readFile(live), await readFile(out)];
      const common = Math.min(said.length, again.length);
      expect(common).toBeGreaterThan(10_000);
      expect(said.subarray(0, common).equals(again.subarray(0, common))).toBe(
        true,
      );
    },
    PROCESS_MS_MAX,
  );
});
