/** The pool with real threads and real native calls, good and bad. */
import { afterAll, afterEach, beforeAll, describe, expect, it } from "vitest";
import { SimulatedClock } from "../engine/std/simulated-clock.ts";
import { loadRegistry } from "../models/registry.ts";
import type { ModelEntry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference } from "../workers/placement.ts";
import type { InferenceOptions } from "../workers/placement.ts";
import { llamaProcessUrl, workerUrl } from "./support/compiled.ts";
import { ask, features, isMiss, outcome } from "./support/inference-calls.ts";
import {
  PROBE_MANIFEST,
  buildProbeModel,
  modelFolder,
} from "./support/model-folder.ts";

const CRASHING = new URL("fixtures/crashing-worker.mjs", import.meta.url);
/** A few hundred milliseconds of native loop. */
const SLOW_TURNS = 200_000;

const folder = modelFolder();
let entries: readonly ModelEntry[] = [];
let inference: EngineInference | undefined;

const serve = async (
  options: Partial<InferenceOptions> = {},
): Promise<EngineInference> => {
  inference = await createInference(entries, {
    workerUrl: workerUrl(),
    llamaProcessUrl: llamaProcessUrl(),
    ...options,
  });
  return inference;
};

beforeAll(() => {
  folder.add(buildProbeModel(), PROBE_MANIFEST);
  ({ entries } = loadRegistry(folder.root));
  expect(entries).toHaveLength(1);
});
afterEach(async () => {
  await inference?.close();
  inference = undefined;
});
afterAll(() => folder.remove());

