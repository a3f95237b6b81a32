/** A simulated market that a test publishes on a real broker, as a feed would. */
import type { SymbolId } from "../../engine/domain/symbol.ts";
import { FeedPublisher } from "../../engine/feeds/feed-publisher.ts";
import { SIMULATED_SYMBOLS } from "../../engine/feeds/simulated-symbols.ts";
import { SimulatorFeed } from "../../engine/feeds/simulator-feed.ts";
import { MarketSimulator } from "../../engine/feeds/simulator.ts";
import { NatsLink } from "../../engine/io/nats-link.ts";
import { systemClock, systemTimers } from "../../engine/std/time.ts";
import { encodeHeadline } from "../../engine/wire/codec.ts";
import { HEADLINE_SUBJECT } from "../../engine/wire/subjects.ts";

export interface MarketStage {
  readonly symbols: readonly SymbolId[];
  headline(id: string, text: string, symbol: SymbolId): void;
  close(): Promise<void>;
}

export const publishMarket = async (
  url: string,
  symbols: number,
): Promise<MarketStage> => {
  const bus = new NatsLink({ servers: [url], name: "test-feed" });
  bus.start();
  if (!(await bus.whenConnected(5_000))) throw new Error("no broker");
  const publisher = new FeedPublisher({ bus, clock: systemClock });
  const simulator = new MarketSimulator({
    seed: 7,
    symbols: SIMULATED_SYMBOLS.slice(0, symbols),
    // The test brings its own news.
    newsEverySeconds: 1e9,
  });
  const feed = new SimulatorFeed({
    simulator,
    clock: systemClock,
    timers: systemTimers,
    onEvent: (event) => publisher.publish(event),
  });
  feed.start();
  return {
    symbols: simulator.symbols,
    headline: (id, text, symbol) =>
      bus.publish(
        HEADLINE_SUBJECT,
        encodeHeadline(
          {
            id,
            text,
            source: "test",
            symbols: [symbol],
            eventUs: systemClock.nowUs(),
            receivedUs: systemClock.nowUs(),
            receivedNs: systemClock.nowNs(),
          },
          "json",
        ),
      ),
    close: async () => {
      feed.stop();
      publisher.close();
      await bus.drain();
    },
  };
};
