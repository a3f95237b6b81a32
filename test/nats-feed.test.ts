import { spawn } from "node:child_process";
import { mkdtempSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import type { Signal } from "../engine/domain/signal.ts";
import { MarketFeed } from "../engine/io/market-feed.ts";
import { NatsLink } from "../engine/io/nats-link.ts";
import { SignalPublisher } from "../engine/io/signal-publisher.ts";
import { encodeEvent } from "../engine/wire/codec.ts";
import { decodeSignal } from "../engine/wire/signal-codec.ts";
import {
  eventSubject,
  parseSnapshotSubject,
  SIGNAL_WILDCARD,
  SNAPSHOT_WILDCARD,
} from "../engine/wire/subjects.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { RecordingTelemetry } from "./support/recording-telemetry.ts";
import { BTC, EVENT_SAMPLES, SIGNAL_SAMPLE } from "./support/wire-samples.ts";

let server: NatsServer;
let links: NatsLink[];

beforeEach(async () => {
  server = await startNats("nats.conf");
  links = [];
});

afterEach(async () => {
  await Promise.all(links.map((link) => link.drain()));
  await server.close();
});

const as = async (user: "feed" | "engine" | "client"): Promise<NatsLink> => {
  const link = new NatsLink({ servers: [server.urlAs(user)] });
  links.push(link);
  link.start();
  expect(await link.whenConnected(5_000)).toBe(true);
  return link;
};

describe("the market feed over NATS", () => {
  it("voids its symbols when the server dies, and asks for snapshots when it is back", async () => {
    const [venue, engine] = [await as("feed"), await as("engine")];
    const events: MarketEvent[] = [];
    const requests: string[] = [];
    const telemetry = new RecordingTelemetry();
    const feed = new MarketFeed({
      bus: engine,
      telemetry,
      onEvent: (event) => events.push(event),
    });
    feed.start();
    venue.subscribe(SNAPSHOT_WILDCARD, (m) => {
      requests.push(parseSnapshotSubject(m.subject));
      const snapshot = EVENT_SAMPLES["bookSnapshot"]!;
      venue.publish(eventSubject(snapshot), encodeEvent(snapshot));
    });
    await Promise.all([engine.flush(), venue.flush()]);
    for (const event of Object.values(EVENT_SAMPLES))
      venue.publish(eventSubject(event), encodeEvent(event));
    await eventually("all arrive", () => events.length === 9);
    expect(events.map(({ type }) => type)).toEqual([
      "bookSnapshot",
      "bookDelta",
      "trade",
      "quote",
      "bar",
      "bar",
      "funding",
      "openInterest",
      "gap",
    ]);
    await server.stop();
    await eventually("the gap", () => events.length === 10);
    expect(events[9]).toMatchObject({
      type: "gap",
      symbol: BTC,
      reason: "disconnected",
    });
    await server.start();
    const tookMs = await eventually(
      "a snapshot is there",
      () => events.at(-1)?.type === "bookSnapshot",
    );
    expect(tookMs).toBeLessThan(3_000);
    expect(requests[0]).toBe(BTC);
    expect(telemetry.of("fusewire_feed_gaps_total")).toBe(1);
    feed.stop();
  });
});

/** Publishes a large delta as fast as it can, from a process of its own: ours will be blocked. */
const FLOOD = `
  const { connect } = require("@nats-io/transport-node");
  const [url, subject, levels] = process.argv.slice(1);
  const data = Buffer.from(JSON.stringify({
    type: "bookDelta", eventUs: 1, prevSeq: 1, seq: 2, asks: [],
    bids: Array.from({ length: 2 * Number(levels) }, (_, i) => 1 + i),
  }));
  connect({ servers: url }).then(async (nc) => {
    for (let i = 0; i < 5_000; i++) {
      nc.publish(subject, data);
      if (i % 20 === 0) await nc.flush();
    }
    await nc.drain();
  });
`;

describe("the market feed behind", () => {
  it("tells its symbols when the server has cut it off for being slow, and catches up", async () => {
    const config = join(
      mkdtempSync(join(tmpdir(), "fusewire-slow-")),
      "c.conf",
    );
    writeFileSync(
      config,
      'listen: 127.0.0.1:0\nhttp: 127.0.0.1:0\nmax_payload: 64KB\nmax_pending: 1MB\nwrite_deadline: "200ms"\n',
    );
    const slow = await startNats(config);
    const telemetry = new RecordingTelemetry();
    const engine = new NatsLink({ servers: [slow.url], telemetry });
    links.push(engine);
    engine.start();
    expect(await engine.whenConnected(5_000)).toBe(true);
    const seen: string[] = [];
    const feed = new MarketFeed({
      bus: engine,
      onEvent: (event) => seen.push(event.type),
    });
    feed.start();
    await engine.flush();
    const flood = spawn(
      process.execPath,
      ["-e", FLOOD, slow.url, "md.v1.BINANCE.BTCUSDT.book", "4000"],
      { stdio: "ignore" },
    );
    await eventually("the flood has begun", () => seen.length > 10, 10_000);
    const until = performance.now() + 3_000;
    while (performance.now() < until);
    await eventually("the gap", () => seen.includes("gap"), 10_000);
    expect(await engine.whenConnected(5_000)).toBe(true);
    expect(telemetry.of("fusewire_nats_disconnects_total")).toBeGreaterThan(0);
    flood.kill("SIGKILL");
    feed.stop();
    await engine.drain();
    await slow.close();
  });
});

describe("the signal publisher over NATS", () => {
  it("lets a client read the signal as it was", async () => {
    const [engine, client] = [await as("engine"), await as("client")];
    const seen: Signal[] = [];
    client.subscribe(SIGNAL_WILDCARD, (m) => seen.push(decodeSignal(m.data)));
    await client.flush();
    const telemetry = new RecordingTelemetry();
    const publisher = new SignalPublisher({ bus: engine, telemetry });
    publisher.publish({ ...SIGNAL_SAMPLE, logOdds: Number.NaN });
    publisher.publish(SIGNAL_SAMPLE);
    await eventually("it arrives", () => seen.length > 0);
    expect(seen).toEqual([SIGNAL_SAMPLE]);
    expect(telemetry.of("fusewire_signals_refused_total")).toBe(1);
  });
});
