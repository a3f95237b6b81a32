import { setTimeout as sleep } from "node:timers/promises";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { NatsLink } from "../engine/io/nats-link.ts";
import type { NatsLinkOptions } from "../engine/io/nats-options.ts";
import { writePayload } from "../engine/wire/encoding.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "./support/recording-telemetry.ts";
import { freePort } from "./support/server-process.ts";
import { TcpProxy } from "./support/tcp-proxy.ts";

const bytes = (text: string) => Buffer.from(text);
const text = (data: Uint8Array) => Buffer.from(data).toString();

let server: NatsServer;
let links: NatsLink[];
let telemetry: RecordingTelemetry;
let log: RecordingLog;

beforeEach(async () => {
  server = await startNats();
  links = [];
  telemetry = new RecordingTelemetry();
  log = new RecordingLog();
});

afterEach(async () => {
  await Promise.all(links.map((link) => link.drain()));
  await server.close();
});

const open = (options: Partial<NatsLinkOptions> = {}): NatsLink => {
  const link = new NatsLink({
    servers: [server.url],
    telemetry,
    log,
    ...options,
  });
  links.push(link);
  link.start();
  return link;
};

const connected = async (
  options: Partial<NatsLinkOptions> = {},
): Promise<NatsLink> => {
  const link = open(options);
  expect(await link.whenConnected(5_000)).toBe(true);
  return link;
};

