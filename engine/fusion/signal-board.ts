/** The latest signal of each symbol, for whoever asks. */
import type { Signal } from "../domain/signal.ts";
import type { SymbolId } from "../domain/symbol.ts";

export class SignalBoard {
  readonly #symbolsMax: number;
  readonly #latest = new Map<SymbolId, Signal>();

  constructor(symbolsMax: number) {
    this.#symbolsMax = symbolsMax;
  }

  get size(): number {
    return this.#latest.size;
  }

  publish(signal: Signal): void {
    if (
      this.#latest.size >= this.#symbolsMax &&
      !this.#latest.has(signal.symbol)
    )
      this.#evict();
    this.#latest.set(signal.symbol, signal);
  }

  /** Nobody speaks for the symbol any more. */
  forget(symbol: SymbolId): void {
    this.#latest.delete(symbol);
  }

  latest(symbol: SymbolId): Signal | undefined {
    return this.#latest.get(symbol);
  }

  symbols(): SymbolId[] {
    return [...this.#latest.keys()];
  }

  all(): Signal[] {
    return [...this.#latest.values()];
  }

  /** The first seen goes: a map keeps the order of first insertion. */
  #evict(): void {
    for (const symbol of this.#latest.keys()) {
      this.#latest.delete(symbol);
      return;
    }
  }
}
