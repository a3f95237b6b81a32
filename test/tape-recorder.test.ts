/** The recorder loses nothing while the disk keeps pace, and says exactly what it lost where the disk does not. */
import { spawn } from "node:child_process";
import { mkdtemp, readdir, rm, stat, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHeadline, type FeedEvent } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeBlock } from "../engine/feeds/tape-block.ts";
import { TapeFile } from "../engine/feeds/tape-file.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { recordBytes, toRecord } from "../engine/feeds/tape-record.ts";
import {
  TapeRecorder,
  type TapeRecorderOptions,
} from "../engine/feeds/tape-recorder.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import { SimulatedClock } from "../engine/std/simulated-clock.ts";
import { eventually } from "./support/eventually.ts";
import { FaultyDisk } from "./support/faulty-disk.ts";
import {
  RecordingLog,
  RecordingTelemetry,
} from "./support/recording-telemetry.ts";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-recorder-"));
});
afterAll(() => rm(folder, { recursive: true }));
const newPath = (): string => join(folder, `${++files}.fwt`);

const simulator = new MarketSimulator({ seed: 4, newsEverySeconds: 5 });
const EVENTS = Array.from({ length: 6000 }, () => simulator.next().event);

const read = async (path: string) => {
  const tape = new TapeReader(path);
  const events: FeedEvent[] = [];
  for await (const event of tape) events.push(event);
  return { tape, events };
};

const start = async (options: Partial<TapeRecorderOptions> = {}) => {
  const clock = new SimulatedClock();
  const disk = new FaultyDisk();
  const log = new RecordingLog();
  const telemetry = new RecordingTelemetry();
  const path = options.path ?? newPath();
  const recorder = await TapeRecorder.start({
    path,
    clock,
    timers: clock,
    openDisk: disk.open,
    log,
    telemetry,
    blockBytes: 16 * 1024,
    blocksMax: 4,
    ...options,
  });
  return { clock, disk, log, telemetry, path, recorder };
};

/** As many as fit before the disk has been heard of: an event loop's turn each hundred. */
const feed = async (
  recorder: TapeRecorder,
  events: readonly FeedEvent[],
): Promise<void> => {
  const lostBefore = recorder.counts.lost;
  for (const [i, event] of events.entries()) {
    recorder.record(toRecord(event));
    if (i % 20 === 19) {
      const { written, lost, records } = recorder.counts;
      if (records - written > 150 && lost === lostBefore)
        await eventually(
          "the disk keeps pace",
          () => recorder.counts.records - recorder.counts.written < 150,
        );
    }
  }
};

