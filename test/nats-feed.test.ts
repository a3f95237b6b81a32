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
    await eventually("all arrive", () => events.length === 7);
    expect(events.map(({ type }) => type)).toEqual([
      "bookSnapshot",
      "bookDelta",
      "trade",
      "quote",
      "bar",
      "funding",
      "gap",
    ]);
    await server.stop();
    await eventually("the gap", () => events.length === 8);
    expect(events[7]).toMatchObject({
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
