/** A run whose tape is slower than it is: the run goes on as if nothing were, its record ends, and what stands replays. */
import { mkdtemp, readFile, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { setImmediate as nextTurn } from "node:timers/promises";
import { afterAll, beforeAll, expect, it } from "vitest";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
} from "../actors/engine-actors.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { NO_LOG, NO_STORE } from "../engine/ports.ts";
import { startActors } from "../engine/record-run.ts";
import { replayRecorded } from "../engine/replay-recorded.ts";
import { ManualExecutor } from "../engine/std/executor.ts";
import { systemClock, systemTimers } from "../engine/std/time.ts";
import { NO_MODELS } from "./support/fake-inference.ts";
import { FaultyDisk } from "./support/faulty-disk.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "./support/recording-telemetry.ts";

let folder = "";
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-overflow-"));
});
afterAll(() => rm(folder, { recursive: true }));

/** A run on a disk that fails when told to. */
const startRun = async (name: string) => {
  const tape = join(folder, `${name}.fwt`);
  const live = join(folder, `${name}.jsonl`);
  const executor = new ManualExecutor();
  const disk = new FaultyDisk();
  const log = new RecordingLog();
  const telemetry = new RecordingTelemetry();
  const said = { count: 0 };
  const { inputs, close } = await startActors({
    record: { tape, signals: live },
    ports: {
      clock: systemClock,
      timers: systemTimers,
      executor,
      inference: NO_MODELS,
      store: NO_STORE,
    },
    create: (ports, sinks) =>
      createEngineActors({
        ...ports,
        sinks: [...sinks, { publish: () => said.count++ }],
        predictions: { record: () => undefined },
        telemetry,
        log,
        requestSnapshot: () => undefined,
        epoch: "slow",
        options: ENGINE_ACTORS_DEFAULTS,
      }),
    epoch: "slow",
    options: ENGINE_ACTORS_DEFAULTS,
    sha256: {},
    telemetry,
    log,
    openDisk: disk.open,
  });
  const market = new MarketSimulator({ seed: 8 });
  const feed = (events: number): void => {
    for (let i = 0; i < events; i++) {
      const { event } = market.next();
      if (isHeadline(event)) continue;
      const receivedNs = systemClock.nowNs();
      const receivedUs = systemClock.nowUs();
      inputs.onEvent({ ...event, receivedUs, receivedNs }, receivedNs);
      executor.runUntilIdle();
    }
  };
  const isLost = (): boolean =>
    telemetry.of("fusewire_journal_lost_total") === 1;
  return {
    tape,
    live,
    disk,
    log,
    telemetry,
    said,
    inputs,
    close,
    feed,
    isLost,
  };
};

it("ends the journal, counts it, and says every signal all the same", async () => {
  const { tape, live, disk, log, telemetry, said, ...run } =
    await startRun("run");
  const { inputs, close, feed, isLost } = run;
  feed(2_000);
  expect(telemetry.of("fusewire_journal_lost_total")).toBe(0);
  disk.stall();
  for (let i = 0; i < 100 && !isLost(); i++) feed(1_000);
  expect(log.of("record.lost")[0]!.fields).toEqual({ code: "E_TAPE_LOST" });
  // Not a turn of the loop has passed: nothing waited for the disk.
  expect(disk.writes).toBeLessThan(3);
  const [saidThen, lostThen] = [said.count, lost(telemetry)];
  feed(1_000);
  expect(said.count).toBeGreaterThan(saidThen + 500);
  expect(lost(telemetry)).toBeGreaterThan(lostThen + 900);
  disk.release();
  inputs.drain();
  expect(await close()).toMatchObject({ code: "E_TAPE_LOST" });

  const reader = new TapeReader(tape);
  const summary = await replayRecorded({
    tape: reader,
    out: join(folder, "again.jsonl"),
    verify: undefined,
    recomputeWith: undefined,
    log: NO_LOG,
  });
  expect(summary).toMatchObject({ whole: false, epoch: "slow" });
  expect(summary.signals).toBeGreaterThan(2_000);
  expect([reader.holes, reader.lost]).toEqual([1, lost(telemetry)]);
  const [whole, again] = [
    await readFile(live, "utf8"),
    await readFile(join(folder, "again.jsonl"), "utf8"),
  ];
  expect(whole.startsWith(again)).toBe(true);
}, 30_000);

it("says at its end what the disk said, where its journal was lost to a full one", async () => {
  const { disk, inputs, close, feed, isLost, log } =
    await startRun("full-disk");
  feed(2_000);
  disk.room = 0;
  for (let i = 0; i < 100 && !isLost(); i++) {
    feed(1_000);
    await nextTurn();
  }
  expect(log.of("record.lost")).toHaveLength(1);
  disk.room = Number.POSITIVE_INFINITY;
  inputs.drain();
  expect(await close()).toMatchObject({
    code: "E_TAPE_WRITE",
    detail: expect.stringMatching(/^\d+ events: ENOSPC: no space/),
    cause: expect.objectContaining({ code: "ENOSPC" }),
  });
}, 30_000);

const lost = (telemetry: RecordingTelemetry): number =>
  telemetry.of("fusewire_tape_lost_total{reason=slow}");
