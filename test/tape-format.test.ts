/** The format holds what it promises: any changed byte is noticed, a span found by the index is the span, old tapes still read. */
import { mkdtemp, readFile, rm, truncate, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { crc32, gzipSync } from "node:zlib";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { isHeadline, type FeedEvent } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import type { TapeItem } from "../engine/feeds/tape-block.ts";
import {
  FRAME_KINDS,
  TAPE_MAGIC,
  encodeFrame,
} from "../engine/feeds/tape-frame.ts";
import type { TapeHole } from "../engine/feeds/tape-hole.ts";
import { inspectTape } from "../engine/feeds/tape-inspect.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import type { TapeReaderOptions } from "../engine/feeds/tape-reader.ts";
import {
  recordBytes,
  toRecord,
  writeRecord,
} from "../engine/feeds/tape-record.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { CodedError, toCodedError } from "../engine/std/errors.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-format-"));
});
afterAll(() => rm(folder, { recursive: true }));
const newPath = (): string => join(folder, `${++files}.fwt`);

const simulator = new MarketSimulator({ seed: 17, newsEverySeconds: 1 });
const EVENTS = Array.from({ length: 1500 }, () => simulator.next().event);
const HOLE: TapeHole = {
  fromUs: unixMicros(EVENTS[700]!.receivedUs),
  toUs: unixMicros(EVENTS[701]!.receivedUs),
  toNs: monoNanos(EVENTS[701]!.receivedNs),
  lost: 12,
  reason: "slow",
  symbols: [symbolId("BTCUSDT.SIM")],
};

const items = async (
  path: string,
  options: TapeReaderOptions = {},
): Promise<TapeItem[]> => {
  const all: TapeItem[] = [];
  for await (const item of new TapeReader(path, options).items())
    all.push(item);
  return all;
};

const text = (item: TapeItem): string =>
  item.type === "record"
    ? `${item.record.receivedUs} ${item.record.receivedNs} ${item.record.subject} ${Buffer.from(item.record.payload).toString("latin1")}`
    : JSON.stringify(item);

const events = async (path: string): Promise<FeedEvent[]> => {
  const all: FeedEvent[] = [];
  for await (const event of new TapeReader(path)) all.push(event);
  return all;
};

/** Version 1, as its writer made it. */
const version1 = (
  of: readonly FeedEvent[],
  compression: "none" | "gzip",
): Buffer => {
  const json = Buffer.from('{"source":"old"}');
  const header = Buffer.alloc(20 + json.length);
  TAPE_MAGIC.copy(header);
  header.writeUInt16LE(1, 8);
  header.writeUInt32LE(json.length, 12);
  json.copy(header, 20);
  header.writeUInt32LE(crc32(json, crc32(header.subarray(8, 16))), 16);
  const frames = of.map((event) => {
    const record = toRecord(event);
    const body = Buffer.alloc(recordBytes(record));
    writeRecord(record, body, 0);
    return encodeFrame(FRAME_KINDS.record, body);
  });
  if (compression === "none") return Buffer.concat([header, ...frames]);
  const half = frames.length / 2;
  return Buffer.concat([
    header,
    ...[frames.slice(0, half), frames.slice(half)].map((run) =>
      encodeFrame(FRAME_KINDS.gzip, gzipSync(Buffer.concat(run))),
    ),
  ]);
};

describe("marks and holes", () => {
  it("stand where they were written, and a hole is a gap to whoever replays", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path, { blockBytes: 4096 });
    await writer.writeMark(Buffer.from("begin"));
    for (const event of EVENTS.slice(0, 5)) await writer.write(event);
    await writer.writeHole(HOLE);
    await writer.writeHole({ ...HOLE, symbols: "*" });
    await writer.writeMark(Buffer.alloc(6000, 1));
    await writer.write(EVENTS[5]!);
    await writer.close();
    const all = await items(path);
    expect(all.map(({ type }) => type)).toEqual([
      ...["mark", "record", "record", "record", "record", "record"],
      ...["hole", "hole", "mark", "record"],
    ]);
    expect(all[6]).toEqual({ type: "hole", hole: HOLE });
    expect(all[8]).toMatchObject({ bytes: { length: 6000 } });
    const replayed = await events(path);
    const gaps = replayed.filter((e) => !isHeadline(e) && e.type === "gap");
    expect(gaps[0]).toMatchObject({
      symbol: "BTCUSDT.SIM",
      reason: "overflow",
      receivedNs: HOLE.toNs,
    });
    // A hole that names no symbols takes all that were seen.
    const seen = new Set(
      EVENTS.slice(0, 5).flatMap((e) => (isHeadline(e) ? [] : [e.symbol])),
    );
    expect(gaps).toHaveLength(1 + seen.size);
  });

  it("refuses what is larger than a frame", async () => {
    const writer = await TapeWriter.create(newPath());
    await expect(
      writer.writeMark(Buffer.alloc(5 * 1024 * 1024)),
    ).rejects.toMatchObject({ code: "E_INPUT_SIZE" });
    const record = toRecord(EVENTS[0]!);
    await expect(
      writer.writeRecord({ ...record, subject: "x".repeat(256) }),
    ).rejects.toMatchObject({ code: "E_INPUT_LIMIT" });
    await writer.close();
  });
});

