/** A venue's feed as its user meets it: `fusewire feed` as a process, engines on NATS that live from it, and an engine that needs neither. */
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { feedCommand } from "../engine/cli/feed.ts";
import { loadConfig } from "../engine/config.ts";
import type { Config } from "../engine/config-schema.ts";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { asksOf, bidsOf } from "../engine/feeds/book-levels.ts";
import { FeedPublisher } from "../engine/feeds/feed-publisher.ts";
import { LocalBus } from "../engine/io/local-bus.ts";
import { NatsLink } from "../engine/io/nats-link.ts";
import { BookSync } from "../engine/market/book-sync.ts";
import { OrderBook } from "../engine/market/order-book.ts";
import { NO_LOG, NO_TELEMETRY, type BusMessage } from "../engine/ports.ts";
import { Random } from "../engine/std/random.ts";
import { systemClock } from "../engine/std/time.ts";
import { startVenue } from "../engine/venue-run.ts";
import { decodeMarketEvent } from "../engine/wire/codec.ts";
import {
  PUBLISHER_HEADER,
  publisherId,
  readPublisherMark,
  type PublisherMark,
} from "../engine/wire/publisher-header.ts";
import { snapshotSubject } from "../engine/wire/subjects.ts";
import { hasOpenssl, newCertificate } from "./support/certificate.ts";
import { eventually } from "./support/eventually.ts";
import { FeedProcess } from "./support/feed-process.ts";
import { lossyBus } from "./support/lossy-bus.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { freePort } from "./support/server-process.ts";
import { startTestEngine, type TestEngine } from "./support/test-engine.ts";
import { bestAsks, bestBids, DIALECTS } from "./support/venue-dialects.ts";
import { MadeUpMarket, tradeOf } from "./support/venue-market.ts";
import { VenueServer } from "./support/venue-server.ts";
import { BTC } from "./support/wire-samples.ts";

const SYMBOLS = [BTC, "ETHUSDT.BINANCE"];
const NAMES = ["BTCUSDT", "ETHUSDT"];

let nats: NatsServer;
let venue: VenueServer;
let playing: NodeJS.Timeout;

beforeAll(async () => {
  nats = await startNats("nats.conf");
  venue = new VenueServer({
    dialect: DIALECTS.binance,
    random: new Random("feed"),
  });
  await venue.start();
  venue.answers.set("/api/v3/exchangeInfo", () => EXCHANGE_INFO);
  const markets = NAMES.map(
    (name) => new MadeUpMarket(venue, DIALECTS.binance, name, new Random(name)),
  );
  let trades = 0;
  playing = setInterval(() => {
    for (const market of markets) venue.play(market.next());
    venue.play(tradeOf("BTCUSDT", ++trades));
  }, 20);
});

afterAll(async () => {
  clearInterval(playing);
  await venue.close();
  await nats.close();
});

const EXCHANGE_INFO = JSON.stringify({
  symbols: NAMES.map((symbol) => ({
    symbol,
    filters: [
      { filterType: "PRICE_FILTER", tickSize: "0.01000000" },
      { filterType: "LOT_SIZE", stepSize: "0.00010000" },
    ],
  })),
});

/** Of each symbol that the engine knows, as an operator sees it. */
const gridsAt = async (url: string): Promise<unknown> => {
  const { symbols } = (await (await fetch(`${url}api/symbols`)).json()) as {
    symbols: { symbol: string; tickSize?: number; lotSize?: number }[];
  };
  return symbols
    .map(({ symbol, tickSize, lotSize }) => [symbol, tickSize, lotSize])
    .sort();
};
const GRIDS = SYMBOLS.map((symbol) => [symbol, 0.01, 0.0001]);

const addresses = (): string[] => [
  ...["--url", venue.webSocketUrl],
  ...["--rest-url", venue.restUrl],
];

const startFeed = (...more: string[]): FeedProcess =>
  new FeedProcess(
    [
      ...["binance", "--symbols", NAMES.join(","), ...addresses()],
      ...["--json", "--every", "0.1", ...more],
    ],
    nats.urlAs("feed"),
  );

interface Listener {
  readonly bus: NatsLink;
  readonly heard: readonly Heard[];
  /** Built from nothing but what was heard. */
  readonly books: ReadonlyMap<string, BookSync>;
}

interface Heard {
  readonly event: MarketEvent;
  readonly mark: PublisherMark | undefined;
}

