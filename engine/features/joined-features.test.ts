import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { OrderBook } from "../market/order-book.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { FeatureSet } from "./feature-set.ts";
import { JoinedFeatures } from "./joined-features.ts";
import { Microstructure } from "./microstructure.ts";

describe("joined features", () => {
  it("are the vectors of their parts, one after another", () => {
    const parts = [new FeatureSet(), new Microstructure()];
    const joined = new JoinedFeatures(parts);
    const book = new OrderBook({ depthMax: 10 });
    const [bids, asks] = [
      [100, 3],
      [101, 1],
    ];
    book.applySnapshot(bids, asks, 1);
    joined.onBook(book, {
      type: "bookSnapshot",
      symbol: symbolId("BTCUSDT.BINANCE"),
      eventUs: unixMicros(1),
      receivedUs: unixMicros(1),
      receivedNs: monoNanos(1),
      seq: 1,
      bids: bids,
      asks: asks,
    });
    const values = joined.write(book, { receivedNs: monoNanos(2) });
    expect(values).toHaveLength(joined.schema.features.length);
    expect([...values]).toEqual(parts.flatMap((part) => [...part.values]));
    expect(
      values[
        joined.schema.features.findIndex(({ name }) => name === "imbalance1")
      ],
    ).toBe(0.5);
    expect(joined.isWarm).toBe(false);
    joined.onVoid();
    expect(parts.every(({ isWarm }) => !isWarm)).toBe(true);
  });

  it("tell apart by its set a name that two sets have", () => {
    const { schema } = new JoinedFeatures([new FeatureSet(), new FeatureSet()]);
    expect(schema.features[0]!.name).toBe("spreadBps");
    expect(schema.features[36]!.name).toBe("market.spreadBps");
  });
});
