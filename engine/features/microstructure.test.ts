import { describe, expect, it } from "vitest";
import { microMarket } from "../../test/support/micro-market.ts";
import { SYMBOL } from "../../test/support/bar-samples.ts";
import type {
  BookSnapshot,
  MarketEvent,
  Side,
  Trade,
} from "../domain/market-event.ts";
import { OrderBook } from "../market/order-book.ts";
import { References } from "../market/references.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import type { LeadingMid } from "./micro-lead.ts";
import { Microstructure } from "./microstructure.ts";
import type { MicrostructureOptions } from "./microstructure.ts";
import { MICROSTRUCTURE_SET } from "./microstructure-set.ts";

const indexOf = (name: string): number => {
  const index = MICROSTRUCTURE_SET.features.findIndex(
    (feature) => feature.name === name,
  );
  if (index < 0) throw new Error(`no feature ${name}`);
  return index;
};

/** A set with the book that it looks at. */
class Stage {
  readonly features: Microstructure;
  readonly book = new OrderBook({ depthMax: 50 });
  ms = 0;
  #seq = 0;

  constructor(options: MicrostructureOptions = {}) {
    this.features = new Microstructure(options);
  }

  #head(ms: number) {
    this.ms = ms;
    return {
      symbol: SYMBOL,
      eventUs: unixMicros(ms * 1000),
      receivedUs: unixMicros(ms * 1000),
      receivedNs: monoNanos(ms * 1e6),
    };
  }

  /** Best bid, its size, best ask, its size, and so on by level. */
  at(ms: number, ...levels: number[]): this {
    const bids: number[] = [];
    const asks: number[] = [];
    for (let i = 0; i < levels.length; i += 4) {
      bids.push(levels[i]!, levels[i + 1]!);
      asks.push(levels[i + 2]!, levels[i + 3]!);
    }
    const event: BookSnapshot = {
      type: "bookSnapshot",
      ...this.#head(ms),
      seq: ++this.#seq,
      bids,
      asks,
    };
    this.book.applySnapshot(bids, asks, event.seq);
    this.features.onBook(this.book, event);
    return this;
  }

  lose(): this {
    this.features.onVoid();
    return this;
  }

  trade(ms: number, side: Side, size: number, price = 100): this {
    const trade: Trade = {
      type: "trade",
      ...this.#head(ms),
      tradeId: ms,
      price,
      size,
      side,
    };
    this.features.onTrade(trade);
    return this;
  }

  follow(events: readonly MarketEvent[]): this {
    for (const event of events) {
      this.ms = event.receivedNs / 1e6;
      if (event.type === "bookSnapshot") {
        this.book.applySnapshot(event.bids, event.asks, event.seq);
        this.features.onBook(this.book, event);
      } else if (event.type === "trade") this.features.onTrade(event);
      else this.features.onVoid();
    }
    return this;
  }

  write(ms = this.ms): Float64Array {
    return this.features.write(this.book, { receivedNs: monoNanos(ms * 1e6) });
  }

  value(name: string, ms = this.ms): number {
    return this.write(ms)[indexOf(name)]!;
  }
}

