/** A recording over several files is one tape: in order, by time, with its oldest removed, and cut short at any byte. */
import { spawn } from "node:child_process";
import {
  copyFile,
  mkdir,
  mkdtemp,
  readFile,
  readdir,
  rm,
  writeFile,
} from "node:fs/promises";
import { tmpdir } from "node:os";
import { basename, join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { BookSnapshot } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { asksOf, bidsOf } from "../engine/feeds/book-levels.ts";
import { isHeadline, type FeedEvent } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { cutTape } from "../engine/feeds/tape-cut.ts";
import { inspectTape } from "../engine/feeds/tape-inspect.ts";
import { partsFrom, partsIn } from "../engine/feeds/tape-parts.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { toRecord } from "../engine/feeds/tape-record.ts";
import {
  TapeRecorder,
  type TapeRecorderOptions,
} from "../engine/feeds/tape-recorder.ts";
import {
  TapeChain,
  openTape,
  openTapes,
  openWhole,
} from "../engine/feeds/tape.ts";
import { NO_LOG } from "../engine/ports.ts";
import { runReplay } from "../engine/replay-run.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { SimulatedClock } from "../engine/std/simulated-clock.ts";
import { unixMicros } from "../engine/std/time.ts";
import { eventually } from "./support/eventually.ts";
import { FaultyDisk } from "./support/faulty-disk.ts";

let folder = "";
let folders = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-parts-"));
});
afterAll(() => rm(folder, { recursive: true }));
const newFolder = (): string => join(folder, `recording-${++folders}/`);

const simulator = new MarketSimulator({ seed: 6, newsEverySeconds: 2 });
const EVENTS = Array.from({ length: 1500 }, () => simulator.next().event);

/** All of them, over parts of a few dozen events. */
const record = async (
  path: string,
  options: Partial<TapeRecorderOptions> = {},
  states: (recorded: number) => readonly FeedEvent[] = () => [],
) => {
  const clock = new SimulatedClock();
  const recorder: TapeRecorder = await TapeRecorder.start({
    path,
    clock,
    timers: clock,
    blockBytes: 8 * 1024,
    blocksMax: 4,
    rotateBytes: 3500,
    onPart: () => {
      for (const state of states(recorder.counts.records))
        recorder.state(toRecord(state));
    },
    ...options,
  });
  for (const [i, event] of EVENTS.entries()) {
    recorder.record(toRecord(event));
    clock.advanceMs(10);
    if (i % 20 === 19)
      await eventually("the disk keeps pace", () => {
        const { records, written } = recorder.counts;
        return records - written < 60;
      });
  }
  return recorder.close();
};

const eventsOf = async (tape: AsyncIterable<FeedEvent>) => {
  const events: FeedEvent[] = [];
  for await (const event of tape) events.push(event);
  return events;
};

/** A recording that several tests only read. */
let whole = "";
let parts: string[] = [];
beforeAll(async () => {
  whole = newFolder();
  await record(whole);
  parts = await partsIn(whole);
});

/** A folder with what a crash had left: everything up to a byte of the part, and nothing behind. */
const crashedAt = async (part: number, byte: number, zeros = 0) => {
  const to = newFolder();
  await mkdir(to);
  for (const path of parts.slice(0, part))
    await copyFile(path, join(to, basename(path)));
  const last = await readFile(parts[part]!);
  await writeFile(
    join(to, basename(parts[part]!)),
    Buffer.concat([last.subarray(0, byte), Buffer.alloc(zeros)]),
  );
  return to;
};

