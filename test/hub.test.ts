/** The hub over real sockets: its thread from dist/, a raw client on this side. */
import { spawnSync } from "node:child_process";
import { existsSync } from "node:fs";
import { connect } from "node:net";
import { afterEach, beforeAll, describe, expect, it } from "vitest";
import { unpack } from "msgpackr";
import type { Signal } from "../engine/domain/signal.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { SignalHub, type SignalHubOptions } from "../engine/io/signal-hub.ts";
import type { StatusSnapshot } from "../engine/io/hub-status.ts";
import { NO_LOG, NO_TELEMETRY } from "../engine/ports.ts";
import { systemClock, systemTimers } from "../engine/std/time.ts";
import { decodeSignal } from "../engine/wire/signal-codec.ts";
import { sampleSignal } from "./support/signal-sample.ts";
import {
  OPCODE,
  UpgradeRefused,
  WsClient,
  type WsClientOptions,
} from "./support/ws-client.ts";

const workerUrl = new URL("../dist/engine/io/hub-thread.js", import.meta.url);
const pagesUrl = new URL("../dist/engine/io/dashboard/", import.meta.url);

const opened: { close(): unknown }[] = [];

const startHub = async (
  options: Partial<SignalHubOptions> = {},
): Promise<SignalHub> => {
  const hub = await SignalHub.start({
    epoch: "e1",
    version: "0.1.0",
    workerUrl,
    pagesUrl,
    clock: systemClock,
    timers: systemTimers,
    telemetry: NO_TELEMETRY,
    log: NO_LOG,
    ...options,
  });
  opened.push(hub);
  return hub;
};

const connectTo = async (
  hub: SignalHub,
  options: Omit<WsClientOptions, "port"> = {},
): Promise<WsClient> => {
  const client = await WsClient.connect({ port: hub.port, ...options });
  opened.push({ close: () => client.destroy() });
  return client;
};

interface Message {
  readonly type: string;
  readonly id?: number;
  readonly signal: Signal;
  readonly err: { readonly code: string; readonly field?: string };
  readonly [field: string]: unknown;
}

const read = (message: string | Uint8Array): Message =>
  (typeof message === "string"
    ? JSON.parse(message)
    : unpack(message)) as Message;
const received = (client: WsClient): Message[] => client.messages.map(read);
const ofType = (client: WsClient, ...types: string[]): Message[] =>
  received(client).filter(({ type }) => types.includes(type));
const signalsOf = (client: WsClient): Message[] =>
  ofType(client, "snapshot", "signal");

const subscribed = async (
  client: WsClient,
  symbols: readonly string[],
  more: object = {},
): Promise<void> => {
  client.send({ op: "subscribe", symbols, id: 7, ...more });
  await client.until(() => ofType(client, "subscribed").length > 0);
};

const publish = (hub: SignalHub, symbol: string, ...seqs: number[]): void => {
  for (const seq of seqs) hub.publish(sampleSignal({ symbol, seq }));
};
const range = (from: number, to: number): number[] =>
  Array.from({ length: to - from + 1 }, (_, i) => from + i);

const turn = (): Promise<void> =>
  new Promise((resolve) => setImmediate(resolve));

beforeAll(() => {
  if (!existsSync(workerUrl))
    throw new Error("dist/ is missing: run `npm run build` first");
});

afterEach(async () => {
  for (const one of opened.splice(0).reverse()) await one.close();
});

