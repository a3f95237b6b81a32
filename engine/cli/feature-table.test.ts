import { mkdtempSync, readFileSync, rmSync, writeFileSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetReadObjects,
} from "hyparquet";
import { afterEach, describe, expect, it } from "vitest";
import type { MarketEvent } from "../domain/market-event.ts";
import { symbolId } from "../domain/symbol.ts";
import {
  FEATURE_SETS,
  GRID_SETS,
  createEventFeatures,
  featureSet,
} from "../features/feature-sets.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { constantsHashOf } from "./constants-file.ts";
import { exportTable } from "./feature-table-verb.ts";
import type { TableRequest } from "./feature-table-verb.ts";
import { tableOfEvents } from "./event-table.ts";
import type { FeatureTable } from "./feature-table.ts";

const folders: string[] = [];
const folder = (): string => {
  const made = mkdtempSync(join(tmpdir(), "fusewire-table-"));
  folders.push(made);
  return made;
};
afterEach(() => {
  for (const made of folders.splice(0))
    rmSync(made, { recursive: true, force: true });
});

const MINUTE = 60_000;
const DAY_MS = Date.UTC(2024, 0, 1);

interface Candle {
  readonly close: number;
  readonly high?: number;
  readonly low?: number;
  readonly volume?: number;
}

/** A CSV of minutes, or of another interval; what is undefined is left out. */
const barsFile = (
  candles: readonly (Candle | undefined)[],
  options: { name?: string; fromMs?: number; intervalMs?: number } = {},
): string => {
  const { name = "bars.csv", fromMs = DAY_MS, intervalMs = MINUTE } = options;
  const path = join(folder(), name);
  const rows = candles.flatMap((candle, i) => {
    if (candle === undefined) return [];
    const { close, high = close, low = close, volume = 1 } = candle;
    return [
      `${new Date(fromMs + i * intervalMs).toISOString()},${close},${high},${low},${close},${volume}`,
    ];
  });
  writeFileSync(
    path,
    ["timestamp,open,high,low,close,volume", ...rows].join("\n"),
  );
  return path;
};

const walk = (length: number, from = 100): Candle[] =>
  Array.from({ length }, (_, i) => ({
    close: from + Math.sin(i / 7) + 0.01 * (i % 5),
    high: from + 2,
    low: from - 2,
    volume: 1 + (i % 3),
  }));

const exported = async (
  request: Pick<TableRequest, "paths"> & Partial<TableRequest>,
  name = "out.parquet",
) => {
  const out = join(folder(), name);
  const summary = await exportTable({
    sets: undefined,
    symbol: undefined,
    sampleMs: 0,
    horizonsS: undefined,
    barrierBps: 5,
    digits: "float64",
    out,
    ...request,
  });
  const file = await asyncBufferFromFile(out);
  const { schema, key_value_metadata: pairs = [] } =
    await parquetMetadataAsync(file);
  return {
    out,
    summary,
    schema: new Map(schema.slice(1).map(({ name, type }) => [name, type])),
    rows: (await parquetReadObjects({ file })) as Record<string, number>[],
    metadata: Object.fromEntries(pairs.map(({ key, value }) => [key, value])),
  };
};

const LABELS = /^(midMove|forwardReturn|tripleBarrier)/;
const HEADS = ["timeUs", "timeNs", "price", "bid", "ask", "isWarm"];
const featuresIn = (columns: readonly string[]): string[] =>
  columns.filter((name) => !LABELS.test(name)).slice(headOf(columns));
const headOf = (columns: readonly string[]): number =>
  columns.findIndex((name) => !HEADS.includes(name));

const namesOf = (set: string): string[] =>
  featureSet(set).features.map(({ name }) => name);

const SYMBOL = symbolId("BTCUSDT.TEST");
/** A wall time that no monotonic one is taken for. */
const WALL_US = 1.7e15;

