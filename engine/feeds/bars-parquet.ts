/** Bars of a Parquet file, one row group at a time, only the columns that are needed. */
import {
  asyncBufferFromFile,
  parquetMetadataAsync,
  parquetRead,
  type AsyncBuffer,
  type ColumnData,
  type Compressors,
  type FileMetaData,
  type ParquetParsers,
} from "hyparquet";
import { compressors, decompressZstd } from "hyparquet-compressors";
import { CodedError } from "../std/errors.ts";
import { layoutOf, type BarColumn } from "./bars-layout.ts";
import type { RawBar } from "./bars-row.ts";
import type { BarsSource } from "./bars-source.ts";
import { detectTimeUnit, timeParser } from "./bars-time.ts";

const MAGIC = "PAR1";
const FOOTER_BYTES_MAX = 16 * 1024 * 1024;
const BATCH_ROWS = 4096;

export const isParquet = (head: Buffer): boolean =>
  head.toString("latin1", 0, MAGIC.length) === MAGIC;

/** Microseconds whatever the file counts in: a Date would cut them off. */
const PARSERS: Partial<ParquetParsers> = {
  timestampFromMilliseconds: (millis) => Number(millis) * 1000,
  timestampFromMicroseconds: (micros) => Number(micros),
  timestampFromNanoseconds: (nanos) => Number(nanos / 1000n),
  dateFromDays: (days) => days * 86_400_000_000,
};

export async function* readParquetBars(
  path: string,
  source: BarsSource,
): AsyncGenerator<RawBar[]> {
  try {
    const file = await asyncBufferFromFile(path);
    const metadata = await readMetadata(file);
    yield* rowGroups(file, metadata, source);
  } catch (cause) {
    if (cause instanceof CodedError) throw cause;
    throw new CodedError("E_BARS_FORMAT", {
      detail: `${path} is no Parquet file that can be read`,
      cause,
    });
  }
}

const readMetadata = async (file: AsyncBuffer): Promise<FileMetaData> => {
  const tail = Buffer.from(await file.slice(file.byteLength - 8));
  if (tail.toString("latin1", 4) !== MAGIC)
    throw new CodedError("E_BARS_FORMAT", {
      detail: "the file ends before its footer does",
    });
  if (tail.readUInt32LE(0) > FOOTER_BYTES_MAX)
    throw beyond("footer", FOOTER_BYTES_MAX);
  return parquetMetadataAsync(file);
};

async function* rowGroups(
  file: AsyncBuffer,
  metadata: FileMetaData,
  source: BarsSource,
): AsyncGenerator<RawBar[]> {
  if (Number(metadata.num_rows) > source.rowsMax)
    throw beyond("rows", source.rowsMax);
  const names = metadata.schema
    .filter(({ num_children }) => num_children === undefined)
    .map(({ name }) => name);
  const { columns } = layoutOf(names.length, names, source.columns);
  const wanted = new Map(
    [...columns].map(([column, at]) => [column, names[at]!]),
  );
  const bounded = boundedCompressors(source.bytesMax);
  let rowStart = 0;
  let toUs: ((cell: string) => number) | undefined;
  const isTyped = isTimestamp(metadata, wanted.get("time")!);
  for (const group of metadata.row_groups) {
    if (Number(group.total_byte_size) > source.bytesMax)
      throw beyond("bytes", source.bytesMax);
    const rowEnd = rowStart + Number(group.num_rows);
    const data = await readGroup(file, metadata, {
      wanted,
      isTyped,
      rowStart,
      rowEnd,
      compressors: bounded,
    });
    const times = data.get("time")!;
    if (!isTyped && times.length > 0)
      toUs ??= timeParser(
        source.timeUnit ?? detectTimeUnit(String(times[0]), false),
        source.dayUs,
      );
    const parse = toUs;
    const openUsAt = (i: number): number =>
      parse === undefined ? Number(times[i]) : parse(String(times[i]));
    for (let at = 0; at < times.length; at += BATCH_ROWS)
      yield rowsOf(data, openUsAt, at, Math.min(at + BATCH_ROWS, times.length));
    rowStart = rowEnd;
  }
}

