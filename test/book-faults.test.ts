/**
 * F43 to F49: faults put into recorded and generated streams, one of each kind in a thousand deltas, are all told on the next message; no
 * book is live that is not the venue's; each comes back equal to it. `npm run faults` does the same for a thousand seeds.
 */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import { BookTape } from "../bench/book-tape.ts";
import type {
  BookDelta,
  BookSnapshot,
  Quote,
} from "../engine/domain/market-event.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { RawRecording } from "../engine/feeds/raw-recording.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { Random } from "../engine/std/random.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";
import { FAULTS, FaultRun } from "./support/book-faults.ts";
import type { Fault } from "./support/book-faults.ts";
import { BookTruth } from "./support/book-truth.ts";
import type { BookStream } from "./support/book-truth.ts";

const RECORDINGS = join(import.meta.dirname, "../../shared/data/l2");
const SEEDS = Number(process.env["FAULT_SEEDS"] ?? 4);
const FROM = Number(process.env["FAULT_FROM"] ?? 0);
const CHANCE = 1 / 1000;
const TIMEOUT_MS = 60_000 + 10_000 * SEEDS;

/** What follows the recording's snapshot, with the snapshot brought up to the first delta kept. */
const recorded = async (file: string): Promise<BookStream> => {
  const early: BookDelta[] = [];
  let snapshot: BookSnapshot | undefined;
  const events: (BookDelta | Quote)[] = [];
  for await (const event of new RawRecording(join(RECORDINGS, file))) {
    if (isHeadline(event)) continue;
    if (event.type === "bookSnapshot") snapshot = event;
    else if (event.type === "bookDelta")
      (snapshot === undefined ? early : events).push(event);
    else if (event.type === "quote" && snapshot !== undefined)
      events.push(event);
  }
  const sync = new BookSync(new OrderBook({ depthMax: 20_000 }));
  for (const delta of early) sync.apply(delta);
  sync.apply(snapshot!);
  const { book } = sync;
  const levels = (
    count: number,
    price: (i: number) => number,
    size: (i: number) => number,
  ) => Array.from({ length: count }, (_, i) => [price(i), size(i)]).flat();
  return {
    name: file,
    start: {
      ...snapshot!,
      seq: book.seq,
      bids: levels(
        book.bidCount,
        (i) => book.bidPrice(i),
        (i) => book.bidSize(i),
      ),
      asks: levels(
        book.askCount,
        (i) => book.askPrice(i),
        (i) => book.askSize(i),
      ),
    },
    events,
  };
};

const generated = (seed: number): BookStream => {
  const [book] = new BookTape(1, seed).books;
  const at = (i: number) => ({
    eventUs: unixMicros(1e15 + i * 50_000),
    receivedUs: unixMicros(1e15 + i * 50_000),
    receivedNs: monoNanos(1e9 + i * 50e6),
  });
  return {
    name: `generated ${seed}`,
    start: { ...book!.snapshot(unixMicros(1)), ...at(0) },
    events: Array.from({ length: 4000 }, (_, i) => ({
      ...book!.delta(unixMicros(1)),
      ...at(i + 1),
    })),
  };
};

/** Each second seed's venue signs its messages, so that any digit may be wrong; each second pair's dates its answers when it gives them. */
const holdFor = (truthOf: (seed: number) => BookTruth): void => {
  const sum: Record<string, number> = {};
  const detected: Partial<Record<Fault, number>> = {};
  for (let seed = FROM; seed < FROM + SEEDS; seed++) {
    const truth = truthOf(seed);
    const { stream } = truth;
    const report = new FaultRun({
      truth,
      random: new Random(`${stream.name} ${seed}`),
      chance: CHANCE,
      checksum: seed % 2 === 0 ? "none" : "crc",
      dates: seed % 4 < 2 ? "own" : "answer",
    }).run();
    const which = `${stream.name}, seed ${seed}`;
    expect(report.missed, which).toEqual([]);
    expect(report.falselyLive, which).toEqual([]);
    for (const fault of FAULTS) {
      sum[fault] = (sum[fault] ?? 0) + report.injected[fault];
      sum["told"] = (sum["told"] ?? 0) + report.detected[fault];
      detected[fault] = (detected[fault] ?? 0) + report.detected[fault];
    }
    for (const key of ["resyncs", "mended", "compared"] as const)
      sum[key] = (sum[key] ?? 0) + report[key];
  }
  // A single seed may draw none of a kind.
  if (SEEDS >= 4)
    for (const fault of FAULTS)
      expect(detected[fault], `${fault} told`).toBeGreaterThan(0);
  if (process.env["FAULT_SEEDS"] !== undefined)
    console.log(`faults ${JSON.stringify({ seeds: SEEDS, ...sum })}`);
};

describe("a book under a feed's faults", () => {
  for (const file of [
    "binance-usdm-btcusdt_20240808.gz",
    "binance-spot-btcusdt_20240808.gz",
    "binance-cm-ethusd_perp_20240808.gz",
  ])
    it(
      `F43 F44 F45 F46 F47 F48 F49: tells each on the next message and comes back as the venue's, over ${file}`,
      { timeout: TIMEOUT_MS },
      async ({ skip }) => {
        skip(!existsSync(join(RECORDINGS, file)), `${file} is not here`);
        const truth = new BookTruth(await recorded(file));
        holdFor(() => truth);
      },
    );

  it(
    "F43 F44 F45 F46 F47 F48 F49: tells each on the next message and comes back as the venue's, over generated streams",
    { timeout: TIMEOUT_MS },
    () => {
      holdFor((seed) => new BookTruth(generated(seed)));
    },
  );
});