describe("a pool of native threads", () => {
  it("serves a model and says where it runs", async () => {
    const served = await serve();
    expect(served.models).toMatchObject([
      { name: "probe", placement: "pool", input: "features", horizonMs: 1000 },
    ]);
    expect(served.status().models).toMatchObject([
      { name: "probe", state: "serving", device: "cpu", degraded: false },
    ]);
    const answer = await ask(served, "probe", features(0.25, 1));
    expect(answer).toMatchObject({
      symbol: "BTCUSDT.TEST",
      model: "probe",
      version: "1",
      family: "trees",
      probability: 0.5,
      confidence: 0,
      horizonMs: 1000,
      ttlMs: 2000,
    });
    expect(served.pending).toBe(0);
  });

  it("answers by the deadline while a native call goes on, and counts its late result", async () => {
    const served = await serve();
    const late = await ask(served, "probe", features(0.25, SLOW_TURNS), 40);
    expect(outcome(late)).toBe("E_MODEL_TIMEOUT");
    expect(served.status().lanes[0]).toMatchObject({
      inFlight: 1,
      timeouts: 1,
    });
    expect(outcome(await ask(served, "probe", features(0.25, 1)))).toBe(0.5);
    expect(served.status().lanes[0]).toMatchObject({ lateResults: 1 });
  });

  it("refuses what the queue cannot hold, at once and outside the caller's call", async () => {
    const served = await serve({ queueMax: 3, batchMax: 1 });
    const first = ask(served, "probe", features(0.25, SLOW_TURNS));
    await new Promise((resolve) => setImmediate(resolve));
    const queued = [1, 2, 3].map(() => ask(served, "probe", features(0.25, 1)));
    expect(outcome(await ask(served, "probe", features(0.25, 1)))).toBe(
      "E_LIMIT_QUEUE",
    );
    expect(served.pending).toBe(4);
    for (const answer of await Promise.all([first, ...queued]))
      expect(outcome(answer)).toBe(0.5);
  });

  it("lets a bad row cost only itself", async () => {
    const served = await serve();
    const answers = await Promise.all([
      ask(served, "probe", features(0.25, 1)),
      ask(served, "probe", features(-1, 1)),
      ask(served, "probe", features(9, 1)),
      ask(served, "probe", features(Number.NaN, 1)),
      ask(served, "probe", features(0.25)),
      ask(served, "probe", { kind: "text", text: "x", headlineId: "h" }),
      ask(served, "probe", features(0.49, 1)),
    ]);
    const [good, nan, tooLarge, nanInput, narrow, wrongKind, other] =
      answers.map(outcome);
    expect(good).toBe(0.5);
    expect(other).toBeCloseTo(0.7, 6);
    expect([nan, tooLarge]).toEqual(["E_MODEL_OUTPUT", "E_MODEL_OUTPUT"]);
    expect(nanInput).toBe("E_INPUT_RANGE");
    expect([narrow, wrongKind]).toEqual(["E_INPUT_SCHEMA", "E_INPUT_SCHEMA"]);
  });

  it("answers for a model it does not have, and for a deadline that has passed", async () => {
    const served = await serve();
    expect(outcome(await ask(served, "nobody", features(1, 1)))).toBe(
      "E_MODEL_UNKNOWN",
    );
    expect(outcome(await ask(served, "probe", features(0.25, 1), -1))).toBe(
      "E_MODEL_TIMEOUT",
    );
  });

  it("keeps a copy of what it was given", async () => {
    const served = await serve();
    const values = Float64Array.of(0.25, 1);
    const answer = ask(served, "probe", { kind: "features", values });
    values.fill(-1);
    expect(outcome(await answer)).toBe(0.5);
  });

  it("goes on serving on its other threads while one is busy", async () => {
    const served = await serve({ threadsPerLane: 2, batchMax: 1 });
    const order: string[] = [];
    const slow = ask(served, "probe", features(0.25, SLOW_TURNS)).then(() =>
      order.push("slow"),
    );
    await new Promise((resolve) => setImmediate(resolve));
    await ask(served, "probe", features(0.25, 1)).then(() =>
      order.push("quick"),
    );
    await slow;
    expect(order).toEqual(["quick", "slow"]);
  });

  it("counts rows and misses, and times the queue and the call", async () => {
    const counts = new Map<string, number>();
    const add = (name: string, labels: object, n: number): void => {
      const key = [name, ...Object.values(labels)].join(" ");
      counts.set(key, (counts.get(key) ?? 0) + n);
    };
    const served = await serve({
      telemetry: {
        counter: (name, _, labels = {}) => ({
          add: (n) => add(name, labels, n),
        }),
        gauge: () => ({ set: () => undefined }),
        histogram: (name, _, labels = {}) => ({
          recordNs: (ns) => add(name, labels, ns > 0 ? 1 : 0),
        }),
      },
    });
    await ask(served, "probe", features(0.25, 1));
    await ask(served, "probe", features(-1, 1));
    expect(Object.fromEntries(counts)).toEqual({
      "fusewire_model_queue_seconds probe": 2,
      "fusewire_model_run_seconds probe": 2,
      "fusewire_model_rows_total probe": 2,
      "fusewire_model_misses_total probe E_MODEL_OUTPUT": 1,
    });
  });

  it("replaces hung threads, and takes the lane back when they return", async () => {
    const served = await serve({ hungMs: 150 });
    const hung = ask(served, "probe", features(0.25, 5 * SLOW_TURNS), 30);
    expect(outcome(await hung)).toBe("E_MODEL_TIMEOUT");
    expect(outcome(await ask(served, "probe", features(0.25, 1)))).toBe(0.5);
    expect(served.status().lanes[0]).toMatchObject({ abandoned: 1 });
    await expect
      .poll(() => served.status().lanes[0]!.abandoned, { timeout: 15_000 })
      .toBe(0);
    expect(served.status().lanes[0]).toMatchObject({ state: "ready" });
  });

  it("finishes what is in flight when it closes, and refuses the rest", async () => {
    const served = await serve();
    const running = ask(served, "probe", features(0.25, SLOW_TURNS));
    await new Promise((resolve) => setImmediate(resolve));
    const closing = served.close();
    expect(outcome(await ask(served, "probe", features(0.25, 1)))).toBe(
      "E_STATE_DRAINING",
    );
    expect(outcome(await running)).toBe(0.5);
    await closing;
    expect(served.pending).toBe(0);
  });

  it("closes within its bound although a native call does not return", async () => {
    const served = await serve({ closeMs: 50 });
    const running = ask(served, "probe", features(0.25, 5 * SLOW_TURNS));
    await new Promise((resolve) => setImmediate(resolve));
    await served.close();
    expect(outcome(await running)).toBe("E_STATE_DRAINING");
    expect(served.status().lanes[0]).toMatchObject({ abandoned: 1 });
    // The thread ends when the call does; until then only SIGKILL could end this process.
    await expect
      .poll(() => served.status().lanes[0]!.abandoned, { timeout: 15_000 })
      .toBe(0);
  });

  it("gives the same numbers twice when a replay settles between events", async () => {
    const run = async (): Promise<(number | string)[]> => {
      const served = await serve({
        batching: "single",
        timers: new SimulatedClock(),
      });
      const results: (number | string)[] = [];
      for (let event = 0; event < 5; event++)
        results.push(
          ...(
            await Promise.all(
              [0, 1, 2, 3].map((i) =>
                ask(served, "probe", features(((event + i) % 10) / 10, 1)),
              ),
            )
          ).map(outcome),
        );
      expect(served.pending).toBe(0);
      await served.close();
      return results;
    };
    expect(await run()).toEqual(await run());
  });
});

