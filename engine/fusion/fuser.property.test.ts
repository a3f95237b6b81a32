import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../std/random.ts";
import { monoNanos } from "../std/time.ts";
import { BayesWeights, DEFAULT_WEIGHT_OPTIONS } from "./bayes-weights.ts";
import { DEFAULT_FUSER_OPTIONS, Fuser } from "./fuser.ts";
import type { FusedSource } from "./fuser.ts";

const source = (i: number, ttlMs: number): FusedSource => ({
  name: `model-${i}`,
  version: "1",
  family: "trees",
  horizonMs: 1000 * (i + 1),
  ttlMs,
});

const probability = fc.oneof(
  fc.double({ min: 0, max: 1, noNaN: true }),
  fc.constantFrom(0, 1, 0.5, 5e-324, 1 - Number.EPSILON, NaN, -1, Infinity),
);

const statement = fc.record({
  probability,
  confidence: fc.double(),
  ttlMs: fc.double({ min: 0.001, max: 1e9, noNaN: true }),
  ageMs: fc.double({ min: -10, max: 1e9, noNaN: true }),
  hits: fc.nat(50),
  misses: fc.nat(50),
});

/** What must hold of every fusion. */
const check = (fusion: ReturnType<Fuser["fuse"]>, sources: number): void => {
  let sum = 0;
  let weights = 0;
  for (const each of fusion.sources) {
    sum += each.contribution;
    weights += each.weight;
    const finite = [
      each.probability,
      each.confidence,
      each.weight,
      each.freshness,
      each.ageMs,
      each.contribution,
    ].every(Number.isFinite);
    if (!finite) expect.fail(`not finite: ${JSON.stringify(each)}`);
    if (each.weight < 0 || each.weight > 1) expect.fail("weight out of range");
    if (each.freshness < 0 || each.freshness > 1)
      expect.fail("freshness out of range");
  }
  if (Math.abs(sum - fusion.logOdds) > 1e-12)
    expect.fail("contributions do not add up");
  if (fusion.sources.length > 0 && Math.abs(weights - 1) > 1e-9)
    expect.fail("weights do not add up");
  if (!(fusion.probability > 0 && fusion.probability < 1))
    expect.fail("probability out of range");
  if (!(fusion.agreement >= 0 && fusion.agreement <= 1))
    expect.fail("agreement out of range");
  if (!(fusion.confidence >= 0 && fusion.confidence < 1))
    expect.fail("confidence out of range");
  if (fusion.sources.length + fusion.missing.length !== sources)
    expect.fail("a source is neither present nor missing");
};

describe("every fusion", () => {
  it("is finite, adds up and accounts for each source, whatever the models say", () => {
    fc.assert(
      fc.property(fc.array(statement, { maxLength: 8 }), (statements) => {
        const nowNs = monoNanos(2e15);
        const sources = statements.map(({ ttlMs }, i) => source(i, ttlMs));
        const fuser = new Fuser(sources, DEFAULT_FUSER_OPTIONS);
        const weights = new BayesWeights(
          sources,
          DEFAULT_WEIGHT_OPTIONS,
          nowNs,
        );
        statements.forEach((each, i) => {
          for (let n = 0; n < each.hits; n++) weights.record(i, "hit", nowNs);
          for (let n = 0; n < each.misses; n++)
            weights.record(i, "miss", nowNs);
          fuser.predicted(
            i,
            each.probability,
            each.confidence,
            monoNanos(nowNs - each.ageMs * 1e6),
          );
        });
        check(fuser.fuse(weights, nowNs), statements.length);
        const silent = fuser.silent(nowNs);
        check(silent, silent.missing.length);
      }),
      { numRuns: 2000 },
    );
  });

  it("holds over 100,000 turns of one fuser with outcomes, gaps and long pauses", () => {
    const random = new Random(20_26);
    const sources = [200, 1000, 1000, 60_000, 3_600_000].map((ttlMs, i) =>
      source(i, ttlMs),
    );
    const fuser = new Fuser(sources, DEFAULT_FUSER_OPTIONS);
    const weights = new BayesWeights(
      sources,
      DEFAULT_WEIGHT_OPTIONS,
      monoNanos(0),
    );
    let nowNs = monoNanos(0);
    for (let turn = 0; turn < 100_000; turn++) {
      nowNs = monoNanos(nowNs + random.exponential(1e-8));
      const i = random.int(sources.length);
      const chance = random.next();
      if (chance < 0.7)
        fuser.predicted(i, random.next() ** 4, random.next(), nowNs);
      else if (chance < 0.8) fuser.asked(i);
      else if (chance < 0.85) fuser.missed(i, "late");
      else if (chance < 0.9) fuser.forget(i);
      else weights.record(i, random.next() < 0.6 ? "hit" : "miss", nowNs);
      check(fuser.fuse(weights, nowNs), sources.length);
    }
  });

  it("moves with a source: more belief in up never lowers the fused probability", () => {
    fc.assert(
      fc.property(
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        fc.double({ min: 0, max: 1, noNaN: true }),
        (other, a, b) => {
          const fused = (p: number) => {
            const fuser = new Fuser(
              [source(0, 1000), source(1, 1000)],
              DEFAULT_FUSER_OPTIONS,
            );
            fuser.predicted(0, other, 1, monoNanos(0));
            fuser.predicted(1, p, 1, monoNanos(0));
            return fuser.fuse({ rawWeight: () => 1 }, monoNanos(1e8))
              .probability;
          };
          expect(fused(Math.max(a, b))).toBeGreaterThanOrEqual(
            fused(Math.min(a, b)),
          );
        },
      ),
    );
  });
});
