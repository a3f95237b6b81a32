/** The range that prices and sizes of a book lie in: outside it a message is refused whole, before it has changed anything. */
import type { Levels } from "../domain/market-event.ts";
import { CodedError } from "../std/errors.ts";

/** As on the wire: denormals and powers such as 1e308 lie outside. */
export const PRICE_MIN = 1e-12;
export const PRICE_MAX = 1e12;

export const SIZE_MAX = 2 ** 53;

/** Throws E_INPUT_RANGE. Written so that NaN fails too. */
export const checkLevels = (levels: Levels, field: "bids" | "asks"): void => {
  const { length } = levels;
  for (let i = 0; i < length; i += 2) {
    const price = levels[i]!;
    const size = levels[i + 1]!;
    if (
      !(
        price >= PRICE_MIN &&
        price <= PRICE_MAX &&
        size >= 0 &&
        size <= SIZE_MAX
      )
    )
      throw new CodedError("E_INPUT_RANGE", { field });
  }
};
