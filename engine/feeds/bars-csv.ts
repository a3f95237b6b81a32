/** Bars of a CSV file: separator, header, columns and unit of time recognised at its first lines. */
import { CodedError } from "../std/errors.ts";
import {
  isHeader,
  layoutOf,
  type BarColumn,
  type BarLayout,
} from "./bars-layout.ts";
import type { RawBar } from "./bars-row.ts";
import type { BarsSource } from "./bars-source.ts";
import { textLines, type Packing } from "./bars-text.ts";
import { detectTimeUnit, numberOf, timeParser } from "./bars-time.ts";

const SEPARATORS = [",", ";", "\t", "|"] as const;

export async function* readCsvBars(
  path: string,
  packing: Packing,
  source: BarsSource,
): AsyncGenerator<RawBar[]> {
  let reader: CsvReader | undefined;
  let number = 0;
  for await (const lines of textLines(path, packing, source.bytesMax)) {
    const bars: RawBar[] = [];
    for (const line of lines) {
      number++;
      if (line.trim() === "") continue;
      reader ??= isPreamble(line) ? undefined : new CsvReader(line, source);
      const bar = reader?.read(line, number);
      if (bar !== undefined) bars.push(bar);
    }
    if (bars.length > 0) yield bars;
  }
  if (reader === undefined)
    throw new CodedError("E_BARS_FORMAT", { detail: `${path} holds no row` });
}

/** Some sites put a comment or their address first. */
const isPreamble = (line: string): boolean => /^(#|https?:)/i.test(line);

class CsvReader {
  readonly #separator: string;
  readonly #layout: BarLayout;
  readonly #source: BarsSource;
  #header: string | undefined;
  #time: ((cell: string) => number) | undefined;

  constructor(first: string, source: BarsSource) {
    this.#source = source;
    this.#separator = separatorOf(first);
    const cells = this.#cells(first);
    const hasHeader = isHeader(cells);
    if (hasHeader) this.#header = first;
    this.#layout = layoutOf(
      cells.length,
      hasHeader ? cells : undefined,
      source.columns,
    );
  }

  /** Undefined for the header. */
  read(line: string, lineNumber: number): RawBar | undefined {
    if (line === this.#header) return undefined;
    const cells = this.#cells(line);
    const { columns, quote } = this.#layout;
    const time = cells[columns.get("time")!] ?? "";
    this.#time ??= this.#timeOf(time);
    const openUs = this.#time(time);
    if (quote !== undefined)
      return quoteBar(openUs, cells, quote, this.#source.quote, lineNumber);
    const at = (column: BarColumn): number =>
      numberOf(cells[columns.get(column) ?? -1] ?? "");
    return {
      lineNumber,
      openUs,
      open: at("open"),
      high: at("high"),
      low: at("low"),
      close: at("close"),
      volume: at("volume"),
      quoteVolume: at("quoteVolume"),
      vwap: at("vwap"),
      trades: at("trades"),
      buyVolume: at("buyVolume"),
    };
  }

  #timeOf(first: string): (cell: string) => number {
    const { timeUnit, dayUs } = this.#source;
    return timeParser(
      timeUnit ?? detectTimeUnit(first, dayUs !== undefined),
      dayUs,
    );
  }

  #cells(line: string): string[] {
    return line
      .replace(/^\ufeff/, "")
      .split(this.#separator)
      .map((cell) => cell.trim().replace(/^"(.*)"$/, "$1"));
  }
}

/** The one that cuts the first line most often. */
const separatorOf = (line: string): string =>
  SEPARATORS.reduce((best, separator) =>
    line.split(separator).length > line.split(best).length ? separator : best,
  );

/** One side, or the middle of both; a side that had no quote in the interval is empty, and the other then stands for both. */
const quoteBar = (
  openUs: number,
  cells: readonly string[],
  quote: { readonly bid: readonly number[]; readonly ask: readonly number[] },
  side: "bid" | "ask" | "mid",
  lineNumber: number,
): RawBar => {
  const price = (i: number): number => {
    const bid = numberOf(cells[quote.bid[i]!] ?? "");
    const ask = numberOf(cells[quote.ask[i]!] ?? "");
    if (side !== "mid") return side === "bid" ? bid : ask;
    if (Number.isNaN(bid)) return ask;
    return Number.isNaN(ask) ? bid : (bid + ask) / 2;
  };
  return {
    lineNumber,
    openUs,
    open: price(0),
    high: price(1),
    low: price(2),
    close: price(3),
    volume: 0,
    quoteVolume: Number.NaN,
    vwap: Number.NaN,
    trades: Number.NaN,
    buyVolume: Number.NaN,
  };
};
