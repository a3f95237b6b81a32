import { describe, expect, it } from "vitest";
import { PATCHTST_1S, TFT_1M } from "../engine/features/input-windows.ts";
import type { ServedModel } from "../engine/ports.ts";
import { barAt } from "../test/support/bar-samples.ts";
import { FORECAST, TREES } from "../test/support/fake-inference.ts";
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