describe("a subscriber", () => {
  it("is greeted with the epoch and the symbols known", async () => {
    const hub = await startHub();
    publish(hub, "BTCUSDT.SIM", 1);
    await turn();
    const client = await connectTo(hub);
    await client.until(() => ofType(client, "hello").length === 1);
    expect(received(client)[0]).toEqual({
      type: "hello",
      epoch: "e1",
      version: "0.1.0",
      heartbeatMs: 5000,
      symbols: ["BTCUSDT.SIM"],
    });
  });

  it("gets a snapshot first and then every signal of its symbol, and of no other", async () => {
    const hub = await startHub();
    publish(hub, "BTCUSDT.SIM", 1, 2, 3);
    publish(hub, "ETHUSDT.SIM", 1);
    const client = await connectTo(hub);
    await subscribed(client, ["BTCUSDT.SIM"]);
    publish(hub, "ETHUSDT.SIM", 2);
    publish(hub, "BTCUSDT.SIM", 4, 5);
    await client.until(() => signalsOf(client).length === 3);
    expect(received(client).map(({ type }) => type)).toEqual([
      "hello",
      "subscribed",
      "snapshot",
      "signal",
      "signal",
    ]);
    expect(signalsOf(client).map(({ signal }) => signal.seq)).toEqual([
      3, 4, 5,
    ]);
    expect(signalsOf(client)[1]!.signal.epoch).toBe("e1");
  });

  it("gets each signal once by wildcard and name together, also of symbols that come later", async () => {
    const hub = await startHub();
    const client = await connectTo(hub);
    await subscribed(client, ["*", "BTCUSDT.SIM"]);
    publish(hub, "BTCUSDT.SIM", 1);
    publish(hub, "NEWUSDT.SIM", 1);
    await client.until(() => signalsOf(client).length >= 2);
    await turn();
    expect(signalsOf(client).map(({ signal }) => signal.symbol)).toEqual([
      "BTCUSDT.SIM",
      "NEWUSDT.SIM",
    ]);
  });

  it("gets nothing more of a symbol it has left", async () => {
    const hub = await startHub();
    const client = await connectTo(hub);
    await subscribed(client, ["*"]);
    client.send({ op: "unsubscribe", symbols: ["*"], id: 8 });
    await client.until(() => ofType(client, "unsubscribed").length === 1);
    publish(hub, "BTCUSDT.SIM", 1);
    client.send({ op: "ping", id: 9 });
    await client.until(() => ofType(client, "pong").length === 1);
    expect(signalsOf(client)).toEqual([]);
    expect(ofType(client, "pong")[0]!.id).toBe(9);
  });

  it("reads the same signal in JSON and in MessagePack", async () => {
    const hub = await startHub();
    const json = await connectTo(hub);
    const msgpack = await connectTo(hub, { protocol: "fusewire.msgpack" });
    expect(json.protocol).toBe("");
    expect(msgpack.protocol).toBe("fusewire.msgpack");
    await Promise.all([subscribed(json, ["*"]), subscribed(msgpack, ["*"])]);
    const sent = sampleSignal({ seq: 1 });
    hub.publish(sent);
    await json.until(() => signalsOf(json).length === 1);
    await msgpack.until(() => signalsOf(msgpack).length === 1);
    expect(msgpack.messages.every((m) => typeof m !== "string")).toBe(true);
    expect(signalsOf(json)[0]!.signal).toEqual(sent);
    expect(signalsOf(msgpack)[0]!.signal).toEqual(sent);
    const whole = Buffer.from(JSON.stringify(signalsOf(json)[0]!.signal));
    expect(decodeSignal(whole)).toEqual(sent);
  });

  it("gets the newest signal at most once an interval where it asks for that", async () => {
    const hub = await startHub();
    const client = await connectTo(hub);
    await subscribed(client, ["*"], { intervalMs: 100 });
    for (const seq of range(1, 40)) {
      publish(hub, "BTCUSDT.SIM", seq);
      await new Promise((resolve) => setTimeout(resolve, 10));
    }
    await client.until(() => signalsOf(client).at(-1)?.signal.seq === 40);
    const seqs = signalsOf(client).map(({ signal }) => signal.seq);
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(seqs.length).toBeLessThan(15);
  });

  it("hears a heartbeat", async () => {
    const hub = await startHub({ heartbeatMs: 1100 });
    const client = await connectTo(hub);
    await client.until(() => ofType(client, "heartbeat").length >= 2);
    expect(ofType(client, "heartbeat")[0]!["timeUs"]).toBeGreaterThan(1e15);
  });

  it("hears no heartbeat once the engine's own thread is silent", async () => {
    const after = systemTimers.after.bind(systemTimers);
    const hub = await startHub({
      heartbeatMs: 200,
      timers: { after, every: () => ({ cancel: () => undefined }) },
    });
    const client = await connectTo(hub);
    await new Promise((resolve) => setTimeout(resolve, 1000));
    expect(ofType(client, "heartbeat").length).toBeLessThanOrEqual(1);
    expect(client.closed).toBeUndefined();
  });

  it("watches one book, ladder by ladder, until it stops", async () => {
    const hub = await startHub({ ladderMs: 20 });
    const asked: SymbolId[] = [];
    hub.onBookRequest((symbol) => {
      asked.push(symbol);
      return {
        symbol,
        state: "LIVE",
        reason: "none",
        seq: asked.length,
        bids: [99, 1, 98, 2],
        asks: [101, 1, 102, 2],
      };
    });
    const client = await connectTo(hub);
    client.send({ op: "watch", symbol: "BTCUSDT.SIM", id: 1 });
    await client.until(() => ofType(client, "book").length >= 3);
    expect(hub.watched).toEqual(["BTCUSDT.SIM"]);
    expect(ofType(client, "book")[0]!["book"]).toMatchObject({
      symbol: "BTCUSDT.SIM",
      bids: [99, 1, 98, 2],
    });
    client.send({ op: "unwatch", id: 2 });
    await client.until(() => hub.watched.length === 0);
    client.destroy();
  });
});

