/**
 * What a leading symbol says about this one. Huth, Abergel 2014, "High frequency lead/lag relationships"; Hayashi, Yoshida 2005: here on a
 * common grid of seconds, each side as it stood then.
 */
import type { MonoNanos } from "../std/time.ts";
import { EVENT_NS, MOVE, RETURN_1S, SETTLED_SECOND } from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import type { MicroState } from "./micro-state.ts";

/** Where the other symbol stands and stood; 0 where that is not known. */
export interface LeadingMid {
  readonly mid: number;
  /** In place: a moment in, the newest mid that is no younger out. */
  readMid(inOut: Float64Array, at: number): void;
  /** Since it last moved; Infinity before it ever did. */
  ageMs(nowNs: MonoNanos): number;
}

const SPANS_MS: readonly number[] = [100, 500, 1000, 5000];
const LEFT_A_SECOND = Math.exp(-1 / 300);

/** Positions in the state: the other's mid at the last second, both returns of that second and whether there were any, then sums. */
const OTHER_MID = 0;
const OWN = 1;
const OTHER = 2;
const HAS = 3;
const OWN_OWN = 4;
const OTHER_OTHER = 5;
const OWN_OTHER = 6;
const OTHER_LEADS = 7;
const OWN_LEADS = 8;
const FIELDS = 9;

export class MicroLead {
  static readonly STATE = FIELDS;
  static readonly FEATURES = 8;
  readonly #inputs: MicroInputs;
  readonly #leading: LeadingMid | undefined;
  readonly #state: Float64Array;
  readonly #asked = new Float64Array(1);

  constructor(
    state: MicroState,
    inputs: MicroInputs,
    leading: LeadingMid | undefined,
  ) {
    this.#inputs = inputs;
    this.#leading = leading;
    this.#state = state.take(FIELDS);
  }

  /** Infinity without a leading symbol. */
  ageMs(nowNs: MonoNanos): number {
    return this.#leading?.ageMs(nowNs) ?? Infinity;
  }

  /** The first second of a book: what it moves by is known from the next on. */
  beginSecond(): void {
    this.#state[HAS] = 0;
    this.#readOther();
  }

  /** This symbol moved by MOVE over SETTLED_SECOND. */
  pushSecond(): void {
    const state = this.#state;
    const own = this.#inputs.values[MOVE]!;
    const before = state[OTHER_MID]!;
    this.#readOther();
    const mid = state[OTHER_MID]!;
    if (!(mid > 0 && before > 0)) {
      state[HAS] = 0;
      return;
    }
    const other = 1e4 * Math.log(mid / before);
    for (let i = OWN_OWN; i < FIELDS; i++) state[i]! *= LEFT_A_SECOND;
    state[OWN_OWN]! += own * own;
    state[OTHER_OTHER]! += other * other;
    state[OWN_OTHER]! += own * other;
    if (state[HAS] === 1) {
      state[OTHER_LEADS]! += own * state[OTHER]!;
      state[OWN_LEADS]! += state[OWN]! * other;
    }
    state[OWN] = own;
    state[OTHER] = other;
    state[HAS] = 1;
  }

  skipSecond(): void {
    this.#state[HAS] = 0;
    this.#state[OTHER_MID] = 0;
  }

  write(to: Float64Array, at: number): void {
    const leading = this.#leading;
    if (leading === undefined || !(leading.mid > 0)) {
      to.fill(NaN, at, at + MicroLead.FEATURES);
      return;
    }
    const inputs = this.#inputs.values;
    const asked = this.#asked;
    for (let i = 0; i < SPANS_MS.length; i++) {
      asked[0] = inputs[EVENT_NS]! - SPANS_MS[i]! * 1e6;
      leading.readMid(asked, 0);
      const before = asked[0];
      to[at + i] = before > 0 ? 1e4 * Math.log(leading.mid / before) : NaN;
    }
    const state = this.#state;
    const both = Math.sqrt(state[OWN_OWN]! * state[OTHER_OTHER]!);
    const beta =
      state[OTHER_OTHER]! > 0 ? state[OWN_OTHER]! / state[OTHER_OTHER]! : NaN;
    to[at + 4] = beta;
    to[at + 5] = both > 0 ? state[OWN_OTHER]! / both : NaN;
    to[at + 6] =
      both > 0 ? (state[OTHER_LEADS]! - state[OWN_LEADS]!) / both : NaN;
    to[at + 7] = beta * to[at + 2]! - inputs[RETURN_1S]!;
  }

  /** Its mid at SETTLED_SECOND; 0 without a leading symbol. */
  #readOther(): void {
    if (this.#leading === undefined) return;
    const asked = this.#asked;
    asked[0] = this.#inputs.values[SETTLED_SECOND]! * 1e9;
    this.#leading.readMid(asked, 0);
    this.#state[OTHER_MID] = asked[0];
  }
}
