import { describe, expect, it } from "vitest";
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import {
  deadlineOf,
  decodeRequest,
  encodeErrorReply,
  encodeReply,
  errorHeaders,
  parseEmptyRequest,
  parsePredict,
  parsePredictBatch,
  parseWeightsRequest,
  replyEncoding,
  tradeView,
} from "./api.ts";
import { readPayload } from "./encoding.ts";

const code = (run: () => unknown): string => {
  try {
    run();
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    throw error;
  }
  return "none";
};

describe("a predict request", () => {
  it("needs a price only", () => {
    expect(parsePredict({ price: 2 })).toEqual({
      price: 2,
      symbol: "WBNBUSDT.BINANCE",
      eventUs: undefined,
    });
  });

  it("takes milliseconds or ISO text for the time", () => {
    expect(parsePredict({ price: 2, timestamp: 1_000 }).eventUs).toBe(
      1_000_000,
    );
    expect(
      parsePredict({ price: 2, timestamp: "1970-01-01T00:00:01Z" }).eventUs,
    ).toBe(1_000_000);
    expect(code(() => parsePredict({ price: 2, timestamp: "soon" }))).toBe(
      "E_INPUT_RANGE",
    );
  });

  it.each([
    [{}, "E_INPUT_SCHEMA"],
    [{ price: 0 }, "E_INPUT_RANGE"],
    [{ price: Number.NaN }, "E_INPUT_RANGE"],
    [{ price: 1, volume: -1 }, "E_INPUT_RANGE"],
    [{ price: 1, low: 3, high: 2 }, "E_INPUT_RANGE"],
    [{ price: 1, symbol: "BTC.>" }, "E_SYMBOL_FORMAT"],
    [{ price: 1, symbol: "x".repeat(98) }, "E_INPUT_LIMIT"],
    [{ price: 1, v: 2 }, "E_INPUT_VERSION"],
    [{ price: 1, other: 1 }, "E_INPUT_SCHEMA"],
    [null, "E_INPUT_SCHEMA"],
  ])("%j is answered %s", (value, expected) => {
    expect(code(() => parsePredict(value))).toBe(expected);
  });
});

describe("requests", () => {
  it("may carry no bytes where nothing is asked", () => {
    expect(() =>
      parseEmptyRequest(decodeRequest(new Uint8Array(0))),
    ).not.toThrow();
    expect(parseWeightsRequest(decodeRequest(new Uint8Array(0)))).toBe(
      undefined,
    );
  });

  it("carry at most 256 in a batch", () => {
    const requests = new Array(257).fill({ price: 1 });
    expect(code(() => parsePredictBatch({ requests }))).toBe("E_INPUT_LIMIT");
  });

  it("are refused above 64 KiB", () => {
    expect(code(() => decodeRequest(Buffer.alloc(64 * 1024 + 1, 0x7b)))).toBe(
      "E_INPUT_SIZE",
    );
  });

  it("are answered in their own encoding, JSON when it cannot be told", () => {
    expect(replyEncoding(Buffer.from([0x80]))).toBe("msgpack");
    expect(replyEncoding(Buffer.from("{}"))).toBe("json");
    expect(replyEncoding(Buffer.from("x"))).toBe("json");
  });
});

describe("the deadline", () => {
  const nowUs = unixMicros(1_000_000_000);
  const nowNs = monoNanos(5_000_000_000);
  const budgetMs = (headers: Record<string, string>): number =>
    (deadlineOf(new Map(Object.entries(headers)), nowUs, nowNs) - nowNs) / 1e6;

  it("is 50 ms when nobody says otherwise", () => {
    expect(deadlineOf(undefined, nowUs, nowNs) - nowNs).toBe(50_000_000);
  });

  it("is the earlier of the two headers", () => {
    expect(budgetMs({ "Fusewire-Timeout-Ms": "20" })).toBe(20);
    expect(budgetMs({ "Fusewire-Deadline-Us": "1000030000" })).toBe(30);
    expect(
      budgetMs({
        "Fusewire-Timeout-Ms": "20",
        "Fusewire-Deadline-Us": "1000010000",
      }),
    ).toBe(10);
  });

  it("is refused when past, and when it is no number", () => {
    expect(code(() => budgetMs({ "Fusewire-Deadline-Us": "999999999" }))).toBe(
      "E_TIME_DEADLINE",
    );
    expect(code(() => budgetMs({ "Fusewire-Timeout-Ms": "0" }))).toBe(
      "E_TIME_DEADLINE",
    );
    for (const bad of ["", "soon", "-5", "1e9", "NaN"])
      expect(code(() => budgetMs({ "Fusewire-Timeout-Ms": bad }))).toBe(
        "E_INPUT_SCHEMA",
      );
  });

  it("is at most a minute away", () => {
    expect(budgetMs({ "Fusewire-Timeout-Ms": "9999999" })).toBe(60_000);
  });
});

describe("replies", () => {
  it("say that they are ok, or which code is the matter", () => {
    expect(readPayload(encodeReply({ a: 1 }, "msgpack"), 1_000)).toEqual({
      v: 1,
      ok: true,
      a: 1,
    });
    const error = new CodedError("E_LIMIT_RATE", {
      retryAfterMs: 10,
      detail: "secret",
    });
    expect(readPayload(encodeErrorReply(error, "json"), 1_000)).toEqual({
      v: 1,
      ok: false,
      err: {
        code: "E_LIMIT_RATE",
        num: 429,
        retryable: true,
        text: "the rate limit is reached",
        retryAfterMs: 10,
      },
    });
    expect([...errorHeaders(error)]).toEqual([
      ["Nats-Service-Error", "E_LIMIT_RATE"],
      ["Nats-Service-Error-Code", "429"],
    ]);
  });

  it.each([
    [0.5, "SHORT", 0, false, null],
    [0.774, "LONG", 0.548, false, null],
    [0.775, "LONG", 0.55, true, 2_500],
    [0.225, "SHORT", 0.55, true, 2_500],
    [1, "LONG", 1, true, 25_000],
  ])("derive from p = %d", (p, direction, confidence, trade, size) => {
    const view = tradeView(p);
    expect(view.direction).toBe(direction);
    expect(view.confidence).toBeCloseTo(confidence, 12);
    expect(view.should_trade).toBe(trade);
    if (size === null) expect(view.recommended_size).toBeNull();
    else expect(view.recommended_size).toBeCloseTo(size, 6);
  });
});
