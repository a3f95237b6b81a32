/** How honest a model's probabilities are: reliability bins and proper scores, one statement at a time. */
import { assert } from "../std/assert.ts";

export interface ReliabilityBin {
  readonly count: number;
  readonly meanProbability: number;
  /** Share of the bin's statements after which the mid rose. */
  readonly upRate: number;
}

const PROBABILITY_MIN = 1e-9;

export class Calibration {
  readonly binCount: number;
  readonly #counts: Float64Array;
  readonly #probabilities: Float64Array;
  readonly #ups: Float64Array;
  #count = 0;
  #squares = 0;
  #logLosses = 0;

  constructor(binCount = 10) {
    assert(
      Number.isInteger(binCount) && binCount > 0,
      "bins are counted by a positive integer",
    );
    this.binCount = binCount;
    this.#counts = new Float64Array(binCount);
    this.#probabilities = new Float64Array(binCount);
    this.#ups = new Float64Array(binCount);
  }

  get count(): number {
    return this.#count;
  }

  record(probability: number, moved: "up" | "down"): void {
    const up = moved === "up" ? 1 : 0;
    const bin = Math.min(
      this.binCount - 1,
      Math.floor(probability * this.binCount),
    );
    this.#counts[bin]!++;
    this.#probabilities[bin]! += probability;
    this.#ups[bin]! += up;
    this.#count++;
    this.#squares += (probability - up) ** 2;
    const stated = up === 1 ? probability : 1 - probability;
    this.#logLosses -= Math.log(Math.max(PROBABILITY_MIN, stated));
  }

  /** Expected calibration error: mean distance of what was said from what came, weighted by count. 0 before any statement. */
  get ece(): number {
    let error = 0;
    for (let bin = 0; bin < this.binCount; bin++)
      error += Math.abs(this.#probabilities[bin]! - this.#ups[bin]!);
    return this.#count === 0 ? 0 : error / this.#count;
  }

  get brier(): number {
    return this.#count === 0 ? 0 : this.#squares / this.#count;
  }

  get logLoss(): number {
    return this.#count === 0 ? 0 : this.#logLosses / this.#count;
  }

  bins(): ReliabilityBin[] {
    return Array.from(this.#counts, (count, bin) => ({
      count,
      meanProbability: count === 0 ? 0 : this.#probabilities[bin]! / count,
      upRate: count === 0 ? 0 : this.#ups[bin]! / count,
    }));
  }
}
