/** What the actors' books stand at, as records for the beginning of a tape's part. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type { SymbolInside } from "../actors/symbol-inspector.ts";
import type { BookSnapshot, MarketEvent } from "./domain/market-event.ts";
import type { SymbolId } from "./domain/symbol.ts";
import { asksOf, bidsOf } from "./feeds/book-levels.ts";
import { instrumentBytes, toRecord } from "./feeds/tape-record.ts";
import type { StandingMarket } from "./journal/part-states.ts";
import { monoNanos, unixMicros, type Clock } from "./std/time.ts";

/** As long as features go by them; what is older is not told again, or it would pass for new. */
export const FUNDING_AGE_MS_MAX = 3_600_000;
export const INTEREST_AGE_MS_MAX = 120_000;

/** Over a clock of its own: what the actors read is part of their record. */
export const standingMarket = (
  { inspector, instruments, router }: EngineActors,
  clock: Clock,
): StandingMarket => ({
  symbols: () => inspector.symbols(),
  standing: (symbol) => {
    if (router.isBehind(symbol)) return "behind";
    const sync = inspector.of(symbol)?.sync;
    return sync?.isLive === true ? sync.movedNs : "void";
  },
  *recordsOf(symbol) {
    const inside = inspector.of(symbol);
    if (inside === undefined) return;
    const received = receivedAt(inside, clock);
    const instrument = instruments.of(symbol);
    if (instrument !== undefined)
      yield { ...received, ...instrumentBytes(instrument) };
    for (const event of standingEvents(symbol, inside, received))
      yield toRecord(event);
  },
});

type Received = Pick<MarketEvent, "receivedUs" | "receivedNs">;

/**
 * When the book last moved: never later, so that no book looks fresher in a replay than it was. What is told with it takes its time too, as a
 * part would otherwise begin long before its books.
 */
const receivedAt = ({ sync }: SymbolInside, clock: Clock): Received => {
  const receivedNs = monoNanos(sync.movedNs);
  const agoUs = Math.round((clock.nowNs() - receivedNs) / 1000);
  return { receivedUs: unixMicros(clock.nowUs() - agoUs), receivedNs };
};

function* standingEvents(
  symbol: SymbolId,
  { book, sync, derivative }: SymbolInside,
  received: Received,
): Generator<MarketEvent> {
  const { funding, interest } = derivative;
  const at = received.receivedNs;
  if (
    funding?.symbol === symbol &&
    derivative.fundingAgeMs(at) <= FUNDING_AGE_MS_MAX
  )
    yield { ...funding, ...received };
  if (
    interest?.symbol === symbol &&
    derivative.openInterestAgeMs(at) <= INTEREST_AGE_MS_MAX
  )
    yield { ...interest, ...received };
  const snapshot: BookSnapshot = {
    type: "bookSnapshot",
    symbol,
    eventUs: unixMicros(sync.eventUs),
    ...received,
    seq: book.seq,
    bids: bidsOf(book),
    asks: asksOf(book),
  };
  yield snapshot;
}
