/** The latent value that simulated traders know and the book only follows: regimes, common moves, news. */
import type { Random } from "../std/random.ts";
import type { SimulatedSymbol } from "./simulated-symbols.ts";

interface Regime {
  readonly name: "calm" | "up" | "down" | "volatile";
  /** Of the log value, in bps per second. */
  readonly driftBps: number;
  /** In bps per square root of a second. */
  readonly volatilityBps: number;
  /** Of order arrivals. */
  readonly activity: number;
  readonly meanSeconds: number;
  /** Relative frequency of being entered. */
  readonly frequency: number;
}

export type RegimeName = Regime["name"];

const REGIMES: readonly Regime[] = [
  {
    name: "calm",
    driftBps: 0,
    volatilityBps: 0.7,
    activity: 0.8,
    meanSeconds: 90,
    frequency: 3,
  },
  {
    name: "up",
    driftBps: 0.2,
    volatilityBps: 0.9,
    activity: 1.1,
    meanSeconds: 60,
    frequency: 2,
  },
  {
    name: "down",
    driftBps: -0.2,
    volatilityBps: 0.9,
    activity: 1.1,
    meanSeconds: 60,
    frequency: 2,
  },
  {
    name: "volatile",
    driftBps: 0,
    volatilityBps: 2.2,
    activity: 1.6,
    meanSeconds: 40,
    frequency: 1,
  },
];

const BPS = 1e-4;
/** A headline is worked into the price over this long. */
const NEWS_SECONDS = 15;
/** Over hours the value returns to where it began, so that a demo left on for days keeps plausible prices. */
const REVERSION_SECONDS = 6 * 3600;

export class FairValue {
  readonly #random: Random;
  readonly #spec: SimulatedSymbol;
  readonly #startLog: number;
  #log: number;
  #regime: Regime = REGIMES[0]!;
  #regimeLeftSeconds = 0;
  /** What of past headlines is not in the price yet. */
  #newsLog = 0;

  constructor(spec: SimulatedSymbol, random: Random) {
    this.#spec = spec;
    this.#random = random;
    this.#startLog = Math.log(spec.startPrice);
    this.#log = this.#startLog;
  }

  get price(): number {
    return Math.exp(this.#log);
  }

  get regime(): RegimeName {
    return this.#regime.name;
  }

  get activity(): number {
    return this.#regime.activity;
  }

  /** `common`: the market's normal draw for this step, shared by all symbols. */
  step(seconds: number, common: number): void {
    this.#regimeLeftSeconds -= seconds;
    if (this.#regimeLeftSeconds <= 0) this.#enterRegime();
    const { driftBps, volatilityBps } = this.#regime;
    const { beta, volatility } = this.#spec;
    // Half of the variance of a symbol of beta 1 is the market's.
    const shared = Math.min(1, beta) * Math.SQRT1_2;
    const normal =
      shared * common + Math.sqrt(1 - shared * shared) * this.#random.normal();
    const news = this.#newsLog * (1 - Math.exp(-seconds / NEWS_SECONDS));
    this.#newsLog -= news;
    this.#log +=
      BPS * volatility * driftBps * seconds +
      BPS * volatility * volatilityBps * Math.sqrt(seconds) * normal +
      news +
      ((this.#startLog - this.#log) * seconds) / REVERSION_SECONDS;
  }

  /** Moves the value by about `bps` over the seconds that follow. */
  hear(bps: number): void {
    this.#newsLog += bps * BPS * this.#spec.volatility;
  }

  #enterRegime(): void {
    const total = REGIMES.reduce((sum, { frequency }) => sum + frequency, 0);
    let draw = this.#random.next() * total;
    this.#regime = REGIMES.find(({ frequency }) => (draw -= frequency) < 0)!;
    this.#regimeLeftSeconds = this.#random.exponential(
      1 / this.#regime.meanSeconds,
    );
  }
}
