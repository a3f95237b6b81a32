/** The engine on a real broker: news reach their symbol's signal, and an outage of the broker shows in every signal. */
import { join } from "node:path";
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import type { Signal } from "../engine/domain/signal.ts";
import { eventually } from "./support/eventually.ts";
import { publishMarket, type MarketStage } from "./support/market-stage.ts";
import { startNats, type NatsServer } from "./support/nats-server.ts";
import { startTestEngine, type TestEngine } from "./support/test-engine.ts";

const NATS_CONF = join(import.meta.dirname, "../nats.conf");
const SYMBOLS = 3;

let nats: NatsServer;
let market: MarketStage;
let stage: TestEngine;

const liveSymbols = (signals: readonly Signal[]): Set<string> =>
  new Set(signals.filter(({ live }) => live).map(({ symbol }) => symbol));

beforeEach(async () => {
  nats = await startNats(NATS_CONF);
  stage = await startTestEngine(nats.urlAs("engine"));
  market = await publishMarket(nats.urlAs("feed"), SYMBOLS);
  await eventually(
    "every symbol is live",
    () => liveSymbols(stage.signals).size === SYMBOLS,
    20_000,
  );
}, 60_000);

afterEach(async () => {
  await market.close();
  await stage.close();
  await nats.close();
});

describe("the engine on nats-server", () => {
  it("lets a headline speak in its symbol's signal and in no other", async () => {
    const [about, other] = market.symbols;
    const sentiment = (signal: Signal): string[] =>
      signal.sources
        .filter(({ family }) => family === "sentiment")
        .map(({ model }) => model)
        .sort();
    expect(stage.signals.flatMap(sentiment)).toEqual([]);

    market.headline(
      "h1",
      "$BTC: analysts raise price target after record growth beats expectations",
      about!,
    );
    await eventually(
      "both sentiment models contribute",
      () =>
        stage.signals.some(
          (signal) =>
            signal.symbol === about &&
            sentiment(signal).join() === "finbert,llama",
        ),
      10_000,
    );

    const heard = stage.signals.findLast(({ symbol }) => symbol === about)!;
    expect(heard.sentiment?.headlineId).toBe("h1");
    const sum = heard.sources.reduce((x, source) => x + source.contribution, 0);
    expect(sum).toBeCloseTo(heard.logOdds, 12);
    const spoken = heard.sources.filter(({ family }) => family === "sentiment");
    expect(spoken.some(({ contribution }) => contribution !== 0)).toBe(true);
    expect(
      stage.signals.filter(({ symbol }) => symbol === other).flatMap(sentiment),
    ).toEqual([]);
  });

  it("says nothing live while the broker is dead, and is live within 2 s of its return", async () => {
    await nats.stop("SIGKILL");
    await eventually(
      "every symbol says that it is not live",
      () =>
        market.symbols.every(
          (symbol) =>
            stage.signals.findLast((signal) => signal.symbol === symbol)
              ?.live === false,
        ),
      1_000,
    );
    const silentFrom = stage.signals.length;
    await new Promise((resolve) => setTimeout(resolve, 5_000));
    expect(await stage.ready()).toBe(false);
    expect(liveSymbols(stage.signals.slice(silentFrom)).size).toBe(0);

    const returnsAt = stage.signals.length;
    await nats.start();
    const backMs = await eventually(
      "every symbol is live again",
      () => liveSymbols(stage.signals.slice(returnsAt)).size === SYMBOLS,
    );
    expect(backMs).toBeLessThan(2_000);
    await expect.poll(() => stage.ready()).toBe(true);
    // The sequences went on: a client sees the outage as signals, never as a jump backwards.
    for (const symbol of market.symbols) {
      const seqs = stage.signals
        .filter((signal) => signal.symbol === symbol)
        .map(({ seq }) => seq);
      expect(seqs).toEqual([...seqs].sort((a, b) => a - b));
    }
  }, 30_000);
});
