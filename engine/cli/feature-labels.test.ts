import { describe, expect, it } from "vitest";
import { labelsOf } from "./feature-labels.ts";

const path = (
  prices: readonly number[],
  options: { knownUntil?: readonly number[]; times?: readonly number[] } = {},
) => ({
  times: Float64Array.from(options.times ?? prices.map((_, i) => i)),
  prices: Float64Array.from(prices),
  knownUntil: Float64Array.from(
    options.knownUntil ?? prices.map(() => Infinity),
  ),
});

const valuesOf = (labels: ReturnType<typeof labelsOf>): number[][] =>
  labels.map(({ values }) => [...values]);

describe("labels", () => {
  it("read the price that stands at the horizon, and none past the end", () => {
    const [move, growth] = valuesOf(
      labelsOf(path([100, 101, 99, 99]), 2, "2S", 0.5),
    );
    expect(move).toEqual([-1, -1, NaN, NaN]);
    expect(growth![0]).toBeCloseTo(-0.01, 12);
    expect(growth![1]).toBeCloseTo(99 / 101 - 1, 12);
  });

  it("take the last price at or before the horizon where rows are uneven", () => {
    const [move] = valuesOf(
      labelsOf(path([1, 2, 3, 4], { times: [0, 1, 2.5, 9] }), 2, "2S", 0.5),
    );
    expect(move).toEqual([1, 0 + 1, 0, NaN]);
  });

  it("say which barrier is touched first, 0 for neither", () => {
    const [, , touch] = valuesOf(
      labelsOf(path([100, 100.5, 102, 98, 98, 98]), 3, "3S", 0.01),
    );
    expect(touch!.slice(0, 3)).toEqual([1, 1, -1]);
  });

  it("reach over no time in which the price is not known", () => {
    const [move] = valuesOf(
      labelsOf(
        path([1, 2, 3, 4], { knownUntil: [Infinity, 1.5, Infinity, Infinity] }),
        1,
        "1S",
        0.01,
      ),
    );
    expect(move).toEqual([1, NaN, 1, NaN]);
  });

  it("are read where the price is still known, and not where it no longer is", () => {
    const [move] = valuesOf(
      labelsOf(
        path([1, 1, 2, 2], {
          times: [0, 1, 600, 610],
          knownUntil: [Infinity, 5, Infinity, Infinity],
        }),
        4,
        "4S",
        0.01,
      ),
    );
    expect(move).toEqual([0, 0, 0, NaN]);
    const [longer] = valuesOf(
      labelsOf(
        path([1, 1, 2, 2], {
          times: [0, 1, 600, 610],
          knownUntil: [Infinity, 5, Infinity, Infinity],
        }),
        5,
        "5S",
        0.01,
      ),
    );
    expect(longer).toEqual([0, NaN, 0, NaN]);
  });
});