interface GroupRange {
  /** Times come as numbers; otherwise as the file has them. */
  readonly isTyped: boolean;
  readonly wanted: ReadonlyMap<BarColumn, string>;
  readonly rowStart: number;
  readonly rowEnd: number;
  readonly compressors: Compressors;
}

const readGroup = async (
  file: AsyncBuffer,
  metadata: FileMetaData,
  { wanted, isTyped, rowStart, rowEnd, compressors: unpack }: GroupRange,
): Promise<ReadonlyMap<BarColumn, GroupColumn>> => {
  const rows = rowEnd - rowStart;
  const data = new Map<BarColumn, GroupColumn>(
    [...wanted.keys()].map((column) => [
      column,
      column === "time" && !isTyped
        ? new Array<unknown>(rows)
        : new Float64Array(rows).fill(Number.NaN),
    ]),
  );
  await parquetRead({
    file,
    metadata,
    columns: [...wanted.values()],
    rowStart,
    rowEnd,
    compressors: unpack,
    parsers: PARSERS,
    onChunk: (chunk: ColumnData) => {
      for (const [column, name] of wanted)
        if (name === chunk.columnName)
          copyChunk(chunk, rowStart, data.get(column)!);
    },
  });
  return data;
};

/** Numbers lie close together: a row group may have a million rows. */
type GroupColumn = Float64Array | unknown[];

const copyChunk = (
  chunk: ColumnData,
  rowStart: number,
  into: GroupColumn,
): void => {
  const { columnData } = chunk;
  const shift = chunk.rowStart - rowStart;
  for (let i = 0; i < columnData.length; i++) {
    const at = i + shift;
    if (at < 0 || at >= into.length) continue;
    if (into instanceof Float64Array) into[at] = numberOf(columnData[i]);
    else into[at] = columnData[i];
  }
};

const rowsOf = (
  data: ReadonlyMap<BarColumn, GroupColumn>,
  openUsAt: (i: number) => number,
  begin: number,
  end: number,
): RawBar[] => {
  const rows: RawBar[] = [];
  const at = (column: BarColumn, i: number): number =>
    numberOf(data.get(column)?.[i]);
  for (let i = begin; i < end; i++)
    rows.push({
      openUs: openUsAt(i),
      open: at("open", i),
      high: at("high", i),
      low: at("low", i),
      close: at("close", i),
      volume: at("volume", i),
      quoteVolume: at("quoteVolume", i),
      vwap: at("vwap", i),
      trades: at("trades", i),
      buyVolume: at("buyVolume", i),
    });
  return rows;
};

/** A missing value is null, and Number(null) would be 0. */
const numberOf = (value: unknown): number =>
  value === null || value === undefined || value === ""
    ? Number.NaN
    : Number(value);

const isTimestamp = (metadata: FileMetaData, name: string): boolean => {
  const element = metadata.schema.find((column) => column.name === name);
  return (
    element?.type === "INT96" ||
    element?.logical_type?.type === "TIMESTAMP" ||
    element?.converted_type === "DATE" ||
    element?.converted_type?.startsWith("TIMESTAMP") === true
  );
};

/** A page tells its own unpacked size, which decides what is allocated for it. */
const boundedCompressors = (bytesMax: number): Compressors => {
  const all: Compressors = {
    ...compressors,
    ZSTD: (input, bytes) => decompressZstd(input, new Uint8Array(bytes)),
  };
  return Object.fromEntries(
    Object.entries(all).map(([codec, unpack]) => [
      codec,
      (input: Uint8Array, bytes: number) => {
        if (bytes > bytesMax) throw beyond("bytes", bytesMax);
        return unpack(input, bytes);
      },
    ]),
  );
};

const beyond = (field: string, limit: number): CodedError =>
  new CodedError("E_BARS_LIMIT", { field, detail: `more than ${limit}` });
