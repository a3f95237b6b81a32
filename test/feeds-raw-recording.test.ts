/** The recordings of real venues hold together by their own sequence rules. */
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import { symbolId, venueNameOf } from "../engine/domain/symbol.ts";
import { RawRecording } from "../engine/feeds/raw-recording.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { openTape } from "../engine/feeds/tape.ts";
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
        const recording = new RawRecording(join(RECORDINGS, expected.file));
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
        for await (const event of new RawRecording(
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
        for await (const event of new RawRecording(join(RECORDINGS, file)))
          if (event.type === "bookSnapshot" || event.type === "bookDelta")
            publisher.publish(event);
        expect(publisher.answered).toBe(1);
        for (const sync of [early, late]) {
          expect([sync.counts.gaps, sync.counts.crossed, sync.state]).toEqual([
            0,
            0,
            "LIVE",
          ]);
          expect(sync.book.mid).toBe(early.book.mid);
          expect(sync.book.seq).toBe(early.book.seq);
        }
      },
    );

    it("goes on from the first spot file into the second, which has no snapshot", async () => {
      const sync = new BookSync(new OrderBook({ depthMax: 5000 }));
      for (const day of ["08", "09"])
        for await (const event of new RawRecording(
          join(RECORDINGS, `binance-spot-btcusdt_202408${day}.gz`),
        ))
          if (event.type === "bookSnapshot" || event.type === "bookDelta")
            sync.apply(event);
      expect([
        sync.counts.gaps,
        sync.counts.crossed,
        sync.counts.snapshots,
      ]).toEqual([0, 0, 1]);
      expect(sync.counts.deltas).toBeGreaterThan(6000);
      expect(sync.state).toBe("LIVE");
    });
  },
);

/** What lies in each dump, and in the one recording that is not Binance's. */
interface Dump {
  readonly file: string;
  readonly venue: string;
  readonly symbols: number;
  readonly events: Readonly<Record<string, number>>;
  readonly ignored: number;
  readonly checksums: number;
  readonly duplicates: number;
}

const DUMPS: readonly Dump[] = [
  {
    file: "raw-ws/BINANCE.ws.1.0.gz",
    venue: "BINANCE",
    symbols: 4,
    events: { bookDelta: 176, bookSnapshot: 4, quote: 84, trade: 2, bar: 2 },
    ignored: 0,
    checksums: 0,
    duplicates: 0,
  },
  {
    file: "raw-ws/BINANCE.http.0.0.gz",
    venue: "BINANCE",
    symbols: 4,
    events: { bookSnapshot: 4 },
    ignored: 0,
    checksums: 0,
    duplicates: 0,
  },
  {
    file: "raw-ws/BINANCE_FUTURES.ws.1.0.gz",
    venue: "BINANCEUSDM",
    symbols: 4,
    events: {
      bookDelta: 753,
      bookSnapshot: 4,
      quote: 613,
      trade: 91,
      bar: 67,
    },
    ignored: 0,
    checksums: 0,
    duplicates: 0,
  },
  {
    file: "raw-ws/BINANCE_FUTURES.http.0.0.gz",
    venue: "BINANCEUSDM",
    symbols: 4,
    events: { bookSnapshot: 4 },
    ignored: 0,
    checksums: 0,
    duplicates: 0,
  },
  {
    file: "raw-ws/COINBASE.ws.28.0.gz",
    venue: "COINBASE",
    symbols: 10,
    events: { bookSnapshot: 10, bookDelta: 9719, trade: 97 },
    ignored: 120,
    checksums: 0,
    duplicates: 0,
  },
  {
    file: "raw-ws/KRAKEN.ws.50.0.gz",
    venue: "KRAKEN",
    symbols: 10,
    events: { bookSnapshot: 10, bookDelta: 4269 },
    ignored: 42,
    checksums: 4269,
    duplicates: 0,
  },
  {
    file: "raw-ws/OKX.ws.1.0.gz",
    venue: "OKX",
    symbols: 3,
    events: { bookSnapshot: 3, bookDelta: 287, quote: 28, trade: 74 },
    ignored: 18,
    checksums: 290,
    duplicates: 0,
  },
  {
    file: "l2/hyperliquid-btcusd_20250126.gz",
    venue: "HYPERLIQUID",
    symbols: 1,
    events: { bookSnapshot: 45, trade: 64 },
    ignored: 0,
    checksums: 0,
    duplicates: 1,
  },
];

