/** Deltas that came before what they build on: in order of sequence, each once, bounded. */
import type { BookDelta } from "../domain/market-event.ts";

export interface EarlyDeltasOptions {
  readonly sizeMax: number;
  /** Deltas behind a hole before the hole counts as lost for good. */
  readonly reorderMax: number;
}

/** `duplicate`: held already; `overflow`: kept, but nothing else; `hole`: kept, and what was before a final hole is not. */
export type EarlyOutcome = "kept" | "duplicate" | "hole" | "overflow";

export class EarlyDeltas {
  readonly #options: EarlyDeltasOptions;
  #deltas: BookDelta[] = [];

  constructor(options: EarlyDeltasOptions) {
    this.#options = options;
  }

  get size(): number {
    return this.#deltas.length;
  }

  at(i: number): BookDelta | undefined {
    return this.#deltas[i];
  }

  get last(): BookDelta | undefined {
    return this.#deltas.at(-1);
  }

  push(delta: BookDelta): EarlyOutcome {
    const deltas = this.#deltas;
    let at = deltas.length;
    while (at > 0 && deltas[at - 1]!.seq > delta.seq) at--;
    if (at > 0 && deltas[at - 1]!.seq === delta.seq) return "duplicate";
    if (deltas.length === this.#options.sizeMax) {
      // Whole, for no snapshot could bridge what would be missing.
      this.#deltas = [delta];
      return "overflow";
    }
    deltas.splice(at, 0, delta);
    return this.#cutAtFinalHole() ? "hole" : "kept";
  }

  /** Takes the first delta if it goes on from `seq`, having dropped those that `seq` covers. */
  takeNext(
    seq: number,
    joins: "exactly" | "overlapping",
  ): BookDelta | undefined {
    const deltas = this.#deltas;
    while (deltas.length > 0 && deltas[0]!.seq <= seq) deltas.shift();
    const first = deltas[0];
    if (first === undefined) return undefined;
    const fits =
      joins === "exactly" ? first.prevSeq === seq : first.prevSeq <= seq;
    return fits ? deltas.shift() : undefined;
  }

  /** The first delta that a snapshot at `seq` does not cover joins on to it, or there is none. */
  fits(seq: number): boolean {
    for (const delta of this.#deltas)
      if (delta.seq > seq) return delta.prevSeq <= seq;
    return true;
  }

  clear(): void {
    if (this.#deltas.length > 0) this.#deltas = [];
  }

  /** Only the last few may have holes before them, for late ones to fill. */
  #cutAtFinalHole(): boolean {
    const deltas = this.#deltas;
    const last = deltas.length - this.#options.reorderMax - 1;
    // Earlier holes were cut when they became final.
    if (last < 1 || deltas[last]!.prevSeq === deltas[last - 1]!.seq)
      return false;
    deltas.splice(0, last);
    return true;
  }
}
