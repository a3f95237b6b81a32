import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { RingBuffer } from "./ring-buffer.ts";

type Step = { push: number } | "shift" | "clear";

describe("RingBuffer", () => {
  it("behaves as an array with a bound", () => {
    const steps = fc.array(
      fc.oneof(
        { weight: 5, arbitrary: fc.record({ push: fc.integer() }) },
        { weight: 3, arbitrary: fc.constant<Step>("shift") },
        { weight: 1, arbitrary: fc.constant<Step>("clear") },
      ),
    );
    fc.assert(
      fc.property(fc.integer({ min: 1, max: 8 }), steps, (capacity, run) => {
        const ring = new RingBuffer<number>(capacity);
        let model: number[] = [];
        for (const step of run) {
          if (step === "shift") expect(ring.shift()).toBe(model.shift());
          else if (step === "clear") {
            ring.clear();
            model = [];
          } else {
            expect(ring.push(step.push)).toBe(model.length < capacity);
            if (model.length < capacity) model.push(step.push);
          }
          expect([...ring]).toEqual(model);
          expect(ring.isFull).toBe(model.length === capacity);
          expect(ring.peek()).toBe(model[0]);
          expect(ring.at(model.length - 1)).toBe(model.at(-1));
        }
      }),
    );
  });

  it("replaces in place and refuses to replace outside", () => {
    const ring = new RingBuffer<string>(2);
    ring.push("a");
    ring.push("b");
    ring.shift();
    ring.push("c");
    ring.replace(1, "d");
    expect([...ring]).toEqual(["b", "d"]);
    expect(() => ring.replace(2, "e")).toThrow("inside the ring");
  });
});