/** Everything that is told of Binance on the broker, as an engine hears it. */
const listen = async (): Promise<Listener> => {
  const bus = new NatsLink({ servers: [nats.urlAs("engine")] });
  bus.start();
  expect(await bus.whenConnected(5_000)).toBe(true);
  const heard: Heard[] = [];
  const books = new Map(
    SYMBOLS.map((symbol) => [
      symbol,
      new BookSync(new OrderBook({ depthMax: 1_000 }), { bandFactor: 0 }),
    ]),
  );
  const onMessage = ({ subject, data, headers }: BusMessage): void => {
    const nowUs = systemClock.nowUs();
    const event = decodeMarketEvent(subject, data, nowUs, systemClock.nowNs());
    const mark = readPublisherMark(headers?.get(PUBLISHER_HEADER) ?? "");
    heard.push({ event, mark });
    if (event.type === "bookSnapshot" || event.type === "bookDelta")
      books.get(event.symbol)?.apply(event);
  };
  for (const kind of ["book", "trade", "gap"])
    bus.subscribe(`md.v1.*.*.${kind}`, onMessage);
  await bus.flush();
  return { bus, heard, books };
};

const isTheVenues = (book: OrderBook, name: string): boolean => {
  const rows = (side: readonly (readonly string[])[]): number[] =>
    side.slice(0, 20).flatMap((row) => row.map(Number));
  const reference = venue.bookOf(name);
  return (
    rows(bestBids(reference)).every((n, i) => bidsOf(book)[i] === n) &&
    rows(bestAsks(reference)).every((n, i) => asksOf(book)[i] === n)
  );
};

/** Symbols with a live book. */
const live = ({ signals }: TestEngine, from = 0): string[] =>
  [
    ...new Set(
      signals
        .slice(from)
        .filter(({ book }) => book.state === "LIVE")
        .map(({ symbol }) => symbol),
    ),
  ].sort();

const metricOf = async (url: string, name: string): Promise<number> => {
  const text = await (await fetch(`${url}metrics`)).text();
  return Number(
    new RegExp(`^${name}(?:\\{.*\\})? (\\S+)$`, "m").exec(text)?.[1],
  );
};

describe("fusewire feed", () => {
  it("publishes numbered events that build the venue's books, and answers who asks for one", async () => {
    const { bus, heard, books } = await listen();
    const feed = startFeed("--port", "0");
    const of = (symbol: string): Heard[] =>
      heard.filter(({ event }) => event.symbol === symbol);
    const snapshots = (): number =>
      of(BTC).filter(({ event }) => event.type === "bookSnapshot").length;
    await eventually(
      "both books and trades are told",
      () =>
        SYMBOLS.every((symbol) =>
          of(symbol).some(({ event }) => event.type === "bookDelta"),
        ) && heard.some(({ event }) => event.type === "trade"),
      10_000,
    );
    await eventually("it says so", () => feed.statuses.at(-1)?.isLive === true);
    const before = snapshots();
    bus.publish(snapshotSubject(BTC), new Uint8Array());
    await eventually("the answer", () => snapshots() > before);
    await eventually("it counts", () => feed.statuses.at(-1)!.answered === 1);
    expect(feed.statuses.at(-1)).toEqual({
      ...{ venue: "binance", symbols: 2, clients: 1, connections: 1 },
      ...{ isLive: true, booksWaiting: 0, answered: 1, nats: "connected" },
      published: expect.any(Number) as number,
    });

    await eventually("both books are the venue's", () =>
      NAMES.every((name, i) => isTheVenues(books.get(SYMBOLS[i]!)!.book, name)),
    );
    for (const symbol of SYMBOLS) {
      const marks = of(symbol).map(({ mark }) => mark!);
      expect(new Set(marks.map(({ id }) => id)).size).toBe(1);
      expect(marks.map(({ number }) => number)).toEqual(
        marks.map((_, i) => i + 1),
      );
    }

    await expect
      .poll(async () => (await fetch(`${urlOf(feed)}health/ready`)).status)
      .toBe(200);
    expect(
      await metricOf(urlOf(feed), "fusewire_venue_messages_total"),
    ).toBeGreaterThan(10);

    const { code, stderr } = await feed.end("SIGTERM");
    expect([code, stderr]).toEqual([0, expect.not.stringContaining("error")]);
    await bus.drain();
  });

  it("lets an engine without a broker listen to the venue itself", async () => {
    const engine = await startTestEngine("", {
      "feed.source": "venue",
      "feed.venue": "binance",
      "feed.symbols": NAMES.join(","),
      "feed.url": venue.webSocketUrl,
      "feed.restUrl": venue.restUrl,
      "models.llama": "false",
    });
    await eventually(
      "both are live",
      () => live(engine).length === SYMBOLS.length,
      10_000,
    );
    await expect.poll(() => engine.ready()).toBe(true);
    await expect.poll(() => gridsAt(engine.engine.url)).toEqual(GRIDS);
    const status = (await (
      await fetch(`${engine.engine.url}api/status`)
    ).json()) as { links: unknown };
    expect(status.links).toEqual([
      { name: "bus", state: "in-process" },
      { name: "binance", state: "connected" },
    ]);
    await engine.close();
  });
});