describe("microstructure features", () => {
  it("are as many as are declared, under a hash that names them", () => {
    expect(new Stage().features.values).toHaveLength(
      MICROSTRUCTURE_SET.features.length,
    );
    expect(MICROSTRUCTURE_SET.features).toHaveLength(59);
    expect(MICROSTRUCTURE_SET.hash).toMatch(/^[0-9a-f]{64}$/);
  });

  it("are missing until they are warm, and while the book is void", () => {
    const stage = new Stage().at(1000, 99, 4, 101, 6);
    const values = stage.write();
    MICROSTRUCTURE_SET.features.forEach(({ name, warmUp }, i) => {
      if (warmUp.unit === "ms") expect(values[i], name).toBeNaN();
    });
    expect(stage.value("queueImbalance")).toBeCloseTo(-0.2, 15);
    stage.features.onVoid();
    expect(stage.write().every(Number.isNaN)).toBe(true);
  });

  it("are as old as their first book, whatever was traded before it", () => {
    const late = new Stage();
    expect(late.write(500).every(Number.isNaN)).toBe(true);
    for (let s = 1; s <= 70; s++) late.trade(s * 1000, "buy", 50);
    expect(late.features.isWarm).toBe(false);
    late.at(71_000, 99, 4, 101, 6);
    const first = late.write();
    expect(late.features.isWarm).toBe(false);
    MICROSTRUCTURE_SET.features.forEach(({ name, warmUp }, i) => {
      if (warmUp.unit === "ms" || warmUp.count > 1)
        expect(first[i], name).toBeNaN();
      else expect(first[i], name).not.toBeNaN();
    });
    const alone = new Stage().at(71_000, 99, 4, 101, 6);
    const events = microMarket({
      seed: 11,
      events: 8000,
      meanGapMs: 50,
      startMs: 71_100,
    });
    for (let i = 0; i < events.length; i++) {
      late.follow([events[i]!]);
      alone.follow([events[i]!]);
      if (i % 500 === 0) expect(late.write()).toEqual(alone.write());
    }
    expect(alone.value("vpin")).not.toBeNaN();
    expect(alone.features.isWarm).toBe(true);
  });

  it("follow order flow level by level", () => {
    const stage = new Stage()
      .at(0, 99, 4, 101, 6, 98, 1, 102, 1)
      .at(1000, 99, 7, 101, 6, 98, 1, 102, 3);
    // Level 1: the bid gained 3; level 2: the ask gained 2.
    const level1 = stage.value("ofiLevel1");
    const level2 = stage.value("ofiLevel2");
    expect(level1 / level2).toBeCloseTo(-1.5, 12);
    // mean30[L] of what stood for the second: (4 + 6 + 1 + 1) / 20.
    expect(level1).toBeCloseTo(3 / 0.6, 12);
    expect(stage.value("ofi10Over1S")).toBeCloseTo(1 / 6, 12);
    expect(stage.value("ofiLevel1", 2000)).toBeCloseTo(
      (3 * Math.exp(-1)) /
        ((0.6 * (Math.exp(-1 / 30) - Math.exp(-2 / 30)) +
          0.85 * -Math.expm1(-1 / 30)) /
          -Math.expm1(-2 / 30)),
      12,
    );
  });

  it("read the microprice from its table", () => {
    const stage = new Stage().at(0, 99, 9, 101, 3);
    // First order: half the imbalance of 0.5, in spreads of 2 at 100.
    expect(stage.value("microprice")).toBeCloseTo(0.25 * 2 * 100, 10);
    const flat = new Stage({
      constants: Object.fromEntries(
        Object.keys(MICROSTRUCTURE_SET.constants).map((name) => [name, 0.1]),
      ),
    }).at(0, 99, 9, 101, 3);
    expect(flat.value("microprice")).toBeCloseTo(0.1 * 2 * 100, 10);
  });

  it("tell which side trades, and how much more than usual", () => {
    const stage = new Stage().at(0, 99, 10, 101, 10);
    for (let i = 1; i <= 50; i++) stage.trade(5000 + i, "buy", 2, 101);
    expect(stage.value("tradeFlow5S")).toBeGreaterThan(0.9);
    expect(stage.value("intensityImbalance1S")).toBeGreaterThan(0.9);
    expect(stage.value("tradeClustering")).toBeGreaterThan(1);
    stage.trade(9000, "sell", 1000, 99);
    expect(stage.value("tradeFlow1S")).toBeLessThan(-0.8);
  });

  it("forget a burst of a thousand trades when they say that they are settled", () => {
    for (const name of [
      "intensityImbalance100Ms",
      "intensityImbalance1S",
      "intensityImbalance5S",
      "tradeClustering",
    ]) {
      const burst = new Stage().at(1000, 99, 10, 101, 10);
      for (let i = 0; i < 1000; i++) burst.trade(1000, "buy", 1, 101);
      const { settled } = MICROSTRUCTURE_SET.features[indexOf(name)]!;
      const after = 1000 + settled.count;
      const forgotten = new Stage().at(1000, 99, 10, 101, 10);
      const left = burst.value(name, after) - forgotten.value(name, after);
      expect(Math.abs(left), name).toBeLessThan(1e-6);
    }
  });

  it("find one-sided buckets toxic", () => {
    const oneSided = new Stage();
    const mixed = new Stage();
    for (let s = 0; s < 400; s++) {
      for (const stage of [oneSided, mixed]) stage.at(s * 1000, 99, 5, 101, 5);
      oneSided.trade(s * 1000 + 500, "sell", 4, 99);
      mixed.trade(s * 1000 + 250, "sell", 2, 99);
      mixed.trade(s * 1000 + 500, "buy", 2, 101);
    }
    expect(oneSided.value("vpin")).toBeCloseTo(1, 9);
    expect(oneSided.value("vpinSigned")).toBeCloseTo(-1, 9);
    expect(mixed.value("vpin")).toBeLessThan(0.4);
  });

  it("part jumps from variation", () => {
    const jump = new Stage();
    const steady = new Stage();
    for (let s = 0; s < 310; s++) {
      const wave = s % 2 === 0 ? 0 : 0.01;
      steady.at(s * 1000 + 1, 99 + wave, 5, 101 + wave, 5);
      const level = wave / 1000 + (s > 280 ? 1 : 0);
      jump.at(s * 1000 + 1, 99 + level, 5, 101 + level, 5);
    }
    expect(steady.value("realizedVolatility60S")).toBeCloseTo(1, 2);
    expect(steady.value("jumpShare60S")).toBe(0);
    expect(steady.value("downsideShare60S")).toBeCloseTo(0.5, 2);
    expect(jump.value("jumpShare60S")).toBeGreaterThan(0.99);
    expect(jump.value("jumpShare300S")).toBeGreaterThan(0.99);
    expect(jump.value("volatilityRatio")).toBeCloseTo(Math.log(5) / 2, 2);
  });

  it("multiply no moves on both sides of a gap", () => {
    const together = new Stage();
    const apart = new Stage();
    for (let s = 0; s < 70; s++) {
      const moved = s >= 66 ? 2 : s >= 65 ? 1 : 0;
      together.at(s * 1000 + 1, 99 + moved, 5, 101 + moved, 5);
      // Its moves are in the last second before the gap and in the first after it.
      const ms = s >= 66 ? 5000 : 0;
      if (s === 66)
        apart.at(66_001, 100, 5, 102, 5).lose().at(70_001, 100, 5, 102, 5);
      apart.at(s * 1000 + ms + 1, 99 + moved, 5, 101 + moved, 5);
    }
    const name = "realizedVolatility60S";
    expect(apart.value(name)).toBeCloseTo(together.value(name), 12);
    expect(together.value("bipowerVolatility60S")).toBeGreaterThan(10);
    expect(apart.value("bipowerVolatility60S")).toBe(0);
    expect(apart.value("jumpShare60S")).toBe(1);
  });

  it("tell what a trade pays and what is left of it five seconds later", () => {
    const stage = new Stage().at(0, 99, 5, 101, 5);
    stage.at(30_000, 99, 5, 101, 5).trade(30_010, "buy", 1, 101);
    expect(stage.value("effectiveSpread")).toBeCloseTo(200, 9);
    expect(stage.value("realizedSpread5S")).toBeNaN();
    stage.at(31_000, 100, 5, 102, 5);
    expect(stage.value("realizedSpread5S", 35_200)).toBeCloseTo(0, 9);
  });

  it("know how long a wide spread lasts", () => {
    const lasting = new Stage();
    const fleeting = new Stage();
    for (let s = 0; s < 330; s++) {
      const slow = Math.floor(s / 20) % 2;
      lasting.at(s * 1000 + 1, 99, 5, 101 + slow, 5);
      fleeting.at(s * 1000 + 1, 99, 5, 101 + (s % 2), 5);
    }
    expect(lasting.value("spreadPersistence")).toBeGreaterThan(0.8);
    expect(fleeting.value("spreadPersistence")).toBeLessThan(-0.9);
    expect(lasting.value("depthPersistence")).toBeNaN();
  });

  it("follow the symbol that leads, and miss it where there is none", () => {
    const reference = new References([SYMBOL]).of(SYMBOL)!;
    const stage = new Stage({ leading: reference satisfies LeadingMid });
    const alone = new Stage();
    let seed = 7;
    let before = 0;
    for (let s = 0; s < 400; s++) {
      seed = (seed * 1103515245 + 12345) % 2147483648;
      const move = (seed % 21) - 10;
      reference.moved(1000 + move / 10, 1, monoNanos(s * 1e9 + 5e8));
      const own = before / 100;
      before = move;
      stage.at(s * 1000 + 600, 99 + own, 5, 101 + own, 5);
      alone.at(s * 1000 + 600, 99 + own, 5, 101 + own, 5);
    }
    // Each of the leader's moves is this symbol's a second later.
    expect(stage.value("leaderLead")).toBeGreaterThan(0.7);
    expect(stage.value("leaderReturn1S")).not.toBeNaN();
    for (const name of ["leaderBeta", "leaderReturn1S", "leaderGap1S"])
      expect(alone.value(name)).toBeNaN();
    expect(
      alone.features.ageMs(indexOf("leaderBeta"), {
        receivedNs: monoNanos(4e11),
      }),
    ).toBe(Infinity);
  });

  it("compare with the leading symbol from the first second and from the first after a loss of the book", () => {
    const reference = new References([SYMBOL]).of(SYMBOL)!;
    const stage = new Stage({ leading: reference });
    for (let s = 1; s <= 310; s++) {
      // Nothing moves but in the first second, and later in the first after a gap.
      const moved = s >= 150 ? 2 : s >= 2 ? 1 : 0;
      if (s === 148) stage.features.onVoid();
      reference.moved(1000 + moved, 1, monoNanos(s * 1e9 - 7e8));
      if (s < 148 || s > 148)
        stage.at(s * 1000 - 500, 99 + moved, 5, 101 + moved, 5);
    }
    expect(stage.value("leaderCorrelation")).toBeCloseTo(1, 3);
    // Of the two moves, about even.
    const betas = [
      Math.log(101 / 100) / Math.log(1001 / 1000),
      Math.log(102 / 101) / Math.log(1002 / 1001),
    ] as const;
    expect(stage.value("leaderBeta")).toBeLessThan(betas[0] - 0.01);
    expect(stage.value("leaderBeta")).toBeGreaterThan(betas[1] + 0.01);
  });

  it("say how old their inputs are", () => {
    const stage = new Stage().at(1000, 99, 5, 101, 5).trade(3000, "buy", 1);
    const now = monoNanos(4e9);
    expect(
      stage.features.ageMs(indexOf("queueImbalance"), { receivedNs: now }),
    ).toBe(3000);
    expect(stage.features.ageMs(indexOf("vpin"), { receivedNs: now })).toBe(
      1000,
    );
  });

  it("count events told late as of now", () => {
    const events = microMarket({ seed: 3, events: 2000, meanGapMs: 40 });
    const late = events.map((event, i) =>
      i % 10 === 5
        ? { ...event, receivedNs: monoNanos(event.receivedNs - 5e9) }
        : event,
    );
    const values = new Stage().follow(late).write();
    expect(values[indexOf("queueImbalance1S")]).not.toBeNaN();
  });

  it("are all known on a market that trades", () => {
    const reference = new References([SYMBOL]).of(SYMBOL)!;
    const stage = new Stage({ leading: reference });
    const events = microMarket({ seed: 5, events: 40_000, meanGapMs: 20 });
    for (const event of events) {
      reference.moved(
        2000 + Math.sin(event.receivedNs / 3e9),
        1,
        event.receivedNs,
      );
      stage.follow([event]);
    }
    const values = stage.write();
    const missing = MICROSTRUCTURE_SET.features.filter((_, i) =>
      Number.isNaN(values[i]),
    );
    expect(missing.map(({ name }) => name)).toEqual([]);
  });
});
