import { describe, expect, it } from "vitest";
import { HISTORY_SECONDS_MAX, HubHistory } from "./hub-history.ts";

const gist = (second: number, mid: number, probability = 0.5) => ({
  emittedUs: second * 1e6,
  mid,
  probability,
  classIndex: 2,
});

describe("a history", () => {
  it("folds a second into open, high, low, close and its last probability", () => {
    const history = new HubHistory();
    for (const [at, mid, p] of [
      [10.1, 100, 0.5],
      [10.5, 104, 0.6],
      [10.9, 98, 0.7],
      [12.0, 99, 0.4],
    ] as const)
      history.add(3, gist(at, mid, p));
    expect(history.rows(3)).toEqual([
      [10, 100, 104, 98, 98, 0.7, 2],
      [12, 99, 99, 99, 99, 0.4, 2],
    ]);
    expect(history.rows(4)).toEqual([]);
  });

  it("has no row for a second without a live price, and does not step back", () => {
    const history = new HubHistory();
    history.add(0, gist(10, 100));
    history.add(0, gist(11, NaN));
    history.add(0, gist(9, 101));
    expect(history.rows(0)).toEqual([[10, 100, 101, 100, 101, 0.5, 2]]);
  });

  it("keeps the newest seconds only", () => {
    const history = new HubHistory();
    const last = 2.5 * HISTORY_SECONDS_MAX;
    for (let second = 1; second <= last; second++)
      history.add(0, gist(second, second));
    const rows = history.rows(0);
    expect(rows).toHaveLength(HISTORY_SECONDS_MAX);
    expect(rows[0]![0]).toBe(last - HISTORY_SECONDS_MAX + 1);
    expect(rows.at(-1)!.slice(0, 2)).toEqual([last, last]);
  });
});
