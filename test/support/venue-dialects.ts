/** How venues write their books: enough of each to serve recorded or made-up streams with snapshots at any moment. */

/** Prices and sizes as the venue writes them: checksums are over the digits. */
export interface ReferenceBook {
  readonly bids: Map<string, string>;
  readonly asks: Map<string, string>;
  seq: number;
  /** Levels a side that are told: what falls out of them is not kept. */
  depth: number;
  /** Updates so far: the venue's time runs with them. */
  ticks: number;
  /** Its snapshot has been seen or made. */
  isKnown: boolean;
}

export type Row = readonly [price: string, size: string];

export interface Dialect {
  /** Names of the books that a client's message subscribes. */
  subscribed(message: string): readonly string[];
  /** What answers it, before any book. */
  acknowledged?(message: string): string | undefined;
  /** Takes a message into the reference; the book's name, or undefined where it is none of a book's. */
  apply(
    message: string,
    bookOf: (name: string) => ReferenceBook,
  ): string | undefined;
  /** The whole book as of now: a message of the stream, or a REST answer. */
  snapshot(name: string, book: ReferenceBook): string;
  /** A made-up change: the message that tells it. The book has not been changed yet. */
  update(
    name: string,
    book: ReferenceBook,
    bids: readonly Row[],
    asks: readonly Row[],
  ): string;
  /** Every message is a whole book: what is lost or late damages nothing. */
  readonly isWhole?: boolean;
  /** Levels a side of a made-up book; absent: as many as there are. */
  readonly depth?: number;
  /** Puts the number on what leaves a connection, the first with 0. */
  numbered?(message: string, n: number): string;
  /** Where snapshots are fetched; absent where they come with the subscription. */
  readonly restPath?: string;
}

export const newReferenceBook = (): ReferenceBook => ({
  bids: new Map(),
  asks: new Map(),
  seq: 0,
  depth: Infinity,
  ticks: 0,
  isKnown: false,
});

export const sorted = (
  side: ReadonlyMap<string, string>,
  best: "highest" | "lowest",
): Row[] =>
  [...side].sort((a, b) =>
    best === "highest"
      ? Number(b[0]) - Number(a[0])
      : Number(a[0]) - Number(b[0]),
  );

export const bestBids = (book: ReferenceBook, n = Infinity): Row[] =>
  sorted(book.bids, "highest").slice(0, n);
export const bestAsks = (book: ReferenceBook, n = Infinity): Row[] =>
  sorted(book.asks, "lowest").slice(0, n);

const timeMs = (ticks: number): number => 1_700_000_000_000 + ticks;

const set = (
  side: Map<string, string>,
  rows: readonly (readonly string[])[],
): void => {
  for (const [price, size] of rows)
    if (Number(size) === 0) side.delete(price!);
    else side.set(price!, size!);
};

const replace = (
  book: ReferenceBook,
  bids: readonly (readonly string[])[],
  asks: readonly (readonly string[])[],
): void => {
  book.bids.clear();
  book.asks.clear();
  set(book.bids, bids);
  set(book.asks, asks);
  book.isKnown = true;
};

/** The book with a change applied, for a checksum over what will be. */
const changed = (
  book: ReferenceBook,
  bids: readonly Row[],
  asks: readonly Row[],
): ReferenceBook => {
  const next = {
    ...book,
    ticks: book.ticks + 1,
    bids: new Map(book.bids),
    asks: new Map(book.asks),
  };
  set(next.bids, bids);
  set(next.asks, asks);
  return next;
};

const CRC_TABLE = Array.from({ length: 256 }, (_, n) => {
  let c = n;
  for (let k = 0; k < 8; k++) c = c & 1 ? 0xedb88320 ^ (c >>> 1) : c >>> 1;
  return c >>> 0;
});

const crc32 = (text: string): number => {
  let crc = 0xffffffff;
  for (let i = 0; i < text.length; i++)
    crc = CRC_TABLE[(crc ^ text.charCodeAt(i)) & 255]! ^ (crc >>> 8);
  return (crc ^ 0xffffffff) >>> 0;
};

