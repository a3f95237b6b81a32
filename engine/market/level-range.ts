/** What may stand in a book at all, and what is plausible: a message is judged whole, before it has changed anything. */
import type { Levels } from "../domain/market-event.ts";

/** As on the wire: denormals and powers such as 1e308 lie outside. */
export const PRICE_MIN = 1e-12;
export const PRICE_MAX = 1e12;
export const SIZE_MAX = 2 ** 53;

/** `range`: no number that a venue can mean; `suspect`: a level to be set at a price outside `low` to `high`. */
export type LevelVerdict = "ok" | "range" | "suspect";

/** One pass of comparisons, written so that NaN fails too. */
export const inspectLevels = (
  levels: Levels,
  low: number,
  high: number,
): LevelVerdict => {
  const { length } = levels;
  let verdict: LevelVerdict = "ok";
  for (let i = 0; i < length; i += 2) {
    const price = levels[i]!;
    const size = levels[i + 1]!;
    if (price >= low && price <= high && size >= 0 && size <= SIZE_MAX)
      continue;
    if (!(price >= PRICE_MIN && price <= PRICE_MAX)) return "range";
    if (!(size >= 0 && size <= SIZE_MAX)) return "range";
    // The removal of a level that cannot be there is harmless.
    if (size > 0) verdict = "suspect";
  }
  return verdict;
};
