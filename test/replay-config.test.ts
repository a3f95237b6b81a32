/** A plain tape replays as the engine is configured: its limits, and the symbols that all others may look at. */
import { mkdir, mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it, vi } from "vitest";
import { replayCommand } from "../engine/cli/replay.ts";
import type { Signal } from "../engine/domain/signal.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-replay-config-"));
  await mkdir(join(folder, "models"));
  const writer = await TapeWriter.create(join(folder, "market.fwt"));
  const simulator = new MarketSimulator({ seed: 3 });
  for (let i = 0; i < 600; i++) await writer.write(simulator.next().event);
  await writer.close();
});
afterAll(() => rm(folder, { recursive: true }));

/** Without models, so that no thread is started. */
const replay = async (...flags: string[]): Promise<Signal[]> => {
  const out = join(folder, "signals.jsonl");
  const models = join(folder, "models");
  const log = vi.spyOn(console, "log").mockImplementation(() => undefined);
  await replayCommand.run([
    ...[join(folder, "market.fwt"), "--models", models, "--no-llama"],
    ...["--out", out, ...flags],
  ]);
  log.mockRestore();
  return (await readFile(out, "utf8"))
    .trimEnd()
    .split("\n")
    .map((line) => JSON.parse(line) as Signal);
};

const symbolsOf = (signals: readonly Signal[]): string[] =>
  [...new Set(signals.map(({ symbol }) => symbol))].sort();

describe("a replay of a plain tape", () => {
  it("has the references of the configuration, which do not count against its limit", async () => {
    const config = join(folder, "engine.yaml");
    await writeFile(config, "symbols:\n  max: 1\n");
    const alone = symbolsOf(await replay("--config", config));
    expect(alone).toHaveLength(1);
    const references = ["BTCUSDT.SIM", "ETHUSDT.SIM"];
    const looked = symbolsOf(
      await replay(
        ...["--config", config],
        ...["--set", `symbols.references=${references.join(",")}`],
      ),
    );
    expect(looked).toEqual(expect.arrayContaining(references));
    expect(looked).toHaveLength(3);
  });

  it("refuses a configuration that the engine would refuse", async () => {
    await expect(replay("--set", "symbols.max=none")).rejects.toMatchObject({
      problems: [{ code: "E_CONFIG_INVALID", key: "symbols.max" }],
    });
  });
});
