/** What the venue server plays: markets made up from a seed, and recorded ones where they are. */
import { existsSync, readFileSync } from "node:fs";
import { join } from "node:path";
import { gunzipSync } from "node:zlib";
import type { Channel } from "../../engine/feeds/venues/venue-profile.ts";
import type { Random } from "../../engine/std/random.ts";
import {
  bestAsks,
  bestBids,
  type Dialect,
  type DialectName,
  type Row,
} from "./venue-dialects.ts";
import type { VenueServer } from "./venue-server.ts";

const PRICE_DECIMALS = 2;
const SIZE_DECIMALS = 4;
const LEVELS = 30;
const MID_TICKS = 10_000;

const price = (ticks: number): string => (ticks / 100).toFixed(PRICE_DECIMALS);

/** One symbol that never crosses and never runs dry. */
export class MadeUpMarket {
  readonly #random: Random;
  readonly #dialect: Dialect;
  readonly #server: VenueServer;
  readonly #levels: number;
  readonly name: string;

  constructor(
    server: VenueServer,
    dialect: Dialect,
    name: string,
    random: Random,
  ) {
    this.#server = server;
    this.#dialect = dialect;
    this.name = name;
    this.#random = random;
    const book = server.bookOf(name);
    book.depth = dialect.depth ?? Infinity;
    this.#levels = Math.min(LEVELS, book.depth);
    for (let i = 1; i <= this.#levels; i++) {
      book.bids.set(price(MID_TICKS - i), this.#size());
      book.asks.set(price(MID_TICKS + i), this.#size());
    }
    book.seq = 1_000;
    book.isKnown = true;
  }

  next(): string {
    const book = this.#server.bookOf(this.name);
    const bids: Row[] = [];
    const asks: Row[] = [];
    for (let n = 1 + this.#random.int(3); n > 0; n--)
      if (this.#random.next() < 0.5)
        bids.push(this.#change(bestBids(book), -1, bids));
      else asks.push(this.#change(bestAsks(book), 1, asks));
    return this.#dialect.update(this.name, book, bids, asks);
  }

  /** A level of another size; sometimes one goes, and one comes at the far end. */
  #change(levels: readonly Row[], away: 1 | -1, told: readonly Row[]): Row {
    const free = levels.filter(([p]) => !told.some(([other]) => other === p));
    const [at] = this.#random.pick(free);
    if (levels.length > this.#levels / 2 && this.#random.next() < 0.3)
      return [at, (0).toFixed(SIZE_DECIMALS)];
    if (this.#random.next() < 0.3) {
      const far = Math.round(Number(levels.at(-1)![0]) * 100) + away;
      if (!told.some(([p]) => p === price(far)))
        return [price(far), this.#size()];
    }
    return [at, this.#size()];
  }

  #size(): string {
    return (1 + this.#random.int(99_999) / 10).toFixed(SIZE_DECIMALS);
  }
}

/** A trade as Binance tells it. */
export const tradeOf = (name: string, id: number): string => {
  const E = 1_700_000_000_000 + id;
  return JSON.stringify({
    stream: `${name.toLowerCase()}@trade`,
    data: {
      ...{ e: "trade", E, s: name, t: id, p: "100.00", q: "0.5000" },
      ...{ T: E, m: id % 2 === 0, M: true },
    },
  });
};

const DATA = join(import.meta.dirname, "../../../shared/data");

export const hasRecordings = existsSync(DATA);

interface Recording {
  readonly file: string;
  readonly dialect: DialectName;
  /** What of it is played: the server does not spread USD-M's channels over addresses, and Kraken's has books only. */
  readonly channels: readonly Channel[];
}

export const RECORDINGS: readonly Recording[] = [
  {
    file: "l2/binance-spot-btcusdt_20240808.gz",
    dialect: "binance",
    channels: ["book", "trades"],
  },
  {
    file: "l2/binance-usdm-btcusdt_20240808.gz",
    dialect: "binanceusdm",
    channels: ["book"],
  },
  {
    file: "raw-ws/KRAKEN.ws.50.0.gz",
    dialect: "kraken-v1",
    channels: ["book"],
  },
  {
    file: "raw-ws/COINBASE.ws.28.0.gz",
    dialect: "coinbase-exchange",
    channels: ["book", "trades"],
  },
  {
    file: "raw-ws/OKX.ws.1.0.gz",
    dialect: "okx",
    channels: ["book", "trades"],
  },
];

/** The messages as the venue sent them; `<time> <json>` or `<time>: <json>` a line. */
export const recordedMessages = (file: string): string[] =>
  gunzipSync(readFileSync(join(DATA, file)))
    .toString()
    .split("\n")
    .map((line) => /^\d[\d.]*:? (.*)$/.exec(line)?.[1])
    .filter((message) => message !== undefined);
