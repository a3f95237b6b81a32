import { describe, expect, it } from "vitest";
import * as fc from "fast-check";
import { monoNanos, unixMicros } from "../std/time.ts";
import { MARK, STEP } from "./journal-format.ts";
import { JournalReader } from "./journal-reader.ts";
import { JournalWriter } from "./journal-writer.ts";

const chunkOf = (writer: JournalWriter): Uint8Array => {
  const marks: Uint8Array[] = [];
  writer.take(1 << 20, (mark) => marks.push(mark) > 0);
  expect(marks.map((mark) => mark[0])).toEqual([MARK.journal]);
  return marks[0]!.subarray(1);
};

const readerOf = (write: (writer: JournalWriter) => void): JournalReader => {
  const writer = new JournalWriter();
  write(writer);
  const reader = new JournalReader();
  reader.load(chunkOf(writer));
  return reader;
};

describe("a journal", () => {
  it("gives back every reading to the bit, whatever the clocks do", () => {
    const time = fc.oneof(
      fc.maxSafeNat(),
      fc.nat(1_000_000_000),
      fc.double({ min: 0, max: 1e18, noNaN: true }),
    );
    fc.assert(
      fc.property(
        fc.array(fc.record({ clock: fc.constantFrom("ns", "us"), time })),
        (readings) => {
          const reader = readerOf((writer) => {
            writer.step(STEP.run);
            for (const { clock, time: at } of readings)
              if (clock === "ns") writer.nowNs(monoNanos(at));
              else writer.nowUs(unixMicros(at));
          });
          expect(reader.step()).toBe(STEP.run);
          for (const { clock, time: at } of readings)
            expect(clock === "ns" ? reader.nowNs() : reader.nowUs()).toBe(at);
          expect(reader.isAtEnd).toBe(true);
          expect(reader.divergence).toBeUndefined();
        },
      ),
    );
  });

  it("takes two or three bytes for a reading a few microseconds after the last", () => {
    const writer = new JournalWriter();
    writer.step(STEP.run);
    writer.nowNs(monoNanos(1e15));
    const before = writer.size;
    for (let i = 1; i <= 100; i++) writer.nowNs(monoNanos(1e15 + i * 5_000));
    expect((writer.size - before) / 100).toBeLessThan(3.01);
  });

  it("gives back what steps carry", () => {
    const bytes = Uint8Array.from({ length: 200_000 }, (_, i) => i % 251);
    const reader = readerOf((writer) => {
      writer.step(STEP.event);
      writer.signed(-3);
      writer.probability(0.1 + 0.2);
      writer.failure("E_MODEL_OUTPUT");
      writer.step(STEP.loaded);
      writer.number(2 ** 45 + 1);
      writer.bytes(bytes);
      writer.step(STEP.missed);
      writer.number(0);
      writer.json({ text: "größer", list: [1, null] });
    });
    expect(reader.step()).toBe(STEP.event);
    expect(reader.signed()).toBe(-3);
    expect(reader.probability()).toBe(0.1 + 0.2);
    expect(reader.probability()).toBe("E_MODEL_OUTPUT");
    expect(reader.step()).toBe(STEP.loaded);
    expect(reader.number()).toBe(2 ** 45 + 1);
    expect(Buffer.compare(reader.bytes(), bytes)).toBe(0);
    expect(reader.step()).toBe(STEP.missed);
    expect(reader.number()).toBe(0);
    expect(reader.json()).toEqual({ text: "größer", list: [1, null] });
    expect(reader.steps).toBe(3);
  });

  it("hands a long chunk out in parts", () => {
    const writer = new JournalWriter();
    writer.step(STEP.loaded);
    writer.number(1);
    writer.bytes(new Uint8Array(1_000));
    const marks: Uint8Array[] = [];
    writer.take(300, (mark) => marks.push(mark) > 0);
    expect(marks.map((mark) => mark[0])).toEqual([
      MARK.part,
      MARK.part,
      MARK.part,
      MARK.journal,
    ]);
    expect(marks.every((mark) => mark.length <= 300)).toBe(true);
    expect(writer.size).toBe(0);
  });

  it("notes the first reading that is not the next one, and goes on giving numbers", () => {
    const reader = readerOf((writer) => {
      writer.step(STEP.timer);
      writer.nowNs(monoNanos(5));
      writer.nowUs(unixMicros(7));
    });
    reader.step();
    reader.nowNs();
    expect(reader.nowNs()).toBe(5);
    expect(reader.nowUs()).toBe(0);
    expect(reader.divergence).toMatchObject({ code: "E_TAPE_DIVERGED" });
    expect(reader.divergence?.message).toContain(
      "step 1 (timer), reading 2: the wall clock was read, not the monotonic clock",
    );
  });

  it("says so where the recording read more, or no more", () => {
    const more = readerOf((writer) => {
      writer.step(STEP.run);
      writer.nowNs(monoNanos(5));
      writer.step(STEP.run);
    });
    more.step();
    expect(() => more.step()).toThrow(
      "step 1 (run), reading 0: the recording goes on with the monotonic clock",
    );
    const less = readerOf((writer) => writer.step(STEP.run));
    less.step();
    less.probability();
    expect(less.divergence?.message).toContain("had read no more");
  });

  it("never reads past a chunk that was cut", () => {
    const writer = new JournalWriter();
    writer.step(STEP.loaded);
    writer.number(1_000_000);
    writer.bytes(new Uint8Array(50));
    const chunk = chunkOf(writer);
    for (let length = 1; length < chunk.length; length++) {
      const reader = new JournalReader();
      reader.load(chunk.subarray(0, length));
      expect(reader.step()).toBe(STEP.loaded);
      expect(() => {
        reader.number();
        reader.bytes();
      }).toThrow("cut short");
    }
  });
});
