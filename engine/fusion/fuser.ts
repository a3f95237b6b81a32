/** Combines what the models of one symbol say now into one belief: log-odds, weighted by trust and freshness. */
import { assert } from "../std/assert.ts";
import type { MonoNanos } from "../std/time.ts";
import type { ModelFamily, ModelName } from "../domain/prediction.ts";
import type {
  Contribution,
  Direction,
  MissingReason,
  MissingSource,
  SignalClass,
} from "../domain/signal.ts";
import {
  checkThresholds,
  DEFAULT_THRESHOLDS,
  directionOf,
  signalClass,
} from "./signal-class.ts";
import type { ClassThresholds } from "./signal-class.ts";

export interface FusedSource {
  readonly name: ModelName;
  readonly version: string;
  readonly family: ModelFamily;
  readonly horizonMs: number;
  readonly ttlMs: number;
}

export interface FuserOptions {
  readonly thresholds: ClassThresholds;
  /** A probability counts as at least this and at most 1 minus this: nobody's certainty is infinite. */
  readonly probabilityMin: number;
}

export const DEFAULT_FUSER_OPTIONS: FuserOptions = {
  thresholds: DEFAULT_THRESHOLDS,
  probabilityMin: 1e-6,
};

/** Where trust comes from: BayesWeights, by the index of the source. */
export interface RawWeights {
  rawWeight(index: number, nowNs: MonoNanos): number;
}

/** The fused belief. Owned by the fuser and overwritten by the next call; the two lists are the reader's to keep. */
export interface Fusion {
  sources: readonly Contribution[];
  missing: readonly MissingSource[];
  logOdds: number;
  probability: number;
  confidence: number;
  agreement: number;
  direction: Direction;
  class: SignalClass;
  horizonMs: number;
}

const REASONS: readonly MissingReason[] = [
  "absent",
  "pending",
  "late",
  "failed",
  "expired",
  "stale",
];
const ABSENT = 0;
const PENDING = 1;
const LATE = 2;
const FAILED = 3;
const EXPIRED = 4;
const STALE = 5;
const PRESENT = 255;

const NO_SOURCES: readonly Contribution[] = Object.freeze([]);
const NS_PER_MS = 1_000_000;

