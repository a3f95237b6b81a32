/** Every venue's client against a server on this machine that speaks its language: made-up streams, and recorded ones where they are. */
import { setTimeout as sleep } from "node:timers/promises";
import { describe, expect, it, type TestContext } from "vitest";
import { Random } from "../engine/std/random.ts";
import { eventually } from "./support/eventually.ts";
import {
  DIALECTS,
  newReferenceBook,
  okxRestBook,
  type DialectName,
} from "./support/venue-dialects.ts";
import {
  playAll,
  VenueListener,
  type ListenerOptions,
} from "./support/venue-listener.ts";
import { VenueServer } from "./support/venue-server.ts";
import {
  hasRecordings,
  MadeUpMarket,
  recordedMessages,
  RECORDINGS,
  tradeOf,
} from "./support/venue-market.ts";

const NAMES: Readonly<Record<DialectName, readonly string[]>> = {
  binance: ["BTCUSDT", "ETHUSDT"],
  binanceusdm: ["BTCUSDT", "ETHUSDT"],
  binancecoinm: ["BTCUSD_PERP", "ETHUSD_PERP"],
  kraken: ["BTC/USD", "ETH/USD"],
  "kraken-v1": ["XBT/USD", "ETH/USD"],
  coinbase: ["BTC-USD", "ETH-USD"],
  "coinbase-exchange": ["BTC-USD", "ETH-USD"],
  okx: ["BTC-USDT", "ETH-USDT"],
  bybit: ["BTCUSDT", "ETHUSDT"],
  "bybit-spot": ["BTCUSDT", "ETHUSDT"],
  "bybit-inverse": ["BTCUSD", "ETHUSD"],
  hyperliquid: ["BTC", "kPEPE"],
};
const VENUES = Object.keys(NAMES) as DialectName[];
const FETCHING = VENUES.filter((venue) => "restPath" in DIALECTS[venue]);

/** What a test has started ends with it, the newest first. Tests run side by side, so it is theirs to say when. */
type OnEnd = TestContext["onTestFinished"];

const startServer = async (
  onEnd: OnEnd,
  venue: DialectName,
): Promise<VenueServer> => {
  const server = new VenueServer({
    dialect: DIALECTS[venue],
    random: new Random(`faults of ${venue}`),
    delayMs: 20,
  });
  await server.start();
  onEnd(() => server.close());
  return server;
};

const setUp = async (
  onEnd: OnEnd,
  venue: DialectName,
  options: ListenerOptions = {},
) => {
  const server = await startServer(onEnd, venue);
  const streams = NAMES[venue].map(
    (name) => new MadeUpMarket(server, DIALECTS[venue], name, new Random(name)),
  );
  const listener = new VenueListener(venue, server, NAMES[venue], options);
  onEnd(() => listener.stop());
  const messages = function* (n: number): Generator<string> {
    for (let i = 0; i < n; i++) yield streams[i % streams.length]!.next();
  };
  const play = (n: number): Promise<void> => playAll(server, messages(n));
  /** Connected, subscribed and in sync. */
  const sync = async (): Promise<void> => {
    await eventually("it connects", () => server.open > 0);
    await sleep(20);
    await play(20);
    await listener.whenLive();
  };
  return { server, listener, play, sync };
};

