import fc from "fast-check";
import { Packr, Unpackr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { decode } from "./codec.ts";
import { MsgpackReader } from "./msgpack-reader.ts";

const at = [unixMicros(1), monoNanos(1)] as const;
const subjects = [
  "md.v1.BINANCE.BTCUSDT.book",
  "md.v1.BINANCE.BTCUSDT.trade",
  "md.v1.BINANCE.BTCUSDT.bar",
  "news.v1.headline",
] as const;
const seeds: readonly [string, object][] = [
  [
    subjects[0],
    {
      type: "bookDelta",
      eventUs: 1,
      prevSeq: 1,
      seq: 2,
      bids: [100, 1, 99.5, 0],
      asks: [101.25, 3],
    },
  ],
  [
    subjects[0],
    {
      type: "bookSnapshot",
      eventUs: 1,
      seq: 2,
      bids: [100, 1, 99.5, 2],
      asks: [101.25, 3],
    },
  ],
  [
    subjects[1],
    {
      type: "trade",
      eventUs: 1,
      tradeId: 4,
      price: 1.5,
      size: 2,
      side: "sell",
    },
  ],
  [
    subjects[2],
    {
      type: "bar",
      eventUs: 1,
      openUs: 0,
      intervalMs: 1000,
      open: 10,
      high: 12,
      low: 9,
      close: 11,
      volume: 1,
      vwap: 10,
      trades: 2,
      closed: true,
    },
  ],
  [
    subjects[3],
    {
      id: "1",
      text: "täxt",
      source: "s",
      symbols: ["BTCUSDT.BINANCE"],
      eventUs: 1,
    },
  ],
];
const packr = new Packr({ useRecords: false, variableMapSize: true });

/** Nothing but an event of finite numbers or a CodedError may come out. */
const outcome = (subject: string, data: Uint8Array): "event" | "refusal" => {
  let event: object;
  try {
    event = decode(subject, data, ...at);
  } catch (error) {
    expect(error).toBeInstanceOf(CodedError);
    return "refusal";
  }
  for (const value of Object.values(event).flat() as unknown[])
    if (typeof value === "number") expect(Number.isFinite(value)).toBe(true);
    else expect(["string", "boolean"]).toContain(typeof value);
  return "event";
};

const edit = fc.record({
  at: fc.nat(),
  byte: fc.nat(255),
  how: fc.constantFrom("set", "insert", "cut" as const),
});

describe("decode under fire", () => {
  it("turns mutated payloads into an event or a coded refusal", () => {
    const seen = { event: 0, refusal: 0 };
    fc.assert(
      fc.property(
        fc.constantFrom(...seeds),
        fc.boolean(),
        fc.array(edit, { maxLength: 4 }),
        ([subject, value], asJson, edits) => {
          let bytes: number[] = [
            ...(asJson
              ? Buffer.from(JSON.stringify(value))
              : packr.pack(value)),
          ];
          for (const { at: where, byte, how } of edits) {
            const i = bytes.length === 0 ? 0 : where % bytes.length;
            if (how === "cut") bytes = bytes.slice(0, i);
            else bytes.splice(i, how === "set" ? 1 : 0, byte);
          }
          seen[outcome(subject, Uint8Array.from(bytes))]++;
        },
      ),
      { numRuns: 5_000 },
    );
    expect(seen.event).toBeGreaterThan(0);
    expect(seen.refusal).toBeGreaterThan(0);
  });

  it("survives arbitrary bytes", () => {
    fc.assert(
      fc.property(
        fc.constantFrom(...subjects),
        fc.uint8Array({ maxLength: 200 }),
        (subject, bytes) => {
          outcome(subject, bytes);
          outcome(subject, Uint8Array.from([0x85, ...bytes]));
          outcome(subject, Uint8Array.from([0x7b, ...bytes]));
        },
      ),
      { numRuns: 3_000 },
    );
  });
});

describe("the MessagePack reader", () => {
  const reader = new MsgpackReader({
    depthMax: 8,
    itemsMax: 1_000,
    keysMax: 64,
    stringBytesMax: 8_192,
  });
  const oracle = new Unpackr({ useRecords: false, int64AsType: "number" });
  // Keys that an object inherits are refused by design.
  const key = fc.string({ maxLength: 40 }).filter((k) => !(k in {}));
  const { value } = fc.letrec((tie) => ({
    value: fc.oneof(
      { depthSize: "small", maxDepth: 6 },
      fc.constant(null),
      fc.boolean(),
      fc.double({ noNaN: true }),
      fc.integer(),
      fc.maxSafeInteger(),
      fc.string({ unit: "grapheme", maxLength: 80 }),
      fc.array(tie("value"), { maxLength: 40 }),
      fc.dictionary(key, tie("value"), { maxKeys: 20, noNullPrototype: true }),
    ),
  }));

  it("reads what msgpackr writes, as msgpackr reads it", () => {
    fc.assert(
      fc.property(value, (written) => {
        const bytes = packr.pack(written);
        expect(reader.read(bytes)).toEqual(oracle.unpack(bytes));
      }),
      { numRuns: 1_000 },
    );
  });
});
