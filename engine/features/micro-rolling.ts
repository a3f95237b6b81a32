/**
 * Sum of the last n numbers in constant amortised time and without drift: the part of the window that lies in the last full block is read
 * from sums made back to front when it filled, the rest is added up as it comes. Nothing is ever subtracted.
 */
import type { MicroState } from "./micro-state.ts";

/** Positions in the state: numbers in the block in progress, their sum, numbers ever up to n, sum of the window; then both blocks in one. */
const AT = 0;
const SUM = 1;
const COUNT = 2;
const TOTAL = 3;
const ROWS = 4;

export class RollingSum {
  static stateOf(length: number): number {
    return ROWS + length;
  }

  readonly #length: number;
  readonly #state: Float64Array;

  constructor(state: MicroState, length: number) {
    this.#length = length;
    this.#state = state.take(RollingSum.stateOf(length));
  }

  push(from: Float64Array, position: number): void {
    const value = from[position]!;
    const state = this.#state;
    const length = this.#length;
    if (state[AT] === length) {
      let sum = 0;
      for (let i = ROWS + length - 1; i >= ROWS; i--) {
        sum += state[i]!;
        state[i] = sum;
      }
      state[AT] = 0;
      state[SUM] = 0;
    }
    state[ROWS + state[AT]!] = value;
    state[AT]! += 1;
    state[SUM]! += value;
    if (state[COUNT]! < length) state[COUNT]! += 1;
    const at = state[AT]!;
    state[TOTAL] =
      at === length || state[COUNT]! < length
        ? state[SUM]!
        : state[SUM]! + state[ROWS + at]!;
  }

  get isFull(): boolean {
    return this.#state[COUNT] === this.#length;
  }

  /** Of as many as there are until n. */
  get sum(): number {
    return this.#state[TOTAL]!;
  }
}
