/** What all mappers share: counts, names and the events of one message. */
import type {
  GapReason,
  MarketEvent,
  Side,
} from "../../domain/market-event.ts";
import { symbolIdOfVenue } from "../../domain/symbol.ts";
import type { SymbolId } from "../../domain/symbol.ts";
import { CodedError } from "../../std/errors.ts";
import type { MonoNanos, UnixMicros } from "../../std/time.ts";
import {
  newVenueCounts,
  type EmitMarketEvent,
  type Receipt,
  type Venue,
} from "./venue-mapper.ts";

/** Names taken on one connection; the venue says them, so they are bounded. */
const SYMBOLS_MAX = 20_000;

/** Head of every event. */
interface Head {
  readonly symbol: SymbolId;
  readonly eventUs: UnixMicros;
  readonly receivedUs: UnixMicros;
  readonly receivedNs: MonoNanos;
}

export class MapperCore {
  readonly counts = newVenueCounts();
  readonly awaiting = new Set<SymbolId>();
  readonly #venue: Venue;
  readonly #symbols = new Map<string, SymbolId>();
  #lastVenueUs: UnixMicros | undefined;
  #tradeId = 0;
  #receipt: Receipt = {
    receivedUs: 0 as UnixMicros,
    receivedNs: 0 as MonoNanos,
  };
  #emit: EmitMarketEvent = () => undefined;

  constructor(venue: Venue) {
    this.#venue = venue;
  }

  /** Before anything else of a message. */
  begin(receipt: Receipt, emit: EmitMarketEvent): void {
    this.counts.messages++;
    this.#receipt = receipt;
    this.#emit = emit;
  }

  get receipt(): Receipt {
    return this.#receipt;
  }

  symbolOf(name: string): SymbolId {
    let symbol = this.#symbols.get(name);
    if (symbol === undefined) {
      if (this.#symbols.size >= SYMBOLS_MAX)
        throw new CodedError("E_SYMBOL_LIMIT");
      symbol = symbolIdOfVenue(name, this.#venue);
      this.#symbols.set(name, symbol);
    }
    return symbol;
  }

  /** Stands in where a message has no time of its own. */
  get venueUs(): UnixMicros {
    return this.#lastVenueUs ?? this.#receipt.receivedUs;
  }

  /** For trades that the venue does not number: from the receive time on, as book numbers are. */
  nextTradeId(): number {
    if (this.#tradeId === 0) this.#tradeId = this.#receipt.receivedUs;
    return ++this.#tradeId;
  }

  head(symbol: SymbolId, eventUs: UnixMicros): Head {
    const { receivedUs, receivedNs } = this.#receipt;
    return { symbol, eventUs, receivedUs, receivedNs };
  }

  emit(event: MarketEvent): void {
    this.counts.events++;
    this.#lastVenueUs = event.eventUs;
    this.#emit(event);
  }

  gap(symbol: SymbolId, eventUs: UnixMicros, reason: GapReason): void {
    this.counts.gaps++;
    this.awaiting.add(symbol);
    this.emit({ type: "gap", ...this.head(symbol, eventUs), reason });
  }

  trade(
    symbol: SymbolId,
    eventUs: UnixMicros,
    trade: {
      readonly tradeId: number;
      readonly price: number;
      readonly size: number;
      readonly side: Side;
    },
  ): void {
    this.emit({ type: "trade", ...this.head(symbol, eventUs), ...trade });
  }
}
