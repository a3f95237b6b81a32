import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setTimeout as sleep } from "node:timers/promises";
import { Redis } from "ioredis";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { FileStore } from "../engine/io/file-store.ts";
import {
  RedisStore,
  type RedisStoreOptions,
} from "../engine/io/redis-store.ts";
import { eventually } from "./support/eventually.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "./support/recording-telemetry.ts";
import { startRedis, type RedisServer } from "./support/redis-server.ts";

let server: RedisServer;
let stores: RedisStore[];
let telemetry: RecordingTelemetry;
let log: RecordingLog;

beforeEach(async () => {
  server = await startRedis();
  stores = [];
  telemetry = new RecordingTelemetry();
  log = new RecordingLog();
});

afterEach(async () => {
  server.thaw();
  await Promise.all(stores.map((store) => store.close()));
  await server.stop();
});

const bytes = (text: string) => Buffer.from(text);
const text = (data: Uint8Array | undefined) =>
  data && Buffer.from(data).toString();

const open = async (
  options: Partial<RedisStoreOptions> = {},
): Promise<RedisStore> => {
  const store = new RedisStore({ url: server.url, telemetry, log, ...options });
  stores.push(store);
  store.save("ready", bytes("1"));
  await store.flush();
  return store;
};

const took = async (run: () => Promise<unknown>): Promise<number> => {
  const started = performance.now();
  await run();
  return performance.now() - started;
};

describe("the Redis store", () => {
  it("gives back what was saved, in the next run too, under its prefix", async () => {
    const store = await open();
    store.save("weights/BTC", bytes("1"));
    store.save("weights/BTC", bytes("2"));
    expect(text(await store.load("weights/BTC"))).toBe("2");
    await store.flush();
    const next = await open();
    expect(text(await next.load("weights/BTC"))).toBe("2");
    expect(await next.load("weights/ETH")).toBeUndefined();
    const raw = new Redis(server.url);
    expect((await raw.keys("*")).sort()).toEqual([
      "fusewire:ready",
      "fusewire:weights/BTC",
    ]);
    raw.disconnect();
  });

  it("lets state expire when told to", async () => {
    const store = await open({ ttlMs: 60_000 });
    store.save("k", bytes("1"));
    await store.flush();
    const raw = new Redis(server.url);
    expect(await raw.pttl("fusewire:k")).toBeGreaterThan(50_000);
    raw.disconnect();
  });

  it("costs some 20 ms a load while frozen, and nothing once the breaker is open", async () => {
    const store = await open();
    server.freeze();
    for (let i = 0; i < 5; i++)
      expect(await took(() => store.load(`k${i}`))).toBeLessThan(100);
    expect(store.isOpen).toBe(true);
    expect(telemetry.of("fusewire_redis_breaker_open")).toBe(1);
    expect(log.of("redis.away")[0]?.fields).toMatchObject({
      code: "E_DEP_REDIS",
    });
    expect(await took(() => store.load("k"))).toBeLessThan(10);
    expect(
      await took(() => {
        store.save("k", bytes("1"));
        return Promise.resolve();
      }),
    ).toBeLessThan(10);
    server.thaw();
    await eventually("it is used again", () => {
      void store.load("probe");
      return !store.isOpen;
    });
  });

  it("costs nothing when dead, and saves what was meant for it when it is back", async () => {
    const store = await open();
    await server.stop();
    await sleep(50);
    for (let i = 0; i < 6; i++)
      expect(await took(() => store.load(`k${i}`))).toBeLessThan(50);
    expect(store.isOpen).toBe(true);
    for (let i = 0; i < 1_000; i++) store.save("k", bytes(String(i)));
    await server.start();
    const raw = new Redis(server.url);
    let found: string | null = null;
    await eventually(
      "the last value is there",
      () => {
        raw.get("fusewire:k").then(
          (value) => (found = value),
          () => undefined,
        );
        return found === "999";
      },
      8_000,
    );
    raw.disconnect();
  });

  it("starts without a server", async () => {
    await server.stop();
    const store = new RedisStore({ url: server.url, telemetry, log });
    stores.push(store);
    expect(await took(() => store.load("k"))).toBeLessThan(100);
    expect(await store.load("k")).toBeUndefined();
    await server.start();
    store.save("k", bytes("1"));
    await eventually("it is saved", () => {
      store.save("k", bytes("1"));
      void store.flush();
      return telemetry.of("fusewire_redis_breaker_open") === 0;
    });
  });

  it("is not put out by a foreign type under its key", async () => {
    const store = await open();
    const raw = new Redis(server.url);
    await raw.lpush("fusewire:k", "x");
    raw.disconnect();
    expect(await store.load("k")).toBeUndefined();
    expect(telemetry.of("fusewire_store_failed_total{store=redis}")).toBe(1);
  });

  it("bounds what it keeps for later", async () => {
    const store = await open({ pendingMax: 10 });
    await server.stop();
    await sleep(50);
    for (let i = 0; i < 25; i++) store.save(`k${i}`, bytes("1"));
    expect(telemetry.of("fusewire_store_dropped_total{store=redis}")).toBe(15);
  });

  it("falls back on files while it is away", async () => {
    const folder = mkdtempSync(join(tmpdir(), "fusewire-fallback-"));
    const store = await open({ fallback: new FileStore({ folder }) });
    await server.stop();
    await sleep(50);
    store.save("k", bytes("1"));
    await store.flush();
    const next = new RedisStore({
      url: server.url,
      fallback: new FileStore({ folder }),
    });
    stores.push(next);
    expect(text(await next.load("k"))).toBe("1");
    rmSync(folder, { recursive: true, force: true });
  });
});
