import { describe, expect, it } from "vitest";
import type { FeatureVector } from "../engine/domain/feature.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { COMPACT_SET } from "../engine/features/compact-set.ts";
import type { DeclaredSet } from "../engine/features/feature-declaration.ts";
import { DIRECTION_SET } from "../engine/features/direction-set.ts";
import { FRAMES_SET } from "../engine/features/frames-set.ts";
import { GridFeatures } from "../engine/features/grid-features.ts";
import { NEWS_SET } from "../engine/features/news-windows.ts";
import type { Bar } from "../engine/domain/market-event.ts";
import type { ServedModel } from "../engine/ports.ts";
import { Random } from "../engine/std/random.ts";
import { unixMicros } from "../engine/std/time.ts";
import type { FollowedDerivative } from "./engine-actors.ts";
import { readOnnx } from "../models/onnx-file.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import { ActorStage, BTC, ETH } from "../test/support/actor-stage.ts";
import { RecordingTelemetry } from "../test/support/recording-telemetry.ts";
import { FINBERT, TREES } from "../test/support/fake-inference.ts";
import { buildTreeModel } from "../test/support/tree-build.ts";

const MINUTE_US = 60_000_000;
/** Spot has no funding: it looks at that of its perpetual. */
const ETH_PERP = symbolId("ETHUSDT-PERP.SIM");

const served = (set: DeclaredSet): ServedModel => ({
  ...TREES,
  name: set.name,
  featureSchemaHash: set.hash,
  ttlMs: 600_000,
});

const treesFor = (set: DeclaredSet): TreeEnsemble =>
  TreeEnsemble.fromOnnx(
    readOnnx(
      buildTreeModel(new Random(set.name), {
        trees: 5,
        leaves: 7,
        features: set.features.length,
        mode: "BRANCH_LEQ",
        missing: "none",
        kind: "regressorSigmoid",
      }),
    ),
  );

/** Symbols whose venue tells their minutes; each model is a tree ensemble of its set. */
class MinuteMarket {
  readonly stage: ActorStage;
  readonly telemetry = new RecordingTelemetry();
  /** The last vector that each model judged. */
  readonly judged = new Map<string, Float64Array>();
  readonly #random = new Random("minutes");

  constructor(
    sets: readonly DeclaredSet[],
    references: readonly SymbolId[],
    derivatives: readonly FollowedDerivative[] = [],
  ) {
    this.stage = new ActorStage({
      models: [...sets.map(served), FINBERT],
      engine: { references, derivatives },
      telemetry: this.telemetry,
    });
    const trees = new Map(sets.map((set) => [set.name, treesFor(set)]));
    this.stage.inference.judge = (features: FeatureVector, model) => {
      this.judged.set(model, features.slice());
      return trees.get(model)!.predict(features);
    };
    const { clock } = this.stage;
    clock.advanceMs(60_000 - ((clock.nowUs() / 1000) % 60_000));
  }

  /** A minute's bar of the symbol that ends now. */
  minute(symbol: SymbolId): Bar {
    const { clock } = this.stage;
    const nowUs = clock.nowUs();
    const close = 100 + this.#random.normal();
    return {
      type: "bar",
      symbol,
      eventUs: nowUs,
      receivedUs: nowUs,
      receivedNs: clock.nowNs(),
      intervalMs: 60_000,
      openUs: unixMicros(Math.floor(nowUs / MINUTE_US) * MINUTE_US - MINUTE_US),
      open: 100,
      high: 105,
      low: 95,
      close,
      volume: 1 + this.#random.int(9),
      vwap: 100,
      trades: 3,
      closed: true,
    };
  }

  funding(symbol: SymbolId, rate: number): void {
    this.stage.feed(
      this.stage.event(symbol, {
        type: "funding",
        rate,
        markPrice: 100,
        nextUs: unixMicros(0),
      }),
    );
  }

  /** Not the same again: that would be no sign of life. */
  book(...symbols: SymbolId[]): void {
    const { stage } = this;
    for (const symbol of symbols)
      for (const mid of [100.01, 100]) stage.feed(stage.snapshot(symbol, mid));
  }

  nextMinute(): void {
    this.stage.clock.advanceMs(60_000);
    this.stage.run();
  }

  health(symbol: SymbolId) {
    const { actors, clock } = this.stage;
    const now = { receivedNs: clock.nowNs(), receivedUs: clock.nowUs() };
    return actors.inspector.featureHealth(symbol, now);
  }

