/**
 * Estimates the table of the microprice from a recorded book, after Stoikov 2018: imbalance and spread are the states of a Markov chain
 * that either goes on with the mid unmoved or moves the mid; the microprice is where the mid is expected to be after all moves to come.
 */
import {
  MICROPRICE_SPREADS,
  MICROPRICE_STEPS,
  WIDE_SPREAD,
  micropriceName,
} from "./microprice-table.ts";

/** Bins of the imbalance from -1 to 1. */
const BINS = 2 * MICROPRICE_STEPS;
const STATES = BINS * MICROPRICE_SPREADS;
const ROUNDS_MAX = 1000;
const CONVERGED = 1e-9;

export class MicropriceEstimate {
  /** Updates from one book to the next that were counted. */
  updates = 0;
  /** From state to state: updates without and with a move of the mid. */
  readonly #still = new Float64Array(STATES * STATES);
  readonly #moved = new Float64Array(STATES * STATES);
  /** By state: sum of moves in usual spreads, sum of spreads in usual spreads, times there. */
  readonly #moves = new Float64Array(STATES);
  readonly #spreads = new Float64Array(STATES);
  readonly #times = new Float64Array(STATES);
  #state = -1;
  #mid = 0;

  /** After each update of the book. `usualSpread`: what spreads are measured by. */
  onBook(
    imbalance: number,
    spread: number,
    usualSpread: number,
    mid: number,
  ): void {
    const isWide = spread > WIDE_SPREAD * usualSpread;
    const bin = Math.min(BINS - 1, Math.floor(((imbalance + 1) / 2) * BINS));
    const state = (isWide ? BINS : 0) + bin;
    if (this.#state >= 0) {
      const move = (mid - this.#mid) / usualSpread;
      this.#count(this.#state, state, move);
      // Bid and ask are alike: what happened to one could have happened to the other.
      this.#count(mirrored(this.#state), mirrored(state), -move);
      this.updates++;
    }
    for (const one of [state, mirrored(state)]) {
      this.#spreads[one]! += spread / usualSpread;
      this.#times[one]! += 1;
    }
    this.#state = state;
    this.#mid = mid;
  }

  /** The next book is no change of the last. */
  onVoid(): void {
    this.#state = -1;
  }

  /** Constants of the `microstructure` set, for a model's manifest. */
  constants(): Record<string, number> {
    const shifts = this.#shifts();
    const constants: Record<string, number> = {};
    for (let spread = 0; spread < MICROPRICE_SPREADS; spread++) {
      // From the middles of the bins of positive imbalance to their ends.
      const at = (i: number): number =>
        shifts[spread * BINS + MICROPRICE_STEPS + i]!;
      for (let step = 1; step < MICROPRICE_STEPS; step++)
        constants[micropriceName(spread, step)] = (at(step - 1) + at(step)) / 2;
      const last = MICROPRICE_STEPS - 1;
      constants[micropriceName(spread, MICROPRICE_STEPS)] =
        at(last) + (at(last) - at(last - 1)) / 2;
    }
    return constants;
  }

  #count(from: number, to: number, move: number): void {
    if (move === 0) this.#still[from * STATES + to]! += 1;
    else {
      this.#moved[from * STATES + to]! += 1;
      this.#moves[from]! += move;
    }
  }

  /** Expected sum of all moves to come, in spreads of the state. */
  #shifts(): Float64Array {
    const { first, next } = this.#firstMoves();
    const total = first.slice();
    let step = first;
    for (let round = 0; round < ROUNDS_MAX; round++) {
      const after = new Float64Array(STATES);
      let largest = 0;
      for (let i = 0; i < STATES; i++) {
        for (let j = 0; j < STATES; j++)
          after[i]! += next[i * STATES + j]! * step[j]!;
        total[i]! += after[i]!;
        largest = Math.max(largest, Math.abs(after[i]!));
      }
      if (largest < CONVERGED) break;
      step = after;
    }
    return total.map((move, i) =>
      this.#times[i]! > 0 ? (move * this.#times[i]!) / this.#spreads[i]! : 0,
    );
  }

  /** The mean first move from each state, and the chances of the state that it leads to. */
  #firstMoves(): { first: Float64Array; next: Float64Array } {
    const width = STATES + 1;
    const left = new Float64Array(STATES * STATES);
    const right = new Float64Array(STATES * width);
    for (let i = 0; i < STATES; i++) {
      let count = 0;
      for (let j = i * STATES; j < (i + 1) * STATES; j++)
        count += this.#still[j]! + this.#moved[j]!;
      left[i * STATES + i] = 1;
      if (count === 0) continue;
      right[i * width] = this.#moves[i]! / count;
      for (let j = 0; j < STATES; j++) {
        left[i * STATES + j]! -= this.#still[i * STATES + j]! / count;
        right[i * width + 1 + j] = this.#moved[i * STATES + j]! / count;
      }
    }
    solve(left, right, width);
    const first = new Float64Array(STATES);
    const next = new Float64Array(STATES * STATES);
    for (let i = 0; i < STATES; i++) {
      first[i] = right[i * width]!;
      for (let j = 0; j < STATES; j++)
        next[i * STATES + j] = right[i * width + 1 + j]!;
    }
    return { first, next };
  }
}

const mirrored = (state: number): number => {
  const bin = state % BINS;
  return state - bin + (BINS - 1 - bin);
};

/** Gauss, with pivots; a state from which the mid never moved keeps 0. The solution stands in `right`. */
const solve = (
  left: Float64Array,
  right: Float64Array,
  width: number,
): void => {
  for (let column = 0; column < STATES; column++) {
    let pivot = column;
    for (let row = column + 1; row < STATES; row++)
      if (
        Math.abs(left[row * STATES + column]!) >
        Math.abs(left[pivot * STATES + column]!)
      )
        pivot = row;
    if (Math.abs(left[pivot * STATES + column]!) < 1e-12) {
      right.fill(0, column * width, (column + 1) * width);
      continue;
    }
    swapRows(left, STATES, pivot, column);
    swapRows(right, width, pivot, column);
    const by = left[column * STATES + column]!;
    for (let row = 0; row < STATES; row++) {
      if (row === column) continue;
      const share = left[row * STATES + column]! / by;
      if (share === 0) continue;
      for (let i = column; i < STATES; i++)
        left[row * STATES + i]! -= share * left[column * STATES + i]!;
      for (let i = 0; i < width; i++)
        right[row * width + i]! -= share * right[column * width + i]!;
    }
  }
  for (let row = 0; row < STATES; row++) {
    const by = left[row * STATES + row]!;
    if (Math.abs(by) < 1e-12) continue;
    for (let i = 0; i < width; i++) right[row * width + i]! /= by;
  }
};

const swapRows = (
  matrix: Float64Array,
  width: number,
  a: number,
  b: number,
): void => {
  if (a === b) return;
  for (let i = 0; i < width; i++) {
    const kept = matrix[a * width + i]!;
    matrix[a * width + i] = matrix[b * width + i]!;
    matrix[b * width + i] = kept;
  }
};
