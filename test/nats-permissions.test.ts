import { spawnSync } from "node:child_process";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { NatsLink } from "../engine/io/nats-link.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "./support/recording-telemetry.ts";
import { serverBinary } from "./support/server-binary.ts";

type User = "feed" | "engine" | "client" | "operator";

let server: NatsServer;
const links: NatsLink[] = [];

beforeAll(async () => {
  server = await startNats("nats.conf");
});

afterAll(async () => {
  await Promise.all(links.map((link) => link.drain()));
  await server.close();
});

const as = async (user: User) => {
  const telemetry = new RecordingTelemetry();
  const log = new RecordingLog();
  const link = new NatsLink({ servers: [server.urlAs(user)], telemetry, log });
  links.push(link);
  link.start();
  expect(await link.whenConnected(5_000)).toBe(true);
  return { link, telemetry, log };
};

const ALLOWED: readonly [from: User, to: User, subject: string][] = [
  ["feed", "engine", "md.v1.BINANCE.BTCUSDT.book"],
  ["feed", "engine", "news.v1.headline"],
  ["engine", "feed", "md.v1.snapshot.BINANCE.BTCUSDT"],
  ["engine", "client", "sig.v1.BINANCE.BTCUSDT"],
  ["client", "engine", "svc.signals.predict"],
  ["client", "engine", "svc.signals.predict.batch"],
  ["client", "engine", "$SRV.PING"],
  ["client", "engine", "svc.signals.symbols"],
  ["operator", "engine", "svc.signals.symbols"],
  ["operator", "engine", "svc.signals.book.resync"],
  ["engine", "client", "_INBOX.abc.1"],
];

const DENIED_PUBLISH: readonly [User, string][] = [
  ["feed", "sig.v1.BINANCE.BTCUSDT"],
  ["feed", "md.v1.snapshot.BINANCE.BTCUSDT"],
  ["feed", "svc.signals.predict"],
  ["engine", "md.v1.BINANCE.BTCUSDT.book"],
  ["engine", "$JS.API.STREAM.DELETE.x"],
  ["client", "sig.v1.BINANCE.BTCUSDT"],
  ["client", "md.v1.BINANCE.BTCUSDT.book"],
  ["client", "_INBOX.abc.1"],
  ["client", "svc.signals.book.resync"],
  ["operator", "sig.v1.BINANCE.BTCUSDT"],
  ["operator", "md.v1.BINANCE.BTCUSDT.book"],
];

const DENIED_SUBSCRIBE: readonly [User, string][] = [
  ["feed", "md.v1.*.*.book"],
  ["feed", "sig.v1.>"],
  ["engine", "sig.v1.>"],
  ["client", "md.v1.*.*.book"],
  ["client", ">"],
];

describe("nats.conf", () => {
  it("is a valid configuration", async () => {
    const binary = await serverBinary("nats-server", "nats-server");
    const { status, stderr } = spawnSync(binary, ["-t", "-c", "nats.conf"]);
    expect(stderr.toString()).toContain("is valid");
    expect(status).toBe(0);
  });

  it.each(ALLOWED)("lets %s speak to %s on %s", async (from, to, subject) => {
    const [sender, receiver] = [await as(from), await as(to)];
    let seen = 0;
    receiver.link.subscribe(subject, () => seen++);
    await receiver.link.flush();
    sender.link.publish(subject, Buffer.from("x"));
    await eventually("the message arrives", () => seen === 1);
  });

  it.each(DENIED_PUBLISH)(
    "raises an alarm within 1 s when %s publishes on %s",
    async (user, subject) => {
      const { link, telemetry, log } = await as(user);
      link.publish(subject, Buffer.from("x"));
      await eventually(
        "the alarm",
        () => log.of("nats.denied").length === 1,
        1_000,
      );
      expect(log.of("nats.denied")[0]?.fields).toMatchObject({
        code: "E_AUTH_DENIED",
        subject,
      });
      expect(
        telemetry.of("fusewire_nats_denied_total{operation=publish}"),
      ).toBe(1);
      expect(link.state).toBe("connected");
    },
  );

  it.each(DENIED_SUBSCRIBE)(
    "raises an alarm when %s subscribes to %s, and only that subscription ends",
    async (user, subject) => {
      const { link, telemetry } = await as(user);
      link.subscribe(subject, () => undefined);
      await eventually(
        "the alarm",
        () =>
          telemetry.of("fusewire_nats_denied_total{operation=subscription}") ===
          1,
        1_000,
      );
      expect(link.state).toBe("connected");
    },
  );

  it("turns a wrong password away, without a fast retry", async () => {
    const telemetry = new RecordingTelemetry();
    const log = new RecordingLog();
    const link = new NatsLink({
      servers: [`nats://engine:wrong@127.0.0.1:${server.port}`],
      telemetry,
      log,
    });
    links.push(link);
    link.start();
    expect(await link.whenConnected(1_500)).toBe(false);
    expect(log.of("nats.refused")[0]?.fields).toEqual({
      code: "E_AUTH_INVALID",
    });
    expect(telemetry.of("fusewire_nats_auth_errors_total")).toBeLessThan(3);
    expect(JSON.stringify(log.entries)).not.toContain("wrong");
  });

  it("is waited for when it changes its password under an engine, and taken up again when it is mended", async () => {
    const own = await startNats("nats.conf");
    const log = new RecordingLog();
    let fatal = 0;
    const link = new NatsLink({
      servers: [own.urlAs("engine")],
      log,
      refusedWaitMs: 300,
      onFatal: () => fatal++,
    });
    links.push(link);
    link.start();
    expect(await link.whenConnected(5_000)).toBe(true);
    own.reconfigure((text) => text.replace('"engine-dev"', '"changed"'));
    await eventually("the loss is seen", () => link.state === "disconnected");
    await eventually(
      "it is refused thrice",
      () => log.of("nats.refused").length >= 3,
    );
    own.reconfigure((text) => text.replace('"changed"', '"engine-dev"'));
    expect(await link.whenConnected(5_000)).toBe(true);
    expect(fatal).toBe(0);
    await link.drain();
    await own.close();
  });

  it("limits a payload to 256 KB", async () => {
    const { link, telemetry } = await as("engine");
    link.publish("sig.v1.BINANCE.BTCUSDT", Buffer.alloc(256 * 1024 + 1));
    expect(telemetry.of("fusewire_nats_dropped_total{reason=refused}")).toBe(1);
  });
});