const stamp = (ms: number, symbol = SYMBOL) => ({
  symbol,
  eventUs: unixMicros(WALL_US + ms * 1000),
  receivedUs: unixMicros(WALL_US + ms * 1000),
  receivedNs: monoNanos(1e9 + ms * 1e6),
});

/** A book of one level a side that goes on without a hole. */
const bookOf = (symbol = SYMBOL) => {
  let seq = 0;
  let bid = NaN;
  return {
    snapshot: (ms: number, price: number): MarketEvent => {
      bid = price;
      return {
        type: "bookSnapshot",
        ...stamp(ms, symbol),
        seq: ++seq,
        bids: [price, 1, price - 1, 1],
        asks: [price + 1, 1, price + 2, 1],
      };
    },
    /** A best bid of that price, under the best ask. */
    delta: (ms: number, price: number, size = 1): MarketEvent => {
      const bids = price === bid ? [price, size] : [bid, 0, price, size];
      bid = price;
      return {
        type: "bookDelta",
        ...stamp(ms, symbol),
        prevSeq: seq,
        seq: ++seq,
        bids,
        asks: [],
      };
    },
  };
};

const OPTIONS = { horizonsS: [5], barrierBps: 5, sampleMs: 100 };

const ofEvents = (
  events: readonly MarketEvent[],
  sets: readonly string[] = ["market"],
): Promise<FeatureTable> =>
  tableOfEvents(
    events,
    sets.map((name) => createEventFeatures(featureSet(name))),
    OPTIONS,
  );

const column = (table: FeatureTable, name: string): number[] => [
  ...table.columns.find((candidate) => candidate.name === name)!.values,
];

describe("columns of a table", () => {
  it("are those of the set in its order, for every set of bars alone", async () => {
    const paths = [barsFile(walk(40))];
    for (const { name } of GRID_SETS) {
      const { schema } = await exported({ paths, sets: [name] });
      expect(featuresIn([...schema.keys()]), name).toEqual(namesOf(name));
    }
  });

  it("are told apart by their sets where several are joined, and the metadata says whose they are", async () => {
    const sets = ["frames", "bars", "news"];
    const { schema, metadata } = await exported({
      paths: [barsFile(walk(40))],
      sets,
    });
    const told = JSON.parse(metadata["fusewire.sets"]!) as {
      name: string;
      hash: string;
      columns: string[];
    }[];
    expect(told.map(({ name, hash }) => [name, hash])).toEqual(
      sets.map((name) => [name, featureSet(name).hash]),
    );
    for (const { name, columns } of told)
      expect(columns).toEqual(
        namesOf(name).map((feature) => `${name}.${feature}`),
      );
    expect(featuresIn([...schema.keys()])).toEqual(
      told.flatMap(({ columns }) => columns),
    );
  });

  it("are those of the set for every set over a tape, alone and joined with another", async () => {
    const book = bookOf();
    const events = [book.snapshot(0, 100), book.delta(200, 100, 2)];
    for (const { name } of FEATURE_SETS) {
      const alone = await ofEvents(events, [name]);
      const columns = alone.columns.map((one) => one.name);
      expect(featuresIn(columns), name).toEqual(namesOf(name));
    }
    const joined = await ofEvents(events, ["market", "microstructure"]);
    const told = JSON.parse(joined.metadata["fusewire.sets"]!) as {
      name: string;
      hash: string;
      constants: Record<string, number>;
      columns: string[];
    }[];
    expect(told.map(({ hash }) => hash)).toEqual([
      featureSet("market").hash,
      featureSet("microstructure").hash,
    ]);
    expect(told[1]!.constants).toEqual(featureSet("microstructure").constants);
    expect(told.flatMap(({ columns }) => columns)).toEqual(
      featuresIn(joined.columns.map(({ name }) => name)),
    );
  });

  it("keep times and prices in double where features are stored as float32", async () => {
    const { schema, rows } = await exported({
      paths: [barsFile(walk(10, 61_800.123))],
      digits: "float32",
    });
    expect(schema.get("price")).toBe("DOUBLE");
    expect(schema.get("timeUs")).toBe("DOUBLE");
    expect(schema.get("close")).toBe("FLOAT");
    expect(rows[0]!.price).toBe(61_800.123);
    expect(rows[0]!.close).not.toBe(61_800.123);
  });

  it("hold the time on the wall beside our monotonic one, and the metadata the symbol", async () => {
    const book = bookOf();
    const table = await ofEvents([
      book.snapshot(0, 100),
      book.delta(200, 100, 2),
    ]);
    expect(column(table, "timeNs")).toEqual([1e9, 1.2e9]);
    expect(column(table, "timeUs")).toEqual([WALL_US, WALL_US + 2e5]);
    expect(table.metadata["fusewire.symbol"]).toBe(SYMBOL);
  });
});

