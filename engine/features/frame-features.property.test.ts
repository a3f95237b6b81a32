import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { BAR_INPUTS } from "./bar-inputs.ts";
import { FrameFeatures } from "./frame-features.ts";
import { FRAMES_SET } from "./frames-set.ts";

const price = fc.oneof(
  fc.constant(100),
  fc.double({ min: 1e-6, max: 1e6, noNaN: true }),
);
/** Volumes, depths and contracts: none, unknown, or any. */
const size = fc.oneof(
  fc.constantFrom(NaN, 0),
  fc.double({ min: 1e-9, max: 1e9, noNaN: true }),
);
const row = fc
  .record({
    close: price,
    volume: size,
    isReal: fc.constantFrom(0, 1),
    buyVolume: size,
    sellVolume: size,
    bidDepth5: size,
    askDepth5: size,
    openInterest: size,
  })
  .map((drawn) => {
    const { close } = drawn;
    const whole = { ...drawn, open: close, high: close, low: close };
    return Float64Array.from(
      BAR_INPUTS,
      (name) => (whole as Partial<Record<string, number>>)[name] ?? NaN,
    );
  });
/** Each drawn row stands for some minutes, so that frames of hours close. */
const rows = fc.array(fc.tuple(row, fc.integer({ min: 1, max: 30 })), {
  minLength: 1,
  maxLength: 100,
});

const minutesOf = (drawn: readonly (readonly [Float64Array, number])[]) =>
  drawn.flatMap(([inputs, minutes]) =>
    Array.from({ length: minutes }, () => inputs),
  );

describe("frames of any rows", () => {
  it("say what is finite or missing", () => {
    fc.assert(
      fc.property(rows, (drawn) => {
        const frames = new FrameFeatures();
        minutesOf(drawn).forEach((inputs, minute) => {
          frames.push(minute, inputs);
          const wild = FRAMES_SET.features.filter(
            (_, i) => Math.abs(frames.values[i]!) === Infinity,
          );
          expect(wild.map(({ name }) => name)).toEqual([]);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("go on to the bit from a snapshot taken anywhere", () => {
    fc.assert(
      fc.property(rows, fc.nat(500), (drawn, cut) => {
        const whole = new FrameFeatures();
        let resumed: FrameFeatures | undefined;
        minutesOf(drawn).forEach((inputs, minute) => {
          if (minute === cut) {
            resumed = new FrameFeatures();
            resumed.restore(whole.snapshot());
          }
          whole.push(minute, inputs);
          if (resumed === undefined) return;
          resumed.push(minute, inputs);
          expect(
            resumed.values.every((value, i) =>
              Object.is(value, whole.values[i]),
            ),
          ).toBe(true);
        });
      }),
      { numRuns: 30 },
    );
  });

  it("count the silence from before a snapshot", () => {
    const random = new Random("silence");
    const traded = 800;
    const minuteRow = (minute: number): Float64Array => {
      const isReal = minute < traded ? 1 : 0;
      const close = isReal === 1 ? 100 + random.normal() : 100;
      const bar: Partial<Record<string, number>> = {
        open: close,
        high: close,
        low: close,
        close,
        volume: 1,
        isReal,
      };
      return Float64Array.from(BAR_INPUTS, (name) => bar[name] ?? NaN);
    };
    const whole = new FrameFeatures();
    for (let i = 0; i < traded + 1; i++) whole.push(i, minuteRow(i));
    const net = FRAMES_SET.features.findIndex(
      ({ name }) => name === "frames_net",
    );
    // Quarters of an hour count for a minute of silence, and not for two.
    expect(whole.values[net]).not.toBeNaN();
    const resumed = new FrameFeatures();
    resumed.restore(whole.snapshot());
    resumed.push(traded + 1, minuteRow(traded + 1));
    expect(resumed.values[net]).toBeNaN();
  });
});
