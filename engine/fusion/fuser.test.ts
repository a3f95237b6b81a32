import { describe, expect, it } from "vitest";
import { monoNanos } from "../std/time.ts";
import { DEFAULT_FUSER_OPTIONS, Fuser } from "./fuser.ts";
import type { FusedSource } from "./fuser.ts";

const ms = (n: number) => monoNanos(n * 1_000_000);
const logit = (p: number) => Math.log(p / (1 - p));
const EVEN = { rawWeight: () => 1 };

const TREES: FusedSource = {
  name: "lightgbm-1s",
  version: "1",
  family: "trees",
  horizonMs: 1000,
  ttlMs: 1000,
};
const FORECAST: FusedSource = {
  name: "patchtst-1s",
  version: "3",
  family: "forecast",
  horizonMs: 5000,
  ttlMs: 10_000,
};

const fuser = () => new Fuser([TREES, FORECAST], DEFAULT_FUSER_OPTIONS);

describe("the fuser", () => {
  it("says nothing without a source, and names what is missing", () => {
    const fusion = fuser().fuse(EVEN, ms(0));
    expect(fusion).toMatchObject({
      sources: [],
      logOdds: 0,
      probability: 0.5,
      confidence: 0,
      direction: "NEUTRAL",
      class: "HOLD",
      missing: [
        { model: "lightgbm-1s", reason: "absent" },
        { model: "patchtst-1s", reason: "absent" },
      ],
    });
  });

  it("repeats a single fresh source", () => {
    const f = fuser();
    f.predicted(0, 0.95, 0.9, ms(5));
    const fusion = f.fuse(EVEN, ms(5));
    expect(fusion.probability).toBeCloseTo(0.95, 12);
    expect(fusion).toMatchObject({
      direction: "LONG",
      class: "STRONG_BUY",
      agreement: 1,
      horizonMs: 1000,
      missing: [{ model: "patchtst-1s", reason: "absent" }],
    });
    expect(fusion.sources[0]).toMatchObject({
      model: "lightgbm-1s",
      weight: 1,
      freshness: 1,
      ageMs: 0,
      confidence: 0.9,
    });
  });

  it("adds weighted log-odds", () => {
    const f = fuser();
    f.predicted(0, 0.9, 1, ms(0));
    f.predicted(1, 0.2, 1, ms(0));
    const fusion = f.fuse({ rawWeight: (i) => (i === 0 ? 3 : 1) }, ms(0));
    expect(fusion.logOdds).toBeCloseTo(
      0.75 * logit(0.9) + 0.25 * logit(0.2),
      12,
    );
    expect(fusion.agreement).toBe(0.75);
    expect(fusion.horizonMs).toBe(1000);
  });

  it("lets a source fade linearly, then names it expired", () => {
    const f = fuser();
    f.predicted(0, 0.9, 1, ms(0));
    const half = f.fuse(EVEN, ms(500));
    expect(half.sources[0]).toMatchObject({ freshness: 0.5, ageMs: 500 });
    expect(half.logOdds).toBeCloseTo(0.5 * logit(0.9), 12);
    const gone = f.fuse(EVEN, ms(1000));
    expect(gone.sources).toEqual([]);
    expect(gone.missing[0]).toEqual({
      model: "lightgbm-1s",
      reason: "expired",
    });
  });

  it("names a question that is out, late or failed, while an earlier answer lives on", () => {
    const f = fuser();
    const reasons = () =>
      f.fuse(EVEN, ms(0)).missing.map(({ reason }) => reason);
    f.asked(1);
    expect(reasons()).toEqual(["absent", "pending"]);
    f.missed(1, "late");
    expect(reasons()).toEqual(["absent", "late"]);
    f.missed(1, "failed");
    expect(reasons()).toEqual(["absent", "failed"]);
    f.predicted(1, 0.6, 0.5, ms(0));
    expect(reasons()).toEqual(["absent"]);
    f.asked(1);
    f.missed(1, "late");
    expect(reasons()).toEqual(["absent"]);
    expect(
      f.fuse(EVEN, ms(10_000)).missing.map(({ reason }) => reason),
    ).toEqual(["absent", "late"]);
  });

  it("reaches STRONG_SELL", () => {
    const f = fuser();
    f.predicted(0, 0.02, 1, ms(0));
    expect(f.fuse(EVEN, ms(0)).class).toBe("STRONG_SELL");
  });

  it("ignores an answer that rests on older data than the last", () => {
    const f = fuser();
    f.predicted(1, 0.9, 1, ms(100));
    f.predicted(1, 0.1, 1, ms(50));
    expect(f.fuse(EVEN, ms(100)).sources[0]?.probability).toBe(0.9);
  });

  it("treats an unusable number as a failure of the source", () => {
    const f = fuser();
    f.predicted(0, NaN, 1, ms(0));
    f.predicted(1, 1.5, 1, ms(0));
    expect(f.fuse(EVEN, ms(0)).missing).toEqual([
      { model: "lightgbm-1s", reason: "failed" },
      { model: "patchtst-1s", reason: "failed" },
    ]);
  });

  it("is silent on demand, listing only what is really missing", () => {
    const f = fuser();
    f.predicted(1, 0.9, 1, ms(0));
    expect(f.silent(ms(0))).toMatchObject({
      sources: [],
      probability: 0.5,
      confidence: 0,
      direction: "NEUTRAL",
      missing: [{ model: "lightgbm-1s", reason: "absent" }],
    });
  });

  it("forgets what a gap made void", () => {
    const f = fuser();
    f.predicted(0, 0.9, 1, ms(0));
    f.forget(0);
    expect(f.fuse(EVEN, ms(0)).sources).toEqual([]);
    f.predicted(0, 0.8, 1, ms(0));
    expect(f.fuse(EVEN, ms(0)).sources).toHaveLength(1);
  });

  it("leaves the lists of an earlier signal as they were", () => {
    const f = fuser();
    f.predicted(0, 0.9, 1, ms(0));
    const { sources, missing } = f.fuse(EVEN, ms(0));
    f.predicted(1, 0.1, 1, ms(1));
    f.fuse(EVEN, ms(1));
    expect(sources).toHaveLength(1);
    expect(sources[0]?.probability).toBe(0.9);
    expect(missing).toEqual([{ model: "patchtst-1s", reason: "absent" }]);
  });
});
