import { describe, expect, it } from "vitest";
import { unixMicros } from "../../engine/std/time.ts";
import { DEFAULT_DEAD_LETTERS, DeadLetters } from "./dead-letters.ts";

const at = unixMicros;

describe("dead letters", () => {
  it("store equal poison once, whenever it was received, and count it", () => {
    const letters = new DeadLetters();
    for (let i = 0; i < 3; i++)
      letters.add("a", "poison", { price: -1, receivedNs: i }, at(i));
    letters.add("a", "poison", { price: -2, receivedNs: 0 }, at(9));
    expect(letters.count).toBe(4);
    expect(letters.list()).toMatchObject([
      { text: "{price:-1}", count: 3, firstUs: 0, lastUs: 2 },
      { text: "{price:-2}", count: 1 },
    ]);
    expect(letters.list()[0]!.hash).not.toBe(letters.list()[1]!.hash);
  });

  it("push out the oldest kind at the bound", () => {
    const letters = new DeadLetters({ ...DEFAULT_DEAD_LETTERS, kindsMax: 2 });
    for (const text of ["1", "2", "3"]) letters.add("a", "poison", text, at(0));
    expect(letters.list().map((letter) => letter.text)).toEqual(['"2"', '"3"']);
    expect(letters.count).toBe(3);
  });

  it("keep a bounded text of anything, be it circular, binary or hostile", () => {
    const letters = new DeadLetters();
    const circle: Record<string, unknown> = {};
    circle["self"] = circle;
    const hostile = {
      get field(): never {
        throw new Error("no");
      },
    };
    for (const message of [
      circle,
      hostile,
      new Uint8Array(9),
      "x".repeat(10_000),
      Array.from({ length: 10_000 }, (_, i) => i),
      undefined,
      null,
      12n,
      Symbol("s"),
    ])
      letters.add("a", "poison", message, at(0));
    for (const letter of letters.list())
      expect(letter.text.length).toBeLessThanOrEqual(256);
    expect(letters.list()).toHaveLength(9);
  });
});
