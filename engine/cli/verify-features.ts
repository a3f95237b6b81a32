/** Two checks of any features: that no future is in them, and that they forget where the tape began when they say so. */
import type { Span } from "../features/feature-declaration.ts";
import type { Random } from "../std/random.ts";
import type { FeatureRows, FeatureSource } from "./feature-rows.ts";

export interface LookaheadReport {
  readonly features: number;
  readonly cuts: number;
  /** Rows before the cuts that were compared. */
  readonly rows: number;
  /** Rows of which a number was another without the events after the cut. */
  readonly changedRows: number;
  readonly changedFeatures: readonly string[];
}

/** Runs the input up to random points: what was said before the cut must be the same to the bit. */
export const verifyLookahead = <E>(
  source: FeatureSource<E>,
  cuts: number,
  random: Random,
): LookaheadReport => {
  const { input, features } = source;
  const whole = source.run(input);
  const changed = new Set<number>();
  let rows = 0;
  let changedRows = 0;
  for (let i = 0; i < cuts; i++) {
    const cut = 1 + random.int(input.length - 1);
    const part = source.run(input.slice(0, cut));
    rows += part.length;
    for (let row = 0; row < part.length; row++)
      if (!sameRow(whole, part, row, changed)) changedRows++;
  }
  return {
    features: features.length,
    cuts,
    rows,
    changedRows,
    changedFeatures: [...changed].map((feature) => features[feature]!.name),
  };
};

const sameRow = (
  whole: FeatureRows,
  part: FeatureRows,
  row: number,
  changed: Set<number>,
): boolean => {
  let isSame = whole.givenBy[row] === part.givenBy[row];
  for (let feature = 0; feature < whole.width; feature++)
    if (!Object.is(whole.at(row, feature), part.at(row, feature))) {
      changed.add(feature);
      isSame = false;
    }
  return isSame;
};

export interface WarmupReport {
  readonly features: number;
  /** Features of which a settled value was compared. */
  readonly checked: number;
  readonly starts: number;
  /** Of features that had settled. */
  readonly values: number;
  /** Greatest difference of a settled value, in parts of the feature's usual size. */
  readonly maxDrift: number;
  /** Settled values that differ by more than the tolerance. */
  readonly unsettled: number;
  /** Values there were before the declared warm-up, of features that are missing until then. */
  readonly early: number;
  readonly failedFeatures: readonly string[];
  /** Features that no start left enough tape to settle. */
  readonly uncheckedFeatures: readonly string[];
}

/** Starts the tape at random points: once settled, a feature must not show it; before its warm-up it must be missing. */
export const verifyWarmup = <E>(
  source: FeatureSource<E>,
  starts: number,
  random: Random,
  tolerance: number,
): WarmupReport => {
  const whole = source.run(source.input);
  // One bar after a hole gives several rows, one moment several events.
  const key = (givenBy: number, time: number): string => `${givenBy} ${time}`;
  const rowOf = new Map(
    whole.givenBy.map((givenBy, row) => [key(givenBy, whole.times[row]!), row]),
  );
  const drift = new DriftCount(source, whole);
  for (let i = 0; i < starts; i++) {
    // Every other one early, so that what takes long to settle has the time.
    const share = i % 2 === 0 ? EARLY_SHARE : 1;
    const start =
      1 +
      random.int(Math.max(1, Math.floor(share * (source.input.length - 1))));
    const { input, added } = source.from(start);
    const part = source.run(input);
    for (let row = 0; row < part.length; row++) {
      const at = rowOf.get(
        key(part.givenBy[row]! - added + start, part.times[row]!),
      );
      if (at !== undefined && part.givenBy[row]! >= added)
        drift.compare(part, row, at, tolerance);
    }
  }
  return drift.report(starts);
};

const EARLY_SHARE = 0.1;
const MINUTE_MS = 60_000;

class DriftCount {
  readonly #source: Pick<FeatureSource<unknown>, "features" | "unit">;
  readonly #whole: FeatureRows;
  readonly #sizes: readonly number[];
  readonly #checked = new Set<number>();
  readonly #failed = new Set<number>();
  #values = 0;
  #maxDrift = 0;
  #unsettled = 0;
  #early = 0;

  constructor(
    source: Pick<FeatureSource<unknown>, "features" | "unit">,
    whole: FeatureRows,
  ) {
    this.#source = source;
    this.#whole = whole;
    this.#sizes = source.features.map((_, feature) =>
      usualSize(whole, feature),
    );
  }

  compare(part: FeatureRows, row: number, at: number, tolerance: number): void {
    // The first row is the first bar seen; a tape's first event is at age 0.
    const age = part.times[row]! - part.times[0]!;
    this.#source.features.forEach((feature, i) => {
      const value = part.at(row, i);
      const { warmUp, settled, missing } = feature;
      if (
        missing === "nan" &&
        this.#isBefore(age, warmUp, -1) &&
        !Number.isNaN(value)
      ) {
        this.#early++;
        this.#failed.add(i);
      }
      if (this.#isBefore(age, settled, 1)) return;
      const wanted = this.#whole.at(at, i);
      if (Number.isNaN(value) && Number.isNaN(wanted)) return;
      this.#values++;
      this.#checked.add(i);
      const size = Math.max(Math.abs(wanted), this.#sizes[i]!);
      const drift = value === wanted ? 0 : Math.abs(value - wanted) / size;
      if (drift > this.#maxDrift) this.#maxDrift = drift;
      // Written so that a value missing on one side counts.
      if (drift <= tolerance) return;
      this.#unsettled++;
      this.#failed.add(i);
    });
  }

  /**
   * Whether less than the span has been seen; a first bar is seen at age 0. Events are not counted: one is always seen. The minutes of a tape
   * begin and end within a minute of it: `slack` says to which side.
   */
  #isBefore(age: number, { count, unit }: Span, slack: 1 | -1): boolean {
    if (unit === "events") return false;
    if (unit === this.#source.unit)
      return unit === "bars" ? age + 1 < count : age < count;
    return unit === "bars" && age < (count + slack) * MINUTE_MS;
  }

  report(starts: number): WarmupReport {
    const { features } = this.#source;
    return {
      features: features.length,
      checked: this.#checked.size,
      starts,
      values: this.#values,
      maxDrift: this.#maxDrift,
      unsettled: this.#unsettled,
      early: this.#early,
      failedFeatures: [...this.#failed].map((i) => features[i]!.name),
      uncheckedFeatures: features
        .filter((_, i) => !this.#checked.has(i))
        .map(({ name }) => name),
    };
  }
}

/** The mean, for what is near 0 most of the time has a median that says nothing. */
const usualSize = (rows: FeatureRows, feature: number): number => {
  let sum = 0;
  let count = 0;
  for (let row = 0; row < rows.length; row++) {
    const size = Math.abs(rows.at(row, feature));
    if (!Number.isFinite(size)) continue;
    sum += size;
    count++;
  }
  return count === 0 ? 0 : sum / count;
};