describe.each(VENUES)("the client of %s", { concurrent: true }, (venue) => {
  it("connects, subscribes, and has the venue's books", async ({
    onTestFinished,
  }) => {
    const { server, listener, play, sync } = await setUp(onTestFinished, venue);
    await sync();
    await play(400);
    await listener.whenEqual();
    expect(listener.gaps).toEqual([]);
    expect(server.connections).toBe(1);
    expect(listener.count("checksum_mismatches_total")).toBe(0);
  });

  it("voids every book at once when its connection is killed, and has them back", async ({
    onTestFinished,
  }) => {
    const { server, listener, play, sync } = await setUp(onTestFinished, venue);
    await sync();
    server.killConnections();
    await eventually("the gaps", () => listener.gaps.length === 2, 2_000);
    expect(listener.gaps).toEqual(["disconnected", "disconnected"]);
    await eventually("it is back", () => server.open > 0);
    await sleep(20);
    await play(100);
    await listener.whenEqual();
    expect(listener.count("disconnects_total", "reason=closed")).toBe(1);
    expect(listener.count("connects_total")).toBe(2);
  });

  it("gives up a connection that fell silent without a close", async ({
    onTestFinished,
  }) => {
    const { server, listener, play, sync } = await setUp(
      onTestFinished,
      venue,
      {
        profile: { silenceMs: 400 },
      },
    );
    await sync();
    const before = listener.gaps.length;
    server.isSilent = true;
    await eventually(
      "it is given up",
      () => listener.count("disconnects_total", "reason=silent") > 0,
    );
    expect(listener.gaps.slice(before, before + 2)).toEqual([
      "disconnected",
      "disconnected",
    ]);
    server.isSilent = false;
    await eventually("it is back", () => server.open > 0);
    await sleep(20);
    await play(100);
    await listener.whenEqual(20, 10_000);
  });

  // Nothing numbers or checks the updates of Coinbase Exchange: a loss shows only where a later one contradicts it.
  const faults = (
    ["drop", "duplicate", "reorder", "corrupt", "delay"] as const
  ).filter(
    (fault) =>
      venue !== "coinbase-exchange" ||
      (fault !== "drop" && fault !== "reorder"),
  );

  it.for(faults)(
    "heals from messages under %s",
    { timeout: 15_000 },
    async (fault, { onTestFinished }) => {
      const { server, listener, play, sync } = await setUp(
        onTestFinished,
        venue,
      );
      await sync();
      server.faults[fault] = 0.01;
      await play(600);
      server.faults[fault] = 0;
      expect(server.injected).toBeGreaterThan(2);
      await eventually("it is connected", () => server.open > 0);
      await sleep(60);
      await play(100);
      await listener.whenEqual();
      const isHarmless =
        fault === "delay" ||
        fault === "duplicate" ||
        (fault !== "corrupt" && server.dialect.isWhole === true);
      if (isHarmless) expect(listener.gaps).toEqual([]);
      else expect(listener.gaps.length).toBeGreaterThan(0);
    },
  );

  it("replaces its connection before its lifetime ends, and no book is void for a moment", async ({
    onTestFinished,
  }) => {
    const { server, listener, play, sync } = await setUp(
      onTestFinished,
      venue,
      {
        profile: { lifetimeMs: 500 },
      },
    );
    await sync();
    for (let i = 0; i < 30 && server.connections < 3; i++) {
      await play(50);
      await sleep(20);
      expect(listener.allLive).toBe(true);
    }
    await play(20);
    await listener.whenEqual();
    expect(server.connections).toBeGreaterThan(2);
    expect(listener.gaps).toEqual([]);
    expect(listener.count("rollovers_total", "outcome=done")).toBeGreaterThan(
      0,
    );
    expect(listener.count("rollovers_total", "outcome=failed")).toBe(0);
  });
});

describe("the books of okx", () => {
  it("come over REST where subscribing brings none, and join on to what was said meanwhile", async ({
    onTestFinished,
  }) => {
    const { server, listener, play } = await setUp(onTestFinished, "okx");
    server.withholdsSnapshots = true;
    server.answers.set("/api/v5/market/books", ({ searchParams }) => {
      const name = searchParams.get("instId")!;
      return okxRestBook(name, server.bookOf(name));
    });
    await eventually("it connects", () => server.open > 0);
    await sleep(20);
    await play(40);
    await listener.whenLive();
    await play(100);
    await listener.whenEqual();
    expect(listener.gaps).toEqual([]);
    server.faults.drop = 0.01;
    await play(300);
    server.faults.drop = 0;
    await play(100);
    await listener.whenEqual();
    expect(listener.gaps.length).toBeGreaterThan(0);
  });
});

describe("trades", () => {
  it("are told once, each of them, while one connection after another takes over", async ({
    onTestFinished,
  }) => {
    const { server, listener, play, sync } = await setUp(
      onTestFinished,
      "binance",
      { channels: ["book", "trades"], profile: { lifetimeMs: 400 } },
    );
    await sync();
    let told = 0;
    for (let i = 0; i < 400 && server.connections < 4; i++) {
      for (let j = 0; j < 10; j++) server.play(tradeOf("BTCUSDT", ++told));
      await play(20);
      await sleep(10);
    }
    await eventually(
      "the last is told",
      () => listener.trades.at(-1)?.tradeId === told,
    );
    expect(server.connections).toBeGreaterThan(3);
    expect(listener.trades.map(({ tradeId }) => tradeId)).toEqual(
      Array.from({ length: told }, (_, i) => i + 1),
    );
    expect(listener.gaps).toEqual([]);
  });
});

