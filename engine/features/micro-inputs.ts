/**
 * What the event in progress says, for all parts of the microstructure features. Numbers go from part to part in it, for a number in a field,
 * a parameter or a return value is boxed wherever V8 happens not to inline.
 */
import { MICRO_LEVELS } from "./micro-levels.ts";
import type { MicroState } from "./micro-state.ts";

/** Positions in `MicroInputs.values`. The book as it stands; its mid is 0 while it is void. */
export const MID = 0;
export const SPREAD = 1;
export const SPREAD_BPS = 2;
export const IMBALANCE = 3;
export const LOG_DEPTH = 4;
/** The usual size of a level and the usual spread: means over 30 s of book. */
export const USUAL_SIZE = 5;
export const USUAL_SPREAD = 6;
/** The microprice less the mid. */
export const SHIFT = 7;
/** The trade: its size, the same below 0 where the aggressor sold, its price, how many buys and sells it is: half and half where nobody knows. */
export const SIZE = 8;
export const SIGNED = 9;
export const PRICE = 10;
export const BUY = 11;
export const SELL = 12;
export const ONE = 13;
/** When the event came. */
export const EVENT_NS = 14;
/** Of the mid over the last second, in basis points; NaN where the mid of then is not known. */
export const RETURN_1S = 15;
/** The 100 ms and the second in progress: each ends at so many of them after the clock's zero. */
export const SLOT = 16;
export const SECOND = 17;
/** A second that is being settled, and how much the mid moved in it, in basis points. */
export const SETTLED_SECOND = 18;
export const MOVE = 19;
const FIELDS = 20;

/** Sizes of so many best levels make the depth. */
const DEPTH_LEVELS = 5;

export class MicroInputs {
  static readonly STATE = FIELDS;
  readonly values: Float64Array;
  /** The book's best levels: bid price, bid size, ask price, ask size; zeros where there is none. As of the call in progress. */
  readonly top = new Float64Array(4 * MICRO_LEVELS);

  constructor(state: MicroState) {
    this.values = state.take(FIELDS);
    this.values[ONE] = 1;
  }

  /** `top` is the book as it stands now. */
  readTop(): void {
    const { top, values } = this;
    const mid = (top[0]! + top[2]!) / 2;
    const spread = top[2]! - top[0]!;
    let depth = 0;
    for (let i = 1; i < 4 * DEPTH_LEVELS; i += 2) depth += top[i]!;
    values[MID] = mid;
    values[SPREAD] = spread;
    values[SPREAD_BPS] = (1e4 * spread) / mid;
    values[IMBALANCE] = (top[1]! - top[3]!) / (top[1]! + top[3]!);
    values[LOG_DEPTH] = Math.log(depth);
  }
}
