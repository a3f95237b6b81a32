/**
 * Stoikov 2018, "The micro-price: a high-frequency estimator of future prices": the price that the mid will go to, as a function of the
 * queue imbalance and the spread. The function is a table that training estimates and freezes; by symmetry of bid and ask only
 * positive imbalances stand in it.
 */
import { assert } from "../std/assert.ts";
import { IMBALANCE, SHIFT, SPREAD, USUAL_SPREAD } from "./micro-inputs.ts";

/** Imbalances 0, 0.2, …, 1 of each spread; between them the table is interpolated. At 0 the shift is 0. */
export const MICROPRICE_STEPS = 5;
export const MICROPRICE_SPREADS = 2;
/** A spread above so many times the usual one is a wide one. */
export const WIDE_SPREAD = 1.5;

export const micropriceName = (spread: number, step: number): string =>
  `microprice_${spread === 0 ? "usual" : "wide"}_${step}`;

/** The microprice's distance from the mid in spreads, by name; first order: half the imbalance. */
export const FIRST_ORDER_MICROPRICE: Readonly<Record<string, number>> =
  Object.fromEntries(
    Array.from({ length: MICROPRICE_SPREADS }, (_, spread) =>
      Array.from({ length: MICROPRICE_STEPS }, (_, i) => [
        micropriceName(spread, i + 1),
        (i + 1) / MICROPRICE_STEPS / 2,
      ]),
    ).flat() as [string, number][],
  );

export class MicropriceTable {
  /** Shifts at imbalances 0 … 1, a row a spread. */
  readonly #shifts = new Float64Array(
    MICROPRICE_SPREADS * (MICROPRICE_STEPS + 1),
  );

  constructor(constants: Readonly<Record<string, number>>) {
    for (let spread = 0; spread < MICROPRICE_SPREADS; spread++)
      for (let step = 1; step <= MICROPRICE_STEPS; step++) {
        const shift = constants[micropriceName(spread, step)];
        assert(
          shift !== undefined && Number.isFinite(shift),
          "the table of the microprice is whole",
        );
        this.#shifts[spread * (MICROPRICE_STEPS + 1) + step] = shift;
      }
  }

  /** Sets SHIFT, in units of price, towards the ask where positive, from IMBALANCE, SPREAD and USUAL_SPREAD. */
  shift(values: Float64Array): void {
    const imbalance = values[IMBALANCE]!;
    const spread = values[SPREAD]!;
    const isWide = spread > WIDE_SPREAD * values[USUAL_SPREAD]!;
    const row = isWide ? MICROPRICE_STEPS + 1 : 0;
    const position = Math.abs(imbalance) * MICROPRICE_STEPS;
    const step = Math.min(MICROPRICE_STEPS - 1, Math.floor(position));
    const low = this.#shifts[row + step]!;
    const high = this.#shifts[row + step + 1]!;
    values[SHIFT] =
      spread * Math.sign(imbalance) * (low + (high - low) * (position - step));
  }
}