describe("a slow reader", () => {
  it("is conflated within its bound while a healthy one sees everything", async () => {
    const hub = await startHub({ lagBytesMax: 2 ** 27, symbolsMax: 16 });
    const slow = await connectTo(hub);
    const healthy = await connectTo(hub, { protocol: "fusewire.msgpack" });
    await Promise.all([subscribed(slow, ["*"]), subscribed(healthy, ["*"])]);
    const seen: number[] = [];
    healthy.onMessage = (message) => {
      const { type, signal } = read(message);
      if (type === "signal") seen.push(signal.seq);
    };
    slow.pause();
    const last = 12_000;
    const before = process.memoryUsage().rss;
    for (const seq of range(1, last)) {
      publish(hub, "BTCUSDT.SIM", seq);
      // As fast as the healthy one reads, which shares this thread with the publisher.
      while (seq - (seen.at(-1) ?? 0) > 30) await turn();
    }
    await healthy.until(() => seen.at(-1) === last, 15_000);
    expect(seen).toEqual(range(1, last));
    // 12,000 signals of 1.6 KB each would be 19 MB; what the kernel and the bound hold is far less.
    expect(process.memoryUsage().rss - before).toBeLessThan(150e6);
    const caughtUp: number[] = [];
    slow.onMessage = (message) => {
      const { type, signal } = read(message);
      if (type === "signal") caughtUp.push(signal.seq);
    };
    slow.resume();
    await slow.until(() => caughtUp.at(-1) === last, 10_000);
    expect(caughtUp.length).toBeLessThan(last);
    expect(caughtUp).toEqual([...caughtUp].sort((a, b) => a - b));
    expect(new Set(caughtUp).size).toBe(caughtUp.length);
  });

  it("is closed with 1013 when it stalls", async () => {
    const hub = await startHub({ lagBytesMax: 2 ** 27, stalledMsMax: 300 });
    const slow = await connectTo(hub);
    await subscribed(slow, ["*"]);
    slow.pause();
    for (const seq of range(1, 8000)) {
      publish(hub, "BTCUSDT.SIM", seq);
      if (seq % 20 === 0) await turn();
    }
    await new Promise((resolve) => setTimeout(resolve, 1000));
    slow.onMessage = () => undefined;
    slow.resume();
    expect((await slow.untilClosed()).code).toBe(1013);
  });
});

