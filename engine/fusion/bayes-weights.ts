/** How far each model of one scope is trusted: a Beta posterior over its hit rate, with evidence that fades. */
import { assert } from "../std/assert.ts";
import { CodedError } from "../std/errors.ts";
import type { Random } from "../std/random.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import type { ModelName } from "../domain/prediction.ts";
import { betaDraw, betaQuantile } from "./beta-distribution.ts";

/** "edge": what the hit rate is above a coin's, never under the floor. "mean": the hit rate itself. */
export type WeightRule = "edge" | "mean";

export interface WeightOptions {
  /** The belief before any evidence; it never fades. */
  readonly priorAlpha: number;
  readonly priorBeta: number;
  /** Evidence counts half after this time. */
  readonly halfLifeMs: number;
  /** Below this many outcomes a model is weighted as a coin. */
  readonly outcomesMin: number;
  readonly rule: WeightRule;
  /** Smallest raw weight under the rule "edge": a useless model is nearly, never wholly, unheard. */
  readonly weightFloor: number;
  /** Chance that a Thompson slot is filled uniformly instead. */
  readonly exploration: number;
}

export const DEFAULT_WEIGHT_OPTIONS: WeightOptions = {
  // A prior worth ten outcomes of a coin: one early hit moves the mean by 0.05, not by 0.17.
  priorAlpha: 5,
  priorBeta: 5,
  // Horizons are seconds, regimes hours: 0.95 a day (a half-life of 13.5 days) would never forget.
  halfLifeMs: 6 * 3_600_000,
  outcomesMin: 10,
  rule: "edge",
  weightFloor: 0.02,
  exploration: 0.1,
};

const MS_PER_DAY = 86_400_000;

/** The half-life of evidence that keeps the share `decayPerDay` a day. */
export const halfLifeMsOfDailyDecay = (decayPerDay: number): number =>
  (MS_PER_DAY * Math.LN2) / -Math.log(decayPerDay);

export interface WeighedModel {
  readonly name: ModelName;
  /** Evidence belongs to a version: a new one starts at the prior. */
  readonly version: string;
}

export interface WeightView {
  readonly model: ModelName;
  readonly alpha: number;
  readonly beta: number;
  readonly mean: number;
  /** Normalised over all models of the scope. */
  readonly weight: number;
  /** Equal-tailed 95 % credible interval of the hit rate. */
  readonly lower: number;
  readonly upper: number;
  /** Ever counted; does not fade. */
  readonly outcomes: number;
}

export interface Recommendation {
  readonly use: boolean;
  readonly confidence: number;
}

const STATE_VERSION = 1;
const STATE_BYTES_MAX = 64 * 1024;
const NS_PER_MS = 1_000_000;

export class BayesWeights {
  readonly models: readonly WeighedModel[];
  readonly #options: WeightOptions;
  readonly #alphaEvidence: Float64Array;
  readonly #betaEvidence: Float64Array;
  /** When the evidence above was last brought up to date. */
  readonly #lastNs: Float64Array;
  readonly #outcomes: Float64Array;

  constructor(
    models: readonly WeighedModel[],
    options: WeightOptions,
    nowNs: MonoNanos,
  ) {
    this.models = models;
    this.#options = checkOptions(options);
    this.#alphaEvidence = new Float64Array(models.length);
    this.#betaEvidence = new Float64Array(models.length);
    this.#lastNs = new Float64Array(models.length).fill(nowNs);
    this.#outcomes = new Float64Array(models.length);
  }

  indexOf(model: ModelName): number {
    return this.models.findIndex((each) => each.name === model);
  }

  /** One matured statement of the index-th model: fades what was known, then counts it. */
  record(index: number, verdict: "hit" | "miss", nowNs: MonoNanos): void {
    assert(
      index >= 0 && index < this.models.length,
      "outcome of a weighed model",
    );
    const kept = this.#kept(index, nowNs);
    this.#alphaEvidence[index] =
      this.#alphaEvidence[index]! * kept + (verdict === "hit" ? 1 : 0);
    this.#betaEvidence[index] =
      this.#betaEvidence[index]! * kept + (verdict === "miss" ? 1 : 0);
    this.#lastNs[index] = Math.max(nowNs, this.#lastNs[index]!);
    this.#outcomes[index]!++;
  }

