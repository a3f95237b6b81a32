/** One symbol's frames over the rows of its minute grid: each frame's bar in progress, and what its closed ones say. */
import type { FeatureVector } from "../domain/feature.ts";
import { assert } from "../std/assert.ts";
import {
  BAR_INPUTS,
  BarGraph,
  CLOSE,
  HIGH,
  IS_REAL,
  LOW,
  OPEN,
  VOLUME,
} from "./bar-inputs.ts";
import {
  FRAMES,
  FRAMES_SET,
  FRAME_PARTS,
  TECHNICAL,
  defineFrame,
} from "./frames-set.ts";
import type { SeriesRun } from "./series-graph.ts";

const PER_FRAME = FRAME_PARTS.length;
const CROSS_AT = FRAMES.length * PER_FRAME;
const H4 = FRAMES.findIndex(({ name }) => name === "h4");
const H6 = FRAMES.findIndex(({ name }) => name === "h6");

/** Behind the inputs of a frame's bar in progress: how many minutes it has; NaN while it is a part of one. */
const MINUTES = 6;
/** Minutes since the frame last closed. */
const SINCE = 7;
const FIELDS = 8;

export class FrameFeatures {
  readonly values: FeatureVector = new Float64Array(
    FRAMES_SET.features.length,
  ).fill(NaN);
  readonly #runs: readonly SeriesRun[];
  readonly #slots = FRAME_PARTS.map(({ series }) => series.slot);
  readonly #bars = new Float64Array(FRAMES.length * FIELDS).fill(NaN);
  readonly #empty: Float64Array;

  constructor() {
    this.#runs = FRAMES.map(() => {
      const g = new BarGraph();
      defineFrame(g);
      return g.compile();
    });
    this.#empty = this.snapshot();
  }

  /** One minute of the grid, by its number since the epoch; `inputs` in the order of BAR_INPUTS. */
  push(minute: number, inputs: Float64Array): void {
    assert(inputs.length === BAR_INPUTS.length, "a row has all inputs");
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
      return;
    }
    bars[at + HIGH] = Math.max(bars[at + HIGH]!, inputs[HIGH]!);
    bars[at + LOW] = Math.min(bars[at + LOW]!, inputs[LOW]!);
    bars[at + CLOSE] = inputs[CLOSE]!;
    bars[at + VOLUME]! += inputs[VOLUME]!;
    bars[at + IS_REAL] = Math.max(bars[at + IS_REAL]!, inputs[IS_REAL]!);
    bars[at + MINUTES]! += 1;
  }

  #close(frame: number, minutes: number): void {
    const bars = this.#bars;
    const at = frame * FIELDS;
    if (bars[at + MINUTES] !== minutes) return;
    bars[at + SINCE] = 0;
    const run = this.#runs[frame]!;
    for (let j = OPEN; j <= IS_REAL; j++) run.x[j] = bars[at + j]!;
    run.step();
    for (let j = 0; j < PER_FRAME; j++)
      this.values[frame * PER_FRAME + j] = run.x[this.#slots[j]!]!;
  }

  #writeCross(): void {
    const { values } = this;
    let net = 0;
    let weights = 0;
    for (let i = 0; i < FRAMES.length; i++) {
      const score = values[i * PER_FRAME + TECHNICAL]!;
      if (Number.isNaN(score)) continue;
      net += FRAMES[i]!.weight * score;
      weights += FRAMES[i]!.weight;
    }
    values[CROSS_AT] = net / weights;
    values[CROSS_AT + 1] =
      (Math.sign(values[H4 * PER_FRAME + TECHNICAL]!) +
        Math.sign(values[H6 * PER_FRAME + TECHNICAL]!)) /
      2;
  }
}
