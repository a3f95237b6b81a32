/** Faults in recorded messages, put in one by one: each mapper tells them on the message that shows them, and a snapshot mends the book. */
import { existsSync } from "node:fs";
import { join } from "node:path";
import { describe, expect, it } from "vitest";
import type { Levels, MarketEvent } from "../engine/domain/market-event.ts";
import { lineBatches } from "../engine/feeds/line-batches.ts";
import { parseRawLine } from "../engine/feeds/raw-line.ts";
import { BinanceMapper } from "../engine/feeds/venues/binance-mapper.ts";
import { KrakenV1Mapper } from "../engine/feeds/venues/kraken-v1-mapper.ts";
import { OkxMapper } from "../engine/feeds/venues/okx-mapper.ts";
import type { VenueMapper } from "../engine/feeds/venues/venue-mapper.ts";
import { symbolId } from "../engine/domain/symbol.ts";
import { Random } from "../engine/std/random.ts";
import { monoNanos, unixMicros } from "../engine/std/time.ts";

const DATA = join(import.meta.dirname, "../../shared/data");

const messagesOf = async (file: string): Promise<readonly string[]> => {
  const texts: string[] = [];
  for await (const lines of lineBatches(join(DATA, file)))
    for (const text of lines) {
      const line = parseRawLine(text);
      if (line?.kind === "message") texts.push(line.text);
    }
  return texts;
};

/** Books by symbol, as the events make them. */
class Books {
  readonly #sides = new Map<string, Map<number, number>>();
  readonly mapper: VenueMapper;
  #clock = 0;

  constructor(mapper: VenueMapper) {
    this.mapper = mapper;
  }

