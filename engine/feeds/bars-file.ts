/** Bars out of CSV (plain, gzipped, zipped; with or without a header) and Parquet: as events, or as columns. */
import { open } from "node:fs/promises";
import type { Bar } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import { monoNanos, unixMicros } from "../std/time.ts";
import { readCsvBars } from "./bars-csv.ts";
import type { ColumnChoice } from "./bars-layout.ts";
import { parseBarsName } from "./bars-name.ts";
import { isParquet, readParquetBars } from "./bars-parquet.ts";
import { RowGate, type BarRow, type RawBar } from "./bars-row.ts";
import type { BarsSource } from "./bars-source.ts";
import { packingOf } from "./bars-text.ts";
import type { TimeUnit } from "./bars-time.ts";

export interface BarsOptions {
  /** Which column is what, where its name does not tell. */
  readonly columns?: ColumnChoice;
  readonly timeUnit?: TimeUnit;
  /** Midnight (UTC) that times of day count from, where the file's name does not tell. */
  readonly dayUs?: number;
  /** Which price a file of quotes gives. */
  readonly quote?: "bid" | "ask" | "mid";
  /** What becomes of a row that is no bar or out of order. */
  readonly badRows?: "refuse" | "skip";
  readonly rowsMax?: number;
  /** Of the file, unpacked; for Parquet of one row group. */
  readonly bytesMax?: number;
}

export const BARS_DEFAULTS = {
  quote: "mid",
  badRows: "refuse",
  rowsMax: 10_000_000,
  bytesMax: 2 * 1024 * 1024 * 1024,
} as const;

/** Read once; `skipped` is complete when the iteration is. */
export class BarsFile implements AsyncIterable<readonly BarRow[]> {
  readonly #path: string;
  readonly #source: BarsSource;
  readonly #gate: RowGate;

