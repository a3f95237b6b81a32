import { describe, expect, it } from "vitest";
import {
  describeCommit,
  describeMachine,
  Latencies,
  ratioOf,
} from "./report.ts";

describe("latencies", () => {
  it("are recorded in nanoseconds and reported in microseconds", () => {
    const latencies = new Latencies();
    for (let i = 1; i <= 1_000; i++) latencies.recordNs(i * 1_000);
    const { p50Us, p90Us, p99Us, p999Us, maxUs } = latencies.percentiles();
    expect(p50Us).toBeCloseTo(500, -1);
    expect(p90Us).toBeCloseTo(900, -1);
    expect(p99Us).toBeCloseTo(990, -1);
    expect(p999Us).toBeCloseTo(999, -1);
    expect(maxUs).toBeCloseTo(1_000, -1);
    expect(latencies.medianAndTail()).toEqual({ p50Us, p99Us });
  });

  it("are all zero when there are none, and bounded at both ends", () => {
    const latencies = new Latencies();
    expect(latencies.percentiles()).toEqual({
      p50Us: 0,
      p90Us: 0,
      p99Us: 0,
      p999Us: 0,
      maxUs: 0,
    });
    latencies.recordNs(-5);
    latencies.recordNs(1e15);
    expect(latencies.count).toBe(2);
  });

  it("compare with a floor as a ratio", () => {
    const floor = { p50Us: 100, p99Us: 400 };
    expect(ratioOf({ p50Us: 150, p99Us: 1_000 }, floor)).toEqual({
      p50: 1.5,
      p99: 2.5,
    });
    expect(ratioOf(floor, { p50Us: 0, p99Us: 0 })).toEqual({ p50: 0, p99: 0 });
  });
});

describe("a result", () => {
  it("names the machine and the commit", () => {
    expect(describeMachine()).toContain(process.version);
    expect(describeCommit()).toMatch(/^([0-9a-f]{12}\+?|unknown)$/);
  });
});