describe("a span of time", () => {
  const stepping = EVENTS.map((event, i) =>
    // The wall clock steps back by two seconds in the middle.
    i < 600
      ? event
      : { ...event, receivedUs: unixMicros(event.receivedUs - 2_000_000) },
  );
  let closed = "";
  let crashed = "";
  let continued = "";
  let old = "";

  beforeAll(async () => {
    closed = newPath();
    const writer = await TapeWriter.create(closed, {
      blockBytes: 3000,
      indexEveryBlocks: 5,
    });
    for (const [i, event] of stepping.entries()) {
      await writer.write(event);
      if (i === 700) await writer.writeHole(HOLE);
    }
    await writer.close();
    crashed = newPath();
    const bytes = await readFile(closed);
    await writeFile(crashed, bytes.subarray(0, bytes.length - 700));
    continued = newPath();
    await writeFile(continued, bytes.subarray(0, bytes.length - 2000));
    const more = await TapeWriter.append(continued, { blockBytes: 2000 });
    for (const event of EVENTS.slice(0, 30)) await more.write(event);
    await more.close();
    old = newPath();
    await writeFile(old, version1(stepping, "gzip"));
  });

  it("is the same by the index as by reading all, on a closed, a crashed, a continued and an old tape", async () => {
    const begin = EVENTS[0]!.receivedUs - 3_000_000;
    const length = EVENTS.at(-1)!.receivedUs - begin + 1_000_000;
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom("closed", "crashed", "continued", "old"),
        fc.integer({ min: 0, max: length }),
        fc.integer({ min: 0, max: length }),
        async (which, a, b) => {
          const path = { closed, crashed, continued, old }[which];
          const span = {
            fromUs: begin + Math.min(a, b),
            toUs: begin + Math.max(a, b),
          };
          const found = (await items(path, span)).map(text);
          const read = (await items(path, { ...span, seek: "scan" })).map(text);
          // Compared as text: a deep comparison of thousands of buffers takes its time.
          expect(found.join("\n") === read.join("\n")).toBe(true);
        },
      ),
      { numRuns: 40 },
    );
    expect(await items(closed, { fromUs: begin })).toHaveLength(
      stepping.length + 1,
    );
  });

  it("reads little of a long tape", async () => {
    const path = newPath();
    await writeFile(path, await readFile(closed));
    // Damage at the beginning is not met by who looks for the end.
    const bytes = await readFile(path);
    bytes[1000]! ^= 1;
    await writeFile(path, bytes);
    const fromUs = stepping.at(-1)!.receivedUs;
    expect(await items(path, { fromUs: fromUs })).not.toHaveLength(0);
    await expect(items(path, { fromUs, seek: "scan" })).rejects.toThrow(
      "E_TAPE_FORMAT",
    );
  });
});

describe("a tape of version 1", () => {
  it.each(["none", "gzip"] as const)(
    "reads as ever (%s), and is not appended to",
    async (compression) => {
      const path = newPath();
      await writeFile(path, version1(EVENTS, compression));
      expect(await events(path)).toEqual(EVENTS);
      await expect(TapeWriter.append(path)).rejects.toMatchObject({
        code: "E_TAPE_FORMAT",
      });
    },
  );
});

describe("a tape of version 2", () => {
  it("reads as ever, and is not appended to", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path);
    for (const event of EVENTS) await writer.write(event);
    await writer.close();
    // Its frames are those of a later one without states.
    const bytes = await readFile(path);
    bytes.writeUInt16LE(2, 8);
    const description = bytes.subarray(20, 20 + bytes.readUInt32LE(12));
    bytes.writeUInt32LE(crc32(description, crc32(bytes.subarray(8, 16))), 16);
    await writeFile(path, bytes);
    expect(await events(path)).toEqual(EVENTS);
    expect(await inspectTape(path)).toMatchObject({
      problems: [],
      tape: { version: 2, isClosed: true },
    });
    await expect(TapeWriter.append(path)).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });
});