describe("labels of a table", () => {
  it("do not take the past extremes that a missing minute repeats for what came after", async () => {
    const quiet = { close: 100, high: 100.01, low: 99.99 };
    const wide = { close: 100, high: 110, low: 90 };
    const none = undefined;
    const { rows } = await exported({
      paths: [barsFile([quiet, wide, none, none, none, quiet, quiet, quiet])],
      horizonsS: [120],
    });
    expect(rows.map((row) => row.tripleBarrier120S)).toEqual([
      -1,
      0,
      0,
      0,
      0,
      0,
      NaN,
      NaN,
    ]);
  });

  it("reach over no hole too long to be filled", async () => {
    const hole = new Array<undefined>(1500).fill(undefined);
    const { rows } = await exported({
      paths: [barsFile([...walk(3), ...hole, ...walk(3)])],
      horizonsS: [60],
    });
    expect(rows.map((row) => Number.isNaN(row.midMove60S))).toEqual([
      ...[false, false, true],
      ...[false, false, true],
    ]);
  });

  it("are missing over a silence in which the book was out of date", async () => {
    const book = bookOf();
    const table = await ofEvents([
      book.snapshot(0, 100),
      book.delta(200, 100, 2),
      book.delta(600_000, 100, 3),
      book.delta(603_000, 100, 2),
      book.delta(604_500, 100, 3),
      book.delta(606_000, 100, 2),
    ]);
    expect(column(table, "midMove5S").slice(0, 2)).toEqual([NaN, NaN]);
  });

  it("are told where the book was never out of date", async () => {
    const book = bookOf();
    const events = [book.snapshot(0, 100)];
    for (let ms = 1000; ms <= 8000; ms += 1000)
      events.push(book.delta(ms, 100, 1 + ms));
    const table = await ofEvents(events);
    expect(column(table, "midMove5S")).toEqual([
      0,
      0,
      0,
      0,
      NaN,
      NaN,
      NaN,
      NaN,
      NaN,
    ]);
  });
});