  alpha(index: number, nowNs: MonoNanos): number {
    return (
      this.#options.priorAlpha +
      this.#alphaEvidence[index]! * this.#kept(index, nowNs)
    );
  }

  beta(index: number, nowNs: MonoNanos): number {
    return (
      this.#options.priorBeta +
      this.#betaEvidence[index]! * this.#kept(index, nowNs)
    );
  }

  mean(index: number, nowNs: MonoNanos): number {
    const alpha = this.alpha(index, nowNs);
    return alpha / (alpha + this.beta(index, nowNs));
  }

  /** Positive and not yet normalised: divide by the sum over whichever models are present. */
  rawWeight(index: number, nowNs: MonoNanos): number {
    const { outcomesMin, rule, weightFloor } = this.#options;
    const mean =
      this.#outcomes[index]! < outcomesMin ? 0.5 : this.mean(index, nowNs);
    return rule === "mean" ? mean : Math.max(weightFloor, 2 * mean - 1);
  }

  views(nowNs: MonoNanos): WeightView[] {
    const total = this.models.reduce(
      (sum, _model, i) => sum + this.rawWeight(i, nowNs),
      0,
    );
    return this.models.map((model, i) => {
      const alpha = this.alpha(i, nowNs);
      const beta = this.beta(i, nowNs);
      return {
        model: model.name,
        alpha,
        beta,
        mean: alpha / (alpha + beta),
        weight: this.rawWeight(i, nowNs) / total,
        lower: betaQuantile(0.025, alpha, beta),
        upper: betaQuantile(0.975, alpha, beta),
        outcomes: this.#outcomes[i]!,
      };
    });
  }

  /** Thompson selection: the `count` largest draws, each slot explored uniformly now and then. */
  select(count: number, nowNs: MonoNanos, random: Random): ModelName[] {
    const drawn = this.models
      .map((model, i) => ({
        name: model.name,
        theta: betaDraw(this.alpha(i, nowNs), this.beta(i, nowNs), random),
      }))
      .sort((a, b) => b.theta - a.theta);
    const chosen: ModelName[] = [];
    while (chosen.length < count && drawn.length > 0) {
      const explores = random.next() < this.#options.exploration;
      const at = explores ? random.int(drawn.length) : 0;
      chosen.push(drawn.splice(at, 1)[0]!.name);
    }
    return chosen;
  }

  /** Unknown: do not use. Young: use with little confidence. Else use iff the interval lies above a coin's 0.5. */
  recommend(model: ModelName, nowNs: MonoNanos): Recommendation {
    const i = this.indexOf(model);
    if (i < 0) return { use: false, confidence: 0 };
    if (this.#outcomes[i]! < this.#options.outcomesMin)
      return { use: true, confidence: 0.3 };
    const alpha = this.alpha(i, nowNs);
    const beta = this.beta(i, nowNs);
    const lower = betaQuantile(0.025, alpha, beta);
    const width = betaQuantile(0.975, alpha, beta) - lower;
    return { use: lower > 0.5, confidence: 1 - Math.min(width, 1) };
  }

  /** The evidence as of now, with the wall time: fading goes on while the engine is down. */
  encode(nowNs: MonoNanos, nowUs: UnixMicros): Uint8Array {
    const state: WeightState = {
      v: STATE_VERSION,
      savedUs: nowUs,
      models: this.models.map((model, i) => {
        const kept = this.#kept(i, nowNs);
        return {
          name: model.name,
          version: model.version,
          alphaEvidence: this.#alphaEvidence[i]! * kept,
          betaEvidence: this.#betaEvidence[i]! * kept,
          outcomes: this.#outcomes[i]!,
        };
      }),
    };
    return new TextEncoder().encode(JSON.stringify(state));
  }

  /**
   * Adds what was saved to what was seen since, faded by the wall time that passed (none, should the wall clock have gone back).
   * Throws E_INPUT_SCHEMA and changes nothing when the bytes are not a state that encode could have made.
   */
  restore(bytes: Uint8Array, nowNs: MonoNanos, nowUs: UnixMicros): void {
    const state = decodeState(bytes);
    const awayMs = Math.max(0, nowUs - state.savedUs) / 1000;
    const kept = this.#keptAfterMs(awayMs);
    for (const saved of state.models) {
      const i = this.indexOf(saved.name);
      if (i < 0 || this.models[i]!.version !== saved.version) continue;
      const keptHere = this.#kept(i, nowNs);
      this.#alphaEvidence[i] =
        this.#alphaEvidence[i]! * keptHere + saved.alphaEvidence * kept;
      this.#betaEvidence[i] =
        this.#betaEvidence[i]! * keptHere + saved.betaEvidence * kept;
      this.#lastNs[i] = Math.max(nowNs, this.#lastNs[i]!);
      this.#outcomes[i] = this.#outcomes[i]! + saved.outcomes;
    }
  }

  /** Share of the index-th model's evidence that is left at `nowNs`. */
  #kept(index: number, nowNs: MonoNanos): number {
    return this.#keptAfterMs(
      Math.max(0, nowNs - this.#lastNs[index]!) / NS_PER_MS,
    );
  }

