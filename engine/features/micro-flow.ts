/**
 * Order flow by level. Cont, Kukanov, Stoikov 2014, "The price impact of order book events": what an update adds to demand less what it
 * adds to supply; by level after Xu, Gould, Howison 2018, "Multi-level order-flow imbalance in a limit order book".
 */
import { FadingSum, T_100_MS, T_1_S, T_30_S, T_5_S } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import type { MicroState } from "./micro-state.ts";

/** Levels followed; the top of a book is four numbers a level, as OrderBook.copyTop lays them out. */
export const MICRO_LEVELS = 10;
const LEVEL_SCALE = [T_1_S];
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

export class MicroFlow {
  static readonly STATE =
    MICRO_LEVELS + FadingSum.stateOf(TOTAL_SCALES) + 4 * MICRO_LEVELS + 1;
  static readonly FEATURES = MICRO_LEVELS + TOTAL_SCALES.length;
  readonly #levels: readonly FadingSum[];
  readonly #total: FadingSum;
  readonly #before: Float64Array;
  readonly #hasBefore: Float64Array;
  readonly #step = new Float64Array(MICRO_LEVELS);

  constructor(state: MicroState) {
    this.#levels = Array.from(
      { length: MICRO_LEVELS },
      () => new FadingSum(state, LEVEL_SCALE),
    );
    this.#total = new FadingSum(state, TOTAL_SCALES);
    this.#before = state.take(4 * MICRO_LEVELS);
    this.#hasBefore = state.take(1);
  }

  fade(clock: MicroClock): void {
    for (let i = 0; i < MICRO_LEVELS; i++) this.#levels[i]!.fade(clock);
    this.#total.fade(clock);
  }

  onBook(top: Float64Array): void {
    if (this.#hasBefore[0] === 1) {
      const step = this.#step;
      flowsByLevel(top, this.#before, step);
      let total = 0;
      for (let i = 0; i < MICRO_LEVELS; i++) {
        this.#levels[i]!.add(step[i]!);
        total += step[i]!;
      }
      this.#total.add(total);
    }
    for (let i = 0; i < 4 * MICRO_LEVELS; i++) this.#before[i] = top[i]!;
    this.#hasBefore[0] = 1;
  }

  /** The next book is no change of the last. */
  onVoid(): void {
    this.#hasBefore[0] = 0;
  }

  /** `unit`: the usual size of a level. */
  write(unit: number, to: Float64Array, at: number): void {
    for (let i = 0; i < MICRO_LEVELS; i++)
      to[at + i] = this.#levels[i]!.sums[0]! / unit;
    const { sums } = this.#total;
    for (let i = 0; i < sums.length; i++)
      to[at + MICRO_LEVELS + i] = sums[i]! / (MICRO_LEVELS * unit);
  }
}
