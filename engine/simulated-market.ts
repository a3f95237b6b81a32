/** The market of a run without one: simulated prices on the road that any feed takes. */
import type { Config } from "./config-schema.ts";
import { symbolId } from "./domain/symbol.ts";
import { FeedPublisher } from "./feeds/feed-publisher.ts";
import {
  SIMULATED_SYMBOLS,
  simulatedSymbol,
} from "./feeds/simulated-symbols.ts";
import { SimulatorFeed } from "./feeds/simulator-feed.ts";
import { MarketSimulator } from "./feeds/simulator.ts";
import type { Bus } from "./ports.ts";
import { hash32 } from "./std/random.ts";
import { systemClock, systemTimers } from "./std/time.ts";

/** Encoded, over the bus, decoded; returns its stop. */
export const startSimulator = ({ feed }: Config, bus: Bus): (() => void) => {
  const symbols =
    feed.symbols.length === 0
      ? SIMULATED_SYMBOLS
      : feed.symbols.map((text, i) => simulatedSymbol(symbolId(text), i));
  const simulator = new MarketSimulator({
    seed: hash32(feed.seed),
    symbols,
    updatesPerSecond: feed.updatesPerSecond,
  });
  const publisher = new FeedPublisher({ bus, clock: systemClock });
  const source = new SimulatorFeed({
    simulator,
    clock: systemClock,
    timers: systemTimers,
    onEvent: (event) => publisher.publish(event),
    // All events of a beat are decoded before the first turn: a short beat keeps the page's latencies those of the engine.
    beatMs: 5,
  });
  source.start();
  return () => {
    source.stop();
    publisher.close();
  };
};
