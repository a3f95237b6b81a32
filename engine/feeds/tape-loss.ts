/** Gathers what a recorder could not keep until there is room to say so. */
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../std/time.ts";
import { HEADLINE_SUBJECT, parseMarketSubject } from "../wire/subjects.ts";
import {
  HOLE_SYMBOLS_MAX,
  type HoleReason,
  type TapeHole,
} from "./tape-hole.ts";
import type { TapeRecord } from "./tape-record.ts";

export class TapeLoss {
  readonly reason: HoleReason;
  readonly #fromUs: UnixMicros;
  #toUs: UnixMicros;
  #toNs: MonoNanos;
  #lost = 0;
  /** As they came: what they mean is read when there is time for it. */
  readonly #subjects = new Set<string>();

  constructor(reason: HoleReason, first: TapeRecord) {
    this.reason = reason;
    this.#fromUs = first.receivedUs;
    this.#toUs = first.receivedUs;
    this.#toNs = first.receivedNs;
  }

  get lost(): number {
    return this.#lost;
  }

  add(record: TapeRecord): void {
    this.#lost++;
    this.#toUs = record.receivedUs;
    this.#toNs = record.receivedNs;
    if (this.#subjects.size <= HOLE_SYMBOLS_MAX)
      this.#subjects.add(record.subject);
  }

  hole(naming: "symbols" | "all"): TapeHole {
    const isAll = naming === "all" || this.#subjects.size > HOLE_SYMBOLS_MAX;
    return {
      fromUs: this.#fromUs,
      toUs: this.#toUs,
      toNs: this.#toNs,
      lost: this.#lost,
      reason: this.reason,
      symbols: isAll ? "*" : this.#symbols(),
    };
  }

  #symbols(): SymbolId[] {
    const symbols = new Set<SymbolId>();
    for (const subject of this.#subjects) {
      if (subject === HEADLINE_SUBJECT) continue;
      try {
        symbols.add(parseMarketSubject(subject).symbol);
      } catch (error) {
        // A subject that names no symbol took nothing from one.
        if (!(error instanceof CodedError)) throw error;
      }
    }
    return [...symbols];
  }
}