describe("an engine on NATS", () => {
  let engine: TestEngine;

  beforeAll(async () => {
    engine = await startTestEngine(nats.urlAs("engine"), {
      "feed.source": "bus",
      "models.llama": "false",
      "symbols.staleAfterMs": "500",
    });
  });

  afterAll(() => engine.close());

  it("has live books of a feed; killed, they are void, and back with the next feed", async () => {
    let feed = startFeed();
    const { signals } = engine;
    await eventually(
      "both are live",
      () => live(engine).length === SYMBOLS.length,
      10_000,
    );
    expect(live(engine)).toEqual(SYMBOLS);
    // Whichever of the two came first.
    await expect.poll(() => gridsAt(engine.engine.url)).toEqual(GRIDS);

    await feed.end("SIGKILL");
    await eventually("both are not", () =>
      SYMBOLS.every(
        (symbol) =>
          signals.findLast((s) => s.symbol === symbol)?.book.state !== "LIVE",
      ),
    );
    const killedAt = signals.length;
    feed = startFeed();
    await eventually(
      "both are live again",
      () => live(engine, killedAt).length === SYMBOLS.length,
      10_000,
    );
    const { url } = engine.engine;
    expect(await metricOf(url, "fusewire_publisher_restarts_total")).toBe(2);
    expect(await metricOf(url, "fusewire_publisher_gaps_total")).toBe(0);
    expect((await feed.end("SIGTERM")).code).toBe(0);
  });

  it("sees one lost message, and its symbol is not live until a snapshot", async () => {
    const SOL = symbolId("SOLUSDT.BINANCE");
    const link = new NatsLink({ servers: [nats.urlAs("feed")] });
    link.start();
    expect(await link.whenConnected(5_000)).toBe(true);
    const bus = lossyBus(link);
    const publisher = new FeedPublisher({
      ...{ bus, clock: systemClock, snapshotEveryMsMin: 10 },
      id: publisherId(systemClock.nowUs(), 1),
    });
    const stamps = () => ({
      symbol: SOL,
      eventUs: systemClock.nowUs(),
      receivedUs: systemClock.nowUs(),
      receivedNs: systemClock.nowNs(),
    });
    let seq = 1;
    publisher.publish({
      ...{ type: "bookSnapshot", ...stamps(), seq },
      ...{ bids: [10, 1, 9, 1], asks: [11, 1, 12, 1] },
    });
    const telling = setInterval(() => {
      const prevSeq = seq++;
      publisher.publish({
        ...{ type: "bookDelta", ...stamps(), prevSeq, seq },
        ...{ bids: [9, seq], asks: [] },
      });
    }, 10);
    const { signals, engine: running } = engine;
    const stateOf = (from = 0): string | undefined =>
      signals.slice(from).findLast(({ symbol }) => symbol === SOL)?.book.state;
    await eventually("its book is live", () => stateOf() === "LIVE");
    const gaps = await metricOf(running.url, "fusewire_publisher_gaps_total");

    // One delta is lost, and after it, for a while, every snapshot that is asked for.
    let lost = 0;
    bus.loses = (_subject, data) => {
      const isLost = lost === 0 || Buffer.from(data).includes("bookSnapshot");
      if (isLost) lost++;
      return isLost;
    };
    const lostAt = signals.length;
    await eventually("it is void", () => stateOf(lostAt) === "SYNCING");
    const voidAt = signals.length;
    await eventually("snapshots are lost", () => lost > 2);
    const since = signals.slice(voidAt).filter(({ symbol }) => symbol === SOL);
    expect(
      since.filter(({ live, book }) => live || book.state === "LIVE"),
    ).toEqual([]);
    await expect
      .poll(() => metricOf(running.url, "fusewire_publisher_gaps_total"))
      .toBe(gaps + lost);
    bus.loses = () => false;
    await eventually("it is back", () => stateOf(voidAt) === "LIVE");
    clearInterval(telling);
    publisher.close();
    await link.drain();
  });
});