describe("the actor thread", () => {
  it("holds back all but the newest signal of a symbol while the hub lags", async () => {
    const hub = await startHub({ lagBytesMax: 16 * 1024 });
    const client = await connectTo(hub);
    await subscribed(client, ["*"]);
    // One turn: what the hub takes in between is little.
    publish(hub, "BTCUSDT.SIM", ...range(1, 500));
    publish(hub, "ETHUSDT.SIM", ...range(1, 500));
    await client.until(
      () =>
        signalsOf(client).filter(({ signal }) => signal.seq === 500).length ===
        2,
    );
    const bitcoin = signalsOf(client)
      .filter(({ signal }) => signal.symbol === "BTCUSDT.SIM")
      .map(({ signal }) => signal.seq);
    const { length } = bitcoin;
    expect(length).toBeGreaterThan(2);
    expect(length).toBeLessThan(40);
    expect(bitcoin).toEqual([...range(1, length - 1), 500]);
  });

  it("brings a hub thread that died back on its port, with its snapshots", async () => {
    const hub = await startHub({
      workerUrl: new URL("./support/crashing-hub-thread.mjs", import.meta.url),
    });
    publish(hub, "BTCUSDT.SIM", 1, 2);
    const { port } = hub;
    const client = await connectTo(hub);
    hub.pushReadiness({ ready: false, reasons: ["crash"] });
    hub.pushReadiness({ ready: true, reasons: [] });
    await client.untilClosed();
    await expect
      .poll(
        () =>
          connectTo(hub).then(
            (c) => c.protocol,
            () => "refused",
          ),
        {
          timeout: 5000,
        },
      )
      .toBe("");
    expect(hub.port).toBe(port);
    const again = await connectTo(hub);
    await subscribed(again, ["*"]);
    await again.until(() => signalsOf(again).length === 1);
    expect(signalsOf(again)[0]!.signal.seq).toBe(2);
  });

  it("may exit at any moment without the hub thread tearing the process down", () => {
    const script = `
      import { SignalHub } from "./dist/engine/io/signal-hub.js";
      import { NO_LOG, NO_TELEMETRY } from "./dist/engine/ports.js";
      import { systemClock, systemTimers } from "./dist/engine/std/time.js";
      await SignalHub.start({
        epoch: "e1", version: "1", workerUrl: new URL("${workerUrl.href}"), pagesUrl: new URL("${pagesUrl.href}"),
        clock: systemClock, timers: systemTimers, telemetry: NO_TELEMETRY, log: NO_LOG,
      });
      process.exit(3);`;
    const { status, stderr } = spawnSync(
      process.execPath,
      ["--input-type=module", "--eval", script],
      { cwd: new URL("..", import.meta.url), encoding: "utf8" },
    );
    expect(stderr).toBe("");
    expect(status).toBe(3);
  });

  it("refuses to start on a port that is taken and at an address it lacks", async () => {
    const hub = await startHub();
    for (const port of [0, 18_080])
      await expect(startHub({ host: "192.0.2.1", port })).rejects.toMatchObject(
        { code: "E_CONFIG_INVALID" },
      );
    await expect(startHub({ port: hub.port })).rejects.toMatchObject({
      code: "E_CONFIG_INVALID",
      field: "http.port",
    });
  });
});

describe("a hostile client", () => {
  it.each([
    ["text that is no object", "[1,2]", 4400],
    ["text that is no JSON", "{nope", 4400],
    ["a message nested too deep", `{"op":${"[".repeat(60)}`, undefined],
  ])("sends %s and is told", async (_what, text, code) => {
    const hub = await startHub();
    const client = await connectTo(hub);
    client.frame(OPCODE.text, Buffer.from(text));
    if (code === undefined) {
      await client.until(() => ofType(client, "error").length === 1);
      expect(ofType(client, "error")[0]!.err.code).toBe("E_INPUT_LIMIT");
    } else expect((await client.untilClosed()).code).toBe(code);
  });

  it.each([
    [{ op: "drop", id: 1 }, "E_INPUT_SCHEMA", "op"],
    [{ op: "subscribe", id: 1 }, "E_INPUT_SCHEMA", "symbols"],
    [
      { op: "subscribe", id: 1, symbols: ["sig.>"] },
      "E_SYMBOL_FORMAT",
      undefined,
    ],
    [{ op: "ping", id: 1, x: 1 }, "E_INPUT_SCHEMA", undefined],
    [
      { op: "subscribe", id: 1, symbols: ["*"], intervalMs: -1 },
      "E_INPUT_RANGE",
      "intervalMs",
    ],
  ])("sends %j and is refused with %s", async (message, code, field) => {
    const hub = await startHub();
    const client = await connectTo(hub);
    client.send(message);
    await client.until(() => ofType(client, "error").length === 1);
    const error = ofType(client, "error")[0]!;
    expect(error.id).toBe(1);
    expect(error.err.code).toBe(code);
    expect(error.err.field).toBe(field);
    expect(client.closed).toBeUndefined();
  });

  it("is closed after too many refused messages", async () => {
    const hub = await startHub({ refusalsMax: 3 });
    const client = await connectTo(hub);
    for (let i = 0; i < 3; i++) client.send({ op: "drop" });
    expect((await client.untilClosed()).code).toBe(4400);
  });

  it("is closed for a frame of 16 MB, bad UTF-8, a reserved opcode or an unmasked frame", async () => {
    const hub = await startHub();
    const healthy = await connectTo(hub);
    const attacks: ((client: WsClient) => void)[] = [
      (client) => client.frame(OPCODE.text, Buffer.alloc(16 << 20, 0x7b)),
      (client) => client.frame(OPCODE.text, Buffer.from([0x7b, 0xff, 0xfe])),
      (client) => client.frame(0x7, Buffer.from("{}")),
      (client) => client.raw(Buffer.from([0xc1, 0x80, 0, 0, 0, 0])),
    ];
    for (const attack of attacks) {
      const client = await connectTo(hub);
      attack(client);
      await client.untilClosed();
    }
    await subscribed(healthy, ["*"]);
    expect(healthy.closed).toBeUndefined();
  });

  it("floods with messages or pings and is closed with 4429", async () => {
    const hub = await startHub({ messagesPerSMax: 10 });
    const flooder = await connectTo(hub);
    for (let i = 0; i < 100; i++) flooder.send({ op: "ping" });
    expect((await flooder.untilClosed()).code).toBe(4429);
    const pinger = await connectTo(hub);
    for (let i = 0; i < 100; i++) pinger.frame(OPCODE.ping, Buffer.from("x"));
    expect((await pinger.untilClosed()).code).toBe(4429);
  });

  it("sends one-byte fragments of a good message and is served", async () => {
    const hub = await startHub();
    const client = await connectTo(hub);
    const bytes = Buffer.from(JSON.stringify({ op: "ping", id: 3 }));
    for (const [i, byte] of bytes.entries())
      client.frame(
        i === 0 ? OPCODE.text : OPCODE.continuation,
        Uint8Array.of(byte),
        i === bytes.length - 1,
      );
    await client.until(() => ofType(client, "pong").length === 1);
  });
});

