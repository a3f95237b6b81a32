/** A tape that `fusewire replay --publish` puts on the broker becomes signals on both roads, and a bot's `predict` is answered over it. */
import { spawn, type ChildProcess } from "node:child_process";
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { connect, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { Signal } from "../engine/domain/signal.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import { INSTALLATION } from "../engine/installation.ts";
import type { PredictReply } from "../engine/wire/api.ts";
import { decodeSignal } from "../engine/wire/signal-codec.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { startTestEngine, type TestEngine } from "./support/test-engine.ts";

const SECONDS = 60;
const SPEED = "2";
const SYMBOL = "ETHUSDT.SIM";

let folder: string;
let nats: NatsServer;
let stage: TestEngine;
let client: NatsConnection;
let publisher: ChildProcess;
const onNats: Signal[] = [];

const writeTape = async (path: string): Promise<void> => {
  const writer = await TapeWriter.create(path);
  const simulator = new MarketSimulator({ seed: 3, newsEverySeconds: 1e9 });
  for (const { simNs, event } of simulator) {
    if (simNs > SECONDS * 1e9) break;
    await writer.write(event);
  }
  await writer.close();
};

beforeAll(async () => {
  folder = mkdtempSync(join(tmpdir(), "fusewire-tape-"));
  const tape = join(folder, "market.fwt");
  await writeTape(tape);
  nats = await startNats(join(INSTALLATION.root, "nats.conf"));
  stage = await startTestEngine(nats.urlAs("engine"), {
    "models.llama": "false",
  });
  client = await connect({
    servers: nats.url,
    user: "client",
    pass: "client-dev",
  });
  client.subscribe("sig.v1.*.*", {
    callback: (error, message) => {
      if (error === null) onNats.push(decodeSignal(message.data));
    },
  });
  await client.flush();
  publisher = spawn(process.execPath, [
    INSTALLATION.cliPath,
    ...["replay", tape, "--publish", "--speed", SPEED],
    ...["--nats", nats.urlAs("feed")],
  ]);
  await eventually(
    "the symbol is live on both roads",
    () =>
      [stage.signals, onNats].every((signals) =>
        signals.some(({ symbol, live }) => live && symbol === SYMBOL),
      ),
    20_000,
  );
}, 60_000);

afterAll(async () => {
  publisher.kill();
  await client.close();
  await stage.close();
  await nats.close();
  rmSync(folder, { recursive: true });
});

describe("a published tape", () => {
  it("gives the same signals to a WebSocket client and to a NATS subscriber", async () => {
    const bySeq = new Map(
      onNats
        .filter(({ symbol }) => symbol === SYMBOL)
        .map((signal) => [signal.seq, signal]),
    );
    await eventually(
      "a hundred signals on both roads",
      () => stage.signals.length > 100 && onNats.length > 100,
    );
    const heard = stage.signals.filter(
      ({ symbol, seq }) => symbol === SYMBOL && bySeq.has(seq),
    );
    expect(heard.length).toBeGreaterThan(0);
    for (const signal of heard) expect(bySeq.get(signal.seq)).toEqual(signal);
  });

  it("is what predict judges: the contract's fields, derived from one probability", async () => {
    const { book } = stage.signals.findLast(
      ({ symbol, live }) => live && symbol === SYMBOL,
    )!;
    const reply = await client.request(
      "svc.signals.predict",
      JSON.stringify({
        price: (book.bidPrice + book.askPrice) / 2,
        best_bid: book.bidPrice,
        best_ask: book.askPrice,
        bid_volume: 40,
        ask_volume: 2,
        symbol: "ETHUSDT",
      }),
      { timeout: 1_000 },
    );
    const answer = reply.json<PredictReply & { ok: boolean }>();
    expect(answer.ok).toBe(true);
    expect(answer.direction).toBe(
      answer.raw_probability > 0.5 ? "LONG" : "SHORT",
    );
    expect(answer.confidence).toBeCloseTo(
      2 * Math.abs(answer.raw_probability - 0.5),
      12,
    );
    expect(answer.should_trade).toBe(answer.confidence >= 0.55);
    expect(answer.recommended_size === null).toBe(!answer.should_trade);
    expect(answer.model_version).toContain("lightgbm-1s/");
    expect(answer.latency_ms).toBeGreaterThan(0);
    expect(new Date(answer.timestamp).toISOString()).toBe(answer.timestamp);
    expect(answer.top_features).toHaveLength(5);
  });

  it("lets what the request states move the judgement", async () => {
    const ask = async (
      bidVolume: number,
      askVolume: number,
    ): Promise<number> => {
      const reply = await client.request(
        "svc.signals.predict",
        JSON.stringify({
          price: 100,
          bid_volume: bidVolume,
          ask_volume: askVolume,
          symbol: "NOBODY",
        }),
        { timeout: 1_000 },
      );
      return reply.json<PredictReply>().raw_probability;
    };
    expect(await ask(90, 10)).toBeGreaterThan(await ask(10, 90));
  });
});
