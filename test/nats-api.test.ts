import { connect, headers, type NatsConnection } from "@nats-io/transport-node";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsLink } from "../engine/io/nats-link.ts";
import { SignalApi } from "../engine/io/signal-api.ts";
import { tradeView } from "../engine/wire/api.ts";
import { readPayload, writePayload } from "../engine/wire/encoding.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { RecordingLog } from "./support/recording-telemetry.ts";
import { SIGNAL_SAMPLE } from "./support/wire-samples.ts";

let server: NatsServer;
let link: NatsLink;
let client: NatsConnection;
let api: SignalApi;
const log = new RecordingLog();

const REPLY = {
  ...tradeView(0.9),
  model_version: "m@1",
  latency_ms: 0.1,
  timestamp: "2026-01-01T00:00:00.000Z",
  top_features: [{ name: "f", value: 1 }],
};

beforeAll(async () => {
  server = await startNats("nats.conf");
  link = new NatsLink({ servers: [server.urlAs("engine")], log });
  link.start();
  expect(await link.whenConnected(5_000)).toBe(true);
  api = new SignalApi({
    bus: link,
    version: "0.1.0",
    id: "epoch1",
    log,
    backend: {
      predict: ({ price }) =>
        price === 13 ? new Promise(() => undefined) : REPLY,
      latest: () => SIGNAL_SAMPLE,
      health: () => ({
        status: "healthy",
        ready: true,
        reasons: [],
        model_loaded: true,
        model_version: "m@1",
        uptime_seconds: 1,
        total_predictions: 0,
        avg_latency_ms: 0,
        symbols: 1,
        live: 1,
      }),
      models: () => [],
      weights: () => [],
    },
  });
  await link.flush();
  client = await connect({
    servers: `127.0.0.1:${server.port}`,
    user: "client",
    pass: "client-dev",
  });
});

afterAll(async () => {
  api.stop();
  await client.close();
  await link.drain();
  await server.close();
});

/** Everyone who answers within half a second. */
const discovered = async (
  subject: string,
): Promise<Record<string, unknown>[]> => {
  const found: Record<string, unknown>[] = [];
  const answers = await client.requestMany(subject, "", {
    strategy: "stall",
    maxWait: 1_000,
    stall: 200,
  });
  for await (const answer of answers) found.push(answer.json());
  return found;
};

describe("the service over NATS", () => {
  it.each(["json", "msgpack"] as const)("predicts in %s", async (encoding) => {
    const hdrs = headers();
    hdrs.set("Fusewire-Timeout-Ms", "100");
    const reply = await client.request(
      "svc.signals.predict",
      writePayload({ price: 600.5, volume: 10, symbol: "WBNBUSDT" }, encoding),
      { timeout: 1_000, headers: hdrs },
    );
    expect(readPayload(reply.data, 1 << 16)).toEqual({
      v: 1,
      ok: true,
      ...REPLY,
    });
    expect(reply.headers).toBeUndefined();
  });

  it("answers a hanging model with E_TIME_DEADLINE when the deadline says so", async () => {
    const hdrs = headers();
    hdrs.set("Fusewire-Timeout-Ms", "30");
    const started = performance.now();
    const reply = await client.request(
      "svc.signals.predict",
      writePayload({ price: 13 }, "json"),
      { timeout: 2_000, headers: hdrs },
    );
    const tookMs = performance.now() - started;
    expect(reply.headers?.get("Nats-Service-Error")).toBe("E_TIME_DEADLINE");
    expect(reply.headers?.get("Nats-Service-Error-Code")).toBe("408");
    expect(reply.json()).toMatchObject({ ok: false, err: { retryable: true } });
    expect(tookMs).toBeGreaterThan(25);
    expect(tookMs).toBeLessThan(500);
  });

  it("gives the latest signal", async () => {
    const reply = await client.request(
      "svc.signals.signal.latest",
      '{"symbol":"BTCUSDT"}',
    );
    expect(reply.json()).toMatchObject({ ok: true, signal: SIGNAL_SAMPLE });
  });

  it.each(["", ".signals", ".signals.epoch1"])(
    "is discovered by $SRV.PING%s",
    async (whom) => {
      expect(await discovered(`$SRV.PING${whom}`)).toEqual([
        {
          type: "io.nats.micro.v1.ping_response",
          name: "signals",
          id: "epoch1",
          version: "0.1.0",
          metadata: {},
        },
      ]);
    },
  );

  it("describes its endpoints and counts for them, as ADR-32 says", async () => {
    const [info] = await discovered("$SRV.INFO.signals");
    expect(info).toMatchObject({
      type: "io.nats.micro.v1.info_response",
      description: expect.any(String),
    });
    expect(info?.["endpoints"]).toEqual(
      [
        ["predict", "svc.signals.predict"],
        ["predict-batch", "svc.signals.predict.batch"],
        ["signal-latest", "svc.signals.signal.latest"],
        ["health", "svc.signals.health"],
        ["models-info", "svc.signals.models.info"],
        ["weights", "svc.signals.weights"],
      ].map(([name, subject]) => ({
        name,
        subject,
        queue_group: "q",
        metadata: {},
      })),
    );
    const [stats] = await discovered("$SRV.STATS.signals.epoch1");
    expect(stats).toMatchObject({
      type: "io.nats.micro.v1.stats_response",
      started: expect.stringMatching(/^\d{4}-\d\d-\d\dT.*Z$/),
    });
    expect((stats?.["endpoints"] as unknown[])[0]).toEqual({
      name: "predict",
      subject: "svc.signals.predict",
      queue_group: "q",
      num_requests: 3,
      num_errors: 1,
      last_error: "E_TIME_DEADLINE",
      processing_time: expect.any(Number),
      average_processing_time: expect.any(Number),
    });
  });

  it("publishes nothing for a request with a forged reply subject", async () => {
    const before = log.of("api.noInbox").length;
    client.publish("svc.signals.health", "{}", {
      reply: "sig.v1.BINANCE.BTCUSDT",
    });
    client.publish("$SRV.PING", "", {
      reply: "md.v1.snapshot.BINANCE.BTCUSDT",
    });
    await eventually(
      "both are refused",
      () => log.of("api.noInbox").length === before + 2,
    );
    // A publish on either subject would have been allowed to this engine.
    expect(log.of("nats.denied")).toEqual([]);
  });
});
