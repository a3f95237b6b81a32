import fc from "fast-check";
import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { ERROR_CODES } from "../std/errors.ts";
import {
  decodeClientMessage,
  RefusedMessage,
  type ClientMessage,
} from "./hub-protocol.ts";

const LIMITS = { bytesMax: 16 * 1024, symbolsMax: 512 };
const packr = new Packr({ useRecords: false });

const decode = (bytes: Uint8Array): ClientMessage | RefusedMessage => {
  try {
    return decodeClientMessage(bytes, LIMITS);
  } catch (error) {
    if (error instanceof RefusedMessage) return error;
    throw error;
  }
};

const symbol = fc
  .tuple(
    fc.stringMatching(/^[A-Z0-9][A-Z0-9_-]{1,10}$/),
    fc.stringMatching(/^[A-Z0-9][A-Z0-9_-]{1,10}$/),
  )
  .map((parts) => parts.join("."));
const id = fc.oneof(fc.maxSafeInteger(), fc.string({ maxLength: 64 }));
const message = fc.oneof(
  fc.record({
    op: fc.constant("subscribe"),
    id,
    symbols: fc.array(fc.oneof(symbol, fc.constant("*")), {
      minLength: 1,
      maxLength: 20,
    }),
    intervalMs: fc.integer({ min: 0, max: 5000 }),
  }),
  fc.record({ op: fc.constant("watch"), id, symbol }),
  fc.record({ op: fc.constantFrom("ping", "unwatch"), id }),
);

describe("the WebSocket door", () => {
  it("reads every well-formed message, alike in both encodings", () => {
    fc.assert(
      fc.property(message, (sent) => {
        const json = decode(Buffer.from(JSON.stringify(sent)));
        expect(json).toEqual(sent);
        expect(decode(packr.pack(sent))).toEqual(json);
      }),
    );
  });

  it("answers any bytes with a message or a code, never with another error", () => {
    const hostile = fc.oneof(
      fc.uint8Array({ maxLength: 200 }),
      fc.json().map((text) => Buffer.from(text)),
      fc.object({ maxDepth: 4 }).map((value) => packr.pack(value)),
      fc.tuple(message, fc.nat(), fc.nat(255)).map(([value, at, byte]) => {
        const bytes = Buffer.from(JSON.stringify(value));
        bytes[at % bytes.length] = byte;
        return bytes;
      }),
    );
    fc.assert(
      fc.property(hostile, (bytes) => {
        const answer = decode(bytes);
        if (answer instanceof RefusedMessage)
          expect(Object.keys(ERROR_CODES)).toContain(answer.error.code);
        else expect(typeof answer.op).toBe("string");
      }),
      { numRuns: 2000 },
    );
  });

  it.each([
    ['{"op":"ping","__proto__":{"x":1}}', "E_INPUT_SCHEMA"],
    ['{"op":"toString"}', "E_INPUT_SCHEMA"],
    ['{"op":"ping","id":1.5}', "E_INPUT_SCHEMA"],
    ['{"op":"ping"} ', undefined],
    ['{"op":"ping"}x', "E_INPUT_DECODE"],
    ['{"op":"watch","symbol":"btc.usd"}', "E_SYMBOL_FORMAT"],
    ['{"op":"subscribe","symbols":[]}', "E_INPUT_SCHEMA"],
    ["", "E_INPUT_DECODE"],
    ["null", "E_INPUT_DECODE"],
  ])("answers %s with %s", (text, code) => {
    const answer = decode(Buffer.from(text));
    expect(
      answer instanceof RefusedMessage ? answer.error.code : undefined,
    ).toBe(code);
  });

  it("keeps the id of a message that it refuses for another reason", () => {
    const answer = decode(Buffer.from('{"op":"drop","id":"a7"}'));
    expect(answer).toBeInstanceOf(RefusedMessage);
    expect((answer as RefusedMessage).id).toBe("a7");
  });
});
