/**
 * Numbers that follow one another bar by bar, as a graph: each series is computed once a bar from earlier ones, in constant time, and
 * equal series are one. All state lies in one array, so that a snapshot is a copy.
 */
import { assert } from "../std/assert.ts";

/** One number a bar: where it stands, and how much must have been seen of the tape. */
export interface Series {
  readonly slot: number;
  /** Bars before there is a value. */
  readonly warmUp: number;
  /** Bars before the value no longer shows where the tape began. */
  readonly settled: number;
}

/** Numbers go in and out by their place in `x`: a parameter or a result would be boxed wherever it is not inlined. */
export type Step = (x: Float64Array) => void;

export interface NodeSpec {
  /** Two nodes of one key are the same: kind, parameters and inputs' slots. */
  readonly key: string;
  readonly outputs: number;
  readonly warmUp: number;
  readonly settled: number;
  readonly stateLength?: number;
  /** `state` begins with NaN; `slot` is the first output's. */
  bind(slot: number, state: Float64Array): Step;
}

/** The longest past of one series that lags read. */
interface History {
  readonly source: Series;
  depth: number;
  /** Position of the oldest value, then the values; set when the graph is compiled. */
  ring: Float64Array;
}

export class SeriesGraph {
  readonly #nodes = new Map<string, readonly Series[]>();
  readonly #bindings: {
    readonly slot: number;
    readonly spec: NodeSpec;
  }[] = [];
  readonly #histories = new Map<number, History>();
  #slots = 0;

  /** A number that the owner puts into its slot before each step. */
  input(name: string): Series {
    return this.add({
      key: `input ${name}`,
      outputs: 1,
      warmUp: 1,
      settled: 1,
      bind: () => () => undefined,
    })[0]!;
  }

  add(spec: NodeSpec): readonly Series[] {
    const known = this.#nodes.get(spec.key);
    if (known !== undefined) return known;
    const slot = this.#slots;
    this.#slots += spec.outputs;
    const { warmUp, settled } = spec;
    const series = Array.from({ length: spec.outputs }, (_, i) => ({
      slot: slot + i,
      warmUp,
      settled,
    }));
    this.#nodes.set(spec.key, series);
    this.#bindings.push({ slot, spec });
    return series;
  }

  /** A formula over other series of the same bar. `name` stands for the formula. */
  map(
    name: string,
    inputs: readonly Series[],
    bind: (slot: number) => Step,
  ): Series {
    return this.add({
      key: `${name} ${inputs.map(({ slot }) => slot).join(" ")}`,
      outputs: 1,
      warmUp: Math.max(...inputs.map(({ warmUp }) => warmUp)),
      settled: Math.max(...inputs.map(({ settled }) => settled)),
      bind,
    })[0]!;
  }

  /** The source `bars` ago; NaN before there is one. */
  lag(source: Series, bars: number): Series {
    assert(Number.isInteger(bars) && bars > 0, "a lag is a positive integer");
    let history = this.#histories.get(source.slot);
    if (history === undefined) {
      history = { source, depth: 0, ring: new Float64Array(0) };
      this.#histories.set(source.slot, history);
    }
    history.depth = Math.max(history.depth, bars);
    const past = history;
    return this.add({
      key: `lag ${bars} ${source.slot}`,
      outputs: 1,
      warmUp: source.warmUp + bars,
      settled: source.settled + bars,
      bind: (slot) => (x) => {
        const { ring, depth } = past;
        const at = ring[0]! - bars;
        x[slot] = ring[1 + (at < 0 ? at + depth : at)]!;
      },
    })[0]!;
  }

  compile(): SeriesRun {
    const stateLength = this.#bindings.reduce(
      (sum, { spec }) => sum + (spec.stateLength ?? 0),
      0,
    );
    const histories = [...this.#histories.values()];
    const ringLength = histories.reduce((sum, { depth }) => sum + 1 + depth, 0);
    const memory = new Float64Array(this.#slots + stateLength + ringLength);
    memory.fill(NaN);
    let at = this.#slots;
    const take = (length: number): Float64Array =>
      memory.subarray(at, (at += length));
    const steps: Step[] = [];
    for (const { slot, spec } of this.#bindings) {
      if (spec.key.startsWith("input ")) continue;
      steps.push(spec.bind(slot, take(spec.stateLength ?? 0)));
    }
    for (const history of histories) {
      history.ring = take(1 + history.depth);
      history.ring[0] = 0;
      steps.push(remember(history));
    }
    return new SeriesRun(memory, this.#slots, steps);
  }
}

/** The last step of a bar: what the lags of the next one read. */
const remember = ({ source, depth, ring }: History): Step => {
  const from = source.slot;
  return (x) => {
    const at = ring[0]!;
    ring[1 + at] = x[from]!;
    ring[0] = at + 1 === depth ? 0 : at + 1;
  };
};

/** A compiled graph with its state. */
export class SeriesRun {
  /** The series by their slots; inputs are put here. */
  readonly x: Float64Array;
  readonly #memory: Float64Array;
  readonly #steps: readonly Step[];

  constructor(memory: Float64Array, slots: number, steps: readonly Step[]) {
    this.#memory = memory;
    this.x = memory.subarray(0, slots);
    this.#steps = steps;
  }

  /** Of a snapshot. */
  get length(): number {
    return this.#memory.length;
  }

  step(): void {
    const { x } = this;
    const steps = this.#steps;
    for (let i = 0; i < steps.length; i++) steps[i]!(x);
  }

  snapshot(): Float64Array {
    return this.#memory.slice();
  }

  /** From a snapshot of an equal graph: all that follows is the same to the bit. */
  restore(snapshot: Float64Array): void {
    assert(
      snapshot.length === this.#memory.length,
      "a snapshot is of an equal graph",
    );
    this.#memory.set(snapshot);
  }
}
