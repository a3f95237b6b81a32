/** F55 of the fault catalogue: symbols that nobody knows, that change their name or vanish, and ten thousand new ones at once. */
import { execFile } from "node:child_process";
import { existsSync } from "node:fs";
import { join } from "node:path";
import { promisify } from "node:util";
import { describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import { ActorStage, BTC, ETH } from "./support/actor-stage.ts";
import type { ChurnReport } from "./support/symbol-churn.ts";

const CHURN = join(import.meta.dirname, "../dist/test/support/symbol-churn.js");
const PROCESS_MS_MAX = 120_000;

describe("F55: symbols come and go", () => {
  it("ten thousand new ones at a time: no more actors than the limit, a refusal for each other, and the memory comes back", async () => {
    if (!existsSync(CHURN)) throw new Error(`${CHURN}: npm run build`);
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ["--expose-gc", CHURN],
      { timeout: PROCESS_MS_MAX },
    );
    const report = JSON.parse(stdout) as ChurnReport;
    const { symbolsMax, leftBytes, upBytes, freshBytes } = report;
    const waves = leftBytes.length;
    expect(report.actorsMost).toBe(symbolsMax);
    expect(report.left).toBe(waves * symbolsMax);
    expect(report.refused).toBe(waves * (10_000 - symbolsMax));
    // Of what a wave of actors held, less than 5 % is still there, and no more from wave to wave. The first waves fill what is
    // bounded (compiled code, the sequences of symbols that left), and the collector leaves a few hundred KB either way.
    const held = upBytes.at(-1)! - freshBytes;
    expect((leftBytes.at(-1)! - freshBytes) / held).toBeLessThan(0.05);
    expect((leftBytes.at(-1)! - leftBytes.at(-3)!) / held).toBeLessThan(0.01);
  });

  it("an unknown one is spawned by its data alone, never by being asked for", () => {
    const stage = new ActorStage();
    const { board, inspector, router } = stage.actors;
    const stranger = symbolId("NOBODY.SIM");
    expect(board.latest(stranger)).toBeUndefined();
    expect(inspector.weights(stranger)).toBeUndefined();
    expect(() => router.orderResync(stranger)).toThrow("E_SYMBOL_UNKNOWN");
    expect(router.tell(stranger, { type: "resyncOrdered" })).toBe("dead");
    expect(router.size).toBe(0);
  });

  it("one that changes its name or is delisted goes stale, then away, and nothing is held for it", () => {
    const stage = new ActorStage({ symbol: { idleMs: 10_000 } });
    stage.warm(BTC, ETH);
    // From here on the venue calls it something else.
    const renamed = symbolId("BTCUSDT2.SIM");
    stage.feed(stage.snapshot(renamed, 100));
    for (let i = 0; i < 5; i++) {
      stage.advanceMs(500);
      stage.feed(stage.delta(renamed), stage.delta(ETH));
    }
    expect(stage.of(BTC).at(-1)).toMatchObject({
      live: false,
      book: { state: "STALE", reason: "silent" },
    });
    for (let i = 0; i < 26; i++) {
      stage.advanceMs(500);
      stage.feed(stage.delta(renamed), stage.delta(ETH));
    }
    const { board, inspector, router } = stage.actors;
    for (const symbols of [router, board, inspector])
      expect(symbols.symbols().sort()).toEqual([renamed, ETH].sort());
    expect(stage.of(renamed).at(-1)!.live).toBe(true);
  });
});
