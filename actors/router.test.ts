import { describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import {
  ActorStage,
  BTC,
  ETH,
  MemoryStore,
} from "../test/support/actor-stage.ts";
import { FORECAST, TREES } from "../test/support/fake-inference.ts";

describe("the router", () => {
  it("spawns a symbol's actor on first sight", () => {
    const stage = new ActorStage();
    const { router, system } = stage.actors;
    stage.feed(stage.snapshot(BTC, 100));
    expect(router.symbols()).toEqual([BTC]);
    expect(system.lookup(`symbols/${BTC}`)).toBeDefined();
    stage.feed(stage.delta(BTC));
    expect(router.size).toBe(1);
  });

  it("refuses symbols past the limit with a code, and serves the others", () => {
    const stage = new ActorStage({ engine: { symbolsMax: 2 } });
    stage.feed(stage.snapshot(BTC, 100), stage.snapshot(ETH, 100));
    const third = symbolId("SOLUSDT.SIM");
    expect(stage.tell(stage.snapshot(third, 100))).toBe("refused");
    expect(() => stage.actors.router.admit(third)).toThrow("E_SYMBOL_LIMIT");
    expect(stage.tell(stage.delta(BTC))).toBe("queued");
  });

  it("passivates an idle symbol and spawns it again, counting its signals on", () => {
    const stage = new ActorStage({ symbol: { idleMs: 10_000 } });
    stage.warm(BTC);
    stage.advanceMs(13_000);
    expect(stage.actors.system.lookup(`symbols/${BTC}`)).toBeUndefined();
    const { seq, live } = stage.of(BTC).at(-1)!;
    expect(live).toBe(false);
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.of(BTC).at(-1)).toMatchObject({
      seq: seq + 1,
      book: { state: "LIVE" },
    });
  });

  it("brings a symbol back with the weights and bars that it left with", async () => {
    const stage = new ActorStage({
      models: [TREES, FORECAST],
      symbol: { idleMs: 10_000 },
    });
    stage.warm(BTC);
    await stage.settle();
    let mid = 100;
    for (let i = 0; i < 40; i++) {
      stage.feed(stage.move(BTC, mid, mid + 1), stage.trade(BTC, mid + 1));
      mid++;
      stage.advanceMs(250);
      while (stage.inference.pending > 0)
        stage.inference.answer(FORECAST.name, 0.6);
    }
    const { inspector, system } = stage.actors;
    // What is open when the book goes stale is void, and the rest has matured.
    stage.advanceMs(3_000);
    const before = inspector.weights(BTC)!;
    const leftNs = stage.clock.nowNs();
    expect(before[0]!.outcomes).toBeGreaterThan(5);
    stage.advanceMs(12_000);
    expect(system.lookup(`symbols/${BTC}`)).toBeUndefined();
    stage.inference.requests.length = 0;

    stage.feed(stage.snapshot(BTC, mid));
    await stage.settle();
    expect(stage.last).toMatchObject({ book: { state: "LIVE" } });
    // All that is lost is what fades by itself in the time between.
    const awayMs = (stage.clock.nowNs() - leftNs) / 1e6;
    const kept = 0.5 ** (awayMs / (6 * 3_600_000));
    inspector.weights(BTC)!.forEach(({ outcomes, alpha, beta }, i) => {
      expect(outcomes).toBe(before[i]!.outcomes);
      expect(alpha - 5).toBeCloseTo((before[i]!.alpha - 5) * kept, 9);
      expect(beta - 5).toBeCloseTo((before[i]!.beta - 5) * kept, 9);
    });

    // The first trade brings the bars from before back, with flat ones for the time away.
    stage.feed(stage.trade(BTC, mid + 5));
    const [away] = stage.inference.requests;
    expect(away).toMatchObject({ input: { kind: "bars", length: 4 } });
    stage.inference.answer(FORECAST.name, 0.6);
    for (let i = 0; i < 6 && stage.inference.pending === 0; i++) {
      stage.advanceMs(500);
      stage.feed(stage.delta(BTC));
    }
    const [, request] = stage.inference.requests;
    expect(request).toMatchObject({ input: { kind: "bars", length: 4 } });
    const input = request!.input as { values: Float32Array };
    // The bar that was open when the last trade came closed as it stood: its price goes on.
    const [flat] = input.values.subarray(12, 13);
    expect(flat).toBe(mid);
    expect([...input.values.subarray(12, 18)]).toEqual([
      flat,
      flat,
      flat,
      flat,
      0,
      flat,
    ]);
    expect(input.values[18]).toBe(mid + 5);
  });

  it("lets bars go that are too old, damaged or of a crash", async () => {
    const store = new MemoryStore();
    const windowOf = async (awayMs: number): Promise<number> => {
      const stage = new ActorStage({ models: [TREES, FORECAST], store });
      stage.clock.advanceMs(awayMs);
      stage.warm(BTC);
      await stage.settle();
      for (let i = 0; i < 2; i++) {
        stage.feed(stage.trade(BTC, 100), stage.delta(BTC));
        stage.advanceMs(1_000);
      }
      stage.feed(stage.delta(BTC));
      return stage.inference.requests.length;
    };
    const first = new ActorStage({ models: [TREES, FORECAST], store });
    first.warm(BTC);
    await first.settle();
    for (let i = 0; i < 12; i++) {
      first.feed(first.trade(BTC, 100), first.delta(BTC));
      first.advanceMs(500);
    }
    first.actors.system.drain();
    const kept = store.values.get(`bars/${BTC}`)!;
    expect(await windowOf(20_000)).toBeGreaterThan(0);
    store.values.set(`bars/${BTC}`, kept);
    expect(await windowOf(700_000)).toBe(0);
    store.values.set(`bars/${BTC}`, kept.subarray(0, kept.length - 3));
    expect(await windowOf(20_000)).toBe(0);
  });

  it("makes room for new symbols by those that are gone", () => {
    const stage = new ActorStage({
      engine: { symbolsMax: 1 },
      symbol: { idleMs: 10_000 },
    });
    stage.feed(stage.snapshot(BTC, 100));
    stage.advanceMs(13_000);
    stage.feed(stage.snapshot(ETH, 100));
    expect(stage.actors.router.symbols()).toEqual([ETH]);
    expect(stage.tell(stage.snapshot(BTC, 100))).toBe("refused");
  });

  it("never lets a symbol's signals count backwards, even one long forgotten", () => {
    const stage = new ActorStage({
      engine: { symbolsMax: 1 },
      symbol: { idleMs: 10_000 },
    });
    const seqs: number[] = [];
    for (let i = 0; i < 6; i++)
      for (const symbol of [BTC, ...others]) {
        stage.feed(stage.snapshot(symbol, 100));
        if (symbol === BTC) seqs.push(stage.last.seq);
        stage.advanceMs(13_000);
      }
    expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    expect(new Set(seqs).size).toBe(seqs.length);
  });

  it("has a place for references besides the limit, and shows the others where they stand", () => {
    const stage = new ActorStage({
      engine: { symbolsMax: 1, references: [BTC] },
    });
    stage.feed(stage.snapshot(ETH, 100));
    expect(stage.tell(stage.snapshot(BTC, 200))).toBe("queued");
    expect(stage.tell(stage.snapshot(others[0]!, 1))).toBe("refused");
    stage.run();
    const [btc] = stage.actors.references.all;
    expect(btc).toMatchObject({ symbol: BTC, isLive: true, mid: 200 });
    stage.feed(stage.trade(BTC, 201));
    stage.advanceMs(1_500);
    stage.feed(stage.move(BTC, 200, 202));
    expect(btc).toMatchObject({ mid: 202, bar: { close: 201 } });
    stage.feed(stage.gap(BTC));
    expect(btc!.isLive).toBe(false);
  });

  it("tells a running book its grid, and one that comes later", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    const { router, inspector, instruments } = stage.actors;
    const told = stage.signals.length;
    const instrument = { symbol: BTC, tickSize: 0.0625, lotSize: 0.001 };
    router.onInstrument(instrument);
    router.onInstrument({ ...instrument, symbol: ETH });
    stage.run();
    expect(inspector.of(BTC)!.book.tickSize).toBe(0.0625);
    expect(inspector.of(ETH)).toBeUndefined();
    // No event, and nothing to say.
    expect(stage.signals).toHaveLength(told);
    expect(instruments.of(ETH)?.tickSize).toBe(0.0625);
    stage.feed(stage.snapshot(ETH, 100));
    expect(inspector.of(ETH)!.book.tickSize).toBe(0.0625);
  });

  it("orders a resync of one book, and refuses it for a symbol that is not there", () => {
    const stage = new ActorStage();
    stage.warm(BTC, ETH);
    stage.actors.router.orderResync(BTC);
    stage.run();
    expect(stage.last).toMatchObject({
      symbol: BTC,
      live: false,
      book: { state: "SYNCING", reason: "operator" },
    });
    expect(stage.snapshotsRequested).toEqual([BTC]);
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.of(BTC).at(-1)).toMatchObject({ book: { state: "LIVE" } });
    expect(() => stage.actors.router.orderResync(others[0]!)).toThrow(
      "E_SYMBOL_UNKNOWN",
    );
    const { inspector } = stage.actors;
    const [btc, eth] = [BTC, ETH].map((symbol) =>
      inspector.health(symbol, stage.clock.nowNs()),
    );
    expect(btc).toMatchObject({ symbol: BTC, resyncs: 1, state: "LIVE" });
    expect(eth).toMatchObject({ symbol: ETH, resyncs: 0, gaps: 0 });
  });

  it("shows funding and open interest with their ages", () => {
    const stage = new ActorStage();
    stage.feed(
      stage.snapshot(BTC, 100),
      stage.event(BTC, {
        type: "funding",
        rate: 0.0002,
        markPrice: 100,
        nextUs: stage.clock.nowUs(),
      }),
      stage.event(BTC, { type: "openInterest", openInterest: 750 }),
    );
    stage.advanceMs(40);
    const { inspector } = stage.actors;
    expect(inspector.health(BTC, stage.clock.nowNs())).toMatchObject({
      fundingRate: 0.0002,
      fundingAgeMs: 40,
      openInterest: 750,
      openInterestAgeMs: 40,
    });
  });

  it("refuses a model that was trained on another feature vector", () => {
    expect(
      () =>
        new ActorStage({ models: [{ ...TREES, featureSchemaHash: "0000" }] }),
    ).toThrow("E_MODEL_CONTRACT");
  });
});

const others = ["AAA", "BBB", "CCC", "DDD", "EEE", "FFF"].map((name) =>
  symbolId(`${name}.SIM`),
);