describe("a limit", () => {
  it("refuses connections above it before the upgrade", async () => {
    const hub = await startHub({ connectionsMax: 2 });
    const first = await connectTo(hub);
    await connectTo(hub);
    const refusal = await connectTo(hub).catch((error: unknown) => error);
    expect(refusal).toBeInstanceOf(UpgradeRefused);
    expect((refusal as UpgradeRefused).status).toBe(503);
    expect((refusal as UpgradeRefused).body).toContain("E_LIMIT_CONN");
    first.destroy();
    await expect
      .poll(() =>
        connectTo(hub).then(
          () => "in",
          () => "refused",
        ),
      )
      .toBe("in");
  });

  it("refuses subscriptions above it and keeps those held", async () => {
    const hub = await startHub({ subscriptionsMax: 2 });
    const client = await connectTo(hub);
    await subscribed(client, ["AAUSDT.SIM", "BBUSDT.SIM"]);
    client.send({ op: "subscribe", symbols: ["CCUSDT.SIM"], id: 5 });
    await client.until(() => ofType(client, "error").length === 1);
    expect(ofType(client, "error")[0]).toMatchObject({
      id: 5,
      err: { code: "E_LIMIT_SUBS", num: 429 },
    });
    publish(hub, "CCUSDT.SIM", 1);
    publish(hub, "AAUSDT.SIM", 1);
    await client.until(() => signalsOf(client).length > 0);
    expect(signalsOf(client).map(({ signal }) => signal.symbol)).toEqual([
      "AAUSDT.SIM",
    ]);
  });

  it("lets in the pages of this host and of the list, and no others", async () => {
    const hub = await startHub();
    const origin = (from: string) =>
      connectTo(hub, { origin: from }).then(
        () => 101,
        (error: unknown) => (error as UpgradeRefused).status,
      );
    expect(await origin(`http://127.0.0.1:${hub.port}`)).toBe(101);
    expect(await origin("https://evil.example")).toBe(403);
    const listed = await startHub({ origins: ["https://desk.example"] });
    await connectTo(listed, { origin: "https://desk.example" });
    await expect(
      connectTo(listed, { origin: "https://evil.example" }),
    ).rejects.toMatchObject({ status: 403 });
  });
});