describe("the recorder", () => {
  it("gives back every event and mark in order, indexed and closed", async () => {
    const { recorder, path, telemetry } = await start();
    const marks = [Buffer.from("one"), Buffer.from("two")];
    await feed(recorder, EVENTS.slice(0, 2000));
    expect(recorder.mark(marks[0]!)).toBe(true);
    recorder.record(toRecord(EVENTS[2000]!));
    expect(recorder.mark(marks[1]!)).toBe(true);
    const counts = await recorder.close();
    expect(counts).toMatchObject({
      records: 2001,
      marks: 2,
      lost: 0,
      holes: 0,
    });
    const { tape, events } = await read(path);
    expect(events).toEqual(EVENTS.slice(0, 2001));
    expect(tape).toMatchObject({ isClosed: true, tornBytes: 0, marks: 2 });
    expect(tape.info).toMatchObject({ part: 1 });
    const tail: string[] = [];
    for await (const item of tape.items())
      tail.push(
        item.type === "mark" ? Buffer.from(item.bytes).toString() : "-",
      );
    expect(tail.slice(-3)).toEqual(["one", "-", "two"]);
    expect(telemetry.of("fusewire_tape_records_total")).toBe(2001);
    expect(telemetry.of("fusewire_tape_bytes_total")).toBe(counts.bytes);
  });

  it("keeps the newest events out when the disk is slow, and says so by a hole that voids the books", async () => {
    const { recorder, disk, path, telemetry, log } = await start();
    disk.stall();
    for (const event of EVENTS.slice(0, 3000)) recorder.record(toRecord(event));
    const { records, lost } = recorder.counts;
    expect(lost).toBeGreaterThan(1000);
    expect(records + lost).toBe(3000);
    disk.release();
    await eventually(
      "the disk has caught up",
      () => recorder.counts.written >= records - 200,
    );
    await feed(recorder, EVENTS.slice(3000, 3200));
    expect(await recorder.close()).toMatchObject({ lost, holes: 1 });
    expect(telemetry.of("fusewire_tape_lost_total{reason=slow}")).toBe(lost);
    expect(log.of("tape.lost")).toHaveLength(1);

    const { tape, events } = await read(path);
    expect([tape.holes, tape.lost]).toEqual([1, lost]);
    const gaps = events.filter((e) => !isHeadline(e) && e.type === "gap");
    const missed = new Set(
      EVENTS.slice(records, 3000).flatMap((e) =>
        isHeadline(e) ? [] : [e.symbol],
      ),
    );
    expect(new Set(gaps.map((gap) => !isHeadline(gap) && gap.symbol))).toEqual(
      missed,
    );
    expect(gaps[0]).toMatchObject({
      reason: "overflow",
      receivedNs: EVENTS[2999]!.receivedNs,
    });
    expect(events.filter((e) => !gaps.includes(e))).toEqual([
      ...EVENTS.slice(0, records),
      ...EVENTS.slice(3000, 3200),
    ]);
  });

  it("hands over small blocks while the disk keeps pace, and fills its buffers while it does not", async () => {
    const { recorder, disk } = await start({ eagerBytes: 2048 });
    for (let i = 0; i < 600; i += 25) {
      await feed(recorder, EVENTS.slice(i, i + 25));
      await eventually(
        "all but the last are written",
        () => recorder.counts.records - recorder.counts.written < 25,
      );
    }
    expect(disk.writes).toBeGreaterThan(20);
    disk.stall();
    const before = recorder.counts.written;
    for (const event of EVENTS.slice(600, 3000))
      recorder.record(toRecord(event));
    // Four buffers of 16 KiB, the first of which went as it was.
    const held = recorder.counts.records - before;
    const bytes = EVENTS.slice(600, 600 + held).reduce(
      (sum, event) => sum + recordBytes(toRecord(event)) + 5,
      0,
    );
    expect(bytes).toBeGreaterThan(2.8 * 16 * 1024);
    disk.release();
    await recorder.close();
  });

  it("waits out a full disk, and loses only what its buffers could not hold", async () => {
    const { recorder, disk, path, clock, log, telemetry } = await start();
    await feed(recorder, EVENTS.slice(0, 500));
    disk.room = 700;
    for (const event of EVENTS.slice(500, 3000))
      recorder.record(toRecord(event));
    await eventually(
      "a write has failed",
      () => log.of("tape.failing").length > 0,
    );
    const { records, lost } = recorder.counts;
    expect(lost).toBeGreaterThan(0);
    expect(log.of("tape.failing")[0]!.fields).toMatchObject({
      code: "E_TAPE_WRITE",
    });
    disk.room = Number.POSITIVE_INFINITY;
    clock.advanceMs(1000);
    await eventually(
      "it writes again",
      () => log.of("tape.recovered").length > 0,
    );
    await eventually(
      "it has caught up",
      () => recorder.counts.written >= records - 200,
    );
    await feed(recorder, EVENTS.slice(3000, 3100));
    await recorder.close();
    expect(telemetry.of("fusewire_tape_errors_total")).toBe(1);
    const { tape, events } = await read(path);
    expect(tape).toMatchObject({
      holes: 1,
      lost,
      tornBytes: 0,
      isClosed: true,
    });
    expect(events.filter((e) => isHeadline(e) || e.type !== "gap")).toEqual([
      ...EVENTS.slice(0, records),
      ...EVENTS.slice(3000, 3100),
    ]);
  });

  it("ends in time on a disk that takes nothing, and counts what it could not write", async () => {
    const { recorder, disk, clock, log, path } = await start({
      closeMsMax: 50,
    });
    await feed(recorder, EVENTS.slice(0, 300));
    await eventually("it has written", () => recorder.counts.written > 0);
    disk.room = 0;
    for (const event of EVENTS.slice(300, 400))
      recorder.record(toRecord(event));
    const { written } = recorder.counts;
    const closing = recorder.close();
    await eventually(
      "a write has failed",
      () => log.of("tape.failing").length > 0,
    );
    clock.advanceMs(50);
    const counts = await closing;
    expect(counts.written + counts.lost).toBe(400);
    expect(recorder.record(toRecord(EVENTS[0]!))).toBe(false);
    const { events } = await read(path);
    expect(events).toEqual(EVENTS.slice(0, counts.written));
    expect(counts.written).toBeGreaterThanOrEqual(written);
  });

  it("says at the end what it lost last", async () => {
    const { recorder, disk, path } = await start();
    disk.stall();
    for (const event of EVENTS.slice(0, 3000)) recorder.record(toRecord(event));
    const closing = recorder.close();
    disk.release();
    const { records, lost, written } = await closing;
    expect(written).toBe(records);
    const { tape } = await read(path);
    expect(tape).toMatchObject({ holes: 1, lost, isClosed: true });
  });

  it("begins a new part by size and by time, each of them whole", async () => {
    const { recorder, path, clock } = await start({
      rotateBytes: 20_000,
      rotateMs: 60_000,
    });
    await feed(recorder, EVENTS.slice(0, 4000));
    clock.advanceMs(61_000);
    await feed(recorder, EVENTS.slice(4000, 4200));
    const { parts } = await recorder.close();
    expect(parts.length).toBeGreaterThan(3);
    expect(parts[0]).toBe(path);
    expect(parts[1]).toBe(path.replace(".fwt", "-0002.fwt"));
    const all: FeedEvent[] = [];
    for (const [i, part] of parts.entries()) {
      const { tape, events } = await read(part);
      expect([tape.isClosed, tape.info.part]).toEqual([true, i + 1]);
      all.push(...events);
    }
    expect(all).toEqual(EVENTS.slice(0, 4200));
  });

  it("never writes over a file, unless its name says when", async () => {
    const taken = newPath();
    await writeFile(taken, "precious");
    await expect(start({ path: taken })).rejects.toMatchObject({
      code: "E_TAPE_EXISTS",
    });
    const named = join(folder, "named", "run-{time}.fwt");
    const first = await start({ path: named });
    const second = await start({ path: named });
    await first.recorder.close();
    await second.recorder.close();
    expect(await readdir(join(folder, "named"))).toEqual([
      "run-20231114T221320Z-0002.fwt",
      "run-20231114T221320Z.fwt",
    ]);
  });

  it("refuses to start where nothing can be written", async () => {
    const blocked = newPath();
    await writeFile(blocked, "a file, not a folder");
    await expect(
      start({ path: join(blocked, "tape.fwt") }),
    ).rejects.toMatchObject({ code: "E_TAPE_WRITE" });
    // No folder can be made there, whoever asks.
    await expect(start({ path: "/proc/none/tape.fwt" })).rejects.toMatchObject({
      code: "E_TAPE_WRITE",
    });
  });

  it("tells of an event that is larger than a buffer, and keeps the others", async () => {
    const { recorder, path } = await start();
    const [first, second] = EVENTS.map(toRecord);
    recorder.record(first!);
    expect(
      recorder.record({ ...first!, payload: new Uint8Array(20_000) }),
    ).toBe(false);
    recorder.record(second!);
    await recorder.close();
    const { tape, events } = await read(path);
    expect([tape.holes, tape.lost]).toEqual([1, 1]);
    expect(events.map((e) => (isHeadline(e) ? "news" : e.type))).toContain(
      "gap",
    );
    expect(events.filter((e) => isHeadline(e) || e.type !== "gap")).toEqual(
      EVENTS.slice(0, 2),
    );
  });

  it("lets no event wait longer than the flush, and makes it durable by its policy", async () => {
    const { recorder, clock, disk, path } = await start({ sync: "everyBlock" });
    recorder.record(toRecord(EVENTS[0]!));
    clock.advanceMs(1000);
    await eventually("it is written", () => recorder.counts.written === 1);
    await eventually("it is synced", () => disk.syncs === 1);
    // Readable while it is being recorded.
    const { tape, events } = await read(path);
    expect(events).toEqual(EVENTS.slice(0, 1));
    expect(tape.isClosed).toBe(false);
    await recorder.close();
    expect(disk.syncs).toBe(2);
  });
});

