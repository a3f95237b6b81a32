/** Each part of a recorded run stands alone: it begins with what the parts before it came to, and whoever reads them all never sees that. */
import { mkdtemp, readdir, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  setImmediate as nextTurn,
  setTimeout as sleep,
} from "node:timers/promises";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import {
  createEngineActors,
  ENGINE_ACTORS_DEFAULTS,
  type EngineActorsOptions,
} from "../actors/engine-actors.ts";
import type { Funding } from "../engine/domain/market-event.ts";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { isHeadline, type FeedEvent } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { inspectTape } from "../engine/feeds/tape-inspect.ts";
import { TapeReader } from "../engine/feeds/tape-reader.ts";
import { openTape } from "../engine/feeds/tape.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { NO_LOG, NO_STORE, NO_TELEMETRY } from "../engine/ports.ts";
import { startActors } from "../engine/record-run.ts";
import { replayRecorded } from "../engine/replay-recorded.ts";
import { runReplay } from "../engine/replay-run.ts";
import { ManualExecutor } from "../engine/std/executor.ts";
import { systemClock, systemTimers, unixMicros } from "../engine/std/time.ts";
import { NO_MODELS } from "./support/fake-inference.ts";

/** However slow this machine: no book goes stale. */
const OPTIONS: EngineActorsOptions = {
  ...ENGINE_ACTORS_DEFAULTS,
  symbol: {
    ...ENGINE_ACTORS_DEFAULTS.symbol,
    bookSync: {
      ...ENGINE_ACTORS_DEFAULTS.symbol.bookSync,
      staleAfterMs: 60_000,
    },
  },
};

let folder = "";
let tape = "";
let live = "";
let parts: string[] = [];
/** Of which nothing more is heard from the first part on. */
let quiet: SymbolId | undefined;

/** Mailboxes are worked off at times alone, so that books lag behind what is recorded when a part begins. */
const recordRun = async (): Promise<void> => {
  const executor = new ManualExecutor();
  const { inputs, close } = await startActors({
    record: { tape, signals: live, partMb: 0.02 },
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
        sinks,
        predictions: { record: () => undefined },
        telemetry: NO_TELEMETRY,
        log: NO_LOG,
        requestSnapshot: () => undefined,
        epoch: "parts",
        options: OPTIONS,
      }),
    epoch: "parts",
    options: OPTIONS,
    sha256: {},
    telemetry: NO_TELEMETRY,
    log: NO_LOG,
  });
  const market = new MarketSimulator({ seed: 21 });
  for (let i = 0; i < 8_000; i++) {
    const { event } = market.next();
    if (isHeadline(event)) continue;
    if (event.type === "bookSnapshot") quiet ??= event.symbol;
    if (event.symbol === quiet && i > 100) continue;
    const receivedNs = systemClock.nowNs();
    const receivedUs = systemClock.nowUs();
    inputs.onEvent({ ...event, receivedUs, receivedNs }, receivedNs);
    if (i === 100)
      for (const symbol of market.symbols)
        inputs.onInstrument({ symbol, tickSize: 0.01, lotSize: 0.001 });
    if (i === 100)
      for (const symbol of market.symbols)
        inputs.onEvent(
          fundingOf(symbol, { receivedUs, receivedNs }),
          receivedNs,
        );
    if (i % 7 === 0) executor.runUntilIdle();
    if (i % 40 === 0) await nextTurn();
    if (i % 800 === 0) await sleep(10);
  }
  executor.runUntilIdle();
  inputs.drain();
  await close();
};

const fundingOf = (
  symbol: SymbolId,
  received: Pick<Funding, "receivedUs" | "receivedNs">,
): Funding => ({
  type: "funding",
  symbol,
  eventUs: received.receivedUs,
  rate: 0.0001,
  markPrice: 100,
  nextUs: unixMicros(received.receivedUs + 3_600_000_000),
  ...received,
});

beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-part-states-"));
  tape = join(folder, "run/");
  live = join(folder, "live.jsonl");
  await recordRun();
  parts = (await readdir(tape)).sort().map((name) => join(tape, name));
}, 30_000);
afterAll(() => rm(folder, { recursive: true }));

class Books {
  readonly syncs = new Map<SymbolId, BookSync>();

