/** The benches' own machinery over real processes: the floor needs no engine. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { runFloorBench } from "../bench/end-to-end.bench.ts";
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
});