describe("a tape file", () => {
  it("holds each block once, whichever write failed before", async () => {
    for (let room = 0; room < 400; room += 20) {
      const path = newPath();
      const disk = new FaultyDisk();
      const file = TapeFile.begin(
        await disk.open(path, "wx"),
        {},
        {
          compression: "none",
          indexEveryBlocks: 2,
        },
      );
      const written: string[] = [];
      for (let i = 0; i < 6; i++) {
        const block = new TapeBlock(200);
        block.putMark(Buffer.alloc(20 + i * 5, i));
        // Full in a block or in an index; then space is made.
        if (i === 3) disk.room = room;
        for (let done = false; !done;)
          try {
            await file.writeBlock(block);
            done = true;
          } catch (error) {
            expect(String(error)).toContain("ENOSPC");
            disk.room = Number.POSITIVE_INFINITY;
          }
        written.push(Buffer.alloc(20 + i * 5, i).toString("hex"));
      }
      disk.room = Number.POSITIVE_INFINITY;
      await file.close();
      const found: string[] = [];
      const tape = new TapeReader(path);
      for await (const item of tape.items())
        if (item.type === "mark")
          found.push(Buffer.from(item.bytes).toString("hex"));
      expect(found).toEqual(written);
      expect(tape).toMatchObject({ isClosed: true, tornBytes: 0 });
    }
  });
});

