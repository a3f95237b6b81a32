/**
 * Variation of the mid on a grid of seconds. Andersen, Bollerslev, Diebold, Labys 2003 (realised volatility); Barndorff-Nielsen, Shephard
 * 2004, "Power and bipower variation with stochastic volatility and jumps"; Barndorff-Nielsen, Kinnebrock, Shephard 2010 (semivariance).
 */
import { RollingSum } from "./micro-rolling.ts";
import type { MicroState } from "./micro-state.ts";

const SHORT = 60;
const LONG = 300;
const BIPOWER = Math.PI / 2;

/** Positions in the terms of a second. */
const SQUARE = 0;
const PRODUCT = 1;
const FALL = 2;

export class MicroVolatility {
  static readonly STATE =
    3 * RollingSum.stateOf(SHORT) + 2 * RollingSum.stateOf(LONG) + 1 + 8;
  static readonly FEATURES = 8;
  readonly #squares: readonly RollingSum[];
  readonly #products: readonly RollingSum[];
  readonly #falls: RollingSum;
  readonly #last: Float64Array;
  readonly #terms = new Float64Array(3);
  /** What is written, as of the last second. */
  readonly #said: Float64Array;

  constructor(state: MicroState) {
    const pair = () => [
      new RollingSum(state, SHORT),
      new RollingSum(state, LONG),
    ];
    this.#squares = pair();
    this.#products = pair();
    this.#falls = new RollingSum(state, SHORT);
    this.#last = state.take(1);
    this.#said = state.take(MicroVolatility.FEATURES).fill(NaN);
  }

  /** The return of one more second, in basis points, is at that position. */
  push(from: Float64Array, at: number): void {
    const terms = this.#terms;
    const move = from[at]!;
    const square = move * move;
    terms[SQUARE] = square;
    terms[PRODUCT] = Math.abs(move) * Math.abs(this.#last[0]!);
    terms[FALL] = move < 0 ? square : 0;
    for (let i = 0; i < 2; i++) {
      this.#squares[i]!.push(terms, SQUARE);
      this.#products[i]!.push(terms, PRODUCT);
    }
    this.#falls.push(terms, FALL);
    this.#last[0] = move;
    this.#say(this.#said);
  }

  /** NaN until the window is full; shares are NaN where nothing moved. */
  write(to: Float64Array, at: number): void {
    for (let i = 0; i < MicroVolatility.FEATURES; i++)
      to[at + i] = this.#said[i]!;
  }

  #say(to: Float64Array): void {
    for (let i = 0; i < 2; i++) {
      const length = i === 0 ? SHORT : LONG;
      const squares = this.#squares[i]!.sum;
      const bipower =
        (BIPOWER * this.#products[i]!.sum * length) / (length - 1);
      const isFull = this.#squares[i]!.isFull;
      to[i] = isFull ? Math.sqrt(squares / length) : NaN;
      to[2 + i] = isFull ? Math.sqrt(bipower / length) : NaN;
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
