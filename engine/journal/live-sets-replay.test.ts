/** Leading symbol, funding and news enter a run as recorded events alone: what its models judge is the same again. */
import { describe, expect, it } from "vitest";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../../actors/engine-actors.ts";
import { ActorStage, BTC, ETH } from "../../test/support/actor-stage.ts";
import {
  FakeInference,
  FINBERT,
  treesOf,
} from "../../test/support/fake-inference.ts";
import { MemoryTape } from "../../test/support/journal-tape.ts";
import { machineOf } from "../actor-machine.ts";
import type { FeatureVector } from "../domain/feature.ts";
import type { MarketEvent } from "../domain/market-event.ts";
import { COMPACT_SET } from "../features/compact-set.ts";
import { DIRECTION_SET } from "../features/direction-set.ts";
import { NEWS_SET } from "../features/news-windows.ts";
import { NO_LOG, NO_TELEMETRY, type SignalSink } from "../ports.ts";
import { ManualExecutor } from "../std/executor.ts";
import { unixMicros } from "../std/time.ts";
import type { MachineInputs, MachinePorts } from "./machine.ts";
import { RunRecording } from "./run-recording.ts";
import { RunReplay } from "./run-replay.ts";

const SETS = [DIRECTION_SET, COMPACT_SET, NEWS_SET];
const MODELS = [FINBERT, ...treesOf(SETS, { ttlMs: 100_000 })];
const OPTIONS = { ...ENGINE_ACTORS_DEFAULTS, references: [BTC] };
const MINUTES = 1_460;

const build = (ports: MachinePorts, sink: SignalSink): MachineInputs =>
  machineOf(
    createEngineActors({
      ...ports,
      sinks: [sink],
      predictions: { record: () => undefined },
      telemetry: NO_TELEMETRY,
      log: NO_LOG,
      requestSnapshot: () => undefined,
      epoch: "e1",
      options: OPTIONS,
    }),
  );

/** A probability that shows every bit of the vector. */
const digest = (features: FeatureVector): number => {
  let sum = 0;
  for (const value of features)
    sum = (sum * 31 + (Number.isNaN(value) ? 7 : value)) % 1_000_003;
  return 0.25 + (Math.abs(sum) % 1) / 2;
};

describe("a recorded run with models of every set", () => {
  it("replays to the same bytes, and the models judge the same vectors", () => {
    const maker = new ActorStage();
    const { clock } = maker;
    const executor = new ManualExecutor();
    const inference = new FakeInference(MODELS);
    inference.judge = digest;
    const tape = new MemoryTape();
    const recording = new RunRecording(
      { clock, timers: clock, executor, inference, store: maker.store },
      tape,
      (error) => expect.unreachable(error.code),
    );
    const live: string[] = [];
    const speakers = new Set<string>();
    recording.start(
      {
        v: 1,
        version: "test",
        node: process.version,
        epoch: "e1",
        options: OPTIONS,
        models: MODELS,
        inline: SETS.map(({ name }) => name),
        sha256: {},
      },
      () =>
        build(recording.ports, {
          publish: (signal) => {
            live.push(JSON.stringify(signal));
            for (const { model } of signal.sources) speakers.add(model);
          },
        }),
    );
    const tell = (event: MarketEvent): void => {
      recording.onEvent(event, event.receivedNs);
      executor.runUntilIdle();
    };
    for (let i = 0; i < MINUTES; i++) {
      clock.advanceMs(60_000);
      const openUs = Math.floor(clock.nowUs() / 60e6) * 60e6 - 60e6;
      const symbols = i % 2 === 0 ? [BTC, ETH] : [ETH, BTC];
      // Not the same again: that would be no sign of life.
      for (const symbol of symbols)
        for (const mid of [100.01, 100]) tell(maker.snapshot(symbol, mid));
      if (i % 30 === 0)
        tell(
          maker.event(ETH, {
            type: "funding",
            rate: i / 1e6,
            markPrice: 100,
            nextUs: unixMicros(0),
          }),
        );
      for (const symbol of symbols)
        tell(
          maker.event(symbol, {
            type: "bar",
            intervalMs: 60_000,
            openUs: unixMicros(openUs),
            open: 100,
            high: 110,
            low: 90,
            close: 100 + 5 * Math.sin(i * (symbol === BTC ? 1 : 2)),
            volume: 1 + (i % 7),
            vwap: 100,
            trades: 1,
            closed: true,
          }),
        );
      if (i % 45 === 0) {
        recording.onHeadline(maker.headline(`h${i}`, `text ${i}`, ETH));
        executor.runUntilIdle();
        inference.answer("finbert", 0.5 + (i % 40) / 100, "positive");
        executor.runUntilIdle();
      }
    }
    for (let i = 0; i < 20; i++) {
      clock.advanceMs(500);
      for (const symbol of [BTC, ETH]) tell(maker.delta(symbol));
    }
    recording.drain();
    recording.end();
    expect([...speakers].sort()).toEqual(
      ["compact", "direction", "finbert", "news"].sort(),
    );

    const again: string[] = [];
    let judged = 0;
    const run = new RunReplay({
      create: (_head, ports) =>
        build(ports, {
          publish: (signal) => again.push(JSON.stringify(signal)),
        }),
      watch: {
        judged: (_model, features, recorded) => {
          judged++;
          expect(digest(features)).toBe(recorded);
        },
        answered: () => undefined,
      },
    });
    tape.playTo(run);
    expect(run.isWhole).toBe(true);
    expect(again).toEqual(live);
    expect(judged).toBeGreaterThan(50);
  });
});
