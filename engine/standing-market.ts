/** What the actors' books stand at, as records for the beginning of a tape's part. */
import type { EngineActors } from "../actors/engine-actors.ts";
import type { SymbolInside } from "../actors/symbol-inspector.ts";
import type { BookSnapshot, MarketEvent } from "./domain/market-event.ts";
import type { SymbolId } from "./domain/symbol.ts";
import { asksOf, bidsOf } from "./feeds/book-levels.ts";
import { instrumentBytes, toRecord } from "./feeds/tape-record.ts";
import type { StandingMarket } from "./journal/part-states.ts";
import { monoNanos, unixMicros, type Clock } from "./std/time.ts";

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

/** When the book last moved: never later, so that nothing looks fresher in a replay than it was. */
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
  for (const told of [derivative.funding, derivative.interest])
    if (told?.symbol === symbol) yield { ...told, ...received };
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
