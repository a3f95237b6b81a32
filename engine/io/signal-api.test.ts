import { beforeEach, describe, expect, it } from "vitest";
import type { BusMessage } from "../ports.ts";
import { CodedError } from "../std/errors.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import type { PredictReply, PredictRequest } from "../wire/api.ts";
import { tradeView } from "../wire/api.ts";
import { readPayload, writePayload, type Encoding } from "../wire/encoding.ts";
import { LocalBus } from "./local-bus.ts";
import { SignalApi, type SignalApiOptions } from "./signal-api.ts";

const REPLY: PredictReply = {
  ...tradeView(0.75),
  model_version: "m@1",
  latency_ms: 0.1,
  timestamp: "2026-01-01T00:00:00.000Z",
  top_features: [],
};

let clock: SimulatedClock;
let bus: LocalBus;
let predict: (request: PredictRequest) => PredictReply | Promise<PredictReply>;

const start = (options: Partial<SignalApiOptions> = {}) =>
  new SignalApi({
    bus,
    clock,
    timers: clock,
    version: "0.1.0",
    id: "e1",
    backend: {
      predict: (request) => predict(request),
      latest: () => undefined,
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
    ...options,
  });

interface Answer {
  readonly body: Record<string, unknown>;
  readonly headers: BusMessage["headers"];
}

const ask = (
  verb: string,
  value: object | Buffer,
  headers?: Record<string, string>,
  encoding: Encoding = "json",
): Answer[] => {
  const answers: Answer[] = [];
  bus.request(
    `svc.signals.${verb}`,
    Buffer.isBuffer(value) ? value : writePayload(value, encoding),
    (m) =>
      answers.push({
        body: readPayload(m.data, 1 << 20) as Record<string, unknown>,
        headers: m.headers,
      }),
    headers && new Map(Object.entries(headers)),
  );
  return answers;
};

const settle = async () => {
  for (let i = 0; i < 10; i++) await Promise.resolve();
};

beforeEach(() => {
  clock = new SimulatedClock();
  bus = new LocalBus();
  predict = () => REPLY;
});

describe("the signal api", () => {
  it.each(["json", "msgpack"] as const)(
    "answers predict in %s, in kind",
    (encoding) => {
      start();
      const asked: PredictRequest[] = [];
      predict = (request) => {
        asked.push(request);
        return REPLY;
      };
      const [answer] = ask(
        "predict",
        { price: 2, symbol: "BTCUSDT" },
        {},
        encoding,
      );
      expect(answer?.body).toEqual({ v: 1, ok: true, ...REPLY });
      expect(asked).toEqual([
        { price: 2, symbol: "BTCUSDT.BINANCE", eventUs: undefined },
      ]);
    },
  );

  it("answers health, models.info and weights without a body", () => {
    start();
    for (const verb of ["health", "models.info", "weights"])
      expect(ask(verb, Buffer.alloc(0))[0]?.body["ok"]).toBe(true);
  });

  it.each([
    ["predict", { price: -1 }, "E_INPUT_RANGE", "422"],
    ["predict", Buffer.from("?"), "E_INPUT_DECODE", "400"],
    ["signal.latest", { symbol: "BTCUSDT" }, "E_SYMBOL_UNKNOWN", "404"],
    ["signal.latest", {}, "E_INPUT_SCHEMA", "400"],
    ["health", { a: 1 }, "E_INPUT_SCHEMA", "400"],
  ])("refuses %s %j with %s", (verb, value, code, num) => {
    start();
    const [answer] = ask(verb, value);
    expect(answer?.body).toMatchObject({ v: 1, ok: false, err: { code } });
    expect(answer?.headers?.get("Nats-Service-Error")).toBe(code);
    expect(answer?.headers?.get("Nats-Service-Error-Code")).toBe(num);
  });

  it("answers E_TIME_DEADLINE at the deadline, once", async () => {
    start();
    let resolve: (reply: PredictReply) => void = () => undefined;
    predict = () => new Promise((r) => (resolve = r));
    const answers = ask(
      "predict",
      { price: 1 },
      { "Fusewire-Timeout-Ms": "20" },
    );
    clock.advanceMs(19.9);
    expect(answers).toEqual([]);
    clock.advanceMs(0.1);
    expect(answers[0]?.body).toMatchObject({
      err: { code: "E_TIME_DEADLINE" },
    });
    resolve(REPLY);
    await settle();
    expect(answers).toHaveLength(1);
  });

  it("refuses what is past its deadline on arrival without asking the models", () => {
    start();
    let asked = 0;
    predict = () => {
      asked++;
      return REPLY;
    };
    const past = String(clock.nowUs() - 1);
    const [answer] = ask(
      "predict",
      { price: 1 },
      { "Fusewire-Deadline-Us": past },
    );
    expect(answer?.body).toMatchObject({ err: { code: "E_TIME_DEADLINE" } });
    expect(asked).toBe(0);
  });

  it("says so when a synchronous answer came too late", () => {
    start();
    predict = () => {
      clock.advanceMs(60);
      return REPLY;
    };
    expect(ask("predict", { price: 1 })[0]?.body).toMatchObject({
      err: { code: "E_TIME_DEADLINE" },
    });
  });

  it("hides what broke inside", async () => {
    start();
    predict = () => {
      throw new Error("secret path /x");
    };
    const [thrown] = ask("predict", { price: 1 });
    predict = () => Promise.reject(new Error("secret"));
    const rejected = ask("predict", { price: 1 });
    await settle();
    predict = () => ({ ...REPLY, latency_ms: 1n as unknown as number });
    const [unencodable] = ask("predict", { price: 1 });
    for (const answer of [thrown, rejected[0], unencodable]) {
      expect(answer?.body).toMatchObject({ err: { code: "E_INTERNAL" } });
      expect(JSON.stringify(answer?.body)).not.toContain("secret");
    }
  });

  it("answers each item of a batch on its own", async () => {
    start();
    predict = ({ price }) => {
      if (price === 3) throw new CodedError("E_BOOK_NOSYNC");
      return REPLY;
    };
    const answers = ask("predict.batch", {
      requests: [{ price: 1 }, { price: 0 }, { price: 3 }],
    });
    await settle();
    expect(answers[0]?.body).toMatchObject({
      predictions: [REPLY, null, null],
      errors: [
        null,
        { code: "E_INPUT_RANGE", field: "price" },
        { code: "E_BOOK_NOSYNC" },
      ],
      total: 3,
      successful: 1,
    });
  });

  it("refuses beyond its rate, and says when to come again", () => {
    start({ requestsPerSecond: 100, requestsBurst: 2 });
    const codes = () =>
      (
        ask("predict", { price: 1 })[0]?.body["err"] as
          { code: string } | undefined
      )?.code;
    expect([codes(), codes(), codes()]).toEqual([
      undefined,
      undefined,
      "E_LIMIT_RATE",
    ]);
    expect(ask("predict", { price: 1 })[0]?.body).toMatchObject({
      err: { retryAfterMs: 10 },
    });
    clock.advanceMs(10);
    expect(codes()).toBeUndefined();
  });

  it("refuses beyond its bound in flight", () => {
    const api = start({ inFlightMax: 1 });
    predict = () => new Promise(() => undefined);
    ask("predict", { price: 1 });
    expect(ask("predict", { price: 1 })[0]?.body).toMatchObject({
      err: { code: "E_LIMIT_QUEUE" },
    });
    expect(api.inFlight).toBe(1);
    clock.advanceMs(50);
    expect(api.inFlight).toBe(0);
  });

  it("does not answer a request that points elsewhere than to an inbox", () => {
    start();
    const published: string[] = [];
    bus.subscribe(">", (m) => published.push(m.subject));
    const body = writePayload({ price: 1 }, "json");
    for (const forged of [
      "sig.v1.BINANCE.BTCUSDT",
      "$JS.API.STREAM.DELETE.x",
      "_INBOX.>",
    ]) {
      bus.publish("svc.signals.predict", body, undefined, forged);
      bus.publish("$SRV.PING", body, undefined, forged);
    }
    bus.publish("svc.signals.predict", body);
    expect(new Set(published)).toEqual(
      new Set(["svc.signals.predict", "$SRV.PING"]),
    );
  });

  it("takes nothing more once stopped, and still answers what it took", async () => {
    const api = start();
    let resolve: (reply: PredictReply) => void = () => undefined;
    predict = () => new Promise((r) => (resolve = r));
    const before = ask("predict", { price: 1 });
    api.stop();
    expect(ask("predict", { price: 1 })).toEqual([]);
    resolve(REPLY);
    await settle();
    expect(before[0]?.body["ok"]).toBe(true);
  });
});
