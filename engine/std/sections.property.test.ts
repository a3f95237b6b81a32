import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CodedError } from "./errors.ts";
import {
  SECTIONS_BYTES_MAX,
  bytesOfNumbers,
  decodeSections,
  encodeSections,
  numbersOfBytes,
} from "./sections.ts";

const sections = fc
  .array(fc.tuple(fc.string({ maxLength: 40 }), fc.uint8Array()), {
    maxLength: 8,
  })
  .map((entries) => new Map(entries));

describe("sections", () => {
  it("give back what they were given", () => {
    fc.assert(
      fc.property(sections, (given) => {
        expect(decodeSections(encodeSections(given))).toEqual(given);
      }),
      { numRuns: 50 },
    );
  });

  it("keep numbers to the bit", () => {
    fc.assert(
      fc.property(fc.array(fc.double()), (numbers) => {
        expect([...numbersOfBytes(bytesOfNumbers(numbers))]).toEqual(numbers);
      }),
      { numRuns: 50 },
    );
  });

  it("refuse what was damaged, cut or written by another version, with a code", () => {
    const good = encodeSections(
      new Map([["bars", Uint8Array.from({ length: 40 }, (_, i) => i)]]),
    );
    fc.assert(
      fc.property(
        fc.nat(good.length - 1),
        fc.integer({ min: 1, max: 255 }),
        fc.nat(good.length - 1),
        (at, flip, length) => {
          const damaged = good.slice();
          damaged[at]! ^= flip;
          for (const bytes of [damaged, good.slice(0, length)])
            expect(() => decodeSections(bytes)).toThrow(CodedError);
        },
      ),
      { numRuns: 100 },
    );
    const foreign = good.slice();
    foreign[4] = 2;
    expect(() => decodeSections(foreign)).toThrow("version");
    expect(() =>
      decodeSections(new Uint8Array(SECTIONS_BYTES_MAX + 1)),
    ).toThrow("E_DEP_STORE");
  });
});
