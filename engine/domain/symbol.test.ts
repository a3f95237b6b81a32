import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { symbolId, symbolIdOf, tickerOf, venueOf } from "./symbol.ts";

describe("SymbolId", () => {
  it("splits into the parts that it was made of", () => {
    const id = symbolIdOf("ETHUSD_PERP", "BINANCE-COINM");
    expect(id).toBe("ETHUSD_PERP.BINANCE-COINM");
    expect([tickerOf(id), venueOf(id)]).toEqual([
      "ETHUSD_PERP",
      "BINANCE-COINM",
    ]);
  });

  it.each([
    "",
    "BTC",
    "btc.SIM",
    "BTC.",
    ".SIM",
    "B TC.SIM",
    "BTC.SIM.X",
    "*.SIM",
    "BTC.>",
    "X".repeat(65) + ".SIM",
    "BTC." + "X".repeat(33),
  ])("refuses %j", (text) => {
    expect(() => symbolId(text)).toThrow("E_SYMBOL_FORMAT");
  });

  it("never lets a subject wildcard or separator through", () => {
    fc.assert(
      fc.property(fc.string(), (text) => {
        try {
          expect(symbolId(text)).toMatch(/^[A-Z0-9=_-]+\.[A-Z0-9_-]+$/);
        } catch (error) {
          expect(String(error)).toContain("E_SYMBOL_FORMAT");
        }
      }),
    );
  });
});
