/** What the bar features read at each bar of the gap-free grid, and where it stands. */
import { SeriesGraph } from "./series-graph.ts";
import type { Series } from "./series-graph.ts";

/** In slot order. All but the first six are NaN where they are not known. */
export const BAR_INPUTS = [
  "open",
  "high",
  "low",
  "close",
  "volume",
  /** 1 for a bar that the market made, 0 for one that fills a gap. */
  "isReal",
  /** Of aggressors that bought and sold; 0 for a bar that fills a gap. */
  "buyVolume",
  "sellVolume",
  "bidPrice",
  "askPrice",
  "bidSize",
  "askSize",
  /** Sizes of the five best levels, at the bar's close. */
  "bidDepth5",
  "askDepth5",
  /** Close of the leading symbol's bar of the same minute. */
  "otherClose",
  "fundingRate",
  /** Mean sentiment of the last news window, and its change from the window before. */
  "sentiment",
  "sentimentMomentum",
  /** Contracts that are open on the venue. */
  "openInterest",
] as const;

/** Missing bars filled in a row, the symbol's own as the leading one's: a day of minutes. */
export const GRID_FILL_MAX = 1440;

/** Positions of those that every bar has. */
export const OPEN = 0;
export const HIGH = 1;
export const LOW = 2;
export const CLOSE = 3;
export const VOLUME = 4;
export const IS_REAL = 5;
/** And of those that some have. */
export const BUY_VOLUME = 6;
export const SELL_VOLUME = 7;

export type BarInputName = (typeof BAR_INPUTS)[number];
export type BarInputs = Readonly<Record<BarInputName, Series>>;

/** A graph whose first slots are the inputs. */
export class BarGraph extends SeriesGraph {
  readonly inputs: BarInputs;

  constructor() {
    super();
    this.inputs = Object.fromEntries(
      BAR_INPUTS.map((name) => [name, this.input(name)]),
    ) as Record<BarInputName, Series>;
  }
}
