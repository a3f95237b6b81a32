/**
 * Easley, López de Prado, O'Hara 2012, "Flow toxicity and liquidity in a high-frequency world": how one-sided the last 50 buckets of
 * equal volume were. A bucket is what three seconds traded on average in the minute before, so that any symbol has some; buckets begin
 * anew with each minute of our clock, so that they are the same wherever a tape began.
 */
import { FIRST_NS, NOW_NS } from "./micro-clock.ts";
import type { MicroClock } from "./micro-clock.ts";
import {
  BUY,
  EVENT_NS,
  SECOND,
  SELL,
  SIZE as TRADE_SIZE,
} from "./micro-inputs.ts";
import type { MicroInputs } from "./micro-inputs.ts";
import { RollingSum } from "./micro-rolling.ts";
import type { MicroState } from "./micro-state.ts";

const BUCKETS = 50;
const BUCKET_S = 3;
const MINUTE_S = 60;
/** Less than this share of a bucket is rounding. */
const ROUNDING_SHARE = 1e-12;
/** Added to durations, in seconds: a bucket may take none. */
const INSTANT_S = 0.01;

/** Positions in the state: a bucket's size, 0 before the first minute; the bucket in progress; the minute in progress. */
const SIZE = 0;
const BOUGHT = 1;
const SOLD = 2;
const BEGAN_NS = 3;
const MINUTE = 4;
const MINUTE_VOLUME = 5;
const FIELDS = 6;

/** Positions in what a full bucket adds. */
const TOXIC = 0;
const SIGNED = 1;
const VOLUME = 2;
const SECONDS = 3;

export class MicroVpin {
  static readonly STATE = FIELDS + 3 + 4 * RollingSum.stateOf(BUCKETS);
  static readonly FEATURES = 3;
  readonly #inputs: MicroInputs;
  readonly #bucket: Float64Array;
  /** What is written, as of the last bucket. */
  readonly #said: Float64Array;
  readonly #toxic: RollingSum;
  readonly #signed: RollingSum;
  readonly #volume: RollingSum;
  readonly #seconds: RollingSum;
  readonly #full = new Float64Array(4);

  constructor(state: MicroState, inputs: MicroInputs) {
    this.#inputs = inputs;
    this.#bucket = state.take(FIELDS);
    this.#said = state.take(MicroVpin.FEATURES).fill(NaN);
    this.#toxic = new RollingSum(state, BUCKETS);
    this.#signed = new RollingSum(state, BUCKETS);
    this.#volume = new RollingSum(state, BUCKETS);
    this.#seconds = new RollingSum(state, BUCKETS);
  }

  /** The clock says how long there has been a book: the first minute may be a part of one. */
  advance({ values }: MicroClock): void {
    const bucket = this.#bucket;
    const minute = Math.floor(this.#inputs.values[SECOND]! / MINUTE_S);
    if (minute === bucket[MINUTE]) return;
    const volume = bucket[MINUTE_VOLUME]!;
    // A minute without trades says nothing of what is usual.
    if (volume > 0) {
      const seenS = (values[NOW_NS]! - values[FIRST_NS]!) / 1e9;
      const seconds = Math.min(MINUTE_S, Math.max(1, seenS));
      bucket[SIZE] = (BUCKET_S * volume) / seconds;
      bucket[BOUGHT] = 0;
      bucket[SOLD] = 0;
    }
    bucket[MINUTE] = minute;
    bucket[MINUTE_VOLUME] = 0;
  }

  /** A trade of unknown side is half of each. What one trade brings beyond all buckets stays in the last. */
  onTrade(): void {
    const bucket = this.#bucket;
    const { values } = this.#inputs;
    let left = values[TRADE_SIZE]!;
    bucket[MINUTE_VOLUME]! += left;
    const whole = bucket[SIZE]!;
    if (whole === 0) return;
    for (let i = 0; left > ROUNDING_SHARE * whole; i++) {
      const filled = bucket[BOUGHT]! + bucket[SOLD]!;
      if (filled === 0) bucket[BEGAN_NS] = values[EVENT_NS]!;
      const part = i < BUCKETS ? Math.min(left, whole - filled) : left;
      bucket[BOUGHT]! += part * values[BUY]!;
      bucket[SOLD]! += part * values[SELL]!;
      left -= part;
      if (whole - filled - part <= ROUNDING_SHARE * whole) this.#close();
    }
  }

  /** NaN until all buckets are filled. */
  write(to: Float64Array, at: number): void {
    for (let i = 0; i < MicroVpin.FEATURES; i++) to[at + i] = this.#said[i]!;
  }

  #close(): void {
    const bucket = this.#bucket;
    const signed = bucket[BOUGHT]! - bucket[SOLD]!;
    const endNs = this.#inputs.values[EVENT_NS]!;
    const seconds = Math.max(0, endNs - bucket[BEGAN_NS]!) / 1e9;
    const full = this.#full;
    full[TOXIC] = Math.abs(signed);
    full[SIGNED] = signed;
    full[VOLUME] = bucket[BOUGHT]! + bucket[SOLD]!;
    full[SECONDS] = seconds;
    this.#toxic.push(full, TOXIC);
    this.#signed.push(full, SIGNED);
    this.#volume.push(full, VOLUME);
    this.#seconds.push(full, SECONDS);
    bucket[BOUGHT] = 0;
    bucket[SOLD] = 0;
    if (!this.#volume.isFull) return;
    const volume = this.#volume.sum;
    const usualS = this.#seconds.sum / BUCKETS;
    this.#said[0] = this.#toxic.sum / volume;
    this.#said[1] = this.#signed.sum / volume;
    this.#said[2] = Math.log((seconds + INSTANT_S) / (usualS + INSTANT_S));
  }
}
