/** A mapper under test: tells what events each message makes, or the code that refuses it. */
import type { MarketEvent } from "../../engine/domain/market-event.ts";
import { symbolId } from "../../engine/domain/symbol.ts";
import { monoNanos, unixMicros } from "../../engine/std/time.ts";
import type { VenueMapper } from "../../engine/feeds/venues/venue-mapper.ts";

export const RECEIVED_US = unixMicros(1_700_000_000_000_007);
export const RECEIVED_NS = monoNanos(5_000);

export class MapperStage<M extends VenueMapper> {
  readonly mapper: M;

  constructor(mapper: M) {
    this.mapper = mapper;
  }

  /** `symbol` is whose REST answer the message is. */
  take(message: unknown, symbol?: string): readonly MarketEvent[] {
    const events: MarketEvent[] = [];
    this.mapper.map(
      message,
      {
        receivedUs: RECEIVED_US,
        receivedNs: RECEIVED_NS,
        ...(symbol === undefined ? {} : { symbol: symbolId(symbol) }),
      },
      (event) => events.push(event),
    );
    return events;
  }

  types(message: unknown, symbol?: string): readonly string[] {
    return this.take(message, symbol).map(({ type }) => type);
  }

  /** What a message told although it is refused; undefined where it is not. */
  refused(message: unknown): readonly MarketEvent[] | undefined {
    const events: MarketEvent[] = [];
    const receipt = { receivedUs: RECEIVED_US, receivedNs: RECEIVED_NS };
    try {
      this.mapper.map(message, receipt, (event) => events.push(event));
      return undefined;
    } catch {
      return events;
    }
  }

  codeOf(message: unknown, symbol?: string): string | undefined {
    try {
      this.take(message, symbol);
      return undefined;
    } catch (error) {
      return (error as { code?: string }).code;
    }
  }
}

/** Numbers that no market means, as decimal texts. */
export const BAD_PRICES = [
  "0",
  "-1",
  "NaN",
  "Infinity",
  "1e308",
  "5e-324",
  "x",
  " ",
] as const;

export const BAD_SIZES = [
  "-1",
  "NaN",
  "9007199254740993",
  "1e308",
  " ",
] as const;