  /** What was said of the symbol's model last. */
  missing(symbol: SymbolId, model: string): string | undefined {
    return this.stage
      .of(symbol)
      .at(-1)
      ?.missing.find((one) => one.model === model)?.reason;
  }
}

describe("a model of the direction set", () => {
  const WARM = 1441;

  /** Both symbols' minutes, now one first and now the other. */
  const runMinutes = (
    market: MinuteMarket,
    grid: GridFeatures,
    minutes: number,
  ): void => {
    for (let i = 0; i < minutes; i++) {
      market.nextMinute();
      const leader = market.minute(BTC);
      const own = market.minute(ETH);
      if (i % 100 === 0) market.funding(ETH_PERP, i / 1e6);
      // What reads the book reads the latest.
      if (i + 2 > minutes) market.book(BTC, ETH);
      market.stage.feed(...(i % 2 === 0 ? [leader, own] : [own, leader]));
      grid.set("otherClose", leader.close);
      grid.set("fundingRate", (i - (i % 100)) / 1e6);
      for (const [name, value] of [
        ["bidPrice", 99.5],
        ["bidSize", 3],
        ["askPrice", 100.5],
        ["askSize", 2],
        ["bidDepth5", 8],
        ["askDepth5", 6],
      ] as const)
        grid.set(name, value);
      grid.onBar(own);
    }
  };

  it("judges what the leading symbol's minute, funding and book say, whoever's minute closes first; and nothing once they are stale", () => {
    const market = new MinuteMarket(
      [DIRECTION_SET],
      [BTC],
      [{ symbol: ETH, derivative: ETH_PERP }],
    );
    const grid = new GridFeatures({
      sets: [DIRECTION_SET],
      intervalMs: 60_000,
      fillMax: 1440,
    });
    market.book(BTC, ETH);
    runMinutes(market, grid, WARM - 1);
    market.book(ETH);
    expect(market.missing(ETH, "direction")).toBe("absent");
    runMinutes(market, grid, 3);
    market.stage.warm(ETH);
    expect(market.missing(ETH, "direction")).toBeUndefined();
    expect([...market.judged.get("direction")!]).toEqual([...grid.values]);
    expect([...grid.values].some(Number.isNaN)).toBe(false);
    // For the leading symbol itself nothing leads.
    market.stage.warm(BTC);
    expect(market.missing(BTC, "direction")).toBe("stale");
    const starved = (input: string): number =>
      market.telemetry.of(
        `fusewire_models_starved_total{model=direction,input=${input}}`,
      );
    const [turns, bookless] = [starved("otherBar"), starved("book")];
    expect(turns).toBeGreaterThan(0);
    expect(market.health(BTC)).toMatchObject([
      { set: "direction", staleInput: "otherBar" },
    ]);
    expect(market.health(ETH)).toEqual([
      { set: "direction", isWarm: true, staleInput: undefined, stale: [] },
    ]);

    const { clock } = market.stage;
    const beats = (ms: number): void => {
      for (let left = ms; left > 0; left -= 500) {
        market.stage.advanceMs(Math.min(500, left));
        market.stage.feed(market.stage.delta(ETH));
      }
    };
    const toMinute = (): void =>
      beats(60_000 - ((clock.nowUs() / 1000) % 60_000));
    const judged = () => [...market.judged.get("direction")!];
    toMinute();
    const before = judged();
    market.stage.feed(market.minute(ETH));
    beats(100);
    // It waits for the leading symbol's minute, which may still come; then the close before it stands for it.
    expect(judged()).toEqual(before);
    beats(5500);
    expect(market.missing(ETH, "direction")).toBeUndefined();
    expect(judged()).not.toEqual(before);
    expect(judged().some(Number.isNaN)).toBe(false);
    toMinute();
    market.stage.feed(market.minute(ETH));
    beats(5500);
    expect(market.missing(ETH, "direction")).toBe("stale");
    expect(
      market.stage
        .of(ETH)
        .at(-1)!
        .sources.map(({ model }) => model),
    ).not.toContain("direction");
    expect(starved("otherBar")).toBeGreaterThan(turns);
    expect(starved("book")).toBe(bookless);
    expect(market.health(ETH)).toMatchObject([
      { isWarm: true, staleInput: "otherBar", stale: { length: 4 } },
    ]);
    expect(
      market.telemetry.of(
        "fusewire_features_stale_total{set=direction,reads=bar+otherBar}",
      ),
    ).toBeGreaterThan(0);
    toMinute();
    market.stage.feed(market.minute(BTC), market.minute(ETH));
    beats(500);
    expect(market.missing(ETH, "direction")).toBeUndefined();
    expect(judged().some(Number.isNaN)).toBe(false);
  });
});