const krakenChecksum = (book: ReferenceBook): number => {
  const digits = (text: string): string =>
    text.replace(".", "").replace(/^0+/, "");
  return crc32(
    [...bestAsks(book, 10), ...bestBids(book, 10)]
      .map(([price, size]) => digits(price) + digits(size))
      .join(""),
  );
};

const okxChecksum = (book: ReferenceBook): number => {
  const bids = bestBids(book, 25);
  const asks = bestAsks(book, 25);
  const parts: string[] = [];
  for (let i = 0; i < 25; i++) {
    if (bids[i] !== undefined) parts.push(...bids[i]!);
    if (asks[i] !== undefined) parts.push(...asks[i]!);
  }
  return crc32(parts.join(":")) | 0;
};

interface Json {
  readonly [key: string]: any;
}
const json = (text: string): Json => {
  try {
    return JSON.parse(text) as Json;
  } catch {
    return {};
  }
};

const binance = (api: "api/v3" | "fapi/v1" | "dapi/v1"): Dialect => ({
  restPath: `/${api}/depth`,
  subscribed: () => [],
  acknowledged: (message) =>
    JSON.stringify({ result: null, id: json(message)["id"] as number }),
  apply: (message, bookOf) => {
    const outer = json(message);
    const data = (outer["data"] ?? outer) as Json;
    if (data["e"] !== "depthUpdate") return undefined;
    const book = bookOf(data["s"] as string);
    set(book.bids, data["b"] as string[][]);
    set(book.asks, data["a"] as string[][]);
    book.seq = data["u"] as number;
    book.ticks++;
    return data["s"] as string;
  },
  snapshot: (_name, book) =>
    JSON.stringify({
      lastUpdateId: book.seq,
      bids: bestBids(book, 1000),
      asks: bestAsks(book, 1000),
    }),
  update: (name, book, b, a) => {
    const u = book.seq + b.length + a.length;
    const E = timeMs(book.ticks);
    const data =
      api === "api/v3"
        ? { e: "depthUpdate", E, s: name, U: book.seq + 1, u, b, a }
        : {
            e: "depthUpdate",
            E,
            T: E,
            s: name,
            U: book.seq + 1,
            u,
            pu: book.seq,
            b,
            a,
          };
    return JSON.stringify({
      stream: `${name.toLowerCase()}@depth@100ms`,
      data,
    });
  },
});

/** What a client subscribes to unless it is told otherwise. */
const KRAKEN_DEPTH = 10;

const krakenV1: Dialect = {
  depth: KRAKEN_DEPTH,
  subscribed: (message) => {
    const { event, pair, subscription } = json(message);
    return event === "subscribe" && (subscription as Json)["name"] === "book"
      ? (pair as string[])
      : [];
  },
  apply: (message, bookOf) => {
    const rows: unknown = json(message);
    if (!Array.isArray(rows) || !String(rows.at(-2)).startsWith("book"))
      return undefined;
    const name = rows.at(-1) as string;
    const book = bookOf(name);
    for (const part of rows.slice(1, -2) as Json[]) {
      if ("as" in part || "bs" in part)
        replace(book, part["bs"] as string[][], part["as"] as string[][]);
      else {
        set(book.bids, (part["b"] ?? []) as string[][]);
        set(book.asks, (part["a"] ?? []) as string[][]);
      }
    }
    book.depth = Number(String(rows.at(-2)).split("-")[1]);
    truncate(book);
    book.ticks++;
    return name;
  },
  snapshot: (name, book) => {
    const rows = (side: readonly Row[]) =>
      side.map((row) => [...row, (timeMs(book.ticks) / 1e3).toFixed(6)]);
    const levels = { as: rows(bestAsks(book)), bs: rows(bestBids(book)) };
    return JSON.stringify([1, levels, `book-${book.depth}`, name]);
  },
  update: (name, book, bids, asks) => {
    const c = String(krakenChecksum(changed(book, bids, asks)));
    const rows = (side: readonly Row[]) =>
      side.map((row) => [...row, (timeMs(book.ticks + 1) / 1e3).toFixed(6)]);
    const parts: Record<string, unknown>[] = [];
    if (asks.length > 0) parts.push({ a: rows(asks) });
    if (bids.length > 0) parts.push({ b: rows(bids) });
    parts.at(-1)!["c"] = c;
    return JSON.stringify([1, ...parts, `book-${book.depth}`, name]);
  },
};