describe("inputs of a table", () => {
  it("are refused where their symbols differ", async () => {
    const lean = (ticker: string, day: string, from: string) =>
      barsFile(walk(5), {
        name: `lean_crypto_coinbase_minute_${ticker}_${day}_trade.csv`,
        fromMs: Date.parse(from),
      });
    await expect(
      exported({
        paths: [
          lean("btcusd", "20240101", "2024-01-01"),
          lean("ethusd", "20240102", "2024-01-02"),
        ],
      }),
    ).rejects.toThrow("E_SYMBOL_UNKNOWN");
    const btc = lean("btcusd", "20240101", "2024-01-01");
    await expect(
      exported({ paths: [btc], symbol: symbolId("ETHUSD.COINBASE") }),
    ).rejects.toThrow("E_SYMBOL_UNKNOWN");
    await expect(exported({ paths: [btc], leader: [btc] })).rejects.toThrow(
      "E_INPUT_RANGE",
    );
    const { metadata } = await exported({
      paths: [btc],
      leader: [lean("ethusd", "20240101", "2024-01-01")],
    });
    expect(metadata).toMatchObject({
      "fusewire.symbol": "BTCUSD.COINBASE",
      "fusewire.leader": "ETHUSD.COINBASE",
      "fusewire.intervalMs": "60000",
    });
  });

  it("are refused where bars do not follow one another, or are of another length", async () => {
    const day = (day: number, intervalMs = MINUTE) =>
      barsFile(walk(5), { fromMs: DAY_MS + day * 86_400_000, intervalMs });
    await expect(exported({ paths: [day(1), day(0)] })).rejects.toThrow(
      "E_BARS_FORMAT",
    );
    await expect(exported({ paths: [day(0), day(1, 1000)] })).rejects.toThrow(
      "E_BARS_FORMAT",
    );
    const { summary } = await exported({ paths: [day(0), day(1)] });
    expect(summary).toMatchObject({ barsLeftOut: 0 });
  });

  it("are refused where no bar has a volume", async () => {
    await expect(
      exported({
        paths: [barsFile(walk(5).map((bar) => ({ ...bar, volume: 0 })))],
      }),
    ).rejects.toThrow("E_BARS_FORMAT");
  });

  it("are counted where they are left out", async () => {
    const { summary } = await exported({
      paths: [barsFile([{ close: 1, volume: 0 }, ...walk(5)])],
    });
    expect(summary).toMatchObject({ barsLeftOut: 1, rows: 5 });
  });

  it("are refused where a tape's time runs back", async () => {
    const book = bookOf();
    await expect(
      ofEvents([
        book.snapshot(1000, 100),
        book.delta(1200, 100, 2),
        book.delta(900, 100, 3),
      ]),
    ).rejects.toThrow("E_TAPE_ORDER");
  });

  it("name what they cannot give: horizons between bars, sets of which there is one already, frames of seconds", async () => {
    const paths = [barsFile(walk(5))];
    await expect(exported({ paths, horizonsS: [30] })).rejects.toThrow(
      "E_INPUT_RANGE",
    );
    await expect(exported({ paths, horizonsS: [90] })).rejects.toThrow(
      "E_INPUT_RANGE",
    );
    await expect(exported({ paths, horizonsS: [60, 60] })).rejects.toThrow(
      "E_INPUT_RANGE",
    );
    await expect(exported({ paths, sets: ["bars", "bars"] })).rejects.toThrow(
      "E_INPUT_RANGE",
    );
    await expect(
      exported({
        paths: [barsFile(walk(5), { intervalMs: 1000 })],
        sets: ["frames"],
      }),
    ).rejects.toThrow("E_BARS_FORMAT");
    const { schema } = await exported({ paths, sets: ["frames", "bars"] });
    expect(schema.has("frames.frames_net")).toBe(true);
  });
});

