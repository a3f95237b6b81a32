import { describe, expect, it } from "vitest";
import { symbolId, type SymbolId } from "../domain/symbol.ts";
import type { TapeRecord } from "../feeds/tape-record.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { PartStates } from "./part-states.ts";

const symbolOf = (i: number): SymbolId => symbolId(`S${i}.TEST`);

const setUp = (symbols: number) => {
  const standing = new Map<SymbolId, number | "behind" | "void">(
    Array.from({ length: symbols }, (_, i) => [symbolOf(i), 1_000 - i]),
  );
  const told: string[] = [];
  const tape = { room: Infinity };
  const looks = { count: 0 };
  const states = new PartStates(
    () => ({
      state: ({ subject }) => {
        if (told.length >= tape.room) return false;
        told.push(subject);
        return true;
      },
    }),
    () => ({
      symbols: () => [...standing.keys()],
      standing: (symbol) => {
        looks.count++;
        return standing.get(symbol) ?? "void";
      },
      recordsOf: (symbol): TapeRecord[] => [
        {
          subject: symbol,
          payload: new Uint8Array(),
          receivedUs: unixMicros(1),
          receivedNs: monoNanos(1),
        },
      ],
    }),
  );
  return { standing, told, tape, states, looks };
};

describe("the states at the beginning of a part", () => {
  it("come in order of time, the quietest first, and no more at once than the engine may wait for", () => {
    const { states, told } = setUp(40);
    states.tell();
    expect(told).toEqual([]);
    states.begin();
    expect(told).toEqual(
      Array.from({ length: 16 }, (_, i) => symbolOf(39 - i)),
    );
    states.tell();
    expect(told).toHaveLength(16);
    for (let i = 0; i < 40; i++) states.moved(symbolOf(i));
    for (let steps = 0; steps < 12; steps++) states.tell();
    expect(told).toHaveLength(40);
    expect(new Set(told).size).toBe(40);
    states.moved(symbolOf(3));
    states.tell();
    expect(told).toHaveLength(40);
  });

  it("wait for an actor that has not taken all that was recorded, and for a book that is void", () => {
    const { states, told, standing } = setUp(2);
    const [behind, voided] = [symbolOf(0), symbolOf(1)];
    standing.set(behind, "behind").set(voided, "void");
    states.begin();
    states.moved(behind);
    states.moved(voided);
    states.tell();
    expect(told).toEqual([]);
    standing.set(behind, 5).set(voided, 6);
    states.tell();
    expect(told).toEqual([behind]);
    states.moved(voided);
    states.tell();
    expect(told).toEqual([behind, voided]);
  });

  it("are looked for at a few symbols a step, each in its turn, while the actors are behind with all", () => {
    const { states, told, standing, looks } = setUp(1_000);
    for (const symbol of standing.keys()) standing.set(symbol, "behind");
    states.begin();
    for (const symbol of standing.keys()) states.moved(symbol);
    looks.count = 0;
    states.tell();
    expect(looks.count).toBeLessThanOrEqual(8);
    // The last in line has caught up: it is not passed over for those that have not.
    const caughtUp = symbolOf(999);
    standing.set(caughtUp, 5);
    for (let steps = 0; steps < 125; steps++) states.tell();
    expect(told).toEqual([caughtUp]);
    expect(looks.count).toBeLessThanOrEqual(8 * 126);
  });

  it("are told after a later event where the tape has no room, and all anew in the next part", () => {
    const { states, told, tape } = setUp(3);
    tape.room = 1;
    states.begin();
    expect(told).toHaveLength(1);
    tape.room = Infinity;
    for (let i = 0; i < 3; i++) states.moved(symbolOf(i));
    states.tell();
    expect(new Set(told).size).toBe(3);
    states.begin();
    expect(told).toHaveLength(6);
  });

  it("are none before the actors are there", () => {
    const states = new PartStates(
      () => {
        throw new Error("no tape");
      },
      () => undefined,
    );
    states.begin();
    states.moved(symbolOf(0));
    states.tell();
  });
});
