/** Asks a venue for the tick and lot sizes of its symbols; without an answer everything goes on as before. */
import type { Instrument } from "../../domain/instrument.ts";
import { venueNameOf, type SymbolId } from "../../domain/symbol.ts";
import type { Logger } from "../../ports.ts";
import type { CodedError, ErrorCode } from "../../std/errors.ts";
import type { VenueProfile } from "../venues/venue-profile.ts";
import type { RestQueue } from "./rest-queue.ts";

export interface InstrumentWatchOptions {
  readonly profile: VenueProfile;
  readonly symbols: readonly SymbolId[];
  readonly restUrl: string;
  readonly rest: Pick<RestQueue, "add">;
  readonly log: Logger;
  /** What is new or has changed since it was told. */
  readonly onInstrument: (instrument: Instrument) => void;
}

/** Names of a warning. */
const NAMED_MAX = 10;

export class InstrumentWatch {
  readonly #options: InstrumentWatchOptions;
  readonly #byName: ReadonlyMap<string, SymbolId>;
  readonly #told = new Map<SymbolId, Instrument>();
  /** Requests of this round without an answer yet. */
  #pending = 0;

  constructor(options: InstrumentWatchOptions) {
    this.#options = options;
    this.#byName = new Map(
      options.symbols.map((symbol) => [venueNameOf(symbol), symbol]),
    );
  }

  /** At start, and now and then: venues change their grids. A round that is still under way is not begun again. */
  ask(): void {
    const { profile, symbols, restUrl, rest } = this.#options;
    if (this.#pending > 0) return;
    const requests = profile.instruments?.requests(symbols, restUrl) ?? [];
    this.#pending = requests.length;
    for (const request of requests)
      rest.add({
        ...request,
        accept: (body) => {
          this.#take(body);
          this.#answered();
          return "taken";
        },
        onFailed: (error) => this.#failed(error),
      });
  }

  #take(body: string): void {
    const grids = this.#options.profile.instruments?.read(body) ?? [];
    for (const { name, tickSize, lotSize } of grids) {
      const symbol = this.#byName.get(name);
      if (symbol === undefined) continue;
      const before = this.#told.get(symbol);
      if (before?.tickSize === tickSize && before.lotSize === lotSize) continue;
      const instrument = { symbol, tickSize, lotSize };
      this.#told.set(symbol, instrument);
      this.#options.onInstrument(instrument);
    }
  }

  #failed({ code }: CodedError): void {
    const { log, profile } = this.#options;
    log.warn("venue.instrumentsFailed", { code, venue: profile.venue });
    this.#answered();
  }

  /** After the last answer, whatever it was. */
  #answered(): void {
    if (--this.#pending > 0) return;
    const { log, profile, symbols } = this.#options;
    const missing = symbols.filter((symbol) => !this.#told.has(symbol));
    if (missing.length === 0) return;
    log.warn("venue.instrumentsMissing", {
      code: "E_SYMBOL_UNKNOWN" satisfies ErrorCode,
      venue: profile.venue,
      missing: missing.length,
      symbols: missing.slice(0, NAMED_MAX),
    });
  }
}