describe("what stands beside bars", () => {
  it("is the leading symbol's bar of the same minute, missing minutes of this symbol among them", async () => {
    const other = walk(200, 500);
    const own: (Candle | undefined)[] = walk(200);
    own.fill(undefined, 120, 123);
    const { rows, summary } = await exported({
      paths: [barsFile(own)],
      leader: [barsFile(other, { name: "leader.csv" })],
      sets: ["direction"],
    });
    const growth = (minute: number): number =>
      other[minute]!.close / other[minute - 1]!.close - 1;
    for (const minute of [5, 121, 122, 123, 199]) {
      expect(rows[minute]!.btc_returns_lag1).toBeCloseTo(
        growth(minute - 1),
        12,
      );
      expect(rows[minute]!.btc_returns_lag2).toBeCloseTo(
        growth(minute - 2),
        12,
      );
    }
    expect(rows[199]!.btc_correlation_60m).not.toBeNaN();
    expect(summary.missingInputs).toEqual(["book", "funding"]);
  });

  it("is the funding rate told last, until eight hours have passed", async () => {
    const path = join(folder(), "funding.csv");
    writeFileSync(
      path,
      "time,rate\n2024-01-01T00:03:00Z,0.001\n2024-01-01T01:00:00Z,-0.002\n",
    );
    const { rows } = await exported({
      paths: [barsFile(walk(600))],
      sets: ["direction"],
      funding: path,
    });
    const rates = rows.map((row) => row.funding_rate);
    // A row stands at the close of its minute.
    expect(rates.slice(0, 4)).toEqual([NaN, NaN, 0.001, 0.001]);
    expect([rates[58], rates[59]]).toEqual([0.001, -0.002]);
    expect([rates[539], rates[540]]).toEqual([-0.002, NaN]);
  });

  it("is the news of the last hour that was over, as it had come by then", async () => {
    const path = join(folder(), "news.jsonl");
    const article = (minute: number, positive: number): string =>
      JSON.stringify({
        receivedUs: (DAY_MS + minute * MINUTE) * 1000,
        positive,
        negative: 0,
        neutral: 1 - positive,
      });
    writeFileSync(path, [article(70, 0.2), article(10, 0.8)].join("\n"));
    const { rows } = await exported({
      paths: [barsFile(walk(130))],
      sets: ["compact", "news"],
      news: path,
    });
    const mood = (minute: number): readonly (number | undefined)[] => [
      rows[minute]!["compact.sentiment_score"],
      rows[minute]!["news.news_avg_sentiment"],
      rows[minute]!["news.news_available"],
    ];
    expect(mood(58)).toEqual([0, 0, 0]);
    expect(mood(59)).toEqual([0.8, 0.8, 1]);
    expect(mood(118)).toEqual([0.8, 0.8, 1]);
    expect(mood(119)).toEqual([0.2, 0.2, 1]);
  });

  it("is refused where it is no funding, no article, or bars of another length", async () => {
    const path = join(folder(), "x");
    const paths = [barsFile(walk(5))];
    writeFileSync(path, "2024-01-01T00:00:00Z,\n2024-01-01T01:00:00Z,x\n");
    await expect(exported({ paths, funding: path })).rejects.toThrow(
      "E_INPUT_SCHEMA",
    );
    writeFileSync(
      path,
      '{"receivedUs":1,"positive":2,"negative":0,"neutral":0}',
    );
    await expect(exported({ paths, news: path })).rejects.toThrow(
      "E_INPUT_SCHEMA",
    );
    const seconds = barsFile(walk(5), { intervalMs: 1000 });
    await expect(exported({ paths, leader: [seconds] })).rejects.toThrow(
      "E_BARS_FORMAT",
    );
  });
});

describe("constants of a table", () => {
  it("stand beside it, and are taken from such a file", async () => {
    const paths = [barsFile(walk(60))];
    const own = await exported({ paths });
    const beside = (out: string) =>
      JSON.parse(
        readFileSync(out.replace(".parquet", ".constants.json"), "utf8"),
      ) as { sets: Record<string, unknown>[] };
    const [set] = beside(own.out).sets;
    expect(set).toMatchObject({
      name: "bars",
      hash: featureSet("bars").hash,
      constants: featureSet("bars").constants,
    });
    const given = join(folder(), "given.json");
    const constants = { histVol20Median: 0.5 };
    const constantsHash = constantsHashOf(featureSet("bars"), constants);
    const write = (changes: object): void =>
      writeFileSync(
        given,
        JSON.stringify({
          format: 1,
          sets: [{ ...set, constants, constantsHash, ...changes }],
        }),
      );
    write({});
    const other = await exported({ paths, constants: given });
    expect(beside(other.out).sets[0]).toMatchObject({
      constants,
      constantsHash,
    });
    const isDifferent = (name: string): boolean =>
      !Object.is(own.rows.at(-1)![name], other.rows.at(-1)![name]);
    expect(namesOf("bars").filter(isDifferent)).not.toEqual([]);
    for (const changes of [
      { constants: {} },
      { hash: "0" },
      { constantsHash: set!.constantsHash },
    ]) {
      write(changes);
      await expect(exported({ paths, constants: given })).rejects.toThrow(
        "E_INPUT_SCHEMA",
      );
    }
  });
});
