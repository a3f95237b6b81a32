import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { Instruments } from "./instruments.ts";

const BTC = symbolId("BTCUSDT.BINANCE");
const ETH = symbolId("ETHUSDT.BINANCE");
const of = (symbol: typeof BTC, tickSize: number) => ({
  symbol,
  tickSize,
  lotSize: 0.001,
});

describe("instruments", () => {
  it("hold what the configuration gives against what a venue tells", () => {
    const instruments = new Instruments([of(BTC, 0.1)]);
    instruments.learn(of(BTC, 0.5));
    instruments.learn(of(ETH, 0.01));
    instruments.learn(of(ETH, 0.02));
    expect(instruments.of(BTC)?.tickSize).toBe(0.1);
    expect(instruments.of(ETH)?.tickSize).toBe(0.02);
    expect(instruments.of(symbolId("X.BINANCE"))).toBeUndefined();
  });

  it("say what is news: not a grid told again, nor one that the configuration overrules", () => {
    const instruments = new Instruments([of(BTC, 0.1)]);
    expect(instruments.learn(of(BTC, 0.5))).toBe(false);
    expect(instruments.learn(of(ETH, 0.01))).toBe(true);
    expect(instruments.learn(of(ETH, 0.01))).toBe(false);
    expect(instruments.learn({ ...of(ETH, 0.01), lotSize: 1 })).toBe(true);
  });

  it("are bounded: the oldest word goes", () => {
    const instruments = new Instruments([], 2);
    for (const name of ["A", "B", "C"])
      instruments.learn(of(symbolId(`${name}.SIM`), 1));
    expect(instruments.of(symbolId("A.SIM"))).toBeUndefined();
    expect(instruments.of(symbolId("C.SIM"))).toBeDefined();
  });

  it.each([0, -1, Number.NaN, Infinity])("refuse a tick of %s", (tickSize) => {
    expect(() => new Instruments([of(BTC, tickSize)])).toThrow("E_INPUT_RANGE");
  });
});
