/** Statements of models waiting for their horizon, and what became of them: one symbol's. */
import { assert } from "../std/assert.ts";
import type { MonoNanos } from "../std/time.ts";

/** What an unchanged mid means: "skip" says nothing about either side. */
export type TiePolicy = "skip" | "miss";

export interface LedgerOptions {
  /** Open statements a model may have at once. */
  readonly openMax: number;
  /** Least time between two statements of one model, in horizons: at 1 their windows do not overlap. */
  readonly spacingHorizons: number;
  readonly tie: TiePolicy;
}

export const DEFAULT_LEDGER_OPTIONS: LedgerOptions = {
  openMax: 8,
  spacingHorizons: 1,
  tie: "skip",
};

export interface LedgerCounts {
  stated: number;
  matured: number;
  ties: number;
  /** The book was not LIVE at some time before maturity. */
  voided: number;
  overflowed: number;
}

/** Told once a matured statement: `verdict` is whether the probability lay on the side that came true. */
export type OnMatured = (
  source: number,
  probability: number,
  logReturn: number,
  verdict: "hit" | "miss",
  maturedNs: MonoNanos,
) => void;

const NS_PER_MS = 1_000_000;

/** One ring a source: a source's horizon is fixed, so its statements mature in the order they were made. */
export class OutcomeLedger {
  readonly counts: LedgerCounts = {
    stated: 0,
    matured: 0,
    ties: 0,
    voided: 0,
    overflowed: 0,
  };
  readonly #options: LedgerOptions;
  readonly #horizonNs: Float64Array;
  readonly #nextAllowedNs: Float64Array;
  readonly #heads: Int32Array;
  readonly #sizes: Int32Array;
  /** Indexed source * openMax + slot. */
  readonly #probability: Float64Array;
  readonly #mid: Float64Array;
  readonly #maturesNs: Float64Array;
  /** No statement matures before: one comparison a turn in the common case. */
  #earliestNs = Number.POSITIVE_INFINITY;

  constructor(horizonsMs: readonly number[], options: LedgerOptions) {
    assert(
      Number.isInteger(options.openMax) && options.openMax > 0,
      "open statements are bounded by a positive integer",
    );
    this.#options = options;
    const sources = horizonsMs.length;
    this.#horizonNs = Float64Array.from(horizonsMs, (ms) => ms * NS_PER_MS);
    this.#nextAllowedNs = new Float64Array(sources).fill(
      Number.NEGATIVE_INFINITY,
    );
    this.#heads = new Int32Array(sources);
    this.#sizes = new Int32Array(sources);
    this.#probability = new Float64Array(sources * options.openMax);
    this.#mid = new Float64Array(sources * options.openMax);
    this.#maturesNs = new Float64Array(sources * options.openMax);
  }

  get open(): number {
    let open = 0;
    for (const size of this.#sizes) open += size;
    return open;
  }

  /** A statement over a LIVE book. Ignored while the source's last one is too recent, or when it takes no side. */
  state(
    source: number,
    probability: number,
    mid: number,
    nowNs: MonoNanos,
  ): void {
    if (nowNs < this.#nextAllowedNs[source]!) return;
    if (probability === 0.5 || !(mid > 0)) return;
    const { openMax, spacingHorizons } = this.#options;
    if (this.#sizes[source] === openMax) {
      this.counts.overflowed++;
      return;
    }
    const horizonNs = this.#horizonNs[source]!;
    const slot = (this.#heads[source]! + this.#sizes[source]!) % openMax;
    const at = source * openMax + slot;
    this.#probability[at] = probability;
    this.#mid[at] = mid;
    this.#maturesNs[at] = nowNs + horizonNs;
    this.#sizes[source]!++;
    this.#nextAllowedNs[source] = nowNs + horizonNs * spacingHorizons;
    this.#earliestNs = Math.min(this.#earliestNs, nowNs + horizonNs);
    this.counts.stated++;
  }

  /** Closes what has matured by `nowNs` at `mid`, the mid in force since the last call. */
  mature(nowNs: MonoNanos, mid: number, onMatured: OnMatured): void {
    if (nowNs < this.#earliestNs || !(mid > 0)) return;
    const { openMax } = this.#options;
    let earliestNs = Number.POSITIVE_INFINITY;
    for (let source = 0; source < this.#sizes.length; source++) {
      while (this.#sizes[source]! > 0) {
        const at = source * openMax + this.#heads[source]!;
        if (this.#maturesNs[at]! > nowNs) {
          earliestNs = Math.min(earliestNs, this.#maturesNs[at]!);
          break;
        }
        this.#heads[source] = (this.#heads[source]! + 1) % openMax;
        this.#sizes[source]!--;
        this.#close(source, at, mid, onMatured);
      }
    }
    this.#earliestNs = earliestNs;
  }

  /** The book is not LIVE: no open statement can be judged fairly any more. */
  voidAll(): void {
    for (let source = 0; source < this.#sizes.length; source++) {
      this.counts.voided += this.#sizes[source]!;
      this.#sizes[source] = 0;
    }
    this.#earliestNs = Number.POSITIVE_INFINITY;
  }

  #close(source: number, at: number, mid: number, onMatured: OnMatured): void {
    const probability = this.#probability[at]!;
    const logReturn = Math.log(mid / this.#mid[at]!);
    const tied = logReturn === 0;
    if (tied) this.counts.ties++;
    if (tied && this.#options.tie === "skip") return;
    this.counts.matured++;
    const isHit = !tied && probability > 0.5 === logReturn > 0;
    onMatured(
      source,
      probability,
      logReturn,
      isHit ? "hit" : "miss",
      this.#maturesNs[at]! as MonoNanos,
    );
  }
}
