import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { SYMBOL, tradeAt } from "../../test/support/bar-samples.ts";
import type { Bar } from "../domain/market-event.ts";
import { parseBarKind } from "./bar-kind.ts";
import { BarSizeBuilder } from "./bar-size-builder.ts";

const builder = (
  kind: string,
  options: { overshoot?: "whole" | "split"; splitMax?: number } = {},
) => {
  const bars: Bar[] = [];
  const builds = new BarSizeBuilder(
    { symbol: SYMBOL, kind: parseBarKind(kind), ...options },
    (bar) => bars.push(bar),
  );
  return { bars, builds };
};

describe("bars of a size", () => {
  it("end after so many trades", () => {
    const { bars, builds } = builder("tick:3");
    for (const ms of [1, 2, 3, 4, 5, 6, 7])
      builds.onTrade(tradeAt(ms, 10 + ms));
    expect(bars).toEqual([
      expect.objectContaining({
        basis: "tick",
        basisSize: 3,
        intervalMs: 0,
        openUs: 1000,
        eventUs: 3000,
        open: 11,
        close: 13,
        trades: 3,
        closed: true,
      }),
      expect.objectContaining({ openUs: 4000, open: 14, close: 16 }),
    ]);
  });

  it("keep the trade that ends them whole", () => {
    const { bars, builds } = builder("volume:10");
    builds.onTrade(tradeAt(1, 5, 8));
    builds.onTrade(tradeAt(2, 6, 30));
    builds.onTrade(tradeAt(3, 7, 10));
    expect(bars.map(({ volume }) => volume)).toEqual([38, 10]);
  });

  it("are each exactly their size where trades are split", () => {
    const { bars, builds } = builder("volume:10", { overshoot: "split" });
    builds.onTrade(tradeAt(1, 5, 8, { side: "sell" }));
    builds.onTrade(tradeAt(2, 6, 30));
    builds.onTrade(tradeAt(3, 7, 2));
    expect(bars.map(({ volume }) => volume)).toEqual([10, 10, 10, 10]);
    expect(bars[0]).toMatchObject({ buyVolume: 2, sellVolume: 8, open: 5 });
    const opens = bars.map(({ openUs }) => openUs);
    expect(new Set(opens).size).toBe(opens.length);
  });

  it("end after so much money", () => {
    const { bars, builds } = builder("dollar:100");
    builds.onTrade(tradeAt(1, 10, 9));
    expect(bars).toHaveLength(0);
    builds.onTrade(tradeAt(2, 20, 0.5));
    expect(bars[0]).toMatchObject({ volume: 9.5, vwap: 100 / 9.5 });
  });

  it("are split no more often than their bound", () => {
    const { bars, builds } = builder("volume:1", {
      overshoot: "split",
      splitMax: 4,
    });
    builds.onTrade(tradeAt(1, 5, 1_000_000));
    expect(builds.capped).toBe(1);
    expect(bars).toHaveLength(5);
    expect(bars.reduce((sum, { volume }) => sum + volume, 0)).toBe(1_000_000);
  });

  it("lose no volume, whichever way trades are cut", () => {
    const size = fc.integer({ min: 1, max: 4000 }).map((n) => n / 64);
    fc.assert(
      fc.property(
        fc.array(size, { maxLength: 200 }),
        fc.constantFrom("tick:7", "volume:16", "dollar:320"),
        fc.constantFrom("whole" as const, "split" as const),
        (sizes, kind, overshoot) => {
          const { bars, builds } = builder(kind, { overshoot });
          let told = 0;
          sizes.forEach((size, i) => {
            told += size;
            builds.onTrade(tradeAt(i, 16, size));
          });
          const sum = bars.reduce((total, { volume }) => total + volume, 0);
          expect(sum).toBeLessThanOrEqual(told);
          const rest =
            kind === "tick:7" ? 7 * 63 : kind === "volume:16" ? 16 : 20;
          expect(told - sum).toBeLessThan(rest);
          if (overshoot === "split" && kind !== "tick:7")
            for (const { volume } of bars)
              expect(volume).toBe(kind === "volume:16" ? 16 : 20);
        },
      ),
    );
  });
});