/** The venue keeps no more than was subscribed, and tells no removal. */
const truncate = (book: ReferenceBook): void => {
  const { depth, bids, asks } = book;
  for (const [price] of bestBids(book).slice(depth)) bids.delete(price);
  for (const [price] of bestAsks(book).slice(depth)) asks.delete(price);
};

const krakenV2: Dialect = {
  depth: KRAKEN_DEPTH,
  subscribed: (message) => {
    const { method, params } = json(message);
    return method === "subscribe" && (params as Json)["channel"] === "book"
      ? ((params as Json)["symbol"] as string[])
      : [];
  },
  apply: (message, bookOf) => {
    const texts = message.replace(/"(price|qty)":([\d.]+)/g, '"$1":"$2"');
    const { channel, type, data } = json(texts);
    if (channel !== "book") return undefined;
    const [item] = data as Json[];
    const rows = (side: Json[]) =>
      side.map(({ price, qty }) => [price as string, qty as string]);
    const book = bookOf(item!["symbol"] as string);
    const bids = rows(item!["bids"] as Json[]);
    const asks = rows(item!["asks"] as Json[]);
    if (type === "snapshot") replace(book, bids, asks);
    else {
      set(book.bids, bids);
      set(book.asks, asks);
    }
    truncate(book);
    book.ticks++;
    return item!["symbol"] as string;
  },
  snapshot: (name, book) =>
    krakenV2Message("snapshot", name, bestBids(book), bestAsks(book), book),
  update: (name, book, bids, asks) =>
    krakenV2Message("update", name, bids, asks, changed(book, bids, asks)),
};

/** Numbers are bare, and their zeros count. */
const krakenV2Message = (
  type: string,
  name: string,
  bids: readonly Row[],
  asks: readonly Row[],
  after: ReferenceBook,
): string => {
  const rows = (side: readonly Row[]) =>
    side.map(([price, qty]) => `{"price":${price},"qty":${qty}}`).join(",");
  return `{"channel":"book","type":"${type}","data":[{"symbol":"${name}","bids":[${rows(bids)}],"asks":[${rows(asks)}],"checksum":${krakenChecksum(after)},"timestamp":"${new Date(timeMs(after.ticks)).toISOString()}"}]}`;
};

const coinbase: Dialect = {
  numbered: (message, n) =>
    message.replace('"sequence_num":-1', `"sequence_num":${n}`),
  subscribed: (message) => {
    const { type, product_ids, channel } = json(message);
    return type === "subscribe" && channel === "level2"
      ? (product_ids as string[])
      : [];
  },
  acknowledged: () =>
    coinbaseMessage("subscriptions", 0, { subscriptions: {} }),
  apply: (message, bookOf) => {
    const { channel, events } = json(message);
    if (channel !== "l2_data") return undefined;
    const [{ type, product_id, updates }] = events as [Json];
    const book = bookOf(product_id as string);
    if (type === "snapshot") replace(book, [], []);
    for (const { side, price_level, new_quantity } of updates as Json[])
      set(side === "bid" ? book.bids : book.asks, [
        [price_level as string, new_quantity as string],
      ]);
    book.ticks++;
    return product_id as string;
  },
  snapshot: (name, book) =>
    coinbaseBook("snapshot", name, book, bestBids(book), bestAsks(book)),
  update: (name, book, bids, asks) =>
    coinbaseBook("update", name, book, bids, asks),
};

