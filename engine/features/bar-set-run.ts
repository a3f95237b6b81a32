/** One symbol's bar features of any sets: one graph, so what the sets share is computed once; one array of values. */
import type { FeatureVector } from "../domain/feature.ts";
import { BAR_INPUTS, BarGraph } from "./bar-inputs.ts";
import type { SeriesRun } from "./series-graph.ts";
import type { SeriesSet } from "./series-set.ts";

export interface BarSetOptions {
  /** By name of the constant: a model's own in place of the set's. */
  readonly constants?: Readonly<Record<string, number>>;
}

/** A formula that has no finite value has none. */
export const finite = (value: number): number =>
  Number.isFinite(value) ? value : NaN;

export class BarSetRun {
  readonly sets: readonly SeriesSet[];
  /** To be filled before each `push`, in the order of BAR_INPUTS; NaN where not known. */
  readonly inputs: Float64Array;
  /** The sets one after another, overwritten by each `push`: copy to keep. */
  readonly values: FeatureVector;
  readonly #run: SeriesRun;
  readonly #empty: Float64Array;
  /** Slot of each value. */
  readonly #slots: Int32Array;
  readonly #views: ReadonlyMap<string, FeatureVector>;

  constructor(sets: readonly SeriesSet[], options: BarSetOptions = {}) {
    this.sets = sets;
    const graph = new BarGraph();
    const slots: number[] = [];
    const starts: number[] = [];
    for (const { spec } of sets) {
      starts.push(slots.length);
      const constants = { ...spec.constants, ...options.constants };
      for (const { series } of spec.define(graph, constants))
        slots.push(series.slot);
    }
    this.#run = graph.compile();
    this.#empty = this.#run.snapshot();
    this.#slots = Int32Array.from(slots);
    this.inputs = this.#run.x.subarray(0, BAR_INPUTS.length);
    this.values = new Float64Array(slots.length).fill(NaN);
    this.#views = new Map(
      sets.map(({ name, features }, i) => [
        name,
        this.values.subarray(starts[i], starts[i]! + features.length),
      ]),
    );
  }

  /** The part of `values` that is one set's, in its order. */
  of(set: SeriesSet): FeatureVector {
    return this.#views.get(set.name)!;
  }

  /** After the inputs were filled: the next bar of the grid. */
  push(): void {
    this.#run.step();
    this.#read();
  }

  /** Forgets all bars; the inputs stay. */
  reset(): void {
    const inputs = this.inputs.slice();
    this.restore(this.#empty);
    this.inputs.set(inputs);
  }

  snapshot(): Float64Array {
    return this.#run.snapshot();
  }

  /** From a snapshot of a run of the same sets: what follows is the same to the bit. */
  restore(snapshot: Float64Array): void {
    this.#run.restore(snapshot);
    this.#read();
  }

  #read(): void {
    const { values } = this;
    const slots = this.#slots;
    const { x } = this.#run;
    for (let i = 0; i < slots.length; i++) values[i] = finite(x[slots[i]!]!);
  }
}
