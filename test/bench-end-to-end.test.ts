/** The benches' own machinery over real processes. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runEndToEndBench, runFloorBench } from "../bench/end-to-end.bench.ts";
import { INSTALLATION } from "../engine/installation.ts";

const isBuilt = existsSync(join(INSTALLATION.root, "dist/bench/publisher.js"));

describe.skipIf(!isBuilt)("the end-to-end bench (needs npm run build)", () => {
  it("loses nothing on the bare wire, and times every event", async () => {
    const { sent, lost, floor } = await runFloorBench(
      { rate: 1_000, symbols: 10, seconds: 1, warmupSeconds: 0.5 },
      600,
    );
    expect(sent).toBe(1_000);
    expect(lost).toBe(0);
    expect(floor.p50Us).toBeGreaterThan(0);
    expect(floor.p99Us).toBeGreaterThanOrEqual(floor.p50Us);
  });

  it("covers every update with a signal of the engine, on both roads", async () => {
    const result = await runEndToEndBench({
      rate: 200,
      symbols: 4,
      seconds: 2,
      slices: 2,
      warmupSeconds: 1,
    });
    expect(result).toMatchObject({ sent: 400, lost: 0, symbols: 4 });
    expect(result.signals).toBeGreaterThan(100);
    for (const { p50Us, p99Us, maxUs } of [result.ws, result.nats]) {
      expect(p50Us).toBeGreaterThan(0);
      expect(maxUs).toBeGreaterThanOrEqual(p99Us);
    }
    for (const stage of ["received", "decoded", "dequeued", "delivered"])
      expect(result.stages[stage]!.p50Us).toBeGreaterThan(0);
    expect(result.ratio.p50).toBeGreaterThan(0);
    expect(result.rssMb).toBeGreaterThan(0);
  }, 90_000);
});
