import * as fc from "fast-check";
import { describe, expect, it } from "vitest";
import type { BookDelta, MarketEvent } from "../engine/domain/market-event.ts";
import type { Signal } from "../engine/domain/signal.ts";
import { Random } from "../engine/std/random.ts";
import { ActorStage, BTC, ETH } from "../test/support/actor-stage.ts";
import { FORECAST, TREES } from "../test/support/fake-inference.ts";

/** The book as it really was, by sequence: what every live signal is held against. */
interface Truth {
  mid: number;
  readonly bids: Map<number, number>;
}

const check = (signal: Signal, truth: Truth): void => {
  let logOdds = 0;
  let weights = 0;
  for (const source of signal.sources) {
    logOdds += source.contribution;
    weights += source.weight;
  }
  expect(Math.abs(logOdds - signal.logOdds)).toBeLessThan(1e-12);
  if (signal.sources.length > 0)
    expect(Math.abs(weights - 1)).toBeLessThan(1e-9);
  expect(JSON.stringify(signal)).not.toContain("null");
  if (!signal.live) {
    expect(signal).toMatchObject({
      confidence: 0,
      direction: "NEUTRAL",
      class: "HOLD",
    });
    return;
  }
  expect(signal.book).toMatchObject({ state: "LIVE", reason: "none" });
  expect(signal.sources.length).toBeGreaterThan(0);
  expect(signal.book.bidPrice).toBe(truth.bids.get(signal.book.seq));
};

/** One random session: everything that can go wrong with a feed does, now and then. */
const session = (seed: number): string => {
  const random = new Random(seed);
  const stage = new ActorStage({
    models: [TREES, FORECAST],
    symbol: { mailboxMax: 16 },
  });
  const truth: Truth = { mid: 100, bids: new Map() };
  const step = (): BookDelta => {
    const from = truth.mid;
    truth.mid = Math.max(50, from + random.int(3) - 1);
    const delta = stage.move(BTC, from, truth.mid);
    truth.bids.set(delta.seq, truth.mid - 0.5);
    return delta;
  };
  const snapshot = (): MarketEvent => {
    const event = stage.snapshot(BTC, truth.mid);
    truth.bids.set(event.seq, truth.mid - 0.5);
    return event;
  };
  let held: BookDelta | undefined;
  stage.feed(snapshot(), stage.snapshot(ETH, 100));
  let checked = 0;
  for (let i = 0; i < 400; i++) {
    const chance = random.next();
    if (chance < 0.6) stage.tell(step());
    else if (chance < 0.63) step();
    else if (chance < 0.66) held = step();
    else if (chance < 0.69 && held !== undefined) stage.tell(held);
    else if (chance < 0.72) for (let n = 0; n < 24; n++) stage.tell(step());
    else if (chance < 0.74) stage.tell(stage.gap(BTC));
    else if (chance < 0.75) stage.tell({ ...step(), asks: [1] });
    else if (chance < 0.85) stage.tell(stage.trade(BTC, truth.mid));
    else if (chance < 0.93) {
      if (stage.snapshotsRequested.length > 0) stage.tell(snapshot());
      stage.snapshotsRequested.length = 0;
    } else if (chance < 0.95) stage.clock.stepWallUs(random.int(2e9) - 1e9);
    else if (chance < 0.97 && stage.inference.pending > 0) {
      if (random.next() < 0.5) stage.inference.answer(FORECAST.name, 0.4);
      else stage.inference.miss(FORECAST.name, "E_MODEL_TIMEOUT");
    }
    if (random.next() < 0.7) stage.run();
    if (random.next() < 0.8) stage.advanceMs(random.int(200));
    if (random.next() < 0.01) stage.advanceMs(2_500);
    stage.tell(stage.delta(ETH));
    for (; checked < stage.signals.length; checked++) {
      const signal = stage.signals[checked]!;
      if (signal.symbol === BTC) check(signal, truth);
    }
  }
  for (const symbol of [BTC, ETH])
    expect(stage.of(symbol).map(({ seq }) => seq)).toEqual(
      stage.of(symbol).map((_signal, i) => i + 1),
    );
  const eth = stage.actors.system
    .states()
    .find(({ path }) => path.endsWith(ETH))!;
  expect(eth.restarts).toBe(0);
  return stage.signals.map((signal) => JSON.stringify(signal)).join("\n");
};

describe("a symbol's actor, under any faults of its feed", () => {
  it("is never live on a book that is not the market's, and adds up", () => {
    fc.assert(
      fc.property(fc.integer(), (seed) => {
        const signals = session(seed);
        expect(signals).toContain('"live":true');
        expect(signals).toContain('"state":"SYNCING"');
      }),
      { numRuns: 25 },
    );
  });

  it("says the same again for the same seed", () => {
    for (const seed of [1, 2, 3]) expect(session(seed)).toBe(session(seed));
  });
});
