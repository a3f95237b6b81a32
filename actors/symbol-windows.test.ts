import { describe, expect, it } from "vitest";
import { PATCHTST_1S, TFT_1M } from "../engine/features/input-windows.ts";
import type { ServedModel } from "../engine/ports.ts";
import { ActorStage, BTC, MemoryStore } from "../test/support/actor-stage.ts";
import { barAt } from "../test/support/bar-samples.ts";
import { FINBERT, FORECAST, TREES } from "../test/support/fake-inference.ts";
import { isRead } from "./symbol-features.ts";
import { SymbolWindows } from "./symbol-windows.ts";

const TFT: ServedModel = { ...FORECAST, name: "tft", window: TFT_1M };
const MODELS = [TREES, { ...FORECAST, window: PATCHTST_1S }, TFT];

const minute = (i: number) =>
  barAt(i * 60_000, 100 + Math.sin(i), { volume: 1 + i });

describe("a symbol's input windows", () => {
  it("are followed once, whoever is fed them", () => {
    const windows = new SymbolWindows([...MODELS, { ...TFT, name: "other" }]);
    expect(windows.of(TFT_1M)).toBe(windows.of({ ...TFT_1M }));
    expect(windows.of(PATCHTST_1S)).not.toBe(windows.of(TFT_1M));
  });

  it("come back with what more than bars made", () => {
    const windows = new SymbolWindows(MODELS);
    for (let i = 0; i < 100; i++) windows.onBar(minute(i));
    const kept = new Map(windows.kept());
    expect([...kept.keys()]).toEqual([TFT_1M.hash]);
    const again = new SymbolWindows(MODELS);
    again.recall((hash) => kept.get(hash));
    // Bars that are told again are known.
    for (let i = 95; i < 120; i++) again.onBar(minute(i));
    for (let i = 100; i < 120; i++) windows.onBar(minute(i));
    expect(again.of(TFT_1M).copy()).toEqual(windows.of(TFT_1M).copy());
    expect(again.of(TFT_1M).isFull).toBe(true);
  });

  it("stay as they are where what was kept is another's", () => {
    const windows = new SymbolWindows(MODELS);
    for (let i = 0; i < 100; i++) windows.onBar(minute(i));
    const before = windows.of(TFT_1M).snapshot();
    expect(() => windows.recall(() => new Float64Array(7))).toThrow();
    expect(windows.of(TFT_1M).snapshot()).toEqual(before);
  });

  it("are a reason to judge headlines where one reads the mood", () => {
    expect(isRead("headline", [TREES, FORECAST])).toBe(false);
    expect(isRead("headline", [TREES, TFT])).toBe(true);
  });
});

describe("the window of a model that a symbol's actor asks", () => {
  const MODELS_OF_MINUTES = [FINBERT, TFT];

  /** So many minutes go by; the model answers after each. */
  const minutes = (stage: ActorStage, count: number): void => {
    const { clock, inference } = stage;
    for (let i = 0; i < count; i++) {
      clock.advanceMs(60_000 - ((clock.nowUs() / 1000) % 60_000));
      const openMs = clock.nowUs() / 1000 - 60_000;
      const close = 100 + Math.sin(openMs / 60_000);
      const now = {
        symbol: BTC,
        eventUs: clock.nowUs(),
        receivedUs: clock.nowUs(),
        receivedNs: clock.nowNs(),
      };
      stage.feed(barAt(openMs, close, now));
      if (inference.pending > 0) inference.answer(TFT.name, 0.6);
      stage.run();
    }
  };
  /** What the model was fed last. */
  const fed = ({ inference }: ActorStage): Float32Array => {
    const { input } = inference.requests.findLast(
      ({ model }) => model === TFT.name,
    )!;
    if (input.kind !== "bars") throw new Error("a window is of bars");
    return input.values;
  };

  it("comes back with it, what more than bars made too", async () => {
    const store = new MemoryStore();
    const whole = new ActorStage({ models: MODELS_OF_MINUTES });
    const before = new ActorStage({ models: MODELS_OF_MINUTES, store });
    for (const stage of [whole, before]) {
      minutes(stage, 1);
      await stage.settle();
      minutes(stage, 119);
    }
    before.actors.system.drain();
    const after = new ActorStage({ models: MODELS_OF_MINUTES, store });
    after.clock.advanceMs(
      (before.clock.nowUs() - after.clock.nowUs()) / 1000 + 1000,
    );
    after.feed(after.snapshot(BTC, 100));
    await after.settle();
    minutes(after, 1);
    minutes(whole, 1);
    expect(after.inference.requests).toHaveLength(1);
    expect(fed(after)).toEqual(fed(whole));
  });

  it("holds the mood of the headlines that were judged", () => {
    const stage = new ActorStage({ models: MODELS_OF_MINUTES });
    minutes(stage, 1);
    stage.actors.router.onHeadline(stage.headline("1", "good", BTC));
    stage.run();
    stage.inference.answer(FINBERT.name, 0.9, "positive");
    minutes(stage, 150);
    const mood = TFT_1M.channels.indexOf("sentiment_score");
    const last = fed(stage).slice(-TFT_1M.channels.length);
    expect(last[mood]).toBeCloseTo(0.8, 6);
  });
});