describe("any byte that changes", () => {
  it("fails the tape's verification, and no event is ever another one", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path, {
      blockBytes: 3000,
      indexEveryBlocks: 4,
      info: { source: "test" },
    });
    const written = EVENTS.slice(0, 120);
    for (const [i, event] of written.entries()) {
      await writer.write(event);
      if (i % 10 === 0) await writer.writeMark(Buffer.from([i]));
    }
    await writer.close();
    const bytes = await readFile(path);
    const damaged = newPath();
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 0, max: bytes.length - 1 }),
        fc.integer({ min: 1, max: 255 }),
        async (at, bits) => {
          const copy = Buffer.from(bytes);
          copy[at]! ^= bits;
          await writeFile(damaged, copy);
          const seen: FeedEvent[] = [];
          let error: unknown;
          try {
            for await (const event of new TapeReader(damaged)) seen.push(event);
          } catch (caught) {
            error = caught;
          }
          expect(seen).toEqual(written.slice(0, seen.length));
          if (error !== undefined) {
            expect(error).toBeInstanceOf(CodedError);
            expect((error as CodedError).code).toBe("E_TAPE_FORMAT");
          }
          expect(await verdictOn(damaged)).toMatch(/^E_TAPE_(FORMAT|TORN)$/);
        },
      ),
      { numRuns: 100 },
    );
  });

  it("is damage and no torn tail where whole frames follow, so that nothing is cut", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path, { blockBytes: 3000 });
    for (const event of EVENTS.slice(0, 200)) await writer.write(event);
    await writer.close();
    const bytes = await readFile(path);
    const headerBytes = 20 + bytes.readUInt32LE(12);
    // The first frame now claims to reach beyond the end.
    bytes.writeUInt32LE(bytes.length, headerBytes);
    await writeFile(path, bytes);
    await expect(events(path)).rejects.toThrow("E_TAPE_FORMAT");
    await expect(TapeWriter.append(path)).rejects.toThrow("E_TAPE_FORMAT");
    expect(await readFile(path)).toEqual(bytes);
  });
});

/** The first problem; a file whose header tells nothing is refused as a whole. */
const verdictOn = async (path: string): Promise<string | undefined> => {
  try {
    return (await inspectTape(path)).problems[0]?.code;
  } catch (error) {
    return toCodedError(error).code;
  }
};

describe("verification", () => {
  const verify = async (of: readonly FeedEvent[], tail?: TapeHole) => {
    const path = newPath();
    const writer = await TapeWriter.create(path);
    for (const event of of) await writer.write(event);
    if (tail !== undefined) await writer.writeHole(tail);
    await writer.close();
    return inspectTape(path);
  };
  const codes = (report: { problems: readonly { code: string }[] }) =>
    report.problems.map(({ code }) => code);

  it("finds nothing wrong with what is not, and counts it", async () => {
    const report = await verify(EVENTS);
    expect(report.problems).toEqual([]);
    expect(report).toMatchObject({
      format: "tape",
      events: 1500,
      malformed: 0,
    });
    expect(report.kinds["headline"]).toBeGreaterThan(0);
    expect(Object.keys(report.symbols)).toHaveLength(8);
    expect(report.tape).toMatchObject({ version: 3, isClosed: true });
  });

  it("finds a lost delta, a crossed book, time that runs back and a hole", async () => {
    const delta = EVENTS.findIndex(
      (e, i) => i > 500 && !isHeadline(e) && e.type === "bookDelta",
    );
    const without = EVENTS.filter((_, i) => i !== delta);
    expect(codes(await verify(without))).toEqual(["E_BOOK_GAP"]);

    const snapshot = EVENTS.find(
      (e) => !isHeadline(e) && e.type === "bookSnapshot",
    )!;
    if (isHeadline(snapshot) || snapshot.type !== "bookSnapshot")
      throw new Error();
    const crossed = { ...snapshot, bids: snapshot.asks, asks: snapshot.bids };
    expect(
      codes(await verify([{ ...crossed, bids: [101, 1], asks: [100, 1] }])),
    ).toEqual(["E_BOOK_CROSSED"]);

    const swapped = [...EVENTS];
    swapped[3] = { ...swapped[3]!, receivedNs: monoNanos(0) };
    expect(codes(await verify(swapped))).toEqual(["E_TAPE_ORDER"]);

    expect(codes(await verify(EVENTS, HOLE))).toContain("E_TAPE_HOLE");
  });

  it("tells a tape that is torn, and one without its footer", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path);
    for (const event of EVENTS) await writer.write(event);
    await writer.flush();
    expect(await inspectTape(path)).toMatchObject({
      problems: [],
      tape: { isClosed: false },
    });
    await writer.close();
    const { length } = await readFile(path);
    await truncate(path, length - 1);
    expect(codes(await inspectTape(path))).toEqual(["E_TAPE_TORN"]);
  });
});