  constructor(path: string, options: BarsOptions = {}) {
    this.#path = path;
    const { columns = {}, timeUnit, dayUs, ...rest } = options;
    const { quote, badRows, rowsMax, bytesMax } = { ...BARS_DEFAULTS, ...rest };
    this.#source = {
      columns,
      timeUnit,
      dayUs: dayUs ?? parseBarsName(path)?.dayUs,
      quote,
      bytesMax,
      rowsMax,
    };
    this.#gate = new RowGate({ path, badRows, rowsMax });
  }

  get skipped(): number {
    return this.#gate.skipped;
  }

  /** Batches of rows in order of time; E_BARS_FORMAT, E_BARS_UNCLEAR or E_BARS_LIMIT. */
  async *[Symbol.asyncIterator](): AsyncGenerator<BarRow[]> {
    for await (const batch of await this.#batches()) {
      const rows: BarRow[] = [];
      for (const raw of batch) {
        const row = this.#gate.check(raw);
        if (row !== undefined) rows.push(row);
      }
      if (rows.length > 0) yield rows;
    }
  }

  async #batches(): Promise<AsyncGenerator<RawBar[]>> {
    const head = await readHead(this.#path);
    return isParquet(head)
      ? readParquetBars(this.#path, this.#source)
      : readCsvBars(this.#path, packingOf(head), this.#source);
  }
}

/** One value a bar in each; the arrays are as long as there are bars. */
export interface BarColumns {
  readonly openUs: Float64Array;
  readonly open: Float64Array;
  readonly high: Float64Array;
  readonly low: Float64Array;
  readonly close: Float64Array;
  readonly volume: Float64Array;
  readonly vwap: Float64Array;
  /** 0 where the file does not say. */
  readonly trades: Float64Array;
  /** NaN where the file does not say. */
  readonly buyVolume: Float64Array;
}

const NAMES = [
  "openUs",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "vwap",
  "trades",
  "buyVolume",
] as const satisfies readonly (keyof BarColumns)[];

export const readBarColumns = async (
  path: string,
  options: BarsOptions = {},
): Promise<BarColumns> => {
  let capacity = 4096;
  let count = 0;
  const columns = new Map(
    NAMES.map((name) => [name, new Float64Array(capacity)]),
  );
  for await (const rows of new BarsFile(path, options)) {
    if (count + rows.length > capacity) {
      capacity = Math.max(2 * capacity, count + rows.length);
      for (const [name, values] of columns) {
        const larger = new Float64Array(capacity);
        larger.set(values);
        columns.set(name, larger);
      }
    }
    for (const [name, values] of columns)
      for (let i = 0; i < rows.length; i++) values[count + i] = rows[i]![name];
    count += rows.length;
  }
  return Object.fromEntries(
    [...columns].map(([name, values]) => [name, values.slice(0, count)]),
  ) as unknown as BarColumns;
};

export interface BarEventsOptions extends BarsOptions {
  /** Of the bars; a Lean file's name tells it, others need it told. */
  readonly symbol?: SymbolId;
  /** Found as the least distance of two bars where it is not told. */
  readonly intervalMs?: number;
}

/** Not 0, which in stamps means "never happened". */
const START_NS = 1_000_000_000;

/** Closed bars, received when they closed. */
export async function* readBars(
  file: BarsFile,
  path: string,
  options: BarEventsOptions = {},
): AsyncGenerator<Bar> {
  const name = parseBarsName(path);
  const symbol = options.symbol ?? name?.symbol;
  if (symbol === undefined) throw unclear("symbol", "say of which symbol");
  let intervalMs = options.intervalMs ?? name?.intervalMs;
  let firstUs: number | undefined;
  let lastUs = Number.NEGATIVE_INFINITY;
  for await (const rows of file) {
    intervalMs ??= leastDistanceMs(rows);
    firstUs ??= rows[0]!.openUs;
    for (const row of rows) {
      if (row.openUs - lastUs < intervalMs * 1000)
        throw new CodedError("E_BARS_FORMAT", {
          detail: `bars are nearer than ${intervalMs} ms: say their interval`,
        });
      lastUs = row.openUs;
      yield barOf(row, { symbol, intervalMs, firstUs });
    }
  }
  if (firstUs === undefined)
    throw new CodedError("E_BARS_FORMAT", { detail: `${path} holds no bar` });
}

const barOf = (
  row: BarRow,
  of: { symbol: SymbolId; intervalMs: number; firstUs: number },
): Bar => {
  const { buyVolume, ...known } = row;
  const closeUs = unixMicros(row.openUs + of.intervalMs * 1000);
  return {
    type: "bar",
    symbol: of.symbol,
    eventUs: closeUs,
    receivedUs: closeUs,
    receivedNs: monoNanos(START_NS + (row.openUs - of.firstUs) * 1000),
    intervalMs: of.intervalMs,
    ...known,
    openUs: unixMicros(row.openUs),
    ...(Number.isNaN(buyVolume)
      ? {}
      : { buyVolume, sellVolume: row.volume - buyVolume }),
    closed: true,
  };
};

/** Some bars may be missing, but hardly every second one. */
const leastDistanceMs = (rows: readonly BarRow[]): number => {
  let least = Number.POSITIVE_INFINITY;
  for (let i = 1; i < rows.length; i++)
    least = Math.min(least, rows[i]!.openUs - rows[i - 1]!.openUs);
  const ms = least / 1000;
  if (!Number.isInteger(ms) || ms < 1)
    throw unclear("interval", "say how long a bar is");
  return ms;
};

const readHead = async (path: string): Promise<Buffer> => {
  try {
    const file = await open(path);
    try {
      const { buffer, bytesRead } = await file.read(Buffer.alloc(8), 0, 8, 0);
      return buffer.subarray(0, bytesRead);
    } finally {
      await file.close();
    }
  } catch (cause) {
    throw new CodedError("E_BARS_FORMAT", {
      detail: `${path} cannot be opened`,
      cause,
    });
  }
};

const unclear = (field: string, detail: string): CodedError =>
  new CodedError("E_BARS_UNCLEAR", { field, detail });