describe.skipIf(!existsSync(RECORDINGS))(
  "dumps of all venues (skipped where the recordings are absent)",
  () => {
    it.each(DUMPS)(
      "reads $file whole, without a gap, a crossed book or a false alarm, and verifies every checksum in it",
      async ({ file, ...expected }) => {
        const recording = new RawRecording(join(RECORDINGS, "..", file));
        const events: Record<string, number> = {};
        const syncs = new Map<string, BookSync>();
        for await (const event of recording) {
          events[event.type] = (events[event.type] ?? 0) + 1;
          if (
            event.type !== "bookSnapshot" &&
            event.type !== "bookDelta" &&
            event.type !== "gap"
          )
            continue;
          let sync = syncs.get(event.symbol);
          if (sync === undefined) {
            sync = new BookSync(new OrderBook({ depthMax: 5000 }));
            syncs.set(event.symbol, sync);
          }
          sync.apply(event);
        }
        const { counts } = recording;
        expect(events).toEqual(expected.events);
        expect(
          new Set([...syncs.keys()].map((id) => id.split(".")[1])),
        ).toEqual(new Set([expected.venue]));
        expect(syncs.size).toBe(expected.symbols);
        expect(counts).toMatchObject({
          ignored: expected.ignored,
          checksumsVerified: expected.checksums,
          checksumMismatches: 0,
          gaps: 0,
          duplicates: expected.duplicates,
          staleSnapshots: 0,
          unsynced: 0,
          lostTrades: 0,
        });
        expect(recording.malformed).toBe(0);
        for (const [symbol, sync] of syncs)
          expect([
            symbol,
            sync.state,
            sync.counts.gaps,
            sync.counts.crossed,
          ]).toEqual([symbol, "LIVE", 0, 0]);
      },
    );

    it.each(DUMPS)("opens $file as a tape", async ({ file, events }) => {
      const tape = await openTape(join(RECORDINGS, "..", file));
      let count = 0;
      for await (const _ of tape) count++;
      expect(count).toBe(Object.values(events).reduce((a, b) => a + b));
      expect(tape.malformed).toBe(0);
    });

    it("keeps the dumps' own names, `/` and all", async () => {
      const names = new Set<string>();
      for await (const event of new RawRecording(
        join(RECORDINGS, "../raw-ws/KRAKEN.ws.50.0.gz"),
      ))
        names.add(venueNameOf(event.symbol));
      expect([...names].sort().slice(0, 3)).toEqual([
        "ADA/XBT",
        "ETH/CHF",
        "GRT/ETH",
      ]);
    });

    it("is not made stale by a receive clock 1.27 s behind the venue's", async () => {
      const sync = new BookSync(new OrderBook({ depthMax: 5000 }));
      let behindUs = 0;
      let stale = 0;
      let live = 0;
      for await (const event of new RawRecording(
        join(RECORDINGS, "binance-usdm-btcusdt_20240808.gz"),
      )) {
        behindUs = Math.min(behindUs, event.receivedUs - event.eventUs);
        if (event.type !== "bookSnapshot" && event.type !== "bookDelta")
          continue;
        if (sync.isLive) {
          live++;
          if (sync.checkFresh(event.receivedNs) !== "LIVE") stale++;
        }
        sync.apply(event);
      }
      expect(behindUs).toBeLessThan(-1_200_000);
      expect(live).toBeGreaterThan(6000);
      expect(stale).toBe(0);
    });
  },
);