const coinbaseBook = (
  type: "snapshot" | "update",
  product_id: string,
  { ticks }: ReferenceBook,
  bids: readonly Row[],
  asks: readonly Row[],
): string => {
  const event_time = new Date(timeMs(ticks)).toISOString();
  const updates = (side: string, rows: readonly Row[]) =>
    rows.map(([price_level, new_quantity]) => ({
      ...{ side, event_time, price_level, new_quantity },
    }));
  return coinbaseMessage("l2_data", ticks, {
    type,
    product_id,
    updates: [...updates("bid", bids), ...updates("offer", asks)],
  });
};

/** Its number is the connection's to give. */
const coinbaseMessage = (
  channel: string,
  ticks: number,
  event: object,
): string =>
  JSON.stringify({
    channel,
    client_id: "",
    timestamp: new Date(timeMs(ticks)).toISOString(),
    sequence_num: -1,
    events: [event],
  });

const coinbaseExchange: Dialect = {
  subscribed: (message) => {
    const { type, product_ids, channels } = json(message);
    return type === "subscribe" &&
      (channels as string[]).some((channel) => channel.startsWith("level2"))
      ? (product_ids as string[])
      : [];
  },
  acknowledged: (message) =>
    JSON.stringify({
      type: "subscriptions",
      channels: ((json(message)["channels"] ?? []) as string[]).map((name) => ({
        name,
        product_ids: json(message)["product_ids"] as string[],
      })),
    }),
  apply: (message, bookOf) => {
    const data = json(message);
    const name = data["product_id"] as string;
    if (data["type"] === "snapshot")
      replace(
        bookOf(name),
        data["bids"] as string[][],
        data["asks"] as string[][],
      );
    else if (data["type"] === "l2update") {
      const changes = data["changes"] as [string, string, string][];
      for (const [side, ...row] of changes)
        set(side === "buy" ? bookOf(name).bids : bookOf(name).asks, [row]);
    } else return undefined;
    bookOf(name).ticks++;
    return name;
  },
  snapshot: (name, book) =>
    JSON.stringify({
      type: "snapshot",
      product_id: name,
      bids: bestBids(book),
      asks: bestAsks(book),
    }),
  update: (name, book, bids, asks) =>
    JSON.stringify({
      type: "l2update",
      product_id: name,
      changes: [
        ...bids.map((row) => ["buy", ...row]),
        ...asks.map((row) => ["sell", ...row]),
      ],
      time: new Date(timeMs(book.ticks)).toISOString(),
    }),
};

const okx: Dialect = {
  subscribed: (message) => {
    const { op, args } = json(message);
    return op === "subscribe"
      ? (args as Json[])
          .filter(({ channel }) => channel === "books")
          .map(({ instId }) => instId as string)
      : [];
  },
  acknowledged: (message) => (message === "ping" ? "pong" : undefined),
  apply: (message, bookOf) => {
    const { arg, action, data } = json(message);
    if ((arg as Json | undefined)?.["channel"] !== "books" || !data)
      return undefined;
    const name = (arg as Json)["instId"] as string;
    const book = bookOf(name);
    for (const item of data as Json[]) {
      const bids = item["bids"] as string[][];
      const asks = item["asks"] as string[][];
      if (action === "snapshot") replace(book, bids, asks);
      else {
        set(book.bids, bids);
        set(book.asks, asks);
      }
      book.seq = (item["seqId"] ?? 0) as number;
    }
    book.ticks++;
    return name;
  },
  snapshot: (name, book) =>
    okxMessage("snapshot", name, bestBids(book), bestAsks(book), book, -1),
  update: (name, book, bids, asks) => {
    const after = { ...changed(book, bids, asks), seq: book.seq + 3 };
    return okxMessage("update", name, bids, asks, after, book.seq);
  },
};

/** The answer to who asks over REST. */
export const okxRestBook = (name: string, book: ReferenceBook): string => {
  const { data } = json(okx.snapshot(name, book));
  return JSON.stringify({ code: "0", msg: "", data });
};