  #keptAfterMs(elapsedMs: number): number {
    return Math.pow(0.5, elapsedMs / this.#options.halfLifeMs);
  }
}

interface WeightState {
  readonly v: number;
  readonly savedUs: number;
  readonly models: readonly {
    readonly name: string;
    readonly version: string;
    readonly alphaEvidence: number;
    readonly betaEvidence: number;
    readonly outcomes: number;
  }[];
}

const checkOptions = (options: WeightOptions): WeightOptions => {
  const { priorAlpha, priorBeta, halfLifeMs, weightFloor, exploration } =
    options;
  const valid =
    priorAlpha > 0 &&
    priorBeta > 0 &&
    halfLifeMs > 0 &&
    weightFloor > 0 &&
    weightFloor <= 1 &&
    exploration >= 0 &&
    exploration <= 1 &&
    options.outcomesMin >= 0;
  if (!valid)
    throw new CodedError("E_CONFIG_INVALID", { field: "fusion.weights" });
  return options;
};

/** Stored state comes from outside: a poisoned value must not become trust in a model. */
const decodeState = (bytes: Uint8Array): WeightState => {
  if (bytes.byteLength > STATE_BYTES_MAX) throw new CodedError("E_INPUT_SIZE");
  let state: unknown;
  try {
    state = JSON.parse(new TextDecoder("utf-8", { fatal: true }).decode(bytes));
  } catch (cause) {
    throw new CodedError("E_INPUT_DECODE", { cause });
  }
  if (!isState(state))
    throw new CodedError("E_INPUT_SCHEMA", { field: "weights" });
  return state;
};

const isState = (value: unknown): value is WeightState => {
  if (!isRecord(value) || value["v"] !== STATE_VERSION) return false;
  const { savedUs, models } = value;
  if (!isCount(savedUs, Number.MAX_SAFE_INTEGER) || !Array.isArray(models))
    return false;
  const names = new Set<unknown>();
  for (const model of models as unknown[]) {
    if (!isRecord(model)) return false;
    const { name, version, alphaEvidence, betaEvidence, outcomes } = model;
    if (typeof name !== "string" || typeof version !== "string") return false;
    if (names.has(name) || !isCount(outcomes, 1e12)) return false;
    if (!Number.isInteger(outcomes)) return false;
    if (!isCount(alphaEvidence, 1e12) || !isCount(betaEvidence, 1e12))
      return false;
    // Fading only ever takes away: more evidence than outcomes was never ours.
    if (alphaEvidence + betaEvidence > outcomes * (1 + 1e-9)) return false;
    names.add(name);
  }
  return true;
};

const isRecord = (value: unknown): value is Record<string, unknown> =>
  typeof value === "object" && value !== null && !Array.isArray(value);

const isCount = (value: unknown, max: number): value is number =>
  typeof value === "number" &&
  Number.isFinite(value) &&
  value >= 0 &&
  value <= max;
