import { describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import { ActorStage, BTC, ETH } from "../test/support/actor-stage.ts";
import { TREES } from "../test/support/fake-inference.ts";

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
