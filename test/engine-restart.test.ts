/** What the engine has learnt outlives it: in Redis where there is one, in files where there is none. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { WeightInfo } from "../engine/wire/api.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { startRedis, type RedisServer } from "./support/redis-server.ts";
import { startTestEngine } from "./support/test-engine.ts";

const SYMBOL = "BTCUSDT.SIM";

let nats: NatsServer;
let redis: RedisServer;
let client: NatsConnection;

beforeAll(async () => {
  nats = await startNats();
  redis = await startRedis();
  client = await connect({ servers: nats.url });
});

afterAll(async () => {
  await client.close();
  await redis.stop();
  await nats.close();
});

/** Outcomes counted so far of the 1 s model; 0 while nobody answers. */
const outcomes = async (): Promise<number> => {
  try {
    const reply = await client.request(
      "svc.signals.weights",
      JSON.stringify({ symbol: SYMBOL }),
      { timeout: 1_000 },
    );
    const { weights = [] } = reply.json<{ weights?: WeightInfo[] }>();
    return weights.find(({ model }) => model === "lightgbm-1s")?.outcomes ?? 0;
  } catch {
    return 0;
  }
};

const SETTINGS = {
  "feed.source": "simulator",
  "feed.symbols": SYMBOL,
  "models.llama": "false",
};

/** Lets one engine learn, ends it, and tells what the next one knows at once. */
const learnAndRestart = async (
  first: Readonly<Record<string, string>>,
  second: Readonly<Record<string, string>>,
): Promise<{ learnt: number; known: number }> => {
  const before = await startTestEngine(nats.url, { ...SETTINGS, ...first });
  await expect.poll(outcomes, { timeout: 30_000 }).toBeGreaterThan(3);
  const learnt = await outcomes();
  await before.close();
  const after = await startTestEngine(nats.url, { ...SETTINGS, ...second });
  // The features take 5 s to warm up: until then nothing new is learnt.
  await expect.poll(outcomes, { timeout: 4_000 }).toBeGreaterThan(0);
  const known = await outcomes();
  await after.close();
  return { learnt, known };
};

describe("the engine's weights", () => {
  it("survive a restart in Redis, on another disk", async () => {
    const { learnt, known } = await learnAndRestart(
      { "redis.url": redis.url },
      { "redis.url": redis.url },
    );
    expect(known).toBeGreaterThanOrEqual(learnt);
  }, 60_000);

  it("survive a restart in files without Redis", async () => {
    const dir = mkdtempSync(join(tmpdir(), "fusewire-weights-"));
    const { learnt, known } = await learnAndRestart(
      { "state.dir": dir },
      { "state.dir": dir },
    );
    expect(known).toBeGreaterThanOrEqual(learnt);
    rmSync(dir, { recursive: true, force: true });
  }, 60_000);
});