describe.each(FETCHING)(
  "the snapshots of %s",
  { concurrent: true },
  (venue) => {
    it("are fetched again when they are older than the updates that wait for them", async ({
      onTestFinished,
    }) => {
      const { server, listener, play } = await setUp(onTestFinished, venue);
      server.remember();
      server.stale = 3;
      await play(40);
      await eventually("it connects", () => server.open > 0);
      await sleep(20);
      await play(60);
      await listener.whenEqual();
      expect(listener.count("rest_total", "outcome=stale")).toBe(3);
      expect(listener.gaps).toEqual([]);
    });

    it("are given up for a while after five tries, with a code", async ({
      onTestFinished,
    }) => {
      const { server, listener, play } = await setUp(onTestFinished, venue, {
        limits: { resyncMaxMs: 400 },
      });
      server.failing = 10;
      await eventually("it connects", () => server.open > 0);
      await sleep(20);
      await play(20);
      await eventually(
        "both are given up",
        () => listener.log.of("venue.bookNoSync").length === 2,
      );
      expect(server.requests).toBe(10);
      expect(listener.log.of("venue.bookNoSync")[0]!.fields).toMatchObject({
        code: "E_BOOK_NOSYNC",
        cause: "E_DEP_VENUE",
      });
      expect(listener.allLive).toBe(false);
      await play(20);
      await listener.whenEqual();
    });

    it(
      "wait as long as the venue says when it limits us",
      {
        timeout: 15_000,
      },
      async ({ onTestFinished }) => {
        const { server, listener, play } = await setUp(onTestFinished, venue);
        server.limited = 1;
        await eventually("it connects", () => server.open > 0);
        await sleep(20);
        await play(20);
        await eventually("the first answer", () => server.requests === 1);
        await sleep(500);
        expect(server.requests).toBe(1);
        // Longer than the time that a request may take: on a busy machine one does.
        await listener.whenLive(10_000);
        await play(20);
        await listener.whenEqual();
        expect(listener.count("rest_total", "outcome=limited")).toBe(1);
      },
    );
  },
);

describe.skipIf(!hasRecordings)(
  "recorded streams",
  { concurrent: true },
  () => {
    it.for(RECORDINGS)(
      "of $file are followed to the end through drops",
      { timeout: 30_000 },
      async ({ file, dialect, channels }, { onTestFinished }) => {
        const server = await startServer(onTestFinished, dialect);
        const all = recordedMessages(file);
        // Binance's recording holds the REST answer that its books begin with.
        const first = all.findIndex((message) =>
          message.startsWith('{"lastUpdateId"'),
        );
        const messages = all.slice(first + 1, first + 6_001);
        const names = first < 0 ? bookNames(dialect, messages) : ["BTCUSDT"];
        if (first >= 0) {
          const { lastUpdateId, bids, asks } = JSON.parse(all[first]!) as {
            lastUpdateId: number;
            bids: [string, string][];
            asks: [string, string][];
          };
          const book = server.bookOf("BTCUSDT");
          for (const [price, size] of bids) book.bids.set(price, size);
          for (const [price, size] of asks) book.asks.set(price, size);
          book.seq = lastUpdateId;
          book.isKnown = true;
        }
        const listener = new VenueListener(dialect, server, names, {
          channels,
        });
        onTestFinished(() => listener.stop());
        await eventually("it connects", () => server.open > 0);
        await sleep(50);
        const calm = Math.floor(messages.length * 0.8);
        server.faults.drop = dialect === "coinbase-exchange" ? 0 : 0.001;
        await playAll(server, messages.slice(0, calm), 20);
        server.faults.drop = 0;
        await playAll(server, messages.slice(calm), 20);
        await listener.whenEqual(10);
        if (channels.includes("trades"))
          expect(listener.trades.length).toBeGreaterThan(0);
        expect(listener.count("malformed_total", "code=E_INPUT_SCHEMA")).toBe(
          0,
        );
      },
    );
  },
);

const bookNames = (
  venue: DialectName,
  messages: readonly string[],
): readonly string[] => {
  const names = new Set<string>();
  const scratch = new Map<string, ReturnType<VenueServer["bookOf"]>>();
  for (const message of messages) {
    const name = DIALECTS[venue].apply(message, (symbol) => {
      let book = scratch.get(symbol);
      if (book === undefined) {
        book = newReferenceBook();
        scratch.set(symbol, book);
      }
      return book;
    });
    if (name !== undefined) names.add(name);
  }
  return [...names];
};
