/** One symbol's bars over its absence: kept when it leaves in order, brought back when it comes. */
import type { SymbolId } from "../engine/domain/symbol.ts";
import { decodeBars } from "../engine/market/bar-archive.ts";
import type { BarBook } from "../engine/market/bar-book.ts";
import type { Logger, StateStore } from "../engine/ports.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { BarsLoaded } from "./messages.ts";

export class BarKeeper {
  readonly #symbol: SymbolId;
  readonly #bars: BarBook;
  readonly #store: StateStore;
  readonly #log: Logger;

  constructor(symbol: SymbolId, bars: BarBook, store: StateStore, log: Logger) {
    this.#symbol = symbol;
    this.#bars = bars;
    this.#store = store;
    this.#log = log;
  }

  /** Asks the store; the answer comes as a message. A symbol can do without: its windows fill again. */
  load(tell: (message: BarsLoaded) => void): void {
    this.#store.load(this.#key).then(
      (bytes) => tell({ type: "barsLoaded", bytes }),
      (error: unknown) => this.#warn("bars.notLoaded", error),
    );
  }

  loaded(bytes: Uint8Array | undefined): void {
    if (bytes === undefined) return;
    try {
      this.#bars.resume(decodeBars(bytes));
    } catch (error) {
      this.#warn("bars.refused", error);
    }
  }

  save(): void {
    const bytes = this.#bars.encode();
    if (bytes !== undefined) this.#store.save(this.#key, bytes);
  }

  get #key(): string {
    return `bars/${this.#symbol}`;
  }

  #warn(event: string, error: unknown): void {
    const { code } = toCodedError(error);
    this.#log.warn(event, { symbol: this.#symbol, code });
  }
}
