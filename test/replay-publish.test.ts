/** A tape published on a real nats-server by `fusewire replay --publish` arrives whole, and its books can be joined late. */
import { spawn } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, expect, it } from "vitest";
import type { SymbolId } from "../engine/domain/symbol.ts";
import { isHeadline } from "../engine/feeds/feed-event.ts";
import { MarketSimulator } from "../engine/feeds/simulator.ts";
import { TapeWriter } from "../engine/feeds/tape-writer.ts";
import { NatsLink } from "../engine/io/nats-link.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { Random } from "../engine/std/random.ts";
import { systemClock } from "../engine/std/time.ts";
import { decode } from "../engine/wire/codec.ts";
import {
  HEADLINE_SUBJECT,
  MARKET_WILDCARDS,
  snapshotSubject,
} from "../engine/wire/subjects.ts";
import { eventually } from "./support/eventually.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";

const CLI = join(import.meta.dirname, "../dist/engine/cli/fusewire.js");
const SECONDS = 20;
const SPEED = 5;

let folder = "";
let nats: NatsServer;
beforeAll(async () => {
  if (!existsSync(CLI)) throw new Error(`${CLI} is missing: npm run build`);
  folder = await mkdtemp(join(tmpdir(), "fusewire-publish-"));
  nats = await startNats(join(import.meta.dirname, "../nats.conf"));
});
afterAll(async () => {
  await nats.close();
  await rm(folder, { recursive: true });
});

it("publishes every event in order, and a snapshot for whoever asks", async () => {
  const path = join(folder, "simulated.fwt");
  const writer = await TapeWriter.create(path);
  const simulator = new MarketSimulator({ seed: 21, newsEverySeconds: 2 });
  let written = 0;
  for (const { simNs, event } of simulator) {
    if (simNs > SECONDS * 1e9) break;
    await writer.write(event);
    written++;
  }
  await writer.close();

  const bus = new NatsLink({
    servers: [nats.urlAs("engine")],
    random: new Random(1),
  });
  bus.start();
  expect(await bus.whenConnected(5000)).toBe(true);
  const symbol = simulator.symbols[0]!;
  const early = new Map<SymbolId, BookSync>();
  const late = new BookSync(new OrderBook({ depthMax: 1000 }));
  let received = 0;
  let headlines = 0;
  let isAsked = false;
  for (const subject of [...MARKET_WILDCARDS, HEADLINE_SUBJECT])
    bus.subscribe(subject, (message) => {
      const event = decode(
        message.subject,
        message.data,
        systemClock.nowUs(),
        systemClock.nowNs(),
      );
      received++;
      if (isHeadline(event)) {
        headlines++;
        return;
      }
      if (event.type !== "bookSnapshot" && event.type !== "bookDelta") return;
      let sync = early.get(event.symbol);
      if (sync === undefined) {
        sync = new BookSync(new OrderBook({ depthMax: 1000 }));
        early.set(event.symbol, sync);
      }
      sync.apply(event);
      if (received > 1000 && event.symbol === symbol) {
        late.apply(event);
        if (!isAsked) bus.publish(snapshotSubject(symbol), new Uint8Array());
        isAsked = true;
      }
    });
  await bus.flush();

  const feeder = spawn(
    process.execPath,
    [
      CLI,
      "replay",
      path,
      "--publish",
      "--nats",
      nats.urlAs("feed"),
      "--speed",
      String(SPEED),
      "--json",
    ],
    { stdio: ["ignore", "pipe", "inherit"] },
  );
  let output = "";
  feeder.stdout.on("data", (chunk: Buffer) => (output += chunk.toString()));
  const code = await new Promise((resolve) => feeder.on("exit", resolve));
  expect(code).toBe(0);
  const summary = JSON.parse(output.trimEnd().split("\n").at(-1)!);
  expect(summary).toMatchObject({ events: written, snapshots: 1 });
  expect(summary.seconds).toBeGreaterThan(SECONDS / SPEED - 0.5);

  await eventually(
    "every event and the snapshot arrives",
    () => received === written + 1,
  );
  expect(headlines).toBeGreaterThan(0);
  expect(early.size).toBe(8);
  for (const sync of early.values())
    expect([sync.counts.gaps, sync.counts.crossed, sync.state]).toEqual([
      0,
      0,
      "LIVE",
    ]);
  expect([late.counts.gaps, late.state]).toEqual([0, "LIVE"]);
  expect(late.book.seq).toBe(early.get(symbol)!.book.seq);
  expect(late.book.mid).toBe(early.get(symbol)!.book.mid);
  await bus.drain();
}, 60_000);
