/** A tape gives back what was written to it, and says so when it cannot. */
import {
  appendFile,
  mkdtemp,
  readFile,
  rm,
  truncate,
  writeFile,
} from "node:fs/promises";
import { existsSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import fc from "fast-check";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { RawRecording } from "../engine/feeds/raw-recording.ts";
import type { FeedEvent } from "../engine/feeds/feed-event.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import type { TapeWriterOptions } from "../engine/feeds/tape-writer.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { eventSubject } from "../engine/wire/subjects.ts";

const RECORDING = join(
  import.meta.dirname,
  "../../shared/data/l2/binance-spot-btcusdt_20240808.gz",
);

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-tape-"));
});
afterAll(() => rm(folder, { recursive: true }));
const newPath = (): string => join(folder, `${++files}.fwt`);

const simulated = (count: number): FeedEvent[] => {
  const simulator = new MarketSimulator({ seed: 9, newsEverySeconds: 1 });
  return Array.from({ length: count }, () => simulator.next().event);
};
const EVENTS = simulated(3000);

const write = async (
  events: readonly FeedEvent[],
  options: TapeWriterOptions = {},
): Promise<string> => {
  const path = newPath();
  const writer = await TapeWriter.create(path, options);
  for (const event of events) await writer.write(event);
  await writer.close();
  return path;
};

const read = async (tape: AsyncIterable<FeedEvent>): Promise<FeedEvent[]> => {
  const events: FeedEvent[] = [];
  for await (const event of tape) events.push(event);
  return events;
};

describe("tape", () => {
  it.each(["none", "brotli"] as const)(
    "gives back every event with both receive times (compression %s)",
    async (compression) => {
      expect(EVENTS.some(isHeadline)).toBe(true);
      const info = { symbols: ["BTCUSDT.SIM"], source: "test" };
      const path = await write(EVENTS, {
        compression,
        info,
        blockBytes: 10_000,
      });
      const tape = new TapeReader(path);
      expect(await read(tape)).toEqual(EVENTS);
      expect(tape.info).toEqual(info);
      expect([tape.records, tape.malformed, tape.tornBytes]).toEqual([
        3000, 0, 0,
      ]);
    },
  );

  it("is a few times smaller compressed", async () => {
    const plain = await readFile(await write(EVENTS, { compression: "none" }));
    const packed = await readFile(await write(EVENTS));
    expect(packed.length * 2).toBeLessThan(plain.length);
  });

  it("reads up to a torn tail, wherever it was torn, and continues after cutting it", async () => {
    const whole = await write(EVENTS.slice(0, 60), { blockBytes: 600 });
    const bytes = await readFile(whole);
    await fc.assert(
      fc.asyncProperty(
        fc.integer({ min: 100, max: bytes.length }),
        async (length) => {
          const path = newPath();
          await writeFile(path, bytes.subarray(0, length));
          const tape = new TapeReader(path);
          const before = await read(tape);
          expect(before).toEqual(EVENTS.slice(0, before.length));
          const writer = await TapeWriter.append(path);
          expect(writer.cutBytes).toBe(tape.tornBytes);
          await writer.write(EVENTS[100]!);
          await writer.close();
          expect(await read(new TapeReader(path))).toEqual([
            ...before,
            EVENTS[100],
          ]);
        },
      ),
      { numRuns: 30 },
    );
  });

  it("takes a tail that the disk never filled for torn", async () => {
    const path = await write(EVENTS.slice(0, 10));
    await appendFile(path, Buffer.alloc(4096));
    const tape = new TapeReader(path);
    expect(await read(tape)).toHaveLength(10);
    expect([tape.tornBytes, tape.isClosed]).toEqual([4096, false]);
  });

  it("refuses to read past damage before its end", async () => {
    const path = await write(EVENTS, { blockBytes: 5000 });
    const bytes = await readFile(path);
    bytes[1000]! ^= 0x10;
    await writeFile(path, bytes);
    await expect(read(new TapeReader(path))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
    await expect(TapeWriter.append(path)).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });

  it("refuses a damaged header, another version and a file without one", async () => {
    const path = await write(EVENTS.slice(0, 3), { info: { source: "x" } });
    const bytes = await readFile(path);
    for (const [at, bit] of [
      [1, 1],
      [8, 2],
      [17, 1],
      [25, 1],
    ] as const) {
      const copy = Buffer.from(bytes);
      copy[at]! ^= bit;
      await writeFile(path, copy);
      await expect(read(new TapeReader(path))).rejects.toMatchObject({
        code: "E_TAPE_FORMAT",
      });
    }
    await truncate(path, 5);
    await expect(read(new TapeReader(path))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });

  it("keeps bytes that a peer sent wrongly, and passes over them as the engine does", async () => {
    const path = newPath();
    const writer = await TapeWriter.create(path);
    const [first] = EVENTS;
    await writer.writeRecord({
      receivedUs: first!.receivedUs,
      receivedNs: first!.receivedNs,
      subject: "md.v1.SIM.BTCUSDT.trade",
      payload: Buffer.from("not a trade"),
    });
    await writer.write(first!);
    await writer.close();
    const tape = new TapeReader(path);
    expect(await read(tape)).toEqual([first]);
    expect(tape.malformed).toBe(1);
    const payloads: string[] = [];
    for await (const { payload } of tape.readRecords())
      payloads.push(Buffer.from(payload).toString("latin1"));
    expect(payloads[0]).toBe("not a trade");
  });

  it("is the same bytes for the same events", async () => {
    const [first, second] = await Promise.all([write(EVENTS), write(EVENTS)]);
    expect(await readFile(first)).toEqual(await readFile(second));
  });
});

describe("openTape", () => {
  it("knows a tape by its content, not by its name", async () => {
    const path = await write(EVENTS.slice(0, 10));
    expect(await read(await openTape(path))).toHaveLength(10);
  });

  it.skipIf(!existsSync(RECORDING))(
    "knows a recording (skipped where the recordings are absent)",
    async () => {
      expect(await openTape(RECORDING)).toBeInstanceOf(RawRecording);
    },
  );

  it.each([
    ["text", Buffer.from("time,price\n1,2\n")],
    ["an empty file", Buffer.alloc(0)],
    ["broken gzip", Buffer.from([0x1f, 0x8b, 1, 2, 3])],
  ])("refuses %s", async (_name, bytes) => {
    const path = newPath();
    await writeFile(path, bytes);
    await expect(openTape(path)).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });

  it("refuses a file that is not there", async () => {
    await expect(openTape(newPath())).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });

  it.skipIf(!existsSync(RECORDING))(
    "converts a recording without loss (skipped where the recordings are absent)",
    async () => {
      const path = newPath();
      const writer = await TapeWriter.create(path);
      const original: FeedEvent[] = [];
      for await (const event of new RawRecording(RECORDING)) {
        if (original.length >= 5000) break;
        original.push(event);
        await writer.write(event);
      }
      await writer.close();
      expect(await read(await openTape(path))).toEqual(original);
      expect(
        original.map((event) => !isHeadline(event) && eventSubject(event)),
      ).toContain("md.v1.BINANCE.BTCUSDT.book");
    },
  );
});
