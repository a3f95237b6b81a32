import { Packr } from "msgpackr";
import { describe, expect, it } from "vitest";
import { writePayload } from "../engine/wire/encoding.ts";
import { SignalPeek } from "./signal-peek.ts";

const signal = {
  v: 1,
  epoch: "e",
  symbol: "S7.BENCH",
  trigger: "book",
  live: true,
  probability: 0.25,
  big: 2 ** 40,
  negative: [-1, -200, -70_000, -(2 ** 40), null, false],
  text: "x".repeat(300),
  bytes: new Uint8Array(3),
  book: { state: "LIVE", reason: "none", seq: 70_001, bidPrice: 100.5 },
  sources: Array.from({ length: 20 }, (_, i) => ({ model: `m${i}` })),
  stampsNs: [1, 0, 2 ** 41 + 1, 4.5, 300, 70_000, 2 ** 33, 8, 9],
};

describe("the peek", () => {
  it("finds symbol, book sequence and stamps among whatever else a signal holds", () => {
    const peek = new SignalPeek();
    for (const encode of [
      (value: object) => writePayload(value, "msgpack"),
      (value: object) => new Packr({ useRecords: false }).pack(value),
    ]) {
      expect(peek.read(encode(signal))).toBe(true);
      expect(peek.symbol).toBe("S7.BENCH");
      expect(peek.trigger).toBe("book");
      expect(peek.bookSeq).toBe(70_001);
      expect([...peek.stampsNs]).toEqual(signal.stampsNs);
    }
  });

  it("finds them in a WebSocket message, and says when there is no signal", () => {
    const peek = new SignalPeek();
    const message = writePayload({ type: "signal", signal }, "msgpack");
    expect(peek.read(message)).toBe(true);
    expect(peek.bookSeq).toBe(70_001);
    expect(
      peek.read(writePayload({ type: "heartbeat", timeUs: 1 }, "msgpack")),
    ).toBe(false);
    expect(peek.symbol).toBe("");
  });
});