describe.skipIf(!hasOpenssl)("a venue behind TLS (needs openssl)", () => {
  it("is heard where its authority is trusted, and refused where not", async () => {
    const certificate = newCertificate();
    const server = new VenueServer({
      dialect: DIALECTS.binance,
      random: new Random("tls"),
      tls: certificate,
    });
    await server.start();
    const market = new MadeUpMarket(
      ...([server, DIALECTS.binance, "BTCUSDT"] as const),
      new Random("tls"),
    );
    const telling = setInterval(() => server.play(market.next()), 20);
    const args = [
      ...["binance", "--symbols", "BTCUSDT", "--json", "--every", "0.1"],
      ...["--url", server.webSocketUrl, "--rest-url", server.restUrl],
    ];
    const trusting = new FeedProcess(args, nats.urlAs("feed"), {
      NODE_EXTRA_CA_CERTS: certificate.certFile,
    });
    const strict = new FeedProcess(args, nats.urlAs("feed"));
    await eventually(
      "the first is live",
      () => trusting.statuses.at(-1)?.isLive === true,
      10_000,
    );
    await eventually("the other has tried", () => strict.statuses.length > 3);
    expect(strict.statuses.map(({ connections }) => connections)).not.toContain(
      1,
    );
    const ends = await Promise.all([
      trusting.end("SIGTERM"),
      strict.end("SIGTERM"),
    ]);
    expect(ends.map(({ code }) => code)).toEqual([0, 0]);
    expect(ends[0].stderr).not.toContain("venue.disconnected");
    expect(ends[1].stderr).toContain('"reason":"refused"');
    clearInterval(telling);
    await server.close();
    certificate.remove();
  });
});

describe("a feed that cannot be", () => {
  it.for([
    ["one venue is needed", ""],
    ["feed needs --nats URL", "binance --symbols BTCUSDT"],
    ["--port 70000", "binance --symbols BTCUSDT --port 70000 --nats nats://x"],
  ] as const)("is a wrong command line: %s", async ([text, args]) => {
    await expect(async () =>
      feedCommand.run(args.split(" ").filter(Boolean)),
    ).rejects.toMatchObject({
      name: "UsageError",
      message: expect.stringContaining(text) as string,
    });
  });

  it.for([
    ["feed.venue", "mtgox --symbols=BTCUSDT"],
    ["feed.symbols", "binance"],
    ["feed.symbols", "binance --symbols="],
    ["feed.symbols", "binance --symbols=,"],
    ["feed.symbols", "binance --symbols=BTCUSDT.KRAKEN"],
    ["feed.channels", "binance --symbols=BTCUSDT --channels=gossip"],
    ["feed.channels", "binance --symbols=BTCUSDT --channels=funding"],
    ["feed.url", "binance --symbols=BTCUSDT --url=ws://example.com"],
    ["feed.restUrl", "binance --symbols=BTCUSDT --rest-url=nowhere"],
  ] as const)("is a wrong %s: %s", async ([field, args]) => {
    const words = [...args.split(" "), "--nats=nats://127.0.0.1:1"];
    await expect(feedCommand.run(words)).rejects.toMatchObject({
      code: "E_CONFIG_INVALID",
      field: expect.stringContaining(field) as string,
    });
  });

  it("ends with 78 before a broker is asked", async () => {
    // Nobody listens there: to ask would be told in the log.
    const feed = new FeedProcess(
      ["binance", "--symbols="],
      "nats://127.0.0.1:1",
    );
    const { code, stdout, stderr } = await feed.ended();
    expect([code, stdout]).toEqual([78, ""]);
    expect(stderr).toMatch(/^fusewire: E_CONFIG_INVALID[^\n]*\n$/);
  });

  it("for want of a broker ends with 1 and E_DEP_NATS", async () => {
    const url = `nats://feed:secret@127.0.0.1:${await freePort()}`;
    const feed = new FeedProcess(
      ["binance", "--symbols", "BTCUSDT", "--seconds", "0.2"],
      url,
    );
    const { code, stderr } = await feed.ended();
    expect(code).toBe(1);
    expect(stderr).toContain("E_DEP_NATS");
    expect(stderr).not.toContain("secret");
  });

  it.for([
    { symbols: [] },
    { symbols: ["BTCUSDT.KRAKEN"] },
    { channels: ["funding"] },
    { url: "ws://example.com" },
    { restUrl: "http://example.com" },
  ] as const)("is refused with %j", (wrong) => {
    const { feed } = loadConfig({ env: {} });
    expect(() =>
      startVenue({
        feed: {
          ...feed,
          ...{ venue: "binance", symbols: NAMES, url: venue.webSocketUrl },
          ...(wrong as Partial<Config["feed"]>),
        },
        ...{ bus: new LocalBus(), telemetry: NO_TELEMETRY, log: NO_LOG },
        marks: "none",
      }),
    ).toThrow(expect.objectContaining({ code: "E_CONFIG_INVALID" }) as Error);
  });
});

const urlOf = (feed: FeedProcess): string => `http://127.0.0.1:${feed.port}/`;
