/** Bars come out of every file as they went in, and what is not clear, not sound or too large is refused with its code. */
import { execFileSync } from "node:child_process";
import { existsSync } from "node:fs";
import { mkdtemp, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { gzipSync } from "node:zlib";
import { zipSync } from "fflate";
import { parquetWriteFile } from "hyparquet-writer";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { symbolId } from "../engine/domain/symbol.ts";
import {
  BarsFile,
  readBarColumns,
  readBars,
  type BarEventsOptions,
  type BarsOptions,
} from "../engine/feeds/bars-file.ts";
import { Random } from "../engine/std/random.ts";
import { pythonWith } from "./support/python.ts";

const DATA = join(import.meta.dirname, "../../shared/data/bars");
const python = pythonWith("pandas", "pyarrow");
const START_MS = Date.UTC(2024, 0, 1);
const MINUTE = 60_000;

let folder = "";
let files = 0;
beforeAll(async () => {
  folder = await mkdtemp(join(tmpdir(), "fusewire-bars-"));
});
afterAll(() => rm(folder, { recursive: true }));

const put = async (name: string, bytes: string | Uint8Array) => {
  const path = join(folder, `${++files}-${name}`);
  await writeFile(path, bytes);
  return path;
};

const random = new Random(3);
const BARS = Array.from({ length: 5000 }, (_, i) => {
  const open = 100 + random.int(1000) / 100;
  const close = 100 + random.int(1000) / 100;
  return {
    ms: START_MS + i * MINUTE,
    open,
    high: Math.max(open, close) + 0.5,
    low: Math.min(open, close) - 0.5,
    close,
    volume: random.int(500) / 10,
  };
});
const EXPECTED = {
  openUs: Float64Array.from(BARS, ({ ms }) => ms * 1000),
  open: Float64Array.from(BARS, ({ open }) => open),
  close: Float64Array.from(BARS, ({ close }) => close),
  volume: Float64Array.from(BARS, ({ volume }) => volume),
};
const HEADER = "timestamp,open,high,low,close,volume\n";
const csv = (time: (ms: number) => string | number, header = HEADER): string =>
  header +
  BARS.map(
    (bar) =>
      `${time(bar.ms)},${bar.open},${bar.high},${bar.low},${bar.close},${bar.volume}\n`,
  ).join("");

/** Deep comparison of long arrays takes its time; bytes do not. */
const expectBars = async (path: string, what = path): Promise<void> => {
  const columns = await readBarColumns(path);
  for (const [name, values] of Object.entries(EXPECTED)) {
    const found = columns[name as keyof typeof EXPECTED];
    expect(
      Buffer.from(found.buffer).equals(Buffer.from(values.buffer)),
      `${what}: ${name}`,
    ).toBe(true);
  }
};

const events = async (path: string, options: BarEventsOptions = {}) => {
  const bars = [];
  for await (const bar of readBars(new BarsFile(path, options), path, options))
    bars.push(bar);
  return bars;
};

const refused = (path: string, code: string, options: BarsOptions = {}) =>
  expect(readBarColumns(path, options)).rejects.toMatchObject({ code });

describe("bars from CSV", () => {
  it.each([
    ["seconds", csv((ms) => ms / 1000)],
    ["milliseconds", csv((ms) => ms)],
    ["microseconds", csv((ms) => ms * 1000)],
    ["nanoseconds", csv((ms) => `${ms}000000`)],
    ["ISO times", csv((ms) => new Date(ms).toISOString())],
    ["no header", csv((ms) => ms, "")],
    [
      "a byte order mark, a comment and CRLF",
      `# c\r\n\ufeff${csv((ms) => ms).replaceAll("\n", "\r\n")}`,
    ],
    ["semicolons and quotes", csv((ms) => `"${ms}"`).replaceAll(",", ";")],
  ])("read with %s", async (_name, text) => {
    const path = await put("bars.csv", text);
    const columns = await readBarColumns(path);
    await expectBars(path);
    expect(columns.trades).toEqual(new Float64Array(BARS.length));
    expect(
      columns.vwap.every(
        (v, i) => v >= columns.low[i]! && v <= columns.high[i]!,
      ),
    ).toBe(true);
  });

  it("read gzipped and zipped", async () => {
    const text = csv((ms) => ms);
    const gz = await put("bars.csv.gz", gzipSync(text));
    await expectBars(gz);
    const zip = await put(
      "bars.zip",
      zipSync({ "bars.csv": Buffer.from(text) }),
    );
    await expectBars(zip);
    const two = { "a.csv": Buffer.from(text), "b.csv": Buffer.from(text) };
    await refused(await put("two.zip", zipSync(two)), "E_BARS_UNCLEAR");
  });

  it("tell volume by money, trades and the buyers' share in Binance's files", async () => {
    const row = `${START_MS},10,12,9,11,4,${START_MS + 59_999},42,7,1,10.5,0\n`;
    const path = await put(
      "klines.csv",
      row + row.replaceAll(String(START_MS), String(START_MS + MINUTE)),
    );
    const [bar] = await events(path, { symbol: symbolId("BTCUSDT.BINANCE") });
    expect(bar).toMatchObject({
      vwap: 10.5,
      trades: 7,
      buyVolume: 1,
      sellVolume: 3,
      intervalMs: MINUTE,
      closed: true,
      eventUs: (START_MS + MINUTE) * 1000,
      receivedNs: 1e9,
    });
  });

  it("refuse or pass over a row that is no bar or comes too early", async () => {
    for (const [bad, why] of [
      ["x,1,2,0.5,1,1", "time cannot be read"],
      [`${START_MS + 9e8},1,0.5,2,1,1`, "do not lie between low and high"],
      [`${START_MS + 9e8},1,2,0.5,1,-1`, "volume is out of range"],
      [`${START_MS + 9e8},,2,0.5,1,1`, "open is no number"],
      [`${START_MS + 9e8}`, "open is no number"],
      [`${START_MS + 9e8},0,0,0,0,1`, "a price is out of range"],
      [`${START_MS},1,2,0.5,1,1`, "does not come after the row before it"],
    ] as const) {
      // A blank line counts as a line, and a header.
      const text = `${csv((ms) => ms)}\n${bad}\n`;
      const path = await put("bad.csv", text);
      const line = text.split("\n").length - 1;
      await expect(readBarColumns(path)).rejects.toMatchObject({
        code: "E_BARS_FORMAT",
        message: expect.stringMatching(`bad\\.csv, line ${line}: .*${why}`),
      });
      const columns = await readBarColumns(path, { badRows: "skip" });
      expect(columns.open).toHaveLength(BARS.length);
    }
  });

  it("ask for a symbol, an interval and columns that nothing tells", async () => {
    const one = await put("one.csv", `${HEADER}${START_MS},1,2,0.5,1,1\n`);
    const symbol = symbolId("BTCUSDT.X1");
    await expect(events(one)).rejects.toMatchObject({ field: "symbol" });
    await expect(events(one, { symbol })).rejects.toMatchObject({
      code: "E_BARS_UNCLEAR",
      field: "interval",
    });
    expect(await events(one, { symbol, intervalMs: 1000 })).toHaveLength(1);
    const path = await put(
      "bars.csv",
      csv((ms) => ms),
    );
    await expect(
      events(path, { symbol, intervalMs: 5 * MINUTE }),
    ).rejects.toMatchObject({ code: "E_BARS_FORMAT" });
    await refused(await put("odd.csv", "a,b,c\n1,2,3\n"), "E_BARS_UNCLEAR");
    const none = await put("none.csv", HEADER);
    await expect(events(none, { symbol })).rejects.toMatchObject({
      code: "E_BARS_FORMAT",
    });
  });

  it("refuse files that are cut short, empty or absent", async () => {
    const gz = gzipSync(csv((ms) => ms));
    const zip = zipSync({ "bars.csv": Buffer.from(csv((ms) => ms)) });
    await refused(
      await put("cut.gz", gz.subarray(0, gz.length / 2)),
      "E_BARS_FORMAT",
    );
    await refused(
      await put("cut.zip", zip.subarray(0, zip.length / 2)),
      "E_BARS_FORMAT",
    );
    const changed = Buffer.from(zip);
    changed[zip.length >> 1]! ^= 1;
    await refused(await put("changed.zip", changed), "E_BARS_FORMAT");
    await refused(await put("empty.csv", ""), "E_BARS_FORMAT");
    await refused(join(folder, "absent.csv"), "E_BARS_FORMAT");
  });

  it("stop at the bounds on rows, bytes and a line, bombs among them", async () => {
    const path = await put(
      "bars.csv",
      csv((ms) => ms),
    );
    await refused(path, "E_BARS_LIMIT", { rowsMax: 100 });
    await refused(path, "E_BARS_LIMIT", { bytesMax: 1000 });
    const zeros = Buffer.alloc(10_000_000, "\n");
    const bytesMax = 1_000_000;
    await refused(await put("b.gz", gzipSync(zeros)), "E_BARS_LIMIT", {
      bytesMax,
    });
    const bomb = zipSync({ "b.csv": zeros });
    await refused(await put("b.zip", bomb), "E_BARS_LIMIT", { bytesMax });
    await refused(
      await put("line.csv", Buffer.alloc(1_000_000, "1")),
      "E_BARS_LIMIT",
    );
  });
});

describe("bars from Parquet", () => {
  const write = (codec: "SNAPPY" | "UNCOMPRESSED" = "SNAPPY"): string => {
    const filename = join(folder, `${++files}.parquet`);
    parquetWriteFile({
      filename,
      codec,
      rowGroupSize: 2000,
      columnData: [
        {
          name: "volume",
          data: BARS.map(({ volume }) => volume),
          type: "DOUBLE",
        },
        {
          name: "timestamp",
          data: BARS.map(({ ms }) => new Date(ms)),
          type: "TIMESTAMP",
        },
        { name: "open", data: BARS.map(({ open }) => open), type: "DOUBLE" },
        { name: "high", data: BARS.map(({ high }) => high), type: "DOUBLE" },
        { name: "low", data: BARS.map(({ low }) => low), type: "DOUBLE" },
        { name: "close", data: BARS.map(({ close }) => close), type: "DOUBLE" },
        {
          name: "note",
          data: BARS.map(({ ms }) => `bar ${ms}`),
          type: "STRING",
        },
      ],
    });
    return filename;
  };

  it.each(["SNAPPY", "UNCOMPRESSED"] as const)(
    "read row group by row group (%s)",
    async (codec) => {
      await expectBars(write(codec));
    },
  );

  it("become events", async () => {
    const bars = await events(write(), { symbol: symbolId("BTCUSDT.X1") });
    expect(bars).toHaveLength(BARS.length);
    expect(bars[1]).toMatchObject({ intervalMs: MINUTE, open: BARS[1]!.open });
  });

  it("know integers by their size, and refuse what is missing", async () => {
    const filename = join(folder, `${++files}.parquet`);
    const numbers = (data: (number | null)[]) => ({
      data,
      type: "DOUBLE" as const,
    });
    const make = (high: number | null) =>
      parquetWriteFile({
        filename,
        columnData: [
          {
            name: "ts",
            data: [BigInt(START_MS), BigInt(START_MS + MINUTE)],
            type: "INT64",
          },
          { name: "open", ...numbers([1, 1]) },
          { name: "high", ...numbers([2, high]) },
          { name: "low", ...numbers([0.5, 0.5]) },
          { name: "close", ...numbers([1, 1]) },
        ],
      });
    make(2);
    expect((await readBarColumns(filename)).openUs).toEqual(
      Float64Array.of(START_MS * 1000, (START_MS + MINUTE) * 1000),
    );
    make(null);
    await refused(filename, "E_BARS_FORMAT");
  });

  it("stop at the bounds and at damage", async () => {
    await refused(write(), "E_BARS_LIMIT", { rowsMax: 100 });
    await refused(write(), "E_BARS_LIMIT", { bytesMax: 1000 });
    await refused(
      await put("x.parquet", "PAR1 and nothing else"),
      "E_BARS_FORMAT",
    );
  });

  it.skipIf(python === undefined)(
    "read what pandas writes (needs a Python with pandas and pyarrow)",
    async () => {
      const path = await put(
        "bars.csv",
        csv((ms) => new Date(ms).toISOString()),
      );
      const codecs = ["snappy", "zstd", "gzip", "brotli", "lz4"];
      execFileSync(python!, [
        "-c",
        "import sys, pandas\nf = pandas.read_csv(sys.argv[1], parse_dates=['timestamp'], index_col='timestamp')\nfor c in sys.argv[3:]: f.to_parquet(f'{sys.argv[2]}/{c}.parquet', compression=c)",
        ...[path, folder, ...codecs],
      ]);
      for (const codec of codecs)
        await expectBars(join(folder, `${codec}.parquet`), codec);
    },
    60_000,
  );
});

describe.skipIf(!existsSync(DATA))(
  "recorded bars (skipped where absent)",
  () => {
    it("read Lean's zips by their names", async () => {
      const path = join(
        DATA,
        "lean_crypto_binance_minute_btcbusd_20221213_trade.zip",
      );
      const bars = await events(path);
      expect(bars).toHaveLength(1440);
      expect(bars[0]).toMatchObject({
        symbol: "BTCBUSD.BINANCE",
        intervalMs: MINUTE,
        openUs: Date.UTC(2022, 11, 13) * 1000,
      });
    });

    it("read quotes as the middle, or as one side", async () => {
      const path = join(
        DATA,
        "lean_crypto_coinbase_minute_btcusd_20170903_quote.zip",
      );
      const [mid, bid, ask] = await Promise.all(
        (["mid", "bid", "ask"] as const).map((quote) =>
          readBarColumns(path, { quote, badRows: "skip" }),
        ),
      );
      expect(mid!.open).toHaveLength(1438);
      expect(mid!.open[5]).toBeCloseTo((bid!.open[5]! + ask!.open[5]!) / 2, 9);
    });

    it("read a gzipped CSV with a header", async () => {
      const path = join(DATA, "nautilus_btc-perp_1m_20211231-20220122.csv.gz");
      const { openUs } = await readBarColumns(path);
      expect(openUs).toHaveLength(31_739);
      expect(openUs[0]).toBe(Date.UTC(2021, 11, 31, 23, 1) * 1000);
      expect(
        openUs.every((us, i) => i === 0 || us - openUs[i - 1]! === 60e6),
      ).toBe(true);
    });
  },
);
