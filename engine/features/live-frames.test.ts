import { beforeEach, describe, expect, it } from "vitest";
import { SYMBOL, barAt, timeAt } from "../../test/support/bar-samples.ts";
import { OrderBook } from "../market/order-book.ts";
import { Random } from "../std/random.ts";
import type { EventFeatures } from "./event-features.ts";
import { createEventFeatures } from "./feature-sets.ts";
import { FRAMES_SET } from "./frames-set.ts";

const MINUTE = 60_000;

describe("the frames of a symbol that trades", () => {
  let frames: EventFeatures;
  let random: Random;
  let minutes: number;
  beforeEach(() => {
    frames = createEventFeatures(FRAMES_SET);
    random = new Random("live frames");
    minutes = 0;
  });

  const at = (name: string): number =>
    FRAMES_SET.features.findIndex((feature) => feature.name === name);
  const value = (name: string): number => frames.values[at(name)]!;
  const minute = (): void => {
    const close = 100 + random.normal();
    frames.onBar(
      barAt(minutes++ * MINUTE, close, { buyVolume: 0.8, sellVolume: 0.2 }),
    );
  };
  const interest = (ms: number): void =>
    frames.onOpenInterest?.({
      type: "openInterest",
      symbol: SYMBOL,
      ...timeAt(ms),
      openInterest: 1000 + random.int(100),
    });
  const book = (ms: number): void => {
    const levels = { bids: [99, 3], asks: [101, 1] };
    const made = new OrderBook({ depthMax: 5 });
    made.applySnapshot(levels.bids, levels.asks, 1);
    frames.onBook(made, {
      type: "bookSnapshot",
      symbol: SYMBOL,
      ...timeAt(ms),
      seq: 1,
      ...levels,
    });
  };

  it("read its book, its takers and its open interest at each minute's close", () => {
    for (let i = 0; i < 60; i++) {
      book((minutes + 0.5) * MINUTE);
      interest((minutes + 0.5) * MINUTE);
      minute();
    }
    expect(value("obi_m1")).toBe(0.5);
    expect(value("vpin_m1")).toBeCloseTo(0.6, 12);
    expect(Math.abs(value("oi_pressure_m1"))).toBeGreaterThan(0);
    const now = timeAt(minutes * MINUTE + 1000);
    expect(frames.ageMs(at("oi_pressure_m1"), now)).toBe(31_000);
    expect(frames.ageMs(at("obi_m1"), now)).toBe(31_000);
    expect(frames.ageMs(at("score_m1"), now)).toBe(1000);
  });

  it("know nothing of open interest that is older than two minutes, nor of a lost book", () => {
    for (let i = 0; i < 60; i++) {
      book((minutes + 0.5) * MINUTE);
      interest((minutes + 0.5) * MINUTE);
      minute();
    }
    frames.onVoid();
    minute();
    expect(value("obi_m1")).toBeNaN();
    expect(value("oi_pressure_m1")).not.toBeNaN();
    minute();
    expect(value("oi_pressure_m1")).toBeNaN();
    expect(value("score_m1")).not.toBeNaN();
  });
});
