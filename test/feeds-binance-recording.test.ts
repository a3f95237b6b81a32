/** The recordings of real venues hold together by their own sequence rules. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { BinanceRecording } from "../engine/feeds/binance-recording.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { FeedPublisher } from "../engine/feeds/feed-publisher.ts";
import { LocalBus } from "../engine/io/local-bus.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { SimulatedClock } from "../engine/std/simulated-clock.ts";
import { decode } from "../engine/wire/codec.ts";
import { snapshotSubject } from "../engine/wire/subjects.ts";

const RECORDINGS = join(import.meta.dirname, "../../shared/data/l2");

interface Expected {
  readonly file: string;
  readonly symbol: string;
  readonly trades: number;
  readonly quotes: number;
  readonly deltas: number;
  readonly snapshots: number;
  readonly seconds: number;
}

const EXPECTED: readonly Expected[] = [
  {
    file: "binance-cm-ethusd_perp_20240808.gz",
    symbol: "ETHUSD_PERP.BINANCECOINM",
    trades: 1732,
    quotes: 15812,
    deltas: 22909,
    snapshots: 1,
    seconds: 343.816154618,
  },
  {
    file: "binance-spot-btcusdt_20240808.gz",
    symbol: "BTCUSDT.BINANCE",
    trades: 9757,
    quotes: 28040,
    deltas: 3451,
    snapshots: 1,
    seconds: 346.062145616,
  },
  {
    file: "binance-spot-btcusdt_20240809.gz",
    symbol: "BTCUSDT.BINANCE",
    trades: 10147,
    quotes: 45134,
    deltas: 3044,
    snapshots: 0,
    seconds: 304.533433849,
  },
  {
    file: "binance-usdm-btcusdt_20240808.gz",
    symbol: "BTCUSDT.BINANCEUSDM",
    trades: 21313,
    quotes: 66089,
    deltas: 6551,
    snapshots: 1,
    seconds: 344.803177917,
  },
];

describe.skipIf(!existsSync(RECORDINGS))(
  "recorded Binance files (skipped where the recordings are absent)",
  () => {
    it.each(EXPECTED)(
      "reads $file whole, in an unbroken chain that its snapshot joins",
      async (expected) => {
        const recording = new BinanceRecording(join(RECORDINGS, expected.file));
        const counts: Record<string, number> = {};
        const symbols = new Set<string>();
        let chain: number | undefined;
        let breaks = 0;
        let snapshotSeq: number | undefined;
        let isBridged = false;
        let firstNs: number | undefined;
        let lastNs = 0;
        let backwards = 0;
        for await (const event of recording) {
          counts[event.type] = (counts[event.type] ?? 0) + 1;
          symbols.add(event.symbol);
          firstNs ??= event.receivedNs;
          if (event.receivedNs < lastNs) backwards++;
          lastNs = event.receivedNs;
          if (event.type === "bookSnapshot") snapshotSeq = event.seq;
          if (event.type !== "bookDelta") continue;
          if (chain !== undefined && event.prevSeq !== chain) breaks++;
          chain = event.seq;
        }
        // A second pass, as a consumer would buffer: some delta spans the snapshot.
        for await (const event of new BinanceRecording(
          join(RECORDINGS, expected.file),
        ))
          if (
            event.type === "bookDelta" &&
            snapshotSeq !== undefined &&
            event.prevSeq <= snapshotSeq &&
            snapshotSeq < event.seq
          ) {
            isBridged = true;
            break;
          }
        expect([...symbols]).toEqual([expected.symbol]);
        expect(counts["trade"]).toBe(expected.trades);
        expect(counts["quote"]).toBe(expected.quotes);
        expect(counts["bookDelta"]).toBe(expected.deltas);
        expect(counts["bookSnapshot"] ?? 0).toBe(expected.snapshots);
        expect(recording.unknown + recording.malformed).toBe(0);
        expect({ breaks, backwards }).toEqual({ breaks: 0, backwards: 0 });
        expect(isBridged).toBe(expected.snapshots === 1);
        expect((lastNs - firstNs!) / 1e9).toBeCloseTo(expected.seconds, 9);
      },
    );

    it.each(EXPECTED.filter(({ snapshots }) => snapshots > 0))(
      "builds a book from $file that never breaks nor crosses, also for one who joins late",
      async ({ file, symbol }) => {
        const bus = new LocalBus();
        const clock = new SimulatedClock();
        const publisher = new FeedPublisher({ bus, clock });
        const early = new BookSync(new OrderBook({ depthMax: 1000 }));
        const late = new BookSync(new OrderBook({ depthMax: 1000 }));
        let received = 0;
        bus.subscribe("md.v1.*.*.book", ({ subject, data }) => {
          const event = decode(subject, data, clock.nowUs(), clock.nowNs());
          if (isHeadline(event)) return;
          if (event.type !== "bookSnapshot" && event.type !== "bookDelta")
            return;
          early.apply(event);
          received++;
          if (received < 2000) return;
          late.apply(event);
          if (received === 2000)
            bus.publish(snapshotSubject(symbolId(symbol)), new Uint8Array());
        });
        for await (const event of new BinanceRecording(join(RECORDINGS, file)))
          if (event.type === "bookSnapshot" || event.type === "bookDelta")
            publisher.publish(event);
        expect(publisher.answered).toBe(1);
        for (const sync of [early, late]) {
          expect([sync.gaps, sync.crossed, sync.state]).toEqual([0, 0, "LIVE"]);
          expect(sync.book.mid).toBe(early.book.mid);
          expect(sync.book.seq).toBe(early.book.seq);
        }
      },
    );

    it("refuses a recording of another venue by finding nothing in it", async () => {
      const recording = new BinanceRecording(
        join(RECORDINGS, "hyperliquid-btcusd_20250126.gz"),
      );
      const events: MarketEvent[] = [];
      for await (const event of recording) events.push(event);
      expect(events).toEqual([]);
      expect(recording.unknown).toBe(55);
    });
  },
);

describe("BinanceRecording", () => {
  let folder = "";
  beforeAll(async () => {
    folder = await mkdtemp(join(tmpdir(), "fusewire-recording-"));
  });
  afterAll(() => rm(folder, { recursive: true }));

  const trade = (t: number): string =>
    JSON.stringify({
      stream: "btcusdt@trade",
      data: {
        e: "trade",
        E: 1_723_161_255_343,
        s: "BTCUSDT",
        t,
        p: "61837.63",
        q: "0.02",
        T: 1_723_161_255_342,
        m: true,
        M: true,
      },
    });
  const snapshot = '{"lastUpdateId":9,"bids":[["1","2"]],"asks":[["3","4"]]}';

  const write = async (
    name: string,
    bytes: string | Buffer,
  ): Promise<string> => {
    const path = join(folder, name);
    await writeFile(path, bytes);
    return path;
  };
  const all = async (recording: BinanceRecording): Promise<MarketEvent[]> => {
    const events: MarketEvent[] = [];
    for await (const event of recording) events.push(event);
    return events;
  };

  it("keeps the receive times exact to the nanosecond", async () => {
    const path = await write(
      "times",
      `1723161256999999999 ${trade(1)}\n1723161257000000001 ${trade(2)}\n`,
    );
    const [first, second] = await all(new BinanceRecording(path));
    expect(second!.receivedNs - first!.receivedNs).toBe(2);
    expect(first!.receivedUs).toBe(1_723_161_256_999_999);
    expect(second!.receivedUs).toBe(1_723_161_257_000_000);
  });

  it("gives a snapshot before all stream messages the symbol that they name", async () => {
    const path = await write(
      "snapshot-first",
      `1723161256999999999 ${snapshot}\n1723161257000000001 ${trade(2)}\n`,
    );
    const events = await all(new BinanceRecording(path));
    expect(events.map((event) => [event.type, event.symbol])).toEqual([
      ["bookSnapshot", "BTCUSDT.BINANCE"],
      ["trade", "BTCUSDT.BINANCE"],
    ]);
  });

  it("reads an unfinished gzip stream up to its torn line", async () => {
    const lines = Array.from(
      { length: 2000 },
      (_, i) => `1723161256${String(i).padStart(9, "0")} ${trade(i)}\n`,
    ).join("");
    const whole = gzipSync(lines);
    const path = await write("torn.gz", whole.subarray(0, whole.length - 400));
    const recording = new BinanceRecording(path);
    const events = await all(recording);
    expect(events.length).toBeGreaterThan(500);
    expect(events.length).toBeLessThan(2000);
    expect(recording.malformed).toBeLessThanOrEqual(1);
  });

  it("counts and skips malformed lines", async () => {
    const path = await write(
      "malformed",
      `1723161256999999999 ${trade(1)}\n1723161257000000001 {"e":\nnonsense\n1723161257000000002 ${trade(2)}\n`,
    );
    const recording = new BinanceRecording(path);
    expect(await all(recording)).toHaveLength(2);
    expect(recording.malformed).toBe(2);
  });

  it("refuses a file that is no recording, is not there or is damaged", async () => {
    const text = await write("text", "time,price\n1,2\n");
    await expect(all(new BinanceRecording(text))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
    await expect(
      all(new BinanceRecording(join(folder, "absent"))),
    ).rejects.toMatchObject({ code: "E_TAPE_FORMAT" });
    const bytes = gzipSync(`1723161256999999999 ${trade(1)}\n`.repeat(500));
    bytes.fill(0xff, 40, 80);
    const damaged = await write("damaged.gz", bytes);
    await expect(all(new BinanceRecording(damaged))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });
});
