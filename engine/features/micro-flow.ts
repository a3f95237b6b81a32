/**
 * Order flow by level. Cont, Kukanov, Stoikov 2014, "The price impact of order book events": what an update adds to demand less what it
 * adds to supply; by level after Xu, Gould, Howison 2018, "Multi-level order-flow imbalance in a limit order book".
 */
import {
  FadingSum,
  LEFT,
  T_100_MS,
  T_1_S,
  T_30_S,
  T_5_S,
} from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import { USUAL_SIZE } from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import { MICRO_LEVELS } from "./micro-levels.ts";
import type { MicroState } from "./micro-state.ts";

const TOTAL_SCALES = [T_100_MS, T_1_S, T_5_S, T_30_S];

/** The signed flow of each level; a missing ask lies above all others, as a missing bid at 0 lies below. */
const flowsByLevel = (
  after: Float64Array,
  before: Float64Array,
  into: Float64Array,
): void => {
  for (let level = 0, i = 0; level < MICRO_LEVELS; level++, i += 4) {
    const askSize = after[i + 3]!;
    const askSizeBefore = before[i + 3]!;
    let flow = 0;
    if (after[i]! >= before[i]!) flow += after[i + 1]!;
    if (after[i]! <= before[i]!) flow -= before[i + 1]!;
    if (askSizeBefore === 0 || after[i + 2]! <= before[i + 2]!) flow -= askSize;
    if (askSize === 0 || after[i + 2]! >= before[i + 2]!) flow += askSizeBefore;
    into[level] = flow;
  }
};

/** Position in the step: flows by level, then their sum. */
const TOTAL = MICRO_LEVELS;

export class MicroFlow {
  static readonly STATE =
    MICRO_LEVELS + FadingSum.stateOf(TOTAL_SCALES) + 4 * MICRO_LEVELS + 1;
  static readonly FEATURES = MICRO_LEVELS + TOTAL_SCALES.length;
  readonly #inputs: MicroInputs;
  /** Over 1 s, by level. */
  readonly #levels: Float64Array;
  readonly #total: FadingSum;
  readonly #before: Float64Array;
  readonly #hasBefore: Float64Array;
  readonly #step = new Float64Array(MICRO_LEVELS + 1);

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.#levels = state.take(MICRO_LEVELS);
    this.#total = new FadingSum(state, TOTAL_SCALES);
    this.#before = state.take(4 * MICRO_LEVELS);
    this.#hasBefore = state.take(1);
  }

  fade(clock: MicroClock): void {
    const left = clock.values[LEFT + T_1_S]!;
    for (let i = 0; i < MICRO_LEVELS; i++) this.#levels[i]! *= left;
    this.#total.fade(clock);
  }

  onBook(): void {
    const { top } = this.#inputs;
    if (this.#hasBefore[0] === 1) {
      const step = this.#step;
      flowsByLevel(top, this.#before, step);
      let total = 0;
      for (let i = 0; i < MICRO_LEVELS; i++) {
        this.#levels[i]! += step[i]!;
        total += step[i]!;
      }
      step[TOTAL] = total;
      this.#total.add(step, TOTAL);
    }
    this.#before.set(top);
    this.#hasBefore[0] = 1;
  }

  /** The next book is no change of the last. */
  onVoid(): void {
    this.#hasBefore[0] = 0;
  }

  write(to: Float64Array, at: number): void {
    const unit = this.#inputs.values[USUAL_SIZE]!;
    for (let i = 0; i < MICRO_LEVELS; i++) to[at + i] = this.#levels[i]! / unit;
    const { sums } = this.#total;
    for (let i = 0; i < sums.length; i++)
      to[at + MICRO_LEVELS + i] = sums[i]! / (MICRO_LEVELS * unit);
  }
}