describe("a recording in parts", () => {
  it("is one tape with every event in order, each part of it sound and saying what it is", async () => {
    expect(parts.length).toBeGreaterThan(10);
    expect(parts.map((path) => basename(path)).slice(0, 2)).toEqual([
      "part-000001.fwt",
      "part-000002.fwt",
    ]);
    expect(await eventsOf(await openTape(whole))).toEqual(EVENTS);
    const report = await inspectTape(whole);
    expect(report).toMatchObject({
      events: EVENTS.length,
      problems: [],
      tape: { part: 1, parts: parts.length, isClosed: true },
    });
    let itemsBefore = 0;
    for (const [i, path] of parts.entries()) {
      const part = new TapeReader(path);
      await eventsOf(part);
      expect(part).toMatchObject({
        isClosed: true,
        info: { part: i + 1, itemsBefore, recording: expect.any(String) },
      });
      itemsBefore += part.records;
    }
  });

  it("is found from its first file, and in whatever order its files are given", async () => {
    const path = join(folder, "beside.fwt");
    const { parts: written } = await record(path);
    expect(written[1]).toBe(join(folder, "beside-0002.fwt"));
    expect(await partsFrom(path)).toEqual(written);
    expect(await partsFrom(written[2]!)).toEqual(written.slice(2));
    const shuffled = [...written].sort();
    expect(shuffled).not.toEqual(written);
    for (const tape of [
      await openTapes(shuffled),
      await openWhole(path),
      await openWhole(whole),
    ])
      expect(await eventsOf(tape)).toEqual(EVENTS);
    const single = newFolder();
    await record(single, { rotateBytes: 1e9 });
    expect(await eventsOf(await openWhole(single))).toEqual(EVENTS);
  });

  it("finds a span of time by the indexes of its parts as by reading all", async () => {
    const at = (i: number): number => EVENTS[i]!.receivedUs;
    for (const [fromUs, toUs] of [
      [at(0), at(10)],
      [at(300), at(1100)],
      [at(1490), at(1499) + 1],
      [at(1499) + 1, at(1499) + 2],
    ] as const) {
      const span = (seek: "index" | "scan") =>
        eventsOf(new TapeReader(parts, { fromUs, toUs, seek }));
      const wanted = EVENTS.filter(
        ({ receivedUs }) => receivedUs >= fromUs && receivedUs < toUs,
      );
      expect(await span("index")).toEqual(wanted);
      expect(await span("scan")).toEqual(wanted);
    }
  });

  it("tells of a part that is missing, and of one that belongs to another recording", async () => {
    const gap = newFolder();
    await mkdir(gap);
    for (const path of [...parts.slice(0, 3), ...parts.slice(4)])
      await copyFile(path, join(gap, basename(path)));
    await expect(openTape(gap)).rejects.toMatchObject({
      code: "E_TAPE_PART",
      message: expect.stringContaining("part 4 is not there"),
    });
    // Of another recording, under the name of the one that is missing.
    const other = newFolder();
    await record(other, { info: { recording: "another" } });
    const [stranger] = await partsIn(other);
    await copyFile(stranger!, join(gap, basename(parts[3]!)));
    await expect(openTape(gap)).rejects.toMatchObject({
      code: "E_TAPE_PART",
      message: expect.stringContaining("more than one recording"),
    });
    const wrong = new TapeReader([parts[0]!, parts[2]!]);
    await expect(eventsOf(wrong)).rejects.toMatchObject({
      code: "E_TAPE_PART",
    });
  });

  it("keeps the newest parts alone where it is told how many", async () => {
    const path = newFolder();
    const { parts: written } = await record(path, { partsMax: 3 });
    const kept = await readdir(path);
    expect(kept).toEqual(written.slice(-3).map((name) => basename(name)));
    const events = await eventsOf(await openTape(path));
    expect(events.length).toBeGreaterThan(50);
    expect(events).toEqual(EVENTS.slice(-events.length));
    const { problems, tape } = await inspectTape(path);
    expect(problems.filter(({ code }) => code !== "E_BOOK_GAP")).toEqual([]);
    expect(tape).toMatchObject({ part: written.length - 2, parts: 3 });
  });

  it("gives the states of its first part alone, in order of time, and those of no part that another one is read before", async () => {
    const path = newFolder();
    const began: number[] = [];
    const counts = await record(path, {}, (recorded) => {
      began.push(recorded);
      // The later one first: order is the reader's to keep.
      return [EVENTS[recorded - 1]!, EVENTS[recorded - 3]!];
    });
    const files = await partsIn(path);
    expect(counts).toMatchObject({ records: EVENTS.length, isWhole: true });
    expect(counts.states).toBe(2 * (files.length - 1));
    expect(await eventsOf(await openTape(path))).toEqual(EVENTS);
    for (const [i, from] of began.entries()) {
      const tape = new TapeReader(files.slice(i + 1));
      const [state, earlier, ...events] = await eventsOf(tape);
      const { receivedUs, receivedNs } = state!;
      expect(state).toEqual(EVENTS[from - 1]);
      expect(earlier).toEqual({ ...EVENTS[from - 3], receivedUs, receivedNs });
      expect(events).toEqual(EVENTS.slice(from));
      expect([tape.states, tape.records]).toEqual([2, events.length]);
      expect(tape.info.itemsBefore).toBe(from);
      const span = new TapeReader(files.slice(i + 1), {
        fromUs: 0,
        toUs: Infinity,
      });
      expect(await eventsOf(span)).toEqual(EVENTS.slice(from));
    }
  });

  it("refuses a folder or a name that another recording has, whatever of it was removed", async () => {
    const path = newFolder();
    await record(path, { partsMax: 2 });
    await expect(record(path)).rejects.toMatchObject({ code: "E_TAPE_EXISTS" });
    const name = join(folder, "taken.fwt");
    await record(name, { partsMax: 2 });
    await expect(record(name)).rejects.toMatchObject({ code: "E_TAPE_EXISTS" });
    await expect(record(path.slice(0, -1))).rejects.toMatchObject({
      code: "E_TAPE_EXISTS",
    });
  });

  it("names a folder by the time at which it began", async () => {
    await record(join(folder, "at-{time}/"), { rotateBytes: 20_000 });
    expect(await readdir(join(folder, "at-20231114T221320Z"))).toContain(
      "part-000002.fwt",
    );
  });

  it("loses nothing where a footer does not fit on the disk", async () => {
    const disk = new FaultyDisk();
    const path = newFolder();
    let isFull = false;
    const { parts: written, lost } = await record(path, {
      openDisk: async (name, flags) => {
        const file = await disk.open(name, flags);
        // The second part takes no footer; there is room again for the third.
        isFull = name.endsWith("-000002.fwt");
        return {
          ...file,
          write: (buffer, offset, length, position) => {
            const isFooter =
              isFull && buffer.length > 12 && isIndex(Buffer.from(buffer));
            if (isFooter) throw new Error("ENOSPC");
            return file.write(buffer, offset, length, position);
          },
        };
      },
    });
    expect(lost).toBe(0);
    expect(written.length).toBeGreaterThan(3);
    expect(await eventsOf(await openTape(path))).toEqual(EVENTS);
  });
});

