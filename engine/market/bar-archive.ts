/** Series of bars as bytes, for a symbol that goes and comes again. What comes back from a store is checked whole before any of it is used. */
import { CodedError } from "../std/errors.ts";
import { BAR_CHANNELS } from "./bar-series.ts";
import type { BarSeries } from "./bar-series.ts";

/** One series as it was kept, oldest bar first. */
export interface KeptBars {
  readonly intervalMs: number;
  readonly lastOpenUs: number;
  readonly length: number;
  /** BAR_CHANNELS numbers a bar. */
  readonly rows: Float64Array;
}

const FORMAT = 1;
const HEAD_BYTES = 8;
const SERIES_HEAD_BYTES = 24;
const SERIES_MAX = 64;
const BARS_MAX = 10_000;

/** Undefined where there is nothing to keep. Little-endian doubles: format, series; then each: interval, open time, length, rows. */
export const encodeBars = (
  series: readonly BarSeries[],
): Uint8Array | undefined => {
  const filled = series.filter(({ length }) => length > 0);
  if (filled.length === 0) return undefined;
  const doubles = filled.reduce(
    (sum, { length }) => sum + length * BAR_CHANNELS,
    0,
  );
  const view = new DataView(
    new ArrayBuffer(
      HEAD_BYTES + filled.length * SERIES_HEAD_BYTES + doubles * 8,
    ),
  );
  view.setUint32(0, FORMAT, true);
  view.setUint32(4, filled.length, true);
  let at = HEAD_BYTES;
  for (const one of filled) {
    view.setFloat64(at, one.intervalMs, true);
    view.setFloat64(at + 8, one.lastOpenUs, true);
    view.setFloat64(at + 16, one.length, true);
    at += SERIES_HEAD_BYTES;
    for (let age = one.length - 1; age >= 0; age--)
      for (let channel = 0; channel < BAR_CHANNELS; channel++, at += 8)
        view.setFloat64(at, one.at(age, channel), true);
  }
  return new Uint8Array(view.buffer);
};

/** Throws E_DEP_STORE for anything that encodeBars cannot have written. */
export const decodeBars = (bytes: Uint8Array): readonly KeptBars[] => {
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  if (bytes.byteLength < HEAD_BYTES || view.getUint32(0, true) !== FORMAT)
    throw refused("format");
  const count = view.getUint32(4, true);
  if (count > SERIES_MAX) throw refused("series");
  const kept: KeptBars[] = [];
  let at = HEAD_BYTES;
  for (let i = 0; i < count; i++) {
    const one = seriesAt(view, at);
    kept.push(one);
    at += SERIES_HEAD_BYTES + one.rows.byteLength;
  }
  if (at !== bytes.byteLength) throw refused("length");
  return kept;
};

const seriesAt = (view: DataView, at: number): KeptBars => {
  if (view.byteLength < at + SERIES_HEAD_BYTES) throw refused("length");
  const intervalMs = view.getFloat64(at, true);
  const lastOpenUs = view.getFloat64(at + 8, true);
  const length = view.getFloat64(at + 16, true);
  if (!(Number.isSafeInteger(intervalMs) && intervalMs > 0))
    throw refused("interval");
  if (!Number.isSafeInteger(lastOpenUs)) throw refused("open time");
  if (!(Number.isInteger(length) && length > 0 && length <= BARS_MAX))
    throw refused("bars");
  const from = at + SERIES_HEAD_BYTES;
  if (view.byteLength < from + length * BAR_CHANNELS * 8)
    throw refused("length");
  const rows = new Float64Array(length * BAR_CHANNELS);
  for (let i = 0; i < rows.length; i++)
    rows[i] = view.getFloat64(from + i * 8, true);
  for (let i = 0; i < rows.length; i += BAR_CHANNELS)
    if (!isBar(rows, i)) throw refused("bar");
  return { intervalMs, lastOpenUs, length, rows };
};

/** Ordered prices above 0 and a volume, all finite: a NaN fails every comparison. */
const isBar = (rows: Float64Array, i: number): boolean => {
  const [open, high, low, close, volume, vwap] = rows.subarray(i, i + 6);
  return (
    low! > 0 &&
    high! < Infinity &&
    open! >= low! &&
    open! <= high! &&
    close! >= low! &&
    close! <= high! &&
    volume! >= 0 &&
    volume! < Infinity &&
    vwap! > 0 &&
    vwap! < Infinity
  );
};

const refused = (detail: string): CodedError =>
  new CodedError("E_DEP_STORE", { field: "bars", detail });
