import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { BOUNDS_S, Metrics } from "./metrics.ts";

const create = (clock = new SimulatedClock()) =>
  new Metrics({ timers: clock, process: "left out" });

describe("metrics", () => {
  it("expose counters, gauges and histograms as Prometheus text", async () => {
    const metrics = create();
    metrics.counter("fusewire_a_total", "A", { code: "x" }).add(2);
    metrics.counter("fusewire_a_total", "A", { code: "y" }).add(1);
    metrics.gauge("fusewire_b", "B").set(1.5);
    const stage = metrics.histogram("fusewire_stage_seconds", "S", {
      stage: "decoded",
    });
    for (const ns of [1_500, 2_000, 3_000, 20_000_000_000, -5])
      stage.recordNs(ns);
    const text = await metrics.exposition();
    expect(text).toContain("# TYPE fusewire_a_total counter");
    expect(text).toContain('fusewire_a_total{code="x"} 2');
    expect(text).toContain('fusewire_a_total{code="y"} 1');
    expect(text).toContain("fusewire_b 1.5");
    expect(text).toContain("# TYPE fusewire_stage_seconds histogram");
    const bucket = (le: string) =>
      Number(
        new RegExp(
          `fusewire_stage_seconds_bucket\\{stage="decoded",le="${le}"\\} (\\d+)`,
        ).exec(text)?.[1],
      );
    expect([bucket("0.000002"), bucket("0.000005"), bucket("10")]).toEqual([
      3, 4, 4,
    ]);
    expect(bucket("\\+Inf")).toBe(5);
    expect(text).toContain('fusewire_stage_seconds_count{stage="decoded"} 5');
    expect(text).toMatch(
      /fusewire_stage_seconds_sum\{stage="decoded"\} 20\.0000065/,
    );
  });

  it("give the same series for the same name and labels, in any order", async () => {
    const metrics = create();
    metrics.counter("a_total", "A", { x: "1", y: "2" }).add(1);
    metrics.counter("a_total", "A", { y: "2", x: "1" }).add(1);
    expect(await metrics.exposition()).toContain('a_total{x="1",y="2"} 2');
  });

  it("refuse one name for two kinds", () => {
    const metrics = create();
    metrics.counter("a_total", "A");
    expect(() => metrics.gauge("a_total", "A")).toThrow("one kind");
  });

  it("have rising bounds", () => {
    expect([...BOUNDS_S].sort((a, b) => a - b)).toEqual(BOUNDS_S);
  });

  it("summarise the last window or two, not the whole past", () => {
    const clock = new SimulatedClock();
    const metrics = create(clock);
    const stage = metrics.histogram("s_seconds", "S", { stage: "fused" });
    const summary = () => metrics.summaries("s_seconds")[0]!;
    for (let i = 1; i <= 100; i++) stage.recordNs(i * 1_000);
    expect(summary().count).toBe(100);
    expect(summary().p50Ns / 50_000).toBeCloseTo(1, 1);
    expect(summary().p99Ns / 99_000).toBeCloseTo(1, 1);
    expect(summary().maxNs / 100_000).toBeCloseTo(1, 1);
    clock.advanceMs(30_000);
    stage.recordNs(5_000);
    expect(summary().count).toBe(101);
    clock.advanceMs(30_000);
    expect(summary().count).toBe(1);
    clock.advanceMs(30_000);
    expect(summary()).toMatchObject({ count: 0, p50Ns: 0, p99Ns: 0, maxNs: 0 });
    expect(metrics.summaries("unknown")).toEqual([]);
  });

  it("include the process's own numbers when asked", async () => {
    const text = await new Metrics().exposition();
    expect(text).toContain("process_resident_memory_bytes");
    expect(text).toContain("nodejs_eventloop_lag_p99_seconds");
  });
});