describe("over HTTP", () => {
  const get = (hub: SignalHub, path: string, init?: RequestInit) =>
    fetch(`http://127.0.0.1:${hub.port}${path}`, init);

  it("is live while the main thread beats, and ready when it says so", async () => {
    const hub = await startHub();
    expect((await get(hub, "/health/live")).status).toBe(200);
    const notReady = await get(hub, "/health/ready");
    expect(notReady.status).toBe(503);
    expect(await notReady.json()).toEqual({
      ready: false,
      reasons: ["starting"],
    });
    hub.pushReadiness({ ready: true, reasons: [] });
    await expect
      .poll(async () => (await get(hub, "/health/ready")).status)
      .toBe(200);
  });

  it("is neither live nor ready once the main thread is silent", async () => {
    const hub = await startHub({ silentMsMax: 5000 });
    hub.pushReadiness({ ready: true, reasons: [] });
    const quiet = await startHub({
      silentMsMax: 100,
      timers: {
        ...systemTimers,
        every: () => ({ cancel: () => undefined }),
        after: systemTimers.after.bind(systemTimers),
      },
    });
    await expect
      .poll(async () => (await get(quiet, "/health/live")).status)
      .toBe(503);
    expect((await get(quiet, "/health/ready")).status).toBe(503);
    expect((await get(hub, "/health/live")).status).toBe(200);
  });

  it("answers metrics and status from the main thread, once for many askers", async () => {
    const hub = await startHub();
    let asked = 0;
    hub.onMetrics(() => {
      asked++;
      return Promise.resolve("fusewire_up 1\n");
    });
    const answers = await Promise.all(
      range(1, 20).map(async () => (await get(hub, "/metrics")).text()),
    );
    expect(new Set(answers)).toEqual(new Set(["fusewire_up 1\n"]));
    expect(asked).toBeLessThanOrEqual(2);
    const status: StatusSnapshot = {
      engine: {
        version: "0.1.0",
        epoch: "e1",
        uptimeMs: 5,
        simulated: true,
        ready: true,
        reasons: [],
        eventsPerS: 1,
        signalsPerS: 1,
      },
      links: [],
      symbols: [],
      stages: {},
      actors: [],
      models: [],
      weights: {},
    };
    hub.onStatus(() => status);
    const reply = await get(hub, "/api/status");
    expect(reply.headers.get("content-type")).toContain("application/json");
    expect(await reply.json()).toEqual(status);
  });

  it("gives up on a main thread that does not answer in time", async () => {
    const hub = await startHub({ answerMsMax: 100 });
    hub.onMetrics(() => new Promise<string>(() => undefined));
    const reply = await get(hub, "/metrics");
    expect(reply.status).toBe(504);
    expect(await reply.text()).toContain("E_TIME_DEADLINE");
  });

  it("keeps the last minutes of a symbol", async () => {
    const hub = await startHub();
    const symbol = "BTCUSDT.SIM";
    const nowUs = 1_800_000_000e6;
    hub.publish(sampleSignal({ symbol, seq: 1, mid: 100, nowUs }));
    hub.publish(sampleSignal({ symbol, seq: 2, mid: 103, nowUs: nowUs + 10 }));
    hub.publish(sampleSignal({ symbol, seq: 3, mid: 99, nowUs: nowUs + 2e6 }));
    await turn();
    const reply = await get(hub, `/api/history?symbol=${symbol}`);
    const { rows } = (await reply.json()) as { rows: number[][] };
    expect(rows.map((row) => row.slice(0, 5))).toEqual([
      [1_800_000_000, 100, 103, 100, 103],
      [1_800_000_002, 99, 99, 99, 99],
    ]);
    const unknown = await get(hub, "/api/history?symbol=NOPE.SIM");
    expect(unknown.status).toBe(404);
  });

  it("serves the page with its guards, and nothing outside it", async () => {
    const hub = await startHub();
    const page = await get(hub, "/");
    expect(page.status).toBe(200);
    expect(page.headers.get("content-security-policy")).toContain(
      "default-src 'none'",
    );
    expect(page.headers.get("x-content-type-options")).toBe("nosniff");
    const etag = page.headers.get("etag")!;
    const again = await get(hub, "/", { headers: { "if-none-match": etag } });
    expect(again.status).toBe(304);
    for (const path of ["/nope", "/..%2fhub-thread.js", "/%2e%2e/x"]) {
      const reply = await get(hub, path);
      expect(reply.status).toBe(404);
      expect(await reply.text()).toContain("E_PATH_UNKNOWN");
    }
    expect((await get(hub, "/", { method: "POST" })).status).toBe(404);
    // fetch would tidy the path; a raw request does not.
    const raw = await new Promise<string>((resolve) => {
      let text = "";
      const socket = connect(hub.port, "127.0.0.1", () =>
        socket.write("GET /../hub-thread.js HTTP/1.1\r\nHost: x\r\n\r\n"),
      );
      socket.on("data", (chunk) => {
        text += chunk.toString();
        if (text.includes("E_PATH_UNKNOWN")) socket.destroy();
      });
      socket.on("close", () => resolve(text));
    });
    expect(raw).toMatch(/^HTTP\/1.1 404/);
  });

  it("closes its sockets with 1001 and frees the port when it stops", async () => {
    const hub = await startHub();
    const client = await connectTo(hub);
    const { port } = hub;
    await hub.close();
    expect((await client.untilClosed()).code).toBe(1001);
    const next = await startHub({ port });
    expect(next.port).toBe(port);
  });
});
