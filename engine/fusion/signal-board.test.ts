import { describe, expect, it } from "vitest";
import type { Signal } from "../domain/signal.ts";
import { symbolId } from "../domain/symbol.ts";
import { SignalBoard } from "./signal-board.ts";

const signal = (symbol: string, seq: number): Signal =>
  ({ symbol: symbolId(symbol), seq }) as Signal;

describe("the signal board", () => {
  it("keeps the latest signal of each symbol", () => {
    const board = new SignalBoard(10);
    board.publish(signal("AAA.X1", 1));
    board.publish(signal("BBB.X1", 1));
    board.publish(signal("AAA.X1", 2));
    expect(board.latest(symbolId("AAA.X1"))?.seq).toBe(2);
    expect(board.symbols()).toEqual(["AAA.X1", "BBB.X1"]);
    expect(board.latest(symbolId("CCC.X1"))).toBeUndefined();
  });

  it("is bounded: the symbol first seen makes room", () => {
    const board = new SignalBoard(2);
    board.publish(signal("AAA.X1", 1));
    board.publish(signal("BBB.X1", 1));
    board.publish(signal("CCC.X1", 1));
    expect(board.symbols()).toEqual(["BBB.X1", "CCC.X1"]);
  });
});
