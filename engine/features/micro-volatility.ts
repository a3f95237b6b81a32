/**
 * Variation of the mid on a grid of seconds. Andersen, Bollerslev, Diebold, Labys 2003 (realised volatility); Barndorff-Nielsen, Shephard
 * 2004, "Power and bipower variation with stochastic volatility and jumps"; Barndorff-Nielsen, Kinnebrock, Shephard 2010 (semivariance).
 */
import { RollingSum } from "./micro-rolling.ts";
import type { MicroState } from "./micro-state.ts";

const SHORT = 60;
const LONG = 300;
const LENGTHS: readonly number[] = [SHORT, LONG];
/** Of two independent normal numbers the product of their sizes is this much smaller than a square. */
const BIPOWER = Math.PI / 2;

/** Positions in the terms of a second; whether there is a product, which a second after one that is not known has none of. */
const SQUARE = 0;
const PRODUCT = 1;
const HAS_PRODUCT = 2;
const FALL = 3;
const TERMS = 4;

export class MicroVolatility {
  static readonly STATE =
    2 * RollingSum.stateOf(SHORT) +
    RollingSum.stateOf(LONG) +
    2 * RollingSum.stateOf(SHORT - 1) +
    2 * RollingSum.stateOf(LONG - 1) +
    1 +
    8;
  static readonly FEATURES = 8;
  readonly #squares: readonly RollingSum[];
  /** Between the moves of a window there is a product less than there are moves. */
  readonly #products: readonly RollingSum[];
  readonly #counts: readonly RollingSum[];
  readonly #falls: RollingSum;
  /** The move of the second before; NaN where it is not known. */
  readonly #last: Float64Array;
  readonly #terms = new Float64Array(TERMS);
  /** What is written, as of the last second. */
  readonly #said: Float64Array;

  constructor(state: MicroState) {
    const sums = (shorter: number) =>
      LENGTHS.map((length) => new RollingSum(state, length - shorter));
    this.#squares = sums(0);
    this.#products = sums(1);
    this.#counts = sums(1);
    this.#falls = new RollingSum(state, SHORT);
    this.#last = state.take(1).fill(NaN);
    this.#said = state.take(MicroVolatility.FEATURES).fill(NaN);
  }

  /** The return of one more second, in basis points, is at that position. */
  push(from: Float64Array, at: number): void {
    const terms = this.#terms;
    const move = from[at]!;
    const square = move * move;
    const product = Math.abs(move * this.#last[0]!);
    terms[SQUARE] = square;
    // Assignments of their own: a choice between a whole number and a fraction would be boxed.
    terms[PRODUCT] = 0;
    terms[HAS_PRODUCT] = 0;
    if (!Number.isNaN(product)) {
      terms[PRODUCT] = product;
      terms[HAS_PRODUCT] = 1;
    }
    terms[FALL] = move < 0 ? square : 0;
    for (let i = 0; i < LENGTHS.length; i++) {
      this.#squares[i]!.push(terms, SQUARE);
      this.#products[i]!.push(terms, PRODUCT);
      this.#counts[i]!.push(terms, HAS_PRODUCT);
    }
    this.#falls.push(terms, FALL);
    this.#last[0] = move;
    this.#say(this.#said);
  }

  /** A second of which the book is not known. */
  skipSecond(): void {
    this.#last[0] = NaN;
  }

  /** NaN until the window is full; shares are NaN where nothing moved. */
  write(to: Float64Array, at: number): void {
    for (let i = 0; i < MicroVolatility.FEATURES; i++)
      to[at + i] = this.#said[i]!;
  }

  #say(to: Float64Array): void {
    for (let i = 0; i < LENGTHS.length; i++) {
      const squares = this.#squares[i]!.sum / LENGTHS[i]!;
      const products = this.#products[i]!.sum / this.#counts[i]!.sum;
      const bipower = BIPOWER * products;
      const isFull = this.#squares[i]!.isFull;
      to[i] = isFull ? Math.sqrt(squares) : NaN;
      to[2 + i] = isFull ? Math.sqrt(bipower) : NaN;
      to[4 + i] =
        isFull && squares > 0 ? Math.max(0, 1 - bipower / squares) : NaN;
    }
    const short = this.#squares[0]!.sum;
    const long = this.#squares[1]!.sum;
    const isFull = this.#squares[1]!.isFull;
    to[6] =
      isFull && short > 0 && long > 0
        ? Math.log(short / SHORT / (long / LONG)) / 2
        : NaN;
    to[7] = this.#falls.isFull && short > 0 ? this.#falls.sum / short : NaN;
  }
}
