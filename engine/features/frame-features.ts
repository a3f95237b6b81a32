/** One symbol's frames over the rows of its minute grid: each frame's bar in progress, and what its closed ones say. */
import type { FeatureVector } from "../domain/feature.ts";
import { assert } from "../std/assert.ts";
import {
  BAR_INPUTS,
  BUY_VOLUME,
  BarGraph,
  CLOSE,
  HIGH,
  IS_REAL,
  LOW,
  OPEN,
  SELL_VOLUME,
  VOLUME,
} from "./bar-inputs.ts";
import { FRAME_INPUTS, frameInputs } from "./frame-score.ts";
import {
  ENTRY_MIN,
  FRAMES,
  FRAMES_SET,
  FRAME_PARTS,
  SCORE,
  defineFrame,
} from "./frames-set.ts";
import type { SeriesRun } from "./series-graph.ts";

const PER_FRAME = FRAME_PARTS.length;
const CROSS_AT = FRAMES.length * PER_FRAME;
/** In the order in which they are declared. */
const NET = CROSS_AT;
const ALIGNMENT = CROSS_AT + 1;
const ENTRY = CROSS_AT + 2;
const H4 = FRAMES.findIndex(({ name }) => name === "h4");
const H6 = FRAMES.findIndex(({ name }) => name === "h6");

/** Behind the inputs of a frame's bar in progress: how many minutes it has; NaN while it is a part of one. */
const MINUTES = 6;
/** Minutes since the frame last closed. */
const SINCE = 7;
/** FRAME_INPUTS; the imbalance is a sum here, of so many minutes. */
const OWN = 8;
const BOUGHT = OWN;
const SOLD = OWN + 1;
const TRADED = OWN + 2;
const IMBALANCE = OWN + 3;
const INTEREST = OWN + 4;
const BOOKS = OWN + FRAME_INPUTS.length;
const FIELDS = BOOKS + 1;

const BID_DEPTH = BAR_INPUTS.indexOf("bidDepth5");
const ASK_DEPTH = BAR_INPUTS.indexOf("askDepth5");
const OPEN_INTEREST = BAR_INPUTS.indexOf("openInterest");
const MINUTE_S = 60;

export class FrameFeatures {
  readonly values: FeatureVector = new Float64Array(
    FRAMES_SET.features.length,
  ).fill(NaN);
  readonly #runs: readonly SeriesRun[];
  readonly #slots = FRAME_PARTS.map(({ series }) => series.slot);
  /** Of FRAME_INPUTS, equal in each run. */
  readonly #ownSlots: readonly number[];
  /** How long no minute has traded, in seconds. */
  readonly #silence = new Float64Array(1);
  /** Scores of the frames that count; NaN of the others. */
  readonly #fresh = new Float64Array(FRAMES.length);
  readonly #bars = new Float64Array(FRAMES.length * FIELDS).fill(NaN);
  readonly #empty: Float64Array;