describe("the NATS link", () => {
  it("carries payload, headers and reply subject", async () => {
    const [a, b] = [await connected(), await connected()];
    const seen: unknown[] = [];
    b.subscribe("x.*", (m) =>
      seen.push([m.subject, text(m.data), m.reply, m.headers?.get("K")]),
    );
    await b.flush();
    a.publish("x.1", bytes("one"));
    a.publish("x.2", bytes("two"), new Map([["K", "v"]]), "_INBOX.r");
    await eventually("both arrive", () => seen.length === 2);
    expect(seen).toEqual([
      ["x.1", "one", undefined, undefined],
      ["x.2", "two", "_INBOX.r", "v"],
    ]);
  });

  it("delivers what was encoded, although the client library does not copy", async () => {
    const link = await connected();
    const seen: string[] = [];
    link.subscribe("x", (m) => seen.push(text(m.data.subarray(-1))));
    for (let i = 0; i < 10; i++)
      link.publish("x", writePayload({ i: String(i) }, "msgpack"));
    await eventually("all arrive", () => seen.length === 10);
    expect(seen.join("")).toBe("0123456789");
  });

  it("starts without a server and connects when there is one", async () => {
    await server.stop();
    const link = open();
    const seen: string[] = [];
    link.subscribe("x", (m) => seen.push(text(m.data)));
    await sleep(300);
    expect(link.state).toBe("disconnected");
    link.publish("x", bytes("lost"));
    await server.start();
    expect(await link.whenConnected(2_000)).toBe(true);
    link.publish("x", bytes("kept"));
    await eventually("the message arrives", () => seen.length === 1);
    expect(seen).toEqual(["kept"]);
  });

  it("keeps trying far beyond ten attempts, and takes up its subscriptions", async () => {
    const link = await connected({ reconnectMinMs: 10, reconnectMaxMs: 20 });
    const states: string[] = [];
    link.onState((state) => states.push(state));
    const seen: string[] = [];
    link.subscribe("x", (m) => seen.push(text(m.data)));
    await link.flush();
    await server.stop();
    await eventually("the loss is seen", () => link.state === "disconnected");
    await sleep(1_000);
    await server.start();
    expect(await link.whenConnected(2_000)).toBe(true);
    link.publish("x", bytes("again"));
    await eventually("the subscription lives", () => seen.length === 1);
    expect(states).toEqual(["disconnected", "connected"]);
    expect(telemetry.of("fusewire_nats_reconnects_total")).toBe(1);
  });

  it("drops and counts what is published while disconnected, and sends none of it later", async () => {
    const link = await connected();
    const seen: string[] = [];
    link.subscribe("x", (m) => seen.push(text(m.data)));
    await link.flush();
    await server.stop();
    await eventually("the loss is seen", () => link.state === "disconnected");
    for (let i = 0; i < 1_000; i++) link.publish("x", bytes(`${i}`));
    expect(
      telemetry.of("fusewire_nats_dropped_total{reason=disconnected}"),
    ).toBe(1_000);
    await server.start();
    expect(await link.whenConnected(3_000)).toBe(true);
    link.publish("x", bytes("fresh"));
    await eventually("the fresh one arrives", () => seen.length > 0);
    expect(seen).toEqual(["fresh"]);
  });

  it("notices a frozen server within 4 s and resumes when it thaws", async () => {
    const link = await connected();
    server.freeze();
    const tookMs = await eventually(
      "the freeze is seen",
      () => link.state === "disconnected",
      6_000,
    );
    expect(tookMs).toBeLessThan(4_500);
    expect(telemetry.of("fusewire_nats_stale_total")).toBe(1);
    server.thaw();
    expect(await link.whenConnected(5_000)).toBe(true);
  });

  // The library prints "reader closed" for this one.
  it("leaves a connection whose bytes are corrupt, and is back when they are not", async () => {
    const proxy = await TcpProxy.start(server.port);
    const link = await connected({
      servers: [`nats://127.0.0.1:${proxy.port}`],
    });
    const seen: string[] = [];
    link.subscribe("x", (m) => seen.push(text(m.data)));
    await link.flush();
    proxy.fault = { kind: "corrupt", every: 3 };
    const sender = await connected();
    for (let i = 0; i < 10; i++) sender.publish("x", bytes("payload"));
    await eventually(
      "the loss is seen",
      () => link.state === "disconnected",
      6_000,
    );
    proxy.fault = { kind: "none" };
    expect(await link.whenConnected(5_000)).toBe(true);
    await link.flush();
    sender.publish("x", bytes("clean"));
    await eventually("the clean one arrives", () => seen.includes("clean"));
    await proxy.close();
  });

  it("survives resets without a storm of attempts", async () => {
    const proxy = await TcpProxy.start(server.port);
    const link = await connected({
      servers: [`nats://127.0.0.1:${proxy.port}`],
    });
    for (let i = 0; i < 3; i++) {
      proxy.reset();
      await eventually("the loss is seen", () => link.state === "disconnected");
      expect(await link.whenConnected(2_000)).toBe(true);
    }
    expect(proxy.accepted).toBeLessThan(10);
    await proxy.close();
  });

  it("goes on reading when a handler throws", async () => {
    const link = await connected();
    const seen: string[] = [];
    link.subscribe("x", (m) => {
      seen.push(text(m.data));
      if (seen.length === 1) throw new Error("broken");
    });
    link.publish("x", bytes("1"));
    link.publish("x", bytes("2"));
    await eventually("both arrive", () => seen.length === 2);
    expect(telemetry.of("fusewire_nats_handler_errors_total")).toBe(1);
    expect(log.of("nats.handlerThrew")).toHaveLength(1);
  });

  it("counts a payload that is too large instead of throwing", async () => {
    const link = await connected();
    link.publish("x", Buffer.alloc(2 * 1024 * 1024));
    expect(telemetry.of("fusewire_nats_dropped_total{reason=refused}")).toBe(1);
  });

  it("sends what was published before a drain, and is closed after it", async () => {
    const [a, b] = [await connected(), await connected()];
    let seen = 0;
    b.subscribe("x", () => seen++);
    await b.flush();
    for (let i = 0; i < 1_000; i++) a.publish("x", bytes("y"));
    await a.drain();
    await eventually("all arrive", () => seen === 1_000);
    expect(a.state).toBe("closed");
  });

  it("ends within its drain time when the server is frozen", async () => {
    const link = await connected({ drainTimeoutMs: 200 });
    server.freeze();
    const started = performance.now();
    await link.drain();
    expect(performance.now() - started).toBeLessThan(1_500);
    server.thaw();
  });

  it("never connects to nobody, and can be ended", async () => {
    const link = open({ servers: [`nats://127.0.0.1:${await freePort()}`] });
    expect(await link.whenConnected(200)).toBe(false);
    await link.drain();
    expect(link.state).toBe("closed");
  });

  it("refuses an address that is none", () => {
    expect(() => new NatsLink({ servers: ["http://x"] })).toThrow(
      "E_CONFIG_INVALID",
    );
  });
});