describe("models of news", () => {
  const hours = (n: number) => n * 3_600_000;

  it("judge a window of articles once it is over, as of when each verdict was known", () => {
    const market = new MinuteMarket([NEWS_SET, COMPACT_SET], []);
    const { stage } = market;
    const { clock } = stage;
    stage.warm(ETH);
    const toTheHourMs = hours(1) - ((clock.nowUs() / 1000) % hours(1));
    const news = (): Float64Array => {
      stage.warm(ETH);
      return market.judged.get("news")!;
    };
    const [average, count] = [1, 3];
    clock.advanceMs(toTheHourMs - 3_000);
    const tell = (id: string): void =>
      void stage.actors.router.onHeadline(stage.headline(id, id, ETH));
    tell("in the hour");
    tell("in the hour too");
    tell("known too late");
    stage.run();
    stage.inference.answer("finbert", 0.9, "positive");
    stage.inference.answer("finbert", 0.6, "neutral");
    stage.run();
    clock.advanceMs(3_000);
    stage.inference.answer("finbert", 0.05, "negative");
    stage.run();
    const first = news();
    expect(first[count]).toBe(2);
    expect(first[average]).toBeCloseTo((0.8 + 0.2) / 2, 12);
    clock.advanceMs(hours(1));
    expect(news()[count]).toBe(1);
    expect(news()[average]).toBeCloseTo(-0.9, 12);
    clock.advanceMs(hours(7));
    expect(news()[10]).toBe(0);
    expect(market.missing(ETH, "news")).toBeUndefined();
  });

  it("have the mood beside each minute that closes, and no mood is no news", () => {
    const market = new MinuteMarket([COMPACT_SET], []);
    const { stage } = market;
    market.book(ETH);
    const minutes = (n: number): void => {
      for (let i = 0; i < n; i++) {
        market.nextMinute();
        market.book(ETH);
        stage.feed(market.minute(ETH));
      }
      stage.warm(ETH);
    };
    minutes(30);
    expect(market.judged.get("compact")![0]).toBe(0);
    stage.actors.router.onHeadline(stage.headline("1", "good", ETH));
    stage.run();
    stage.inference.answer("finbert", 0.9, "positive");
    minutes(60);
    expect(market.judged.get("compact")![0]).toBeCloseTo(0.8, 12);
    expect(market.judged.get("compact")![1]).toBeCloseTo(0.8, 12);
    expect(market.missing(ETH, "compact")).toBeUndefined();
  });
});

describe("a model of bars alone", () => {
  it.each([3, 10, 100])(
    "awaits a minute that was heard after a stall of %i that no gap told",
    (stall) => {
      const market = new MinuteMarket([COMPACT_SET], []);
      const { stage } = market;
      /** Tens of seconds of book and trades. */
      const hear = (tens: number): void => {
        for (let i = 0; i < tens; i++) {
          stage.clock.advanceMs(10_000);
          market.book(ETH);
          stage.feed(stage.trade(ETH, 100 + (i % 3)));
        }
        stage.feed(stage.move(ETH, 100, 100.1));
        stage.run();
      };
      hear(60 * 6);
      expect(market.missing(ETH, "compact")).toBeUndefined();
      stage.clock.advanceMs(stall * 60_000);
      hear(1);
      expect(market.missing(ETH, "compact")).toBe("stale");
      hear(7);
      expect(market.missing(ETH, "compact")).toBeUndefined();
    },
  );
});

describe("a model of the frames", () => {
  it("is told of the open interest of the derivative that its symbol looks at", () => {
    const market = new MinuteMarket(
      [FRAMES_SET],
      [],
      [{ symbol: ETH, derivative: ETH_PERP }],
    );
    const { stage } = market;
    const minute = (openInterest?: number): void => {
      market.nextMinute();
      market.book(ETH);
      if (openInterest !== undefined)
        stage.feed(
          stage.event(ETH_PERP, { type: "openInterest", openInterest }),
        );
      stage.feed(market.minute(ETH));
      stage.warm(ETH);
    };
    const stale = () => market.health(ETH)[0]!.stale;
    minute();
    expect(stale()).toContain("oi_pressure_m1");
    expect(stale()).not.toContain("obi_m1");
    minute(1000);
    expect(stale()).not.toContain("oi_pressure_m1");
  });
});
