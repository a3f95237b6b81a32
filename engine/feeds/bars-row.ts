/** One bar of a file as plain numbers, checked as the wire checks it. */
import { CodedError } from "../std/errors.ts";
import { PRICE_MAX, PRICE_MIN, SIZE_MAX } from "../wire/schema.ts";

export interface BarRow {
  readonly openUs: number;
  readonly open: number;
  readonly high: number;
  readonly low: number;
  readonly close: number;
  readonly volume: number;
  readonly vwap: number;
  /** 0 where the file does not say. */
  readonly trades: number;
  /** NaN where the file does not say. */
  readonly buyVolume: number;
}

/** As it stands in the file; NaN where nothing stands. */
export interface RawBar extends BarRow {
  readonly quoteVolume: number;
  /** In a file that has lines, from 1. */
  readonly lineNumber?: number;
}

/** A mean comes rounded from some sources. */
const MEAN_SLACK = 1e-6;

/** Undefined for a row that is no bar. */
export const toBarRow = (raw: RawBar): BarRow | undefined => {
  const { openUs, open, high, low, close } = raw;
  const volume = Number.isNaN(raw.volume) ? 0 : raw.volume;
  const trades = Number.isNaN(raw.trades) ? 0 : raw.trades;
  // Written so that a NaN fails too.
  const isBar =
    openUs >= 0 &&
    openUs <= Number.MAX_SAFE_INTEGER &&
    low >= PRICE_MIN &&
    high <= PRICE_MAX &&
    low <= open &&
    low <= close &&
    open <= high &&
    close <= high &&
    volume >= 0 &&
    volume <= SIZE_MAX &&
    Number.isInteger(trades) &&
    trades >= 0;
  if (!isBar) return undefined;
  const vwap = meanOf(raw, volume);
  if (vwap === undefined) return undefined;
  const { buyVolume } = raw;
  if (buyVolume < 0 || buyVolume > volume * (1 + MEAN_SLACK)) return undefined;
  return {
    openUs,
    open,
    high,
    low,
    close,
    volume,
    vwap,
    trades,
    buyVolume: Math.min(buyVolume, volume),
  };
};

/** What is wrong with a row that is no bar. */
const faultOf = (raw: RawBar): string => {
  if (!(raw.openUs >= 0 && raw.openUs <= Number.MAX_SAFE_INTEGER))
    return "time cannot be read";
  for (const name of ["open", "high", "low", "close"] as const)
    if (Number.isNaN(raw[name])) return `${name} is no number`;
  if (raw.low < PRICE_MIN || raw.high > PRICE_MAX)
    return "a price is out of range";
  const { open, high, low, close, volume } = raw;
  if (low > Math.min(open, close, high) || high < Math.max(open, close))
    return "open and close do not lie between low and high";
  return volume < 0 || volume > SIZE_MAX
    ? "volume is out of range"
    : "trades, mean price or volume of the buyers cannot be";
};

/** The mean that the file tells, or money by volume, or where neither can be one the middle of high, low and close. */
const meanOf = (raw: RawBar, volume: number): number | undefined => {
  const { high, low, close, vwap, quoteVolume } = raw;
  if (volume > 0 && vwap > 0)
    return isWithin(vwap, low, high) ? clamped(vwap, low, high) : undefined;
  const mean = volume > 0 ? quoteVolume / volume : Number.NaN;
  return isWithin(mean, low, high)
    ? clamped(mean, low, high)
    : clamped((high + low + close) / 3, low, high);
};

const isWithin = (mean: number, low: number, high: number): boolean =>
  mean >= low * (1 - MEAN_SLACK) && mean <= high * (1 + MEAN_SLACK);

const clamped = (mean: number, low: number, high: number): number =>
  Math.min(Math.max(mean, low), high);

export interface RowPolicy {
  /** Of the file, for people. */
  readonly path: string;
  /** A row that is no bar, or does not come after the one before it. */
  readonly badRows: "refuse" | "skip";
  readonly rowsMax: number;
}

/** Lets good rows through in order of time, and counts or refuses the others. */
export class RowGate {
  readonly #policy: RowPolicy;
  #lastUs = Number.NEGATIVE_INFINITY;
  #seen = 0;
  #skipped = 0;

  constructor(policy: RowPolicy) {
    this.#policy = policy;
  }

  get skipped(): number {
    return this.#skipped;
  }

  check(raw: RawBar): BarRow | undefined {
    if (++this.#seen > this.#policy.rowsMax)
      throw new CodedError("E_BARS_LIMIT", {
        field: "rows",
        detail: `more than ${this.#policy.rowsMax} rows`,
      });
    const row = toBarRow(raw);
    if (row !== undefined && row.openUs > this.#lastUs) {
      this.#lastUs = row.openUs;
      return row;
    }
    if (this.#policy.badRows === "refuse")
      throw new CodedError("E_BARS_FORMAT", {
        detail: `${this.#policy.path}, ${this.#placeOf(raw)}: ${row === undefined ? `no bar, ${faultOf(raw)}` : "does not come after the row before it"}`,
      });
    this.#skipped++;
    return undefined;
  }

  #placeOf({ lineNumber }: RawBar): string {
    return lineNumber === undefined
      ? `row ${this.#seen}`
      : `line ${lineNumber}`;
  }
}