const okxMessage = (
  action: string,
  name: string,
  bids: readonly Row[],
  asks: readonly Row[],
  after: ReferenceBook,
  prevSeqId: number,
): string => {
  const rows = (side: readonly Row[]) => side.map((row) => [...row, "0", "1"]);
  // The old recordings have checksums and no numbers, and the venue of today the other way round.
  const proof =
    after.seq === 0
      ? { checksum: okxChecksum(after) }
      : { checksum: 0, prevSeqId, seqId: after.seq };
  return JSON.stringify({
    arg: { channel: "books", instId: name },
    action,
    data: [
      {
        asks: rows(asks),
        bids: rows(bids),
        ts: String(timeMs(after.ticks)),
        ...proof,
      },
    ],
  });
};

const bybit: Dialect = {
  subscribed: (message) => {
    const { op, args } = json(message);
    return op === "subscribe"
      ? (args as string[])
          .filter((topic) => topic.startsWith("orderbook."))
          .map((topic) => topic.split(".")[2]!)
      : [];
  },
  acknowledged: (message) =>
    JSON.stringify({ success: true, op: json(message)["op"] as string }),
  apply: (message, bookOf) => {
    const { topic, type, data } = json(message);
    if (typeof topic !== "string" || !topic.startsWith("orderbook."))
      return undefined;
    const { s, b, a, u } = data as Json;
    const book = bookOf(s as string);
    if (type === "snapshot") replace(book, b as string[][], a as string[][]);
    else {
      set(book.bids, b as string[][]);
      set(book.asks, a as string[][]);
    }
    book.seq = u as number;
    return s as string;
  },
  snapshot: (name, book) =>
    bybitMessage("snapshot", name, bestBids(book), bestAsks(book), book.seq),
  update: (name, book, bids, asks) =>
    bybitMessage("delta", name, bids, asks, book.seq + 1),
};

const bybitMessage = (
  type: string,
  s: string,
  b: readonly Row[],
  a: readonly Row[],
  u: number,
): string =>
  JSON.stringify({
    topic: `orderbook.200.${s}`,
    type,
    ts: 1_700_000_000_000 + u,
    data: { s, b, a, u, seq: 7 * u },
    cts: 1_700_000_000_000 + u,
  });

const hyperliquid: Dialect = {
  isWhole: true,
  depth: 20,
  subscribed: (message) => {
    const { method, subscription } = json(message);
    const { type, coin } = (subscription ?? {}) as Json;
    return method === "subscribe" && type === "l2Book" ? [coin as string] : [];
  },
  acknowledged: (message) =>
    JSON.stringify(
      json(message)["method"] === "ping"
        ? { channel: "pong" }
        : { channel: "subscriptionResponse", data: json(message) },
    ),
  apply: (message, bookOf) => {
    const { channel, data } = json(message);
    if (channel !== "l2Book") return undefined;
    const { coin, levels } = data as Json;
    const [bids, asks] = (levels as Json[][]).map((side) =>
      side.map(({ px, sz }) => [px as string, sz as string]),
    );
    const book = bookOf(coin as string);
    replace(book, bids!, asks!);
    book.ticks++;
    return coin as string;
  },
  snapshot: (coin, book) => hyperliquidMessage(coin, book),
  update: (coin, book, bids, asks) =>
    hyperliquidMessage(coin, changed(book, bids, asks)),
};

const hyperliquidMessage = (coin: string, book: ReferenceBook): string => {
  const rows = (side: readonly Row[]) =>
    side.map(([px, sz]) => ({ px, sz, n: 1 }));
  return JSON.stringify({
    channel: "l2Book",
    data: {
      coin,
      time: timeMs(book.ticks),
      levels: [rows(bestBids(book, 20)), rows(bestAsks(book, 20))],
    },
  });
};

export const DIALECTS = {
  binance: binance("api/v3"),
  binanceusdm: binance("fapi/v1"),
  binancecoinm: binance("dapi/v1"),
  kraken: krakenV2,
  "kraken-v1": krakenV1,
  coinbase,
  "coinbase-exchange": coinbaseExchange,
  okx,
  bybit,
  "bybit-spot": bybit,
  "bybit-inverse": bybit,
  hyperliquid,
} as const satisfies Readonly<Record<string, Dialect>>;

export type DialectName = keyof typeof DIALECTS;
