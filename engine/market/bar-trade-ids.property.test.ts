import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { BarTradeIds } from "./bar-trade-ids.ts";

describe("trade ids", () => {
  it("know each of the latest, whatever the ids look like", () => {
    const id = fc.oneof(
      fc.integer({ min: 1, max: 40 }),
      fc.maxSafeNat().map((value) => Math.max(1, value)),
    );
    fc.assert(
      fc.property(
        fc.integer({ min: 1, max: 16 }),
        fc.array(id, { maxLength: 300 }),
        (idsMax, drawn) => {
          const ids = new BarTradeIds(idsMax);
          const latest: number[] = [];
          for (const tradeId of drawn) {
            const isNew = !latest.includes(tradeId);
            expect(ids.take({ tradeId })).toBe(isNew);
            if (!isNew) continue;
            latest.push(tradeId);
            if (latest.length > idsMax) latest.shift();
          }
        },
      ),
    );
  });

  it("take every trade of a venue that numbers none", () => {
    const ids = new BarTradeIds(4);
    expect([ids.take({ tradeId: 0 }), ids.take({ tradeId: 0 })]).toEqual([
      true,
      true,
    ]);
    expect(ids.duplicates).toBe(0);
  });
});