const isIndex = (frame: Buffer): boolean =>
  frame.subarray(-8).toString("latin1") === "FWTINDEX";

/** A recording whose disk stood still for a while; its later parts begin with what the books stood at. */
const recordWithHole = async (path: string) => {
  const disk = new FaultyDisk();
  const clock = new SimulatedClock();
  const books = new Books();
  let last = EVENTS[0]!;
  const recorder: TapeRecorder = await TapeRecorder.start({
    path,
    clock,
    timers: clock,
    blockBytes: 16 * 1024,
    eagerBytes: 4 * 1024,
    blocksMax: 3,
    rotateBytes: 12_000,
    openDisk: disk.open,
    onPart: () => {
      for (const state of books.states(last)) recorder.state(toRecord(state));
    },
  });
  for (const [i, event] of EVENTS.entries()) {
    if (i === 400) disk.stall();
    if (i === 1000) disk.release();
    recorder.record(toRecord(event));
    books.apply((last = event));
    clock.advanceMs(10);
    if (i % 20 === 19 && (i < 400 || i > 1000))
      await eventually("the disk keeps pace", () => {
        const { records, written } = recorder.counts;
        return records - written < 60;
      });
  }
  return { books, counts: await recorder.close() };
};

class Books {
  readonly syncs = new Map<SymbolId, BookSync>();

  apply(event: FeedEvent): void {
    if (isHeadline(event)) return;
    const { type, symbol } = event;
    if (type !== "bookSnapshot" && type !== "bookDelta" && type !== "gap")
      return;
    let sync = this.syncs.get(symbol);
    if (sync === undefined) {
      sync = new BookSync(new OrderBook({ depthMax: 1000 }));
      this.syncs.set(symbol, sync);
    }
    sync.apply(event);
  }

  states({ receivedUs, receivedNs }: FeedEvent): BookSnapshot[] {
    return [...this.syncs].map(([symbol, { book, eventUs }]) => ({
      type: "bookSnapshot",
      symbol,
      eventUs: unixMicros(eventUs),
      receivedUs,
      receivedNs,
      seq: book.seq,
      bids: bidsOf(book),
      asks: asksOf(book),
    }));
  }

  get told() {
    return [...this.syncs].map(([symbol, { state, book }]) => ({
      symbol,
      state,
      seq: book.seq,
      mid: book.mid,
    }));
  }
}

describe("a recording in parts with a hole", () => {
  it("has its books back with the next part, to the one state of each that mends it", async () => {
    const path = newFolder();
    const { books, counts } = await recordWithHole(path);
    expect(counts.lost).toBeGreaterThan(50);
    expect(counts.parts.length).toBeGreaterThan(3);
    const reader = new TapeReader(counts.parts);
    const read = new Books();
    const events = await eventsOf(reader);
    for (const event of events) read.apply(event);
    expect([reader.holes, reader.lost]).toEqual([1, counts.lost]);
    expect(new Set(read.told)).toEqual(new Set(books.told));
    for (const { state } of read.told) expect(state).toBe("LIVE");
    expect(reader.states).toBeGreaterThan(4);
    expect(reader.states).toBeLessThanOrEqual(books.syncs.size);
    // None steps back in time, and none stands where the hole took nothing.
    const { problems } = await inspectTape(path);
    expect(new Set(problems.map(({ code }) => code))).toEqual(
      new Set(["E_TAPE_HOLE", "E_BOOK_GAP"]),
    );
    const hole = events.findIndex((e) => !isHeadline(e) && e.type === "gap");
    expect(events.slice(0, hole)).toEqual(EVENTS.slice(0, hole));
  });

  it("has them in a cut from behind the hole, and none of these states among its items", async () => {
    const { books, counts } = await recordWithHole(newFolder());
    const fromUs = EVENTS[1300]!.receivedUs;
    const cut = await eventsOf(
      cutTape(new TapeReader(counts.parts), { fromUs }),
    );
    const read = new Books();
    for (const event of cut) read.apply(event);
    expect(new Set(read.told)).toEqual(new Set(books.told));
    const reader = new TapeReader(counts.parts);
    await eventsOf(reader);
    for await (const { type } of reader.items()) expect(type).not.toBe("state");
  });
});

