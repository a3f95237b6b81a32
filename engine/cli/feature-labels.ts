/** What became of the price after each row: labels for training, read off the rows that follow and never fed back. */

/** The price as it stood, row by row: a row's price stands until the next. */
export interface PricePath {
  /** In the unit of the horizons, ascending. */
  readonly times: Float64Array;
  readonly prices: Float64Array;
  /** From when on a row's price was not known until the next row; Infinity where it was. No label is read there, nor beyond. */
  readonly knownUntil: Float64Array;
  /** Extremes while a row's price stood, where they are known: bars. Otherwise the prices. */
  readonly highs?: Float64Array;
  readonly lows?: Float64Array;
}

export interface Labels {
  readonly name: string;
  /** NaN where the path ends, or breaks, before the horizon. */
  readonly values: Float64Array;
}

/** Three labels a horizon: sign of the move, return, and which of two barriers is touched first (0: neither within the horizon). */
export const labelsOf = (
  path: PricePath,
  horizon: number,
  suffix: string,
  barrier: number,
): readonly Labels[] => {
  const { times, prices } = path;
  const rows = times.length;
  const move = new Float64Array(rows).fill(NaN);
  const growth = new Float64Array(rows).fill(NaN);
  const touch = new Float64Array(rows).fill(NaN);
  const breaks = breaksBefore(path);
  let later = 0;
  for (let row = 0; row < rows; row++) {
    const end = times[row]! + horizon;
    if (end > times[rows - 1]!) break;
    // The last price at or before the horizon.
    while (later + 1 < rows && times[later + 1]! <= end) later++;
    if (breaks[later] !== breaks[row] || end > path.knownUntil[later]!)
      continue;
    const change = prices[later]! / prices[row]! - 1;
    move[row] = Math.sign(prices[later]! - prices[row]!);
    growth[row] = change;
    touch[row] = firstTouch(path, row, later, barrier);
  }
  return [
    { name: `midMove${suffix}`, values: move },
    { name: `forwardReturn${suffix}`, values: growth },
    { name: `tripleBarrier${suffix}`, values: touch },
  ];
};

/** After how many rows before each one the price was lost. */
const breaksBefore = ({ knownUntil }: PricePath): Float64Array => {
  const out = new Float64Array(knownUntil.length);
  for (let row = 1; row < out.length; row++)
    out[row] = out[row - 1]! + (knownUntil[row - 1]! < Infinity ? 1 : 0);
  return out;
};

/** 1 for the upper barrier, −1 for the lower, 0 for neither; a bar that touches both counts as the lower: the worse for a buyer. */
const firstTouch = (
  { prices, highs = prices, lows = prices }: PricePath,
  from: number,
  to: number,
  barrier: number,
): number => {
  const upper = prices[from]! * (1 + barrier);
  const lower = prices[from]! * (1 - barrier);
  for (let row = from + 1; row <= to; row++) {
    if (lows[row]! <= lower) return -1;
    if (highs[row]! >= upper) return 1;
  }
  return 0;
};
