/** A market made up for the checks, as long as they need: two symbols that move together, a few updates a second. */
import type { MarketEvent } from "../domain/market-event.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { isHeadline } from "../feeds/feed-event.ts";
import { SIMULATED_SYMBOLS } from "../feeds/simulated-symbols.ts";
import { MarketSimulator } from "../feeds/simulator.ts";
import { hash32 } from "../std/random.ts";

export interface SimulatedTape {
  readonly leader: SymbolId;
  /** Of the leader and the symbol that it leads. */
  readonly events: readonly MarketEvent[];
}

const UPDATES_PER_SECOND = 2;

export const simulatedTape = (seconds: number, seed: string): SimulatedTape => {
  const symbols = SIMULATED_SYMBOLS.slice(0, 2);
  const events: MarketEvent[] = [];
  const simulator = new MarketSimulator({
    seed: hash32(seed),
    symbols,
    updatesPerSecond: UPDATES_PER_SECOND,
    quotes: "onChange",
  });
  for (const { simNs, event } of simulator) {
    if (simNs > seconds * 1e9) break;
    if (!isHeadline(event)) events.push(event);
  }
  return { leader: symbols[0]!.symbol, events };
};