describe("a replay of a recording with a hole", () => {
  it("counts the books that the hole voided, and what is missing, however it was opened", async () => {
    const path = newFolder();
    const { counts } = await recordWithHole(path);
    const told = (await eventsOf(await openTape(path))).filter(
      (event) => !isHeadline(event) && event.type === "gap",
    );
    for (const tape of [
      await openTape(path),
      new TapeChain([await openTape(path)]),
    ]) {
      const summary = await runReplay({
        tape,
        modelsDir: folder,
        out: undefined,
        llama: "off",
        log: NO_LOG,
      });
      expect(summary).toMatchObject({
        gaps: told.length,
        holes: 1,
        lost: counts.lost,
      });
    }
  });
});

describe("a recording that was cut short", () => {
  it("has everything up to any byte of a part or of a roll-over, and says what is torn", async () => {
    const part = 4;
    const before = (await eventsOf(new TapeReader(parts.slice(0, part))))
      .length;
    const { length } = await readFile(parts[part]!);
    let last = 0;
    for (let byte = 0; byte <= length; byte += byte < 200 ? 13 : 151) {
      const crashed = await crashedAt(part, byte);
      const report = await inspectTape(crashed);
      expect(report.events).toBeGreaterThanOrEqual(Math.max(before, last));
      last = report.events;
      for (const { code } of report.problems) expect(code).toBe("E_TAPE_TORN");
      if (byte % 3 === 0)
        expect(await eventsOf(await openTape(crashed))).toEqual(
          EVENTS.slice(0, report.events),
        );
      await rm(crashed, { recursive: true });
    }
    expect(last).toBeGreaterThan(before);
  });

  it("ends before zeros that the disk never filled, also in a file that it had only begun", async () => {
    for (const [byte, zeros] of [
      [0, 4096],
      [7, 0],
      [150, 0],
    ] as const) {
      const crashed = await crashedAt(3, byte, zeros);
      const events = await eventsOf(await openTape(crashed));
      expect(events).toEqual(EVENTS.slice(0, events.length));
      expect(events.length).toBeGreaterThan(60);
    }
  });

  it("is damaged, not torn, where a part before the last is", async () => {
    const broken = await crashedAt(6, 2000);
    const path = join(broken, basename(parts[2]!));
    const bytes = await readFile(path);
    bytes[600]! ^= 1;
    await writeFile(path, bytes);
    const { problems } = await inspectTape(broken);
    expect(problems[0]).toMatchObject({ code: "E_TAPE_FORMAT" });
    expect(problems[0]!.text).toContain("part-000003.fwt");
    // A middle part that lost its end is not passed over either.
    await writeFile(path, (await readFile(parts[2]!)).subarray(0, 800));
    expect((await inspectTape(broken)).problems[0]).toMatchObject({
      code: "E_TAPE_PART",
    });
  });

  it("reads after each of several kills, wherever they fell", async () => {
    for (let kill = 0; kill < 2; kill++) {
      const path = newFolder();
      const child = spawn(
        process.execPath,
        [
          join(import.meta.dirname, "support/recording-child.mjs"),
          path,
          "9000",
        ],
        { stdio: ["ignore", "pipe", "inherit"] },
      );
      let output = "";
      child.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
      await eventually(
        "it has written a lot",
        () => output.split("\n").length > 8 + 5 * kill,
        20_000,
      );
      child.kill("SIGKILL");
      await new Promise((resolve) => child.on("exit", resolve));
      const certain = Number(output.trimEnd().split("\n").at(-1));
      const tape = await openTape(path);
      const events = await eventsOf(tape);
      const twin = new MarketSimulator({ seed: 9 });
      expect(events.length).toBeGreaterThanOrEqual(certain);
      expect(events).toEqual(events.map(() => twin.next().event));
      expect((await readdir(path)).length).toBeGreaterThan(2);
      expect(events.some((event) => !isHeadline(event))).toBe(true);
    }
  }, 30_000);
});
