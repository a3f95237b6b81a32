import fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { Signal } from "../domain/signal.ts";
import {
  ringMemory,
  RingReader,
  RingWriter,
  type RingEntry,
} from "./hub-ring.ts";

const signal = (emittedUs: number, state = "LIVE", name = "BUY"): Signal =>
  ({
    emittedUs,
    probability: 0.6,
    class: name,
    book: { state, bidPrice: 99, askPrice: 102 },
  }) as unknown as Signal;

const ringOf = (bytes: number) => {
  const memory = ringMemory(bytes);
  return { writer: new RingWriter(memory), reader: new RingReader(memory) };
};

type Copy = Omit<RingEntry, "bytes"> & { bytes: number[] };

const takeAll = (reader: RingReader, max = Infinity): Copy[] => {
  const entries: Copy[] = [];
  reader.drain((entry) => {
    if (entries.length >= max) return false;
    entries.push({ ...entry, bytes: [...entry.bytes] });
    return true;
  });
  return entries;
};

describe("a ring of signals", () => {
  it("carries the gist, without a mid where the book is not live", () => {
    const { writer, reader } = ringOf(1024);
    writer.add(0, signal(1, "LIVE", "STRONG_BUY"), new Uint8Array(1));
    writer.add(7, signal(2, "STALE", "HOLD"), new Uint8Array(1));
    const [live, stale] = takeAll(reader);
    expect(live).toMatchObject({ mid: 100.5, probability: 0.6, classIndex: 4 });
    expect(stale).toMatchObject({ mid: NaN, classIndex: 2, symbolIndex: 7 });
  });

  it("gives back what was put in, in order, whatever the lengths and however it wraps", () => {
    const step = fc.record({
      lengths: fc.array(fc.integer({ min: 0, max: 300 }), { maxLength: 6 }),
      takenMax: fc.integer({ min: 0, max: 6 }),
    });
    fc.assert(
      fc.property(fc.array(step, { maxLength: 60 }), (steps) => {
        const { writer, reader } = ringOf(1024);
        const expected: Copy["bytes"][] = [];
        const taken: Copy["bytes"][] = [];
        let n = 0;
        for (const { lengths, takenMax } of steps) {
          for (const length of lengths) {
            const bytes = new Uint8Array(length).fill(++n);
            if (writer.add(n, signal(n), bytes)) expected.push([...bytes]);
          }
          taken.push(...takeAll(reader, takenMax).map(({ bytes }) => bytes));
        }
        taken.push(...takeAll(reader).map(({ bytes }) => bytes));
        expect(taken).toEqual(expected);
      }),
    );
  });

  it("goes on past 2^32 units", () => {
    const memory = ringMemory(1024);
    // Both ends as they stand after 2^35 bytes less a little.
    new Int32Array(memory, 0, 2).fill(-16);
    const writer = new RingWriter(memory);
    const reader = new RingReader(memory);
    for (let n = 1; n <= 50; n++) {
      expect(writer.add(n, signal(n), new Uint8Array(20))).toBe(true);
      expect(takeAll(reader).map((entry) => entry.symbolIndex)).toEqual([n]);
    }
  });

  it("refuses what has no room, and says when there is some", () => {
    const { writer, reader } = ringOf(1024);
    let added = 0;
    while (writer.add(added, signal(added), new Uint8Array(100))) added++;
    expect(added).toBe(7);
    expect(takeAll(reader, 1)).toHaveLength(1);
    expect(reader.takeWish()).toBe(true);
    expect(reader.takeWish()).toBe(false);
    expect(writer.add(added, signal(added), new Uint8Array(90))).toBe(true);
  });

  it("leaves a refused signal and those behind it where they are", () => {
    const { writer, reader } = ringOf(1024);
    for (let n = 1; n <= 3; n++) writer.add(n, signal(n), new Uint8Array(8));
    expect(takeAll(reader, 1).map((e) => e.symbolIndex)).toEqual([1]);
    expect(takeAll(reader).map((e) => e.symbolIndex)).toEqual([2, 3]);
  });

  it("calls the reader once until it sleeps, and keeps it awake while there is more", () => {
    const { writer, reader } = ringOf(1024);
    writer.add(1, signal(1), new Uint8Array(8));
    expect(writer.mustCall()).toBe(true);
    writer.add(2, signal(2), new Uint8Array(8));
    expect(writer.mustCall()).toBe(false);
    takeAll(reader, 1);
    expect(reader.sleep()).toBe(false);
    takeAll(reader);
    expect(reader.sleep()).toBe(true);
    writer.add(3, signal(3), new Uint8Array(8));
    expect(writer.mustCall()).toBe(true);
  });
});
