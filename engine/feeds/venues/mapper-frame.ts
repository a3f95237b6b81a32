/** The frame of every mapper: what a client sees of it, before and after a message is read. */
import { CodedError } from "../../std/errors.ts";
import { MapperCore } from "./mapper-core.ts";
import { parse } from "./message.ts";
import type { NumberedBook } from "./numbered-book.ts";
import type {
  EmitMarketEvent,
  Receipt,
  Venue,
  VenueMapper,
} from "./venue-mapper.ts";
import type { SymbolId } from "../../domain/symbol.ts";

export abstract class MapperFrame<V extends Venue> implements VenueMapper {
  readonly venue: V;
  protected readonly core: MapperCore;

  constructor(venue: V) {
    this.venue = venue;
    this.core = new MapperCore(venue);
  }

  get counts(): VenueMapper["counts"] {
    return this.core.counts;
  }

  get awaitingSnapshot(): ReadonlySet<SymbolId> {
    return this.core.awaiting;
  }

  map(message: unknown, receipt: Receipt, emit: EmitMarketEvent): void {
    this.core.begin(receipt, emit);
    try {
      this.read(message);
    } catch (error) {
      if (error instanceof CodedError) this.refused(message);
      throw error;
    }
  }

  reset(): void {
    this.forget();
    this.core.awaiting.clear();
  }

  /** Throws before it has changed anything, as `map` promises. */
  protected abstract read(message: unknown): void;

  /** Names of the books that a message which `read` refuses is about; throws where that cannot be told either. */
  protected abstract booksIn(message: unknown): readonly string[];

  /** What was said of these books is lost, or may have been of any: those that are live are void. */
  protected abstract lose(symbols: readonly SymbolId[] | "any"): void;

  /** At once: the sequence would show it, but only with the next message. */
  protected refused(message: unknown): void {
    this.lose(this.#booksOf(message));
  }

  #booksOf(message: unknown): readonly SymbolId[] | "any" {
    try {
      const names = this.booksIn(parse(message));
      return names.map((name) => this.core.symbolOf(name));
    } catch (error) {
      if (!(error instanceof CodedError)) throw error;
      const { symbol } = this.core.receipt;
      return symbol === undefined ? "any" : [symbol];
    }
  }

  /** Books are void and bars unfinished: the connection is new. */
  protected abstract forget(): void;
}

/** As `lose` does it where the mapper numbers the books. */
export const loseNumbered = (
  symbols: readonly SymbolId[] | "any",
  bookOf: (symbol: SymbolId) => NumberedBook,
  all: Iterable<SymbolId>,
): void => {
  if (symbols !== "any") for (const symbol of symbols) bookOf(symbol).lost();
  else
    for (const symbol of all) {
      const book = bookOf(symbol);
      if (book.isLive) book.lost();
    }
};
