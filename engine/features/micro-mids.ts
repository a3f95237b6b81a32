/** The mid as it stood at each 100 ms of the last few seconds; 0 where it was not known. */
import { MID, RETURN_1S, SLOT } from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import type { MicroState } from "./micro-state.ts";

const SLOTS = 64;
/** Points before the newest, which is up to 100 ms old. */
const SECOND_POINTS = 10;

export class MicroMids {
  static readonly STATE = SLOTS + 1;
  readonly #inputs: MicroInputs;
  readonly #mids: Float64Array;
  readonly #next: Float64Array;

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.#mids = state.take(SLOTS);
    this.#next = state.take(1);
  }

  /** The mid that stands did so at every point before SLOT that is not settled yet. */
  advance(): void {
    const { values } = this.#inputs;
    const mid = values[MID]!;
    const slot = values[SLOT]!;
    if (this.#next[0] === 0) this.#next[0] = slot;
    const next = this.#next[0]!;
    for (let k = Math.max(next, slot - SLOTS); k < slot; k++)
      this.#mids[k % SLOTS] = mid;
    if (slot > next) this.#next[0] = slot;
  }

  /** Sets RETURN_1S. */
  sayReturn(): void {
    const { values } = this.#inputs;
    const slot = this.#next[0]! - 1 - SECOND_POINTS;
    const before = slot < 0 ? 0 : this.#mids[slot % SLOTS]!;
    const mid = values[MID]!;
    values[RETURN_1S] =
      before === 0 ? NaN : mid === before ? 0 : 1e4 * Math.log(mid / before);
  }
}
