/** Lets a later part of a recording stand alone: at its beginning it tells what the symbols stand at, as records of the recorder's own. */
import type { SymbolId } from "../domain/symbol.ts";
import type { TapeRecord } from "../feeds/tape-record.ts";

/** The market that the actors hold, seen from outside of their turns. */
export interface StandingMarket {
  symbols(): readonly SymbolId[];
  /** When the symbol's live book moved last; "behind" while its actor has not taken all that was recorded, "void" without a live book. */
  standing(symbol: SymbolId): number | "behind" | "void";
  /** What tells a reader who knows nothing of the symbol where it stands. */
  recordsOf(symbol: SymbolId): Iterable<TapeRecord>;
}

/** Where they go; false where there is no room. */
export interface StateTape {
  state(record: TapeRecord): boolean;
}

/** Told at once when a part begins, and after one step: encoding a book of a thousand levels takes some 130 µs of the actors' thread. */
const AT_ONCE_MAX = 16;
const PER_STEP_MAX = 2;
/** While the actors are behind no step has time to look at all of a thousand symbols. */
const LOOKS_PER_STEP_MAX = 8;

/**
 * A book is told when its actor has taken all that was recorded of it, so that what follows on the tape goes on from there: those that stand still
 * as the part begins, and each of the others after its own next event.
 */
export class PartStates {
  readonly #tape: () => StateTape;
  readonly #market: () => StandingMarket | undefined;
  /** Not told in this part. */
  #untold = new Set<SymbolId>();
  /** Of these, what has moved since the part began, those that were looked at in vain last. */
  readonly #moved = new Set<SymbolId>();

  /** Both come to be after this. */
  constructor(tape: () => StateTape, market: () => StandingMarket | undefined) {
    this.#tape = tape;
    this.#market = market;
  }

  /** What is recorded from here on stands in another part. */
  begin(): void {
    const market = this.#market();
    if (market === undefined) return;
    this.#moved.clear();
    this.#untold = new Set(market.symbols());
    // In order of time, as everything on a tape; and what is quiet has the longest to wait for its next event.
    const standing = [...this.#untold]
      .map((symbol) => ({ symbol, ns: market.standing(symbol) }))
      .filter((each): each is Standing => typeof each.ns === "number")
      .sort((a, b) => a.ns - b.ns);
    for (const { symbol } of standing.slice(0, AT_ONCE_MAX))
      this.#put(symbol, market);
  }

  /** Something of the symbol was recorded. */
  moved(symbol: SymbolId): void {
    if (this.#untold.size > 0 && this.#untold.has(symbol))
      this.#moved.add(symbol);
  }

  /** Between two steps of the actors. */
  tell(): void {
    if (this.#moved.size === 0) return;
    const market = this.#market();
    if (market === undefined) return;
    let left = PER_STEP_MAX;
    let looks = Math.min(this.#moved.size, LOOKS_PER_STEP_MAX);
    for (const symbol of this.#moved) {
      const standing = market.standing(symbol);
      this.#moved.delete(symbol);
      if (standing === "behind") this.#moved.add(symbol);
      else if (standing !== "void") {
        this.#put(symbol, market);
        left--;
      }
      if (--looks === 0 || left === 0) return;
    }
  }

  /** What there is no room for is told after a later event. */
  #put(symbol: SymbolId, market: StandingMarket): void {
    const tape = this.#tape();
    for (const record of market.recordsOf(symbol))
      if (!tape.state(record)) return;
    this.#untold.delete(symbol);
  }
}

interface Standing {
  readonly symbol: SymbolId;
  readonly ns: number;
}
