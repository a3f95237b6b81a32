/** The frame of every mapper: what a client sees of it, before and after a message is read. */
import { MapperCore } from "./mapper-core.ts";
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
    this.read(message);
  }

  reset(): void {
    this.forget();
    this.core.awaiting.clear();
  }

  /** Throws before it has changed anything, as `map` promises. */
  protected abstract read(message: unknown): void;

  /** Books are void and bars unfinished: the connection is new. */
  protected abstract forget(): void;
}