export class Fuser {
  readonly sources: readonly FusedSource[];
  readonly #options: FuserOptions;
  readonly #probability: Float64Array;
  readonly #confidence: Float64Array;
  /** NEGATIVE_INFINITY where there is no prediction. */
  readonly #basisNs: Float64Array;
  /** Why a source is missing, should it have no fresh prediction. */
  readonly #reason: Uint8Array;
  /** Scratch of one fuse: raw weight, or -1 for a source that is missing. */
  readonly #raw: Float64Array;
  /** One frozen object per source and reason, shared by all signals. */
  readonly #missingOf: readonly (readonly MissingSource[])[];
  readonly #lastReasons: Uint8Array;
  #lastMissing: readonly MissingSource[] = [];
  readonly #fusion: Fusion = {
    sources: [],
    missing: [],
    logOdds: 0,
    probability: 0.5,
    confidence: 0,
    agreement: 0,
    direction: "NEUTRAL",
    class: "HOLD",
    horizonMs: 0,
  };

  constructor(sources: readonly FusedSource[], options: FuserOptions) {
    checkThresholds(options.thresholds);
    assert(
      options.probabilityMin > 0 && options.probabilityMin < 0.5,
      "the clip keeps a range around a half",
    );
    this.sources = sources;
    this.#options = options;
    this.#probability = new Float64Array(sources.length);
    this.#confidence = new Float64Array(sources.length);
    this.#basisNs = new Float64Array(sources.length).fill(
      Number.NEGATIVE_INFINITY,
    );
    this.#reason = new Uint8Array(sources.length);
    this.#raw = new Float64Array(sources.length);
    this.#missingOf = sources.map(({ name }) =>
      REASONS.map((reason) => Object.freeze({ model: name, reason })),
    );
    this.#lastReasons = new Uint8Array(sources.length).fill(PRESENT);
  }

  /** A statement of the index-th source. One that rests on older data than the last is ignored; an unusable number is a failure. */
  predicted(
    index: number,
    probability: number,
    confidence: number,
    basisNs: MonoNanos,
  ): void {
    assert(index >= 0 && index < this.sources.length, "a source of this fuser");
    if (basisNs < this.#basisNs[index]!) return;
    if (!(probability >= 0 && probability <= 1)) {
      this.#reason[index] = FAILED;
      return;
    }
    this.#probability[index] = probability;
    this.#confidence[index] = confidence >= 0 ? Math.min(1, confidence) : 0;
    this.#basisNs[index] = basisNs;
    this.#reason[index] = EXPIRED;
  }

  /** A question is out: without a fresh prediction the source counts as pending. */
  asked(index: number): void {
    this.#reason[index] = PENDING;
  }

  /** The question was not answered; an earlier prediction lives on until its time-to-live. */
  missed(index: number, reason: "late" | "failed"): void {
    this.#reason[index] = reason === "late" ? LATE : FAILED;
  }

  /** What the source said is void, as after a gap. */
  forget(index: number): void {
    this.#basisNs[index] = Number.NEGATIVE_INFINITY;
    this.#reason[index] = ABSENT;
  }

  /** What the source would judge by is missing or out of date, and what it said rests on that. */
  starve(index: number): void {
    this.#basisNs[index] = Number.NEGATIVE_INFINITY;
    this.#reason[index] = STALE;
  }

  /** What the source said last; meaningful while it is fresh. */
  probability(index: number): number {
    return this.#probability[index]!;
  }

  /** Linear from 1 at age 0 to 0 at the time-to-live. */
  freshness(index: number, nowNs: MonoNanos): number {
    const ageMs = Math.max(0, nowNs - this.#basisNs[index]!) / NS_PER_MS;
    return Math.max(0, 1 - ageMs / this.sources[index]!.ttlMs);
  }

  fuse(weights: RawWeights, nowNs: MonoNanos): Fusion {
    const fusion = this.#fusion;
    const rawSum = this.#weigh(weights, nowNs);
    fusion.missing = this.#missing();
    if (rawSum === 0) return this.#sayNothing();

    const contributions: Contribution[] = [];
    let logOdds = 0;
    let heaviest = -1;
    for (let i = 0; i < this.sources.length; i++) {
      if (this.#raw[i]! < 0) continue;
      const source = this.sources[i]!;
      const weight = this.#raw[i]! / rawSum;
      const freshness = this.freshness(i, nowNs);
      const contribution =
        weight * freshness * this.#logit(this.#probability[i]!);
      logOdds += contribution;
      if (weight * freshness > heaviest) {
        heaviest = weight * freshness;
        fusion.horizonMs = source.horizonMs;
      }
      contributions.push({
        model: source.name,
        version: source.version,
        family: source.family,
        probability: this.#probability[i]!,
        confidence: this.#confidence[i]!,
        horizonMs: source.horizonMs,
        weight,
        freshness,
        ageMs: Math.max(0, nowNs - this.#basisNs[i]!) / NS_PER_MS,
        contribution,
      });
    }

    let agreement = 0;
    const sign = Math.sign(logOdds);
    for (const each of contributions)
      if (Math.sign(each.contribution) === sign) agreement += each.weight;

    fusion.sources = contributions;
    fusion.logOdds = logOdds;
    fusion.probability = 1 / (1 + Math.exp(-logOdds));
    fusion.confidence = 2 * Math.abs(fusion.probability - 0.5);
    fusion.agreement = Math.min(1, agreement);
    fusion.direction = directionOf(fusion.probability);
    fusion.class = signalClass(fusion.probability, this.#options.thresholds);
    return fusion;
  }

  /** No belief at all, whatever the sources say: for a book that is not LIVE. */
  silent(nowNs: MonoNanos): Fusion {
    for (let i = 0; i < this.sources.length; i++)
      this.#raw[i] = this.freshness(i, nowNs) > 0 ? 0 : -1;
    this.#fusion.missing = this.#missing();
    return this.#sayNothing();
  }

  /** Fills the scratch; the sum of the raw weights of those present. */
  #weigh(weights: RawWeights, nowNs: MonoNanos): number {
    let sum = 0;
    for (let i = 0; i < this.sources.length; i++) {
      const raw =
        this.freshness(i, nowNs) > 0 ? weights.rawWeight(i, nowNs) : -1;
      this.#raw[i] = raw;
      if (raw > 0) sum += raw;
    }
    return sum;
  }

  /** The list of the last call, unless something changed: it rarely does. */
  #missing(): readonly MissingSource[] {
    let changed = false;
    for (let i = 0; i < this.sources.length; i++) {
      const reason = this.#raw[i]! < 0 ? this.#reason[i]! : PRESENT;
      if (reason === this.#lastReasons[i]) continue;
      this.#lastReasons[i] = reason;
      changed = true;
    }
    if (!changed) return this.#lastMissing;
    const missing: MissingSource[] = [];
    for (let i = 0; i < this.sources.length; i++) {
      const reason = this.#lastReasons[i]!;
      if (reason !== PRESENT) missing.push(this.#missingOf[i]![reason]!);
    }
    this.#lastMissing = missing;
    return missing;
  }

  #sayNothing(): Fusion {
    const fusion = this.#fusion;
    fusion.sources = NO_SOURCES;
    fusion.logOdds = 0;
    fusion.probability = 0.5;
    fusion.confidence = 0;
    fusion.agreement = 0;
    fusion.direction = "NEUTRAL";
    fusion.class = "HOLD";
    fusion.horizonMs = 0;
    return fusion;
  }

  #logit(probability: number): number {
    const { probabilityMin } = this.#options;
    const p = Math.min(
      1 - probabilityMin,
      Math.max(probabilityMin, probability),
    );
    return Math.log(p / (1 - p));
  }
}