  async follow(events: AsyncIterable<FeedEvent>): Promise<this> {
    for await (const event of events) {
      if (isHeadline(event)) continue;
      if (
        event.type !== "bookSnapshot" &&
        event.type !== "bookDelta" &&
        event.type !== "gap"
      )
        continue;
      let sync = this.syncs.get(event.symbol);
      if (sync === undefined)
        this.syncs.set(
          event.symbol,
          (sync = new BookSync(new OrderBook({ depthMax: 1_000 }))),
        );
      sync.apply(event);
    }
    return this;
  }

  top(symbol: SymbolId): Float64Array | undefined {
    const top = new Float64Array(4 * 20);
    this.syncs.get(symbol)?.book.copyTop(top, 20);
    return top;
  }
}

describe("a recorded run in parts", () => {
  it("is the run that it was, whole", async () => {
    expect(parts.length).toBeGreaterThan(4);
    const summary = await replayRecorded({
      tape: await openTape(tape),
      out: undefined,
      verify: live,
      recomputeWith: undefined,
      log: NO_LOG,
    });
    expect(summary).toMatchObject({ whole: true, gaps: 0 });
    expect(summary.verified).toBe(summary.signals);
    const reader = new TapeReader(parts);
    for await (const item of reader.items())
      expect(item.type).not.toBe("state");
    const { problems } = await inspectTape(tape);
    expect(problems).toEqual([]);
  });

  it("has in each later part, alone, the books that it had then", async () => {
    for (let i = 1; i < parts.length; i++) {
      const reader = new TapeReader(parts[i]!);
      const alone = await new Books().follow(reader);
      const truth = await new Books().follow(
        new TapeReader(parts.slice(0, i + 1)),
      );
      expect(reader.states).toBeGreaterThan(8);
      expect(reader.malformed).toBe(0);
      for (const [symbol, sync] of alone.syncs) {
        expect([symbol, sync.state]).toEqual([symbol, "LIVE"]);
        expect(sync.counts).toMatchObject({ gaps: 0, snapshots: 1 });
        expect(sync.book.seq).toBe(truth.syncs.get(symbol)!.book.seq);
        expect(alone.top(symbol)).toEqual(truth.top(symbol));
      }
      expect(await inspectTape(parts[i]!)).toMatchObject({
        problems: [],
        tape: { part: i + 1, states: reader.states },
      });
    }
  });

  it("has a book that stands still in every part, as old as it is", async () => {
    const all = await new Books().follow(new TapeReader(parts));
    for (const part of parts.slice(1)) {
      const told: FeedEvent[] = [];
      for await (const event of new TapeReader(part))
        if (!isHeadline(event) && event.symbol === quiet) told.push(event);
      expect(told).toMatchObject([
        { type: "funding" },
        { type: "bookSnapshot" },
      ]);
      expect(told[1]!.receivedNs).toBe(all.syncs.get(quiet!)!.movedNs);
    }
  });

  it("tells funding, tick and lot sizes again, and that the states are the recorder's own", async () => {
    const reader = new TapeReader(parts[2]!);
    const subjects: string[] = [];
    for await (const item of reader.items())
      if (item.type === "state") subjects.push(item.record.subject);
    expect(subjects.filter((s) => s.endsWith(".book")).length).toBeGreaterThan(
      3,
    );
    expect(
      subjects.filter((s) => s.endsWith(".funding")).length,
    ).toBeGreaterThan(3);
    const ticks = new Map<string, number>();
    reader.onInstrument = ({ symbol, tickSize }) => ticks.set(symbol, tickSize);
    const alone = await new Books().follow(reader);
    for (const symbol of alone.syncs.keys())
      expect(ticks.get(symbol)).toBe(0.01);
  });

  it("runs a later part alone on simulated time without a gap", async () => {
    const models = await mkdtemp(join(folder, "models-"));
    const summary = await runReplay({
      tape: new TapeReader(parts[3]!),
      modelsDir: models,
      out: undefined,
      llama: "off",
      log: NO_LOG,
    });
    expect(summary).toMatchObject({ gaps: 0, crossed: 0 });
    expect(summary.signals).toBeGreaterThan(100);
  });
});