describe("a recorder that is killed", () => {
  it("leaves a tape with everything it had written; its torn tail is cut", async () => {
    const path = newPath();
    const child = spawn(
      process.execPath,
      [join(import.meta.dirname, "support/recording-child.mjs"), path],
      { stdio: ["ignore", "pipe", "inherit"] },
    );
    let output = "";
    child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
    await eventually(
      "it has written a lot",
      () => output.split("\n").length > 20,
      20_000,
    );
    child.kill("SIGKILL");
    await new Promise((resolve) => child.on("exit", resolve));
    const certain = Number(output.trimEnd().split("\n").at(-1));
    // As a kill in the middle of a write would leave it.
    const { size } = await stat(path);
    await writeFile(path, Buffer.alloc(100, 7), { flag: "a" });

    const twin = new MarketSimulator({ seed: 9 });
    const { tape, events } = await read(path);
    expect(events.length).toBeGreaterThanOrEqual(certain);
    expect(events).toEqual(events.map(() => twin.next().event));
    expect(tape.isClosed).toBe(false);
    const writer = await TapeWriter.append(path);
    expect(writer.cutBytes).toBe(tape.tornBytes);
    await writer.close();
    const again = await read(path);
    expect(again.events).toHaveLength(events.length);
    expect([again.tape.isClosed, again.tape.tornBytes]).toEqual([true, 0]);
    expect(size).toBeGreaterThan(0);
  }, 30_000);
});
