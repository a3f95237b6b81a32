/** Which column of a bar file is what: told, recognised by its name, or by the number of columns of a file without names. */
import { CodedError } from "../std/errors.ts";

export const BAR_COLUMNS = [
  "time",
  "open",
  "high",
  "low",
  "close",
  "volume",
  "quoteVolume",
  "vwap",
  "trades",
  "buyVolume",
] as const;
export type BarColumn = (typeof BAR_COLUMNS)[number];

/** Positions from 0; a quote file's ask side stands where `ask…` says. */
export interface BarLayout {
  readonly columns: ReadonlyMap<BarColumn, number>;
  /** Of bid and ask bars: four positions of prices and one of the size, on each side. */
  readonly quote?: {
    readonly bid: readonly number[];
    readonly ask: readonly number[];
  };
}

/** By name, or by position from 0 written as a number. */
export type ColumnChoice = Partial<Record<BarColumn, string>>;

const REQUIRED: readonly BarColumn[] = ["time", "open", "high", "low", "close"];

/** In order of preference, without case and punctuation. */
const ALIASES: Readonly<Record<BarColumn, readonly string[]>> = {
  time: [
    "opentime",
    "openus",
    "openms",
    "starttime",
    "start",
    "timestamp",
    "timestampms",
    "timestampus",
    "unixtimestamp",
    "datetime",
    "dateutc",
    "time",
    "ts",
    "unix",
    "date",
    "t",
    "indexlevel0",
    "index",
  ],
  open: ["open", "openprice", "o"],
  high: ["high", "highprice", "max", "h"],
  low: ["low", "lowprice", "min", "l"],
  close: ["close", "closeprice", "last", "c"],
  volume: ["volume", "vol", "basevolume", "volumebase", "size", "v"],
  quoteVolume: [
    "quotevolume",
    "quoteassetvolume",
    "volumequote",
    "turnover",
    "quotevol",
  ],
  vwap: ["vwap", "weightedaverage", "weightedprice", "vw"],
  trades: [
    "trades",
    "tradecount",
    "count",
    "numberoftrades",
    "tradescount",
    "n",
  ],
  buyVolume: ["buyvolume", "takerbuyvolume", "takerbuybaseassetvolume"],
};

const positions = (
  pairs: readonly (readonly [BarColumn, number])[],
): BarLayout => ({ columns: new Map(pairs) });

const PRICES = [
  ["time", 0],
  ["open", 1],
  ["high", 2],
  ["low", 3],
  ["close", 4],
] as const;

/** By the number of columns of a file without a header. */
const HEADERLESS: ReadonlyMap<number, BarLayout> = new Map([
  [5, positions(PRICES)],
  [6, positions([...PRICES, ["volume", 5]])],
  // Lean's quote bars.
  [
    11,
    {
      columns: new Map<BarColumn, number>([["time", 0]]),
      quote: { bid: [1, 2, 3, 4, 5], ask: [6, 7, 8, 9, 10] },
    },
  ],
  // Binance's monthly and daily kline files.
  [
    12,
    positions([
      ...PRICES,
      ["volume", 5],
      ["quoteVolume", 7],
      ["trades", 8],
      ["buyVolume", 9],
    ]),
  ],
]);

/** Whether a first line names columns: prices stand in any other. */
export const isHeader = (cells: readonly string[]): boolean =>
  cells.filter((cell) => cell !== "" && Number.isFinite(Number(cell))).length <
  Math.min(4, cells.length - 1);

/** E_BARS_UNCLEAR names the column that has to be told. */
export const layoutOf = (
  width: number,
  header: readonly string[] | undefined,
  choice: ColumnChoice,
): BarLayout => {
  const isChosen = Object.keys(choice).length > 0;
  if (header === undefined && !isChosen) {
    const layout = HEADERLESS.get(width);
    if (layout === undefined)
      throw unclear("columns", `${width} columns without names`);
    return layout;
  }
  const columns = new Map<BarColumn, number>();
  for (const column of BAR_COLUMNS) {
    const chosen = choice[column];
    const at =
      chosen !== undefined
        ? chosenAt(column, chosen, width, header)
        : header === undefined
          ? undefined
          : namedAt(column, header);
    if (at !== undefined) columns.set(column, at);
  }
  for (const column of REQUIRED)
    if (!columns.has(column)) throw unclear(column, "no column of that name");
  // A volume of the wrong kind is worse than none, and none at all is worse than a question.
  const isVolumeHidden =
    !columns.has("volume") && header?.some((name) => /vol/i.test(name));
  if (isVolumeHidden === true)
    throw unclear("volume", "several columns, or none, could be the volume");
  return { columns };
};

const chosenAt = (
  column: BarColumn,
  chosen: string,
  width: number,
  header: readonly string[] | undefined,
): number => {
  const named = header?.findIndex((name) => name === chosen) ?? -1;
  const at = named >= 0 ? named : /^\d+$/.test(chosen) ? Number(chosen) : -1;
  if (at < 0 || at >= width)
    throw unclear(column, "the column told is not there");
  return at;
};

const namedAt = (
  column: BarColumn,
  header: readonly string[],
): number | undefined => {
  const names = header.map((name) =>
    name.toLowerCase().replace(/[^a-z0-9]/g, ""),
  );
  for (const alias of ALIASES[column]) {
    const at = names.indexOf(alias);
    if (at >= 0 && names.indexOf(alias, at + 1) >= 0)
      throw unclear(column, "two columns have the same name");
    if (at >= 0) return at;
  }
  return undefined;
};

const unclear = (field: string, detail: string): CodedError =>
  new CodedError("E_BARS_UNCLEAR", { field, detail });