  constructor() {
    const graphs = FRAMES.map(() => new BarGraph());
    graphs.forEach(defineFrame);
    this.#runs = graphs.map((g) => g.compile());
    this.#ownSlots = Object.values(frameInputs(graphs[0]!)).map(
      ({ slot }) => slot,
    );
    this.#empty = this.snapshot();
  }

  /** One minute of the grid, by its number since the epoch; `inputs` in the order of BAR_INPUTS. */
  push(minute: number, inputs: Float64Array): void {
    assert(inputs.length === BAR_INPUTS.length, "a row has all inputs");
    this.#silence[0] = inputs[IS_REAL] === 1 ? 0 : this.#silence[0]! + MINUTE_S;
    for (let i = 0; i < FRAMES.length; i++) {
      const { minutes } = FRAMES[i]!;
      this.#add(i, minute % minutes === 0, inputs);
      this.#bars[i * FIELDS + SINCE]! += 1;
      if ((minute + 1) % minutes === 0) this.#close(i, minutes);
    }
    this.#writeCross();
  }

  /** Of the bar that a feature was last computed of, as of the last minute; Infinity before the first. Those across frames are as of now. */
  minutesOld(feature: number): number {
    if (feature >= CROSS_AT) return 0;
    const since = this.#bars[Math.floor(feature / PER_FRAME) * FIELDS + SINCE]!;
    return Number.isNaN(since) ? Infinity : since;
  }

  reset(): void {
    this.restore(this.#empty);
  }

  snapshot(): Float64Array {
    return Float64Array.from([
      ...this.values,
      ...this.#bars,
      ...this.#silence,
      ...this.#runs.flatMap((run) => [...run.snapshot()]),
    ]);
  }

  /** What follows is the same to the bit. */
  restore(snapshot: Float64Array): void {
    let at = 0;
    const take = (length: number): Float64Array =>
      snapshot.subarray(at, (at += length));
    this.values.set(take(this.values.length));
    this.#bars.set(take(this.#bars.length));
    this.#silence.set(take(1));
    for (const run of this.#runs) run.restore(take(run.length));
    assert(at === snapshot.length, "a snapshot is of the same frames");
  }

  #add(frame: number, isFirst: boolean, inputs: Float64Array): void {
    const bars = this.#bars;
    const at = frame * FIELDS;
    if (isFirst) {
      for (let j = OPEN; j <= VOLUME; j++) bars[at + j] = inputs[j]!;
      bars[at + IS_REAL] = inputs[IS_REAL]!;
      bars[at + MINUTES] = 1;
      bars.fill(0, at + OWN, at + FIELDS);
    } else {
      bars[at + HIGH] = Math.max(bars[at + HIGH]!, inputs[HIGH]!);
      bars[at + LOW] = Math.min(bars[at + LOW]!, inputs[LOW]!);
      bars[at + CLOSE] = inputs[CLOSE]!;
      bars[at + VOLUME]! += inputs[VOLUME]!;
      bars[at + IS_REAL] = Math.max(bars[at + IS_REAL]!, inputs[IS_REAL]!);
      bars[at + MINUTES]! += 1;
    }
    this.#addOwn(at, inputs);
  }

  #addOwn(at: number, inputs: Float64Array): void {
    const bars = this.#bars;
    bars[at + BOUGHT]! += inputs[BUY_VOLUME]!;
    bars[at + SOLD]! += inputs[SELL_VOLUME]!;
    // A row that fills a gap repeats the volume of the one before it.
    bars[at + TRADED]! += inputs[IS_REAL]! * inputs[VOLUME]!;
    bars[at + INTEREST] = inputs[OPEN_INTEREST]!;
    const bid = inputs[BID_DEPTH]!;
    const ask = inputs[ASK_DEPTH]!;
    const imbalance = (bid - ask) / (bid + ask);
    if (Number.isNaN(imbalance)) return;
    bars[at + IMBALANCE]! += imbalance;
    bars[at + BOOKS]! += 1;
  }

  #close(frame: number, minutes: number): void {
    const bars = this.#bars;
    const at = frame * FIELDS;
    if (bars[at + MINUTES] !== minutes) return;
    bars[at + SINCE] = 0;
    // A mean, or missing; a choice of two numbers would be boxed.
    if (2 * bars[at + BOOKS]! < minutes) bars[at + IMBALANCE] = NaN;
    else bars[at + IMBALANCE]! /= bars[at + BOOKS]!;
    const run = this.#runs[frame]!;
    for (let j = OPEN; j <= IS_REAL; j++) run.x[j] = bars[at + j]!;
    for (let j = 0; j < FRAME_INPUTS.length; j++)
      run.x[this.#ownSlots[j]!] = bars[at + OWN + j]!;
    run.step();
    for (let j = 0; j < PER_FRAME; j++)
      this.values[frame * PER_FRAME + j] = run.x[this.#slots[j]!]!;
  }

  /** Of the frames whose market has not fallen silent: beyond its own bound each is left out. Numbers go through arrays: a result would be boxed. */
  #writeCross(): void {
    const { values } = this;
    const fresh = this.#fresh;
    let net = 0;
    let weights = 0;
    values[ENTRY] = NaN;
    for (let i = 0; i < FRAMES.length; i++) {
      const { weight, minutes, staleS } = FRAMES[i]!;
      fresh[i] =
        this.#silence[0]! > staleS ? NaN : values[i * PER_FRAME + SCORE]!;
      if (Number.isNaN(fresh[i]!)) continue;
      net += weight * fresh[i]!;
      weights += weight;
      if (!(values[ENTRY] > 0))
        values[ENTRY] = Math.abs(fresh[i]!) > ENTRY_MIN ? minutes : 0;
    }
    values[NET] = net / weights;
    values[ALIGNMENT] = (Math.sign(fresh[H4]!) + Math.sign(fresh[H6]!)) / 2;
  }
}
