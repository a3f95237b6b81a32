import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import {
  BayesWeights,
  DEFAULT_WEIGHT_OPTIONS,
  halfLifeMsOfDailyDecay,
} from "./bayes-weights.ts";
import type { WeightOptions } from "./bayes-weights.ts";

const OPTIONS = {
  ...DEFAULT_WEIGHT_OPTIONS,
  priorAlpha: 4,
  priorBeta: 4,
  halfLifeMs: 3_600_000,
};

const MODELS = [
  { name: "lightgbm-1s", version: "1" },
  { name: "patchtst-1s", version: "1" },
];
const HOUR_NS = 3_600_000_000_000;
const NOON_US = unixMicros(1_700_000_000_000_000);
const at = (ns: number) => monoNanos(ns);

const weights = (options: Partial<WeightOptions> = {}) =>
  new BayesWeights(MODELS, { ...OPTIONS, ...options }, at(0));

const recordMany = (
  w: BayesWeights,
  index: number,
  hits: number,
  misses: number,
  nowNs = 0,
) => {
  for (let i = 0; i < hits; i++) w.record(index, "hit", at(nowNs));
  for (let i = 0; i < misses; i++) w.record(index, "miss", at(nowNs));
};

describe("Bayesian weights", () => {
  it("start at the prior, all equal", () => {
    const views = weights().views(at(0));
    expect(views.map((v) => v.weight)).toEqual([0.5, 0.5]);
    expect(views[0]).toMatchObject({
      alpha: 4,
      beta: 4,
      mean: 0.5,
      outcomes: 0,
    });
  });

  it("count hits and misses on top of the prior", () => {
    const w = weights();
    recordMany(w, 0, 30, 10);
    expect(w.alpha(0, at(0))).toBe(34);
    expect(w.beta(0, at(0))).toBe(14);
    expect(w.mean(0, at(0))).toBeCloseTo(34 / 48, 12);
  });

  it("forget half of the evidence in a half-life, at reading too", () => {
    const w = weights();
    recordMany(w, 0, 32, 16);
    expect(w.alpha(0, at(HOUR_NS))).toBeCloseTo(4 + 16, 9);
    expect(w.beta(0, at(2 * HOUR_NS))).toBeCloseTo(4 + 4, 9);
    w.record(0, "hit", at(HOUR_NS));
    expect(w.alpha(0, at(HOUR_NS))).toBeCloseTo(4 + 16 + 1, 9);
  });

  it("fall back to the prior after a long silence, so that one outcome decides little", () => {
    const w = weights();
    recordMany(w, 0, 1000, 0);
    const later = at(1000 * HOUR_NS);
    expect(w.mean(0, later)).toBeCloseTo(0.5, 9);
    w.record(0, "miss", later);
    expect(w.mean(0, later)).toBeCloseTo(4 / 9, 9);
  });

  it("trust a model only once it has outcomes enough", () => {
    const w = weights({ outcomesMin: 10 });
    recordMany(w, 0, 9, 0);
    expect(w.views(at(0))[0]?.weight).toBe(0.5);
    recordMany(w, 0, 1, 0);
    expect(w.views(at(0))[0]!.weight).toBeGreaterThan(0.9);
  });

  it("weigh by edge, with a floor, or by the mean, as the rule says", () => {
    const edge = weights();
    recordMany(edge, 0, 60, 40);
    recordMany(edge, 1, 10, 90);
    expect(edge.rawWeight(0, at(0))).toBeCloseTo((2 * 64) / 108 - 1, 12);
    expect(edge.rawWeight(1, at(0))).toBe(OPTIONS.weightFloor);
    const mean = weights({ rule: "mean" });
    recordMany(mean, 0, 60, 40);
    expect(mean.rawWeight(0, at(0))).toBeCloseTo(64 / 108, 12);
  });

  it("state an equal-tailed credible interval that narrows with evidence", () => {
    const w = weights({ priorAlpha: 1, priorBeta: 1 });
    recordMany(w, 0, 9, 9);
    const [view] = w.views(at(0));
    expect(view!.lower).toBeCloseTo(0.28864, 4);
    expect(view!.upper).toBeCloseTo(0.71136, 4);
    recordMany(w, 0, 900, 900);
    const [narrow] = w.views(at(0));
    expect(narrow!.upper - narrow!.lower).toBeLessThan(0.05);
  });

  it("recommend nothing unknown, the young with little confidence, the proven by the interval", () => {
    const w = weights();
    expect(w.recommend("nobody", at(0))).toEqual({ use: false, confidence: 0 });
    expect(w.recommend("lightgbm-1s", at(0))).toEqual({
      use: true,
      confidence: 0.3,
    });
    recordMany(w, 0, 400, 100);
    recordMany(w, 1, 50, 50);
    const proven = w.recommend("lightgbm-1s", at(0));
    expect(proven.use).toBe(true);
    expect(proven.confidence).toBeGreaterThan(0.9);
    expect(w.recommend("patchtst-1s", at(0)).use).toBe(false);
  });

  it("select by Thompson draws: the better model mostly, the other sometimes, the same for a seed", () => {
    const w = weights();
    recordMany(w, 0, 70, 30);
    recordMany(w, 1, 50, 50);
    const random = new Random(3);
    let better = 0;
    for (let i = 0; i < 1000; i++)
      if (w.select(1, at(0), random)[0] === "lightgbm-1s") better++;
    expect(better).toBeGreaterThan(850);
    expect(better).toBeLessThan(1000);
    expect(w.select(2, at(0), new Random(5)).sort()).toEqual([
      "lightgbm-1s",
      "patchtst-1s",
    ]);
    expect(w.select(2, at(0), new Random(9))).toEqual(
      w.select(2, at(0), new Random(9)),
    );
  });

  it("survive a round trip unchanged", () => {
    const w = weights();
    recordMany(w, 0, 31, 17);
    recordMany(w, 1, 3, 4, 1000);
    const restored = weights();
    restored.restore(w.encode(at(HOUR_NS), NOON_US), at(0), NOON_US);
    const expected = w.views(at(HOUR_NS));
    restored.views(at(0)).forEach((view, i) => {
      expect(view.outcomes).toBe(expected[i]!.outcomes);
      expect(view.alpha).toBeCloseTo(expected[i]!.alpha, 12);
      expect(view.beta).toBeCloseTo(expected[i]!.beta, 12);
    });
    expect(restored.encode(at(0), NOON_US)).toEqual(
      w.encode(at(HOUR_NS), NOON_US),
    );
  });

  it("go on fading while the engine is down", () => {
    const w = weights();
    recordMany(w, 0, 32, 0);
    const saved = w.encode(at(0), NOON_US);
    const restored = weights();
    restored.restore(saved, at(77), unixMicros(NOON_US + HOUR_NS / 1000));
    expect(restored.alpha(0, at(77))).toBeCloseTo(4 + 16, 9);
  });

  it("do not gain evidence from a wall clock that went back", () => {
    const w = weights();
    recordMany(w, 0, 32, 0);
    const restored = weights();
    restored.restore(
      w.encode(at(0), NOON_US),
      at(0),
      unixMicros(NOON_US - HOUR_NS / 1000),
    );
    expect(restored.alpha(0, at(0))).toBe(36);
  });

  it("add restored evidence to what was seen before it arrived", () => {
    const saved = weights();
    recordMany(saved, 0, 5, 0);
    const w = weights();
    recordMany(w, 0, 0, 2);
    w.restore(saved.encode(at(0), NOON_US), at(0), NOON_US);
    expect([w.alpha(0, at(0)), w.beta(0, at(0))]).toEqual([9, 6]);
  });

  it("give no old version's evidence to a new version of a model", () => {
    const saved = weights();
    recordMany(saved, 0, 50, 0);
    recordMany(saved, 1, 50, 0);
    const upgraded = new BayesWeights(
      [{ name: "lightgbm-1s", version: "2" }, MODELS[1]!],
      OPTIONS,
      at(0),
    );
    upgraded.restore(saved.encode(at(0), NOON_US), at(0), NOON_US);
    expect(upgraded.alpha(0, at(0))).toBe(4);
    expect(upgraded.alpha(1, at(0))).toBe(54);
  });

  it.each([
    ["not JSON", "\u0000\u0001"],
    ["no object", "[1]"],
    ["another version", '{"v":2,"savedUs":1,"models":[]}'],
    [
      "evidence without outcomes",
      state({ alphaEvidence: 1e9, betaEvidence: 0, outcomes: 1 }),
    ],
    [
      "negative evidence",
      state({ alphaEvidence: -1, betaEvidence: 1, outcomes: 3 }),
    ],
    [
      "a string for a number",
      state({ alphaEvidence: "1", betaEvidence: 1, outcomes: 3 }),
    ],
    [
      "half an outcome",
      state({ alphaEvidence: 0, betaEvidence: 0, outcomes: 0.5 }),
    ],
    [
      "a model twice",
      `{"v":1,"savedUs":1,"models":[${entry({})},${entry({})}]}`,
    ],
  ])("refuse a poisoned state and keep theirs: %s", (_name, text) => {
    const w = weights();
    recordMany(w, 0, 5, 2);
    const before = w.encode(at(0), NOON_US);
    expect(() => {
      w.restore(new TextEncoder().encode(text), at(0), NOON_US);
    }).toThrow(/E_INPUT/);
    expect(w.encode(at(0), NOON_US)).toEqual(before);
  });

  it("refuse a state larger than any of theirs", () => {
    expect(() => {
      weights().restore(new Uint8Array(100_000), at(0), NOON_US);
    }).toThrow("E_INPUT_SIZE");
  });

  it("refuse options that make no sense", () => {
    expect(() => weights({ priorAlpha: 0 })).toThrow("E_CONFIG_INVALID");
    expect(() => weights({ halfLifeMs: NaN })).toThrow("E_CONFIG_INVALID");
  });

  it("know the half-life of the daily decay 0.95", () => {
    const halfLifeMs = halfLifeMsOfDailyDecay(0.95);
    expect(0.5 ** (86_400_000 / halfLifeMs)).toBeCloseTo(0.95, 12);
  });
});

function entry(fields: Record<string, unknown>): string {
  return JSON.stringify({
    name: "lightgbm-1s",
    version: "1",
    alphaEvidence: 0,
    betaEvidence: 0,
    outcomes: 0,
    ...fields,
  });
}

function state(fields: Record<string, unknown>): string {
  return `{"v":1,"savedUs":1,"models":[${entry(fields)}]}`;
}