describe("RawRecording", () => {
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
  const all = async (recording: RawRecording): Promise<MarketEvent[]> => {
    const events: MarketEvent[] = [];
    for await (const event of recording) events.push(event);
    return events;
  };

  it("keeps the receive times exact to the nanosecond", async () => {
    const path = await write(
      "times",
      `1723161256999999999 ${trade(1)}\n1723161257000000001 ${trade(2)}\n`,
    );
    const [first, second] = await all(new RawRecording(path));
    expect(second!.receivedNs - first!.receivedNs).toBe(2);
    expect(first!.receivedUs).toBe(1_723_161_256_999_999);
    expect(second!.receivedUs).toBe(1_723_161_257_000_000);
  });

  it("gives a snapshot before all stream messages the symbol that they name", async () => {
    const path = await write(
      "snapshot-first",
      `1723161256999999999 ${snapshot}\n1723161257000000001 ${trade(2)}\n`,
    );
    const events = await all(new RawRecording(path));
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
    const recording = new RawRecording(path);
    const events = await all(recording);
    expect(events.length).toBeGreaterThan(500);
    expect(events.length).toBeLessThan(2000);
    expect(recording.malformed).toBeLessThanOrEqual(1);
  });

  it("voids the books of a dump where it connected again", async () => {
    const url = "wss://stream.binance.com:9443/stream?streams=x";
    const depth =
      '{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":10,"u":11,"b":[],"a":[["5","1"]]}';
    const path = await write(
      "reconnected",
      `${url} <-> 1723161256.1\n1723161256.2: ${depth}\n${url} <-> 1723161257.5\n1723161258: ${depth}\n`,
    );
    const events = await all(new RawRecording(path));
    expect(events).toMatchObject([
      { type: "bookDelta", receivedUs: 1_723_161_256_200_000 },
      {
        type: "gap",
        reason: "disconnected",
        symbol: "BTCUSDT.BINANCE",
        receivedUs: 1_723_161_257_500_000,
      },
      { type: "bookDelta", receivedNs: 2_900_000_000 },
    ]);
  });

  it("puts a dump's HTTP answers between its messages by their times", async () => {
    const folder = await mkdtemp(join(tmpdir(), "fusewire-dump-"));
    const ws = join(folder, "BINANCE.ws.1.0");
    const depth = (U: number): string =>
      `{"e":"depthUpdate","E":1723161255208,"s":"BTCUSDT","U":${U},"u":${U},"b":[],"a":[["5","1"]]}`;
    await writeFile(
      ws,
      `wss://stream.binance.com/stream <-> 1723161250\n1723161251: ${depth(8)}\n1723161253: ${depth(9)}\n1723161255: ${depth(10)}\n`,
    );
    await writeFile(
      join(folder, "BINANCE.http.0.0"),
      `https://api.binance.com/api/v3/depth?symbol=BTCUSDT&limit=1000 -> 1723161252.5: ${snapshot}\n`,
    );
    const events = await all(new RawRecording(ws));
    expect(events.map(({ type }) => type)).toEqual([
      "bookDelta",
      "bookSnapshot",
      "bookDelta",
    ]);
    expect(events[1]!.symbol).toBe("BTCUSDT.BINANCE");
    await rm(folder, { recursive: true });
  });

  it("counts and skips malformed lines", async () => {
    const path = await write(
      "malformed",
      `1723161256999999999 ${trade(1)}\n1723161257000000001 {"e":\nnonsense\n1723161257000000002 ${trade(2)}\n`,
    );
    const recording = new RawRecording(path);
    expect(await all(recording)).toHaveLength(2);
    expect(recording.malformed).toBe(2);
    expect(recording.firstMalformed).toMatch(/malformed.*, line \d+$/);
  });

  it("refuses a file that is no recording, is not there or is damaged", async () => {
    const text = await write("text", "time,price\n1,2\n");
    await expect(all(new RawRecording(text))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
    await expect(
      all(new RawRecording(join(folder, "absent"))),
    ).rejects.toMatchObject({ code: "E_TAPE_FORMAT" });
    const bytes = gzipSync(`1723161256999999999 ${trade(1)}\n`.repeat(500));
    bytes.fill(0xff, 40, 80);
    const damaged = await write("damaged.gz", bytes);
    await expect(all(new RawRecording(damaged))).rejects.toMatchObject({
      code: "E_TAPE_FORMAT",
    });
  });
});
