import { describe, expect, it } from "vitest";
import { carried } from "./fading-series.ts";
import { SeriesGraph } from "./series-graph.ts";

describe("a carried value", () => {
  it("stands for as many missing ones as it may, and for no more", () => {
    const g = new SeriesGraph();
    const source = g.input("x");
    const series = carried(g, source, 2);
    const run = g.compile();
    const told = [NaN, 5, NaN, NaN, NaN, 7, NaN].map((value) => {
      run.x[source.slot] = value;
      run.step();
      return run.x[series.slot];
    });
    expect(told).toEqual([NaN, 5, 5, 5, NaN, 7, 7]);
  });
});
