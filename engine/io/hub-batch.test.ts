import { describe, expect, it } from "vitest";
import type { Signal } from "../domain/signal.ts";
import { BatchWriter, readBatch, type BatchEntry } from "./hub-batch.ts";

const signal = (emittedUs: number, state: string, name: string): Signal =>
  ({
    emittedUs,
    probability: 0.6,
    class: name,
    book: { state, bidPrice: 99, askPrice: 102 },
  }) as unknown as Signal;

const entriesOf = (buffer: ArrayBuffer): BatchEntry[] => {
  const entries: BatchEntry[] = [];
  readBatch(buffer, (entry) => entries.push(entry));
  return entries;
};

describe("a batch", () => {
  it("gives back what was put in, in order, whatever the lengths", () => {
    const writer = new BatchWriter();
    for (const length of [1, 7, 8, 9, 1000])
      writer.add(
        length,
        signal(1e15 + length, "LIVE", "BUY"),
        new Uint8Array(length).fill(length),
      );
    expect(writer.count).toBe(5);
    const entries = entriesOf(writer.take());
    expect(entries.map(({ symbolIndex }) => symbolIndex)).toEqual([
      1, 7, 8, 9, 1000,
    ]);
    for (const { symbolIndex, bytes, emittedUs } of entries) {
      expect([...bytes]).toEqual(
        Array.from({ length: symbolIndex }, () => symbolIndex % 256),
      );
      expect(emittedUs).toBe(1e15 + symbolIndex);
    }
    expect(writer.count).toBe(0);
    expect(writer.take().byteLength).toBe(0);
  });

  it("carries the gist, without a mid where the book is not live", () => {
    const writer = new BatchWriter();
    writer.add(0, signal(1, "LIVE", "STRONG_BUY"), new Uint8Array(1));
    writer.add(0, signal(2, "STALE", "HOLD"), new Uint8Array(1));
    const [live, stale] = entriesOf(writer.take());
    expect(live).toMatchObject({ mid: 100.5, probability: 0.6, classIndex: 4 });
    expect(stale).toMatchObject({ mid: NaN, classIndex: 2 });
  });
});
