/** Tick and lot size by symbol: what the configuration gives stands, what venues tell fills in the rest. */
import type { Instrument } from "../domain/instrument.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { CodedError } from "../std/errors.ts";

export class Instruments {
  readonly #learntMax: number;
  readonly #given: ReadonlyMap<SymbolId, Instrument>;
  readonly #learnt = new Map<SymbolId, Instrument>();

  constructor(given: readonly Instrument[] = [], learntMax = 20_000) {
    for (const instrument of given) check(instrument);
    this.#given = new Map(given.map((one) => [one.symbol, one]));
    this.#learntMax = learntMax;
  }

  of(symbol: SymbolId): Instrument | undefined {
    return this.#given.get(symbol) ?? this.#learnt.get(symbol);
  }

  /** A venue tells its grid, and tells it again when it changes. The oldest word goes when there are too many. True where it is news. */
  learn(instrument: Instrument): boolean {
    check(instrument);
    const before = this.of(instrument.symbol);
    this.#keep(instrument);
    const now = this.of(instrument.symbol);
    return (
      now?.tickSize !== before?.tickSize || now?.lotSize !== before?.lotSize
    );
  }

  #keep(instrument: Instrument): void {
    this.#learnt.delete(instrument.symbol);
    this.#learnt.set(instrument.symbol, instrument);
    if (this.#learnt.size <= this.#learntMax) return;
    for (const oldest of this.#learnt.keys()) {
      this.#learnt.delete(oldest);
      return;
    }
  }
}

const check = ({ tickSize, lotSize }: Instrument): void => {
  for (const [field, size] of Object.entries({ tickSize, lotSize }))
    if (!(size > 0 && size < Infinity))
      throw new CodedError("E_INPUT_RANGE", { field });
};
