import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { Random } from "../engine/std/random.ts";
import { LockstepForest, type TreeColumns } from "./lockstep-forest.ts";

const FEATURES = 5;

/** Nodes in columns as the file reader leaves them: leaves are counted among the nodes. */
const grow = (
  random: Random,
  trees: number,
  leavesMax: number,
): TreeColumns => {
  const feature: number[] = [];
  const threshold: number[] = [];
  const left: number[] = [];
  const right: number[] = [];
  const leaf: number[] = [];
  const node = (leaves: number): number => {
    const at = feature.length;
    feature.push(random.int(FEATURES));
    // Coarse, so that inputs meet them exactly.
    threshold.push((random.int(9) - 4) / 2);
    left.push(0);
    right.push(0);
    leaf.push(0);
    if (leaves === 1) {
      leaf[at] = random.normal();
      return ~at;
    }
    const onLeft = 1 + random.int(leaves - 1);
    left[at] = node(onLeft);
    right[at] = node(leaves - onLeft);
    return at;
  };
  const roots = Array.from({ length: trees }, () =>
    node(1 + random.int(leavesMax)),
  );
  return {
    feature: Int32Array.from(feature),
    threshold: Float32Array.from(threshold),
    left: Int32Array.from(left),
    right: Int32Array.from(right),
    roots: Int32Array.from(roots),
    leaf: Float64Array.from(leaf),
  };
};

const walk = (trees: TreeColumns, x: readonly number[]): number => {
  let sum = 0;
  for (const root of trees.roots) {
    let at = root;
    while (at >= 0)
      at =
        Math.fround(x[trees.feature[at]!]!) <= trees.threshold[at]!
          ? trees.left[at]!
          : trees.right[at]!;
    sum += trees.leaf[~at]!;
  }
  return sum;
};

const value = fc.oneof(
  fc.integer({ min: -6, max: 6 }).map((n) => n / 2),
  fc.constantFrom(NaN, Infinity, -Infinity, -0, 1e300, 0.1),
);

describe("trees in lockstep", () => {
  it("come to the same leaves as one walk after the other, whatever the features", () => {
    fc.assert(
      fc.property(
        fc.integer(),
        fc.integer({ min: 1, max: 13 }),
        fc.integer({ min: 1, max: 40 }),
        fc.array(
          fc.array(value, { minLength: FEATURES, maxLength: FEATURES }),
          {
            minLength: 1,
            maxLength: 10,
          },
        ),
        (seed, count, leavesMax, vectors) => {
          const trees = grow(new Random(seed), count, leavesMax);
          const forest = LockstepForest.of(trees, FEATURES)!;
          for (const x of vectors)
            expect(forest.sum(Float64Array.from(x))).toBeCloseTo(
              walk(trees, x),
              9,
            );
        },
      ),
    );
  });

  it("are left to others when an arm is too long or a feature's number too large", () => {
    const depth = 60;
    const chain: TreeColumns = {
      feature: new Int32Array(2 * depth + 1),
      threshold: new Float32Array(2 * depth + 1),
      left: Int32Array.from({ length: 2 * depth + 1 }, (_, i) => ~(depth + i)),
      right: Int32Array.from({ length: 2 * depth + 1 }, (_, i) =>
        i + 1 < depth ? i + 1 : ~(2 * depth),
      ),
      roots: Int32Array.of(0),
      leaf: new Float64Array(2 * depth + 1),
    };
    expect(LockstepForest.of(chain, FEATURES)).toBeUndefined();
    const small = grow(new Random(1), 3, 4);
    expect(LockstepForest.of(small, 257)).toBeUndefined();
    expect(LockstepForest.of(small, 256)).toBeDefined();
  });
});