  take(text: string, symbol?: string): readonly MarketEvent[] {
    const events: MarketEvent[] = [];
    const at = ++this.#clock;
    this.mapper.map(
      text,
      {
        receivedUs: unixMicros(1_723_161_256_000_000 + at),
        receivedNs: monoNanos(at),
        ...(symbol === undefined ? {} : { symbol: symbolId(symbol) }),
      },
      (event) => {
        events.push(event);
        if (event.type === "bookSnapshot") {
          this.#side(event.symbol, "bids").clear();
          this.#side(event.symbol, "asks").clear();
        }
        if (event.type !== "bookSnapshot" && event.type !== "bookDelta") return;
        set(this.#side(event.symbol, "bids"), event.bids);
        set(this.#side(event.symbol, "asks"), event.asks);
      },
    );
    return events;
  }

  rows(symbol: string, side: "bids" | "asks"): readonly [number, number][] {
    const sign = side === "bids" ? -1 : 1;
    return [...this.#side(symbol, side)].sort((a, b) => (a[0] - b[0]) * sign);
  }

  get symbols(): readonly string[] {
    return [
      ...new Set([...this.#sides.keys()].map((key) => key.split(" ")[0]!)),
    ];
  }

  #side(symbol: string, side: string): Map<number, number> {
    const key = `${symbol} ${side}`;
    let levels = this.#sides.get(key);
    if (levels === undefined) this.#sides.set(key, (levels = new Map()));
    return levels;
  }
}

const set = (side: Map<number, number>, levels: Levels): void => {
  for (let i = 0; i < levels.length; i += 2)
    if (levels[i + 1]! > 0) side.set(levels[i]!, levels[i + 1]!);
    else side.delete(levels[i]!);
};

/** The best levels: a snapshot is passed on with 5,000 a side, and updates may be of more. */
const expectSameBooks = (books: Books, reference: Books): void => {
  for (const symbol of reference.symbols)
    for (const side of ["bids", "asks"] as const)
      expect([symbol, books.rows(symbol, side).slice(0, 1000)]).toEqual([
        symbol,
        reference.rows(symbol, side).slice(0, 1000),
      ]);
};

/** Every venue's digits of the sizes told so far, for snapshots to be made with them. */
class Digits {
  readonly #texts = new Map<string, string>();

  learn(text: string): void {
    for (const [, price, size] of text.matchAll(/\["([\d.]+)","([\d.]+)"/g))
      this.#texts.set(
        `${Number(price!)}:${Number(size!)}`,
        `${price!} ${size!}`,
      );
  }

  row([price, size]: readonly [number, number]): readonly string[] {
    return this.#texts.get(`${price}:${size}`)!.split(" ");
  }
}

interface ChecksumVenue {
  readonly file: string;
  newMapper(): VenueMapper;
  snapshot(
    symbol: string,
    bids: readonly (readonly string[])[],
    asks: readonly (readonly string[])[],
    like: string,
  ): string;
}

const KRAKEN: ChecksumVenue = {
  file: "raw-ws/KRAKEN.ws.50.0.gz",
  newMapper: () => new KrakenV1Mapper(),
  snapshot: (_symbol, bids, asks, like) => {
    const rows = (side: readonly (readonly string[])[]): string[][] =>
      side.map((row) => [...row, "1618678130.000000"]);
    const parsed = JSON.parse(like) as unknown[];
    return JSON.stringify([
      parsed[0],
      { as: rows(asks), bs: rows(bids) },
      ...parsed.slice(-2),
    ]);
  },
};

const OKX: ChecksumVenue = {
  file: "raw-ws/OKX.ws.1.0.gz",
  newMapper: () => new OkxMapper(),
  snapshot: (_symbol, bids, asks, like) => {
    const { arg, data } = JSON.parse(like) as {
      arg: object;
      data: readonly { ts: string }[];
    };
    return JSON.stringify({
      arg,
      action: "snapshot",
      data: [{ bids, asks, ts: data[0]!.ts }],
    });
  },
};

/** Another digit at the end of the size of one level told, of a level that the checksum covers; undefined where there is none. */
const altered = (
  text: string,
  covered: ReadonlySet<number>,
  random: Random,
): string | undefined => {
  const rows = [...text.matchAll(/\["([\d.]+)","([\d.]*[1-9][\d.]*)"/g)].filter(
    ([, price]) => covered.has(Number(price!)),
  );
  if (rows.length === 0) return undefined;
  const row = random.pick(rows);
  const end = row.index + row[0].length - 2;
  const digit = String(((Number(text[end]) + 4) % 9) + 1);
  return text.slice(0, end) + digit + text.slice(end + 1);
};

describe.skipIf(!existsSync(DATA))(
  "faults in recordings (skipped where they are absent)",
  () => {
    it.each([
      ["Kraken", KRAKEN, 10, 0.1, 100],
      ["OKX", OKX, 25, 0.5, 80],
    ] as const)(
      "one altered level of %s is caught on that very message, every time",
      async (_name, venue, levels, share, alterationsMin) => {
        const reference = new Books(venue.newMapper());
        const books = new Books(venue.newMapper());
        const digits = new Digits();
        const random = new Random("altered levels");
        let alterations = 0;
        for (const text of await messagesOf(venue.file)) {
          digits.learn(text);
          const [event] = reference.take(text);
          if (event?.type !== "bookDelta" || random.next() > share) {
            books.take(text);
            continue;
          }
          const { symbol } = event;
          const covered = new Set(
            (["bids", "asks"] as const).flatMap((side) =>
              reference
                .rows(symbol, side)
                .slice(0, levels)
                .map(([price]) => price),
            ),
          );
          const wrong = altered(text, covered, random);
          if (wrong === undefined) {
            books.take(text);
            continue;
          }
          alterations++;
          expect(books.take(wrong)).toMatchObject([
            { type: "gap", reason: "checksum", symbol },
          ]);
          expect([...books.mapper.awaitingSnapshot]).toEqual([symbol]);
          expect(books.take(text)).toEqual([]);
          const rows = (
            side: "bids" | "asks",
          ): readonly (readonly string[])[] =>
            reference.rows(symbol, side).map((row) => digits.row(row));
          books.take(venue.snapshot(symbol, rows("bids"), rows("asks"), text));
          expect(books.mapper.awaitingSnapshot.size).toBe(0);
        }
        expect(alterations).toBeGreaterThan(alterationsMin);
        expect(books.mapper.counts).toMatchObject({
          checksumMismatches: alterations,
          gaps: alterations,
          unsynced: alterations,
        });
        expectSameBooks(books, reference);
      },
    );

    it("a lost update of Binance is told on the next one, every time, and one that comes twice does nothing", async () => {
      const symbol = "BTCUSDT.BINANCEUSDM";
      const reference = new Books(new BinanceMapper("BINANCEUSDM"));
      const books = new Books(new BinanceMapper("BINANCEUSDM"));
      const random = new Random("lost updates");
      let lost = 0;
      let twice = 0;
      let isLost = false;
      for (const text of await messagesOf(
        "l2/binance-usdm-btcusdt_20240808.gz",
      )) {
        const isSnapshot = text.startsWith('{"lastUpdateId"');
        const [event] = reference.take(text, isSnapshot ? symbol : undefined);
        if (isSnapshot) books.take(text, symbol);
        if (event?.type !== "bookDelta") continue;
        if (!isLost && books.mapper.awaitingSnapshot.size === 0) {
          isLost = random.next() < 0.01;
          if (isLost) {
            lost++;
            continue;
          }
        }
        const [first, second] = books.take(text);
        if (!isLost) {
          expect(first?.type).toBe("bookDelta");
          if (random.next() > 0.98) {
            twice++;
            expect(books.take(text)).toEqual([]);
          }
          continue;
        }
        isLost = false;
        expect(first).toMatchObject({
          type: "gap",
          reason: "sequence",
          symbol,
        });
        expect(second?.type).toBe("bookDelta");
        const rest = {
          lastUpdateId: event.seq,
          bids: reference.rows(symbol, "bids").map((row) => row.map(String)),
          asks: reference.rows(symbol, "asks").map((row) => row.map(String)),
        };
        const stale = { ...rest, lastUpdateId: event.prevSeq - 1 };
        expect(books.take(JSON.stringify(stale), symbol)).toEqual([]);
        expect(books.take(JSON.stringify(rest), symbol)).toHaveLength(1);
      }
      expect(lost).toBeGreaterThan(40);
      expect(books.mapper.counts).toMatchObject({
        gaps: lost,
        duplicates: twice,
        staleSnapshots: lost,
      });
      expectSameBooks(books, reference);
    });
  },
);