describe("a pool whose threads die", () => {
  it("answers the one that kills with a crash, and every other with its prediction", async () => {
    const served = await serve({ workerUrl: CRASHING });
    const answers = await Promise.all([
      ask(served, "probe", features(1, 0)),
      ask(served, "probe", features(666, 0)),
      ask(served, "probe", features(2, 0)),
    ]);
    expect(outcome(answers[1])).toBe("E_MODEL_CRASH");
    expect(isMiss(answers[0])).toBe(false);
    expect(isMiss(answers[2])).toBe(false);
    expect(served.status().lanes[0]).toMatchObject({
      state: "ready",
      crashes: 2,
    });
  });

  it("does not try again past the deadline", async () => {
    const served = await serve({ workerUrl: CRASHING });
    const answer = await ask(served, "probe", features(666, 0), 5);
    expect(["E_MODEL_CRASH", "E_MODEL_TIMEOUT"]).toContain(outcome(answer));
    expect(outcome(await ask(served, "probe", features(1, 0)))).toBe(0.01);
  });

  it("runs as one batch what one turn submits and what arrives during a call", async () => {
    const served = await serve({ workerUrl: CRASHING, batchMax: 8 });
    const first = [1, 2, 3].map((i) => ask(served, "probe", features(i, 100)));
    await new Promise((resolve) => setImmediate(resolve));
    const meanwhile = Array.from({ length: 10 }, (_, i) =>
      ask(served, "probe", features(i, 0)),
    );
    expect((await Promise.all(first)).map(outcome)).toEqual([0.03, 0.03, 0.03]);
    expect((await Promise.all(meanwhile)).map(outcome)).toEqual([
      ...Array.from({ length: 8 }, () => 0.08),
      0.02,
      0.02,
    ]);
  });

  it("serves callers in the order in which they came", async () => {
    const served = await serve({ workerUrl: CRASHING, batchMax: 1 });
    const turns = 30;
    const done: Record<string, number> = { a: 0, b: 0, c: 0, d: 0 };
    let spread = 0;
    await Promise.all(
      Object.keys(done).map(async (caller) => {
        while (done[caller]! < turns) {
          await ask(served, "probe", features(1, 1));
          done[caller]!++;
          const counts = Object.values(done);
          spread = Math.max(spread, Math.max(...counts) - Math.min(...counts));
        }
      }),
    );
    expect(spread).toBeLessThanOrEqual(1);
  });
});
