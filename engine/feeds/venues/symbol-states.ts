/** What a mapper keeps of each symbol, made when the venue first names it; the core bounds how many there are. */
import type { SymbolId } from "../../domain/symbol.ts";

export class SymbolStates<S> {
  readonly #create: (symbol: SymbolId) => S;
  readonly #states = new Map<SymbolId, S>();

  constructor(create: (symbol: SymbolId) => S) {
    this.#create = create;
  }

  of(symbol: SymbolId): S {
    let state = this.#states.get(symbol);
    if (state === undefined) {
      state = this.#create(symbol);
      this.#states.set(symbol, state);
    }
    return state;
  }

  clear(): void {
    this.#states.clear();
  }

  get symbols(): Iterable<SymbolId> {
    return this.#states.keys();
  }

  get all(): Iterable<S> {
    return this.#states.values();
  }
}
