/** The grid that a symbol's prices lie on, learnt from the prices themselves: tick size = num / den, two integers. */

/** Finest grid looked for. */
const DEN_MAX = 1e12;

export interface PriceGrid {
  readonly num: number;
  readonly den: number;
}

/** A venue's decimal and `ticks * num / den` are both the double nearest to the same rational: equal, to the last bit. */
export const priceOf = (grid: PriceGrid, ticks: number): number =>
  (ticks * grid.num) / grid.den;

/** The coarsest grid that holds every price of `levels` and all of `grid`; undefined when there is none within bounds. */
export const refineGrid = (
  grid: PriceGrid | undefined,
  levels: readonly number[],
): PriceGrid | undefined => {
  let num = grid?.num ?? 0;
  let den = grid?.den ?? 1;
  for (let i = 0; i < levels.length; i += 2) {
    const price = levels[i]!;
    let units = Math.round(price * den);
    while (units / den !== price || units === 0) {
      if (den >= DEN_MAX) return undefined;
      den *= 10;
      num *= 10;
      units = Math.round(price * den);
    }
    if (!Number.isSafeInteger(units) || !Number.isSafeInteger(num))
      return undefined;
    num = gcd(num, units);
  }
  return num === 0 ? undefined : { num, den };
};

/** The grid of a tick size that an instrument states. */
export const gridOfTick = (tickSize: number): PriceGrid | undefined =>
  refineGrid(undefined, [tickSize, 0]);

const gcd = (a: number, b: number): number => {
  while (b !== 0) [a, b] = [b, a % b];
  return a;
};
