import { pack, Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { decode, decodeMarketEvent, encodeEvent } from "./codec.ts";

const subject = "md.v1.BINANCE.BTCUSDT.book";
const at = [unixMicros(7), monoNanos(9)] as const;
const delta = {
  type: "bookDelta",
  eventUs: 1,
  prevSeq: 1,
  seq: 2,
  bids: [100, 1],
  asks: [101, 0],
};
const plain = new Packr({ useRecords: false, variableMapSize: true });

const refusal = (
  data: Uint8Array | string | object,
  on = subject,
): CodedError => {
  const bytes =
    data instanceof Uint8Array
      ? data
      : Buffer.from(typeof data === "string" ? data : JSON.stringify(data));
  try {
    decode(on, bytes, ...at);
  } catch (error) {
    if (error instanceof CodedError) return error;
    throw error;
  }
  throw new Error("was accepted");
};

describe("decode", () => {
  it("stamps what it decodes and takes the symbol from the subject", () => {
    expect(
      decodeMarketEvent(subject, Buffer.from(JSON.stringify(delta)), ...at),
    ).toEqual({
      ...delta,
      symbol: "BTCUSDT.BINANCE",
      receivedUs: 7,
      receivedNs: 9,
    });
  });

  it("reads the same event from MessagePack", () => {
    const event = decodeMarketEvent(subject, plain.pack(delta), ...at);
    expect(decodeMarketEvent(subject, encodeEvent(event), ...at)).toEqual(
      event,
    );
  });

  it("refuses a symbol that is not the subject's", () => {
    expect(refusal({ ...delta, symbol: "ETHUSDT.BINANCE" })).toMatchObject({
      code: "E_INPUT_SCHEMA",
      field: "symbol",
    });
  });

  it.each([
    ["nothing", ""],
    ["a JSON array", "[]"],
    ["half an object", '{"type":'],
    ["text after the object", '{"type":"gap"} x'],
    ["bad UTF-8", Buffer.from([0x7b, 0x22, 0xff, 0x22, 0x3a, 0x31, 0x7d])],
    ["a MessagePack string", pack("bookDelta")],
    ["trailing bytes", Buffer.concat([plain.pack(delta), Buffer.from([0xc0])])],
    ["a reserved byte", Buffer.from([0x81, 0xa1, 0x61, 0xc1])],
    ["a claimed length", Buffer.from([0xdf, 0, 0, 0, 9])],
    ["a date extension", plain.pack({ ...delta, eventUs: new Date() })],
    ["a record", new Packr({ useRecords: true }).pack(delta)],
    [
      "a record in a map",
      new Packr({ useRecords: true }).pack(new Map([["a", delta]])),
    ],
    ["an integer key", Buffer.from([0x81, 0x01, 0x01])],
    ["a key twice", Buffer.from([0x82, 0xa1, 0x61, 1, 0xa1, 0x61, 2])],
    ["an inherited key", plain.pack({ ["constructor"]: 1 })],
    ["binary", plain.pack({ ...delta, bids: Buffer.from([1, 2]) })],
  ])("refuses %s as E_INPUT_DECODE", (_what, data) => {
    expect(refusal(data).code).toBe("E_INPUT_DECODE");
  });

  it("refuses what is too large before it looks inside", () => {
    expect(refusal(Buffer.alloc(256 * 1024 + 1, 0x7b)).code).toBe(
      "E_INPUT_SIZE",
    );
  });

  it.each([
    ["deep JSON", `{"a":${"[".repeat(20)}${"]".repeat(20)}}`],
    [
      "deep MessagePack",
      Buffer.from([0x81, 0xa1, 0x61, ...new Array<number>(20).fill(0x91), 1]),
    ],
    ["too many levels", { ...delta, bids: new Array(10_002).fill(1) }],
    [
      "too many levels in MessagePack",
      plain.pack({ ...delta, bids: new Array(10_002).fill(1) }),
    ],
    [
      "too many keys",
      plain.pack(
        Object.fromEntries(new Array(65).fill(0).map((_, i) => [`k${i}`, i])),
      ),
    ],
  ])("refuses %s as E_INPUT_LIMIT", (_what, data) => {
    expect(refusal(data).code).toBe("E_INPUT_LIMIT");
  });

  it.each([
    ["an unknown field", { ...delta, extra: 1 }, undefined],
    [
      "__proto__",
      '{"__proto__":{},"type":"bookDelta","eventUs":1,"prevSeq":1,"seq":2,"bids":[],"asks":[]}',
      undefined,
    ],
    ["a missing field", { ...delta, seq: undefined }, "seq"],
    ["text for a number", { ...delta, seq: "2" }, "seq"],
    ["null for a number", { ...delta, seq: null }, "seq"],
    ["another kind's type", { ...delta, type: "trade" }, "type"],
    ["half a level", { ...delta, bids: [100] }, "bids"],
    ["nested levels", { ...delta, bids: [[100, 1]] }, "bids.0"],
    [
      "a big integer",
      Buffer.from(
        '{"type":"bookDelta","eventUs":1,"prevSeq":1,"seq":"9007199254740993","bids":[],"asks":[]}',
      ),
      "seq",
    ],
  ])("refuses %s as E_INPUT_SCHEMA", (_what, data, field) => {
    expect(refusal(data)).toMatchObject({ code: "E_INPUT_SCHEMA", field });
  });

  it.each([
    ["a zero price", { ...delta, bids: [0, 1] }],
    ["a negative price", { ...delta, bids: [-1, 1] }],
    ["a huge price", { ...delta, bids: [1e308, 1] }],
    ["a denormal price", { ...delta, bids: [5e-324, 1] }],
    ["a negative size", { ...delta, asks: [100, -1] }],
    ["a size beyond 2^53", { ...delta, asks: [100, 1e16] }],
    ["NaN", plain.pack({ ...delta, bids: [NaN, 1] })],
    ["infinity", plain.pack({ ...delta, asks: [100, Infinity] })],
    [
      "infinity in JSON",
      `{"type":"bookDelta","eventUs":1,"prevSeq":1,"seq":2,"bids":[1e999,1],"asks":[]}`,
    ],
    ["an unsafe sequence", { ...delta, seq: 2 ** 53 }],
    ["a fractional sequence", { ...delta, seq: 2.5 }],
    ["an unsafe 64-bit integer", plain.pack({ ...delta, seq: 2n ** 60n })],
    ["a sequence that stands still", { ...delta, seq: 1 }],
  ])("refuses %s as E_INPUT_RANGE", (_what, data) => {
    expect(refusal(data).code).toBe("E_INPUT_RANGE");
  });

  it("refuses a snapshot whose levels are not best first", () => {
    const snapshot = { type: "bookSnapshot", eventUs: 1, seq: 1, asks: [] };
    for (const bids of [
      [100, 1, 101, 1],
      [100, 1, 100, 1],
      [100, 0],
    ])
      expect(refusal({ ...snapshot, bids })).toMatchObject({
        code: "E_INPUT_RANGE",
        field: "bids",
      });
    expect(
      refusal({ ...snapshot, bids: [], asks: [101, 1, 100, 1] }).field,
    ).toBe("asks");
  });

  it("refuses a bar whose prices are not ordered", () => {
    const bar = {
      type: "bar",
      eventUs: 1,
      openUs: 0,
      intervalMs: 1000,
      open: 10,
      high: 12,
      low: 9,
      close: 11,
      volume: 0,
      vwap: 10,
      trades: 0,
      closed: true,
    };
    const on = "md.v1.BINANCE.BTCUSDT.bar";
    const bytes = (change: object) =>
      Buffer.from(JSON.stringify({ ...bar, ...change }));
    expect(decode(on, bytes({}), ...at)).toMatchObject(bar);
    expect(refusal(bytes({ high: 10.5 }), on).field).toBe("high");
    expect(refusal(bytes({ low: 10.5 }), on).field).toBe("low");
    expect(refusal(bytes({ vwap: 13 }), on).field).toBe("vwap");
    const volumeBar = { intervalMs: 0, basis: "volume", basisSize: 100 };
    expect(decode(on, bytes(volumeBar), ...at)).toMatchObject(volumeBar);
    expect(decode(on, bytes({ basis: "time" }), ...at)).toMatchObject(bar);
  });

  it.each([
    [{ intervalMs: 0 }, "intervalMs"],
    [{ basis: "tick", basisSize: 10 }, "intervalMs"],
    [{ basis: "tick", intervalMs: 0 }, "basisSize"],
    [{ basisSize: 10 }, "basisSize"],
    [{ basis: "dollar", intervalMs: 0, basisSize: 0 }, "basisSize"],
    [{ basis: "month" }, "basis"],
    [{ buyVolume: -1 }, "buyVolume"],
  ])("refuses a bar with %j", (change, field) => {
    const bar = {
      type: "bar",
      eventUs: 1,
      openUs: 0,
      intervalMs: 1000,
      open: 10,
      high: 12,
      low: 9,
      close: 11,
      volume: 0,
      vwap: 10,
      trades: 0,
      closed: true,
      ...change,
    };
    const bytes = Buffer.from(JSON.stringify(bar));
    expect(refusal(bytes, "md.v1.BINANCE.BTCUSDT.bar").field).toBe(field);
  });

  it("takes integers in any MessagePack format, 64 bits among them", () => {
    const wide = Buffer.from([0xcf, 0, 0, 1, 0, 0, 0, 0, 7]);
    const parts = [
      [0x86],
      [0xa4, ...Buffer.from("type"), 0xa9, ...Buffer.from("bookDelta")],
      [0xa7, ...Buffer.from("eventUs"), ...wide],
      [0xa7, ...Buffer.from("prevSeq"), 0xcd, 1, 0],
      [0xa3, ...Buffer.from("seq"), 0xd3, 0, 0, 0, 0, 0, 1, 0, 0],
      [0xa4, ...Buffer.from("bids"), 0x92, 0xca, 0x42, 0xc8, 0, 0, 0xcc, 200],
      [0xa4, ...Buffer.from("asks"), 0xdc, 0, 0],
    ];
    expect(decode(subject, Buffer.from(parts.flat()), ...at)).toMatchObject({
      eventUs: 2 ** 40 + 7,
      prevSeq: 256,
      seq: 65_536,
      bids: [100, 200],
      asks: [],
    });
  });

  it("does not count brackets inside text as nesting", () => {
    const text = `${"[".repeat(20)} "quoted" \\ ${"{".repeat(20)}`;
    const headline = { id: "1", text, source: "s", symbols: [], eventUs: 1 };
    const bytes = Buffer.from(JSON.stringify(headline));
    expect(decode("news.v1.headline", bytes, ...at)).toMatchObject({ text });
  });

  it("never repeats a peer's key in its refusal", () => {
    const error = refusal({ ...delta, "<script>": 1 });
    expect(JSON.stringify(error.body())).not.toContain("script");
    expect(error.message).not.toContain("script");
  });

  it("refuses a headline about a malformed symbol", () => {
    const headline = {
      id: "1",
      text: "x",
      source: "s",
      symbols: ["BTC.>"],
      eventUs: 1,
    };
    expect(refusal(headline, "news.v1.headline").code).toBe("E_SYMBOL_FORMAT");
  });
});

describe("encodeEvent", () => {
  it("leaves our receive stamps out and never writes a returned buffer again", () => {
    const event = decodeMarketEvent(subject, plain.pack(delta), ...at);
    const first = encodeEvent(event);
    const copy = Buffer.from(first);
    for (let i = 0; i < 1_000; i++)
      encodeEvent({ ...event, symbol: symbolId(`S${i}.VENUE`) });
    expect(Buffer.from(first).equals(copy)).toBe(true);
    expect(Buffer.from(encodeEvent(event, "json")).toString()).not.toContain(
      "received",
    );
  });
});
