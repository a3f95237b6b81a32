import { describe, expect, it } from "vitest";
import type { MarketEvent } from "../engine/domain/market-event.ts";
import { CodedError } from "../engine/std/errors.ts";
import {
  ActorStage,
  BTC,
  ETH,
  MemoryStore,
} from "../test/support/actor-stage.ts";
import { FORECAST, TREES } from "../test/support/fake-inference.ts";

const poison = (stage: ActorStage): MarketEvent =>
  ({ ...stage.delta(BTC), bids: null }) as unknown as MarketEvent;

describe("a symbol's actor", () => {
  it("turns a book update into a signal in the same turn", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    const before = stage.signals.length;
    const delta = stage.delta(BTC);
    stage.feed(delta);
    expect(stage.signals).toHaveLength(before + 1);
    expect(stage.last).toMatchObject({
      v: 1,
      symbol: BTC,
      epoch: "test",
      trigger: "book",
      live: true,
      direction: "LONG",
      class: "BUY",
      book: {
        state: "LIVE",
        reason: "none",
        seq: delta.seq,
        bidPrice: 99.5,
        askPrice: 100.5,
      },
      eventUs: delta.eventUs,
      missing: [],
      horizonMs: 1000,
    });
    expect(stage.last.probability).toBeCloseTo(0.8, 12);
    expect(stage.last.sources.map(({ model }) => model)).toEqual([TREES.name]);
  });

  it("speaks once a turn, over the last of many updates", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    const before = stage.signals.length;
    const deltas = Array.from({ length: 20 }, () => stage.delta(BTC));
    stage.feed(...deltas);
    expect(stage.signals).toHaveLength(before + 1);
    expect(stage.last.book.seq).toBe(deltas.at(-1)!.seq);
  });

  it("counts its signals 1, 2, 3 without a hole", () => {
    const stage = new ActorStage();
    stage.warm(BTC, ETH);
    for (const symbol of [BTC, ETH])
      expect(stage.of(symbol).map(({ seq }) => seq)).toEqual(
        stage.of(symbol).map((_signal, i) => i + 1),
      );
  });

  it("is not live before its models are warm, and says which are absent", () => {
    const stage = new ActorStage();
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.last).toMatchObject({
      live: false,
      confidence: 0,
      direction: "NEUTRAL",
      missing: [{ model: TREES.name, reason: "absent" }],
    });
  });

  it("stamps each stage of the turn's oldest event", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    const delta = stage.delta(BTC);
    stage.clock.advanceMs(2);
    stage.tell(delta);
    stage.clock.advanceMs(3);
    stage.tell(stage.delta(BTC));
    stage.run();
    const [received, decoded, enqueued, dequeued, featured, submitted] =
      stage.last.stampsNs;
    expect(received).toBe(delta.receivedNs);
    expect(decoded).toBe(delta.receivedNs);
    expect(enqueued).toBe(delta.receivedNs + 2e6);
    expect(dequeued).toBe(delta.receivedNs + 5e6);
    expect(featured).toBe(dequeued);
    expect(submitted).toBe(0);
    expect(stage.last.stampsNs).toHaveLength(9);
  });

  it("is not live after a gap until a snapshot, which it asks for", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    stage.lose(BTC);
    stage.feed(stage.delta(BTC));
    expect(stage.last).toMatchObject({
      live: false,
      trigger: "state",
      confidence: 0,
      direction: "NEUTRAL",
      class: "HOLD",
      sources: [],
      book: { state: "SYNCING", reason: "gap" },
    });
    expect(stage.snapshotsRequested).toEqual([BTC]);
    const silentAt = stage.signals.length;
    stage.feed(stage.delta(BTC), stage.delta(BTC), stage.trade(BTC, 100));
    expect(stage.signals).toHaveLength(silentAt);
    stage.feed(stage.snapshot(BTC, 101));
    expect(stage.last).toMatchObject({
      live: true,
      trigger: "state",
      book: { state: "LIVE", bidPrice: 100.5 },
    });
  });

  it("asks for snapshots again with growing pauses, then gives the book up for quarantined", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    stage.feed(stage.gap(BTC));
    expect(stage.last.book).toMatchObject({
      state: "SYNCING",
      reason: "disconnected",
    });
    stage.advanceMs(1_000);
    expect(stage.snapshotsRequested).toHaveLength(3);
    stage.advanceMs(29_000);
    expect(stage.snapshotsRequested.length).toBeLessThan(10);
    expect(stage.last.book.state).toBe("QUARANTINED");
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.last.live).toBe(true);
  });

  it("is stale when the book stands still for two seconds, within a quarter of a second", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    const count = stage.signals.length;
    stage.advanceMs(2_000);
    expect(stage.signals).toHaveLength(count);
    stage.clock.stepWallUs(-3_600_000_000);
    stage.advanceMs(250);
    expect(stage.signals).toHaveLength(count + 1);
    expect(stage.last).toMatchObject({
      live: false,
      trigger: "state",
      confidence: 0,
      book: { state: "STALE", reason: "silent" },
    });
    stage.feed(stage.delta(BTC));
    expect(stage.last).toMatchObject({ live: true, trigger: "state" });
  });

  it("is not live while bid and ask are crossed", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    stage.feed(stage.delta(BTC, [105, 1]));
    expect(stage.last).toMatchObject({
      live: false,
      book: { state: "QUARANTINED", reason: "crossed" },
    });
  });

  it("asks the forecaster when a bar closes and fuses its answer as it comes", () => {
    const stage = new ActorStage({ models: [TREES, FORECAST] });
    stage.warm(BTC);
    while (stage.inference.pending === 0) {
      stage.feed(stage.delta(BTC), stage.trade(BTC, 100));
      stage.advanceMs(100);
    }
    stage.feed(stage.delta(BTC));
    const [request] = stage.inference.requests;
    expect(request).toMatchObject({
      model: FORECAST.name,
      symbol: BTC,
      input: { kind: "bars", length: 4 },
    });
    expect(stage.last.missing).toEqual([
      { model: FORECAST.name, reason: "pending" },
    ]);
    stage.inference.answer(FORECAST.name, 0.3);
    stage.run();
    expect(stage.last).toMatchObject({ trigger: "prediction", missing: [] });
    const [trees, forecast] = stage.last.sources;
    expect(trees!.contribution).toBeGreaterThan(0);
    expect(forecast!.contribution).toBeLessThan(0);
    expect(trees!.contribution + forecast!.contribution).toBe(
      stage.last.logOdds,
    );
  });

  it("gives up on an answer that gets lost, and asks again at the next bar", () => {
    const stage = new ActorStage({ models: [TREES, FORECAST] });
    stage.warm(BTC);
    while (stage.inference.pending === 0) {
      stage.feed(stage.delta(BTC), stage.trade(BTC, 100));
      stage.advanceMs(500);
    }
    stage.advanceMs(310);
    stage.feed(stage.delta(BTC));
    expect(stage.last.missing).toEqual([
      { model: FORECAST.name, reason: "late" },
    ]);
    stage.feed(stage.trade(BTC, 101));
    stage.advanceMs(1_000);
    stage.feed(stage.delta(BTC));
    expect(stage.inference.requests).toHaveLength(2);
    expect(stage.last.missing).toEqual([
      { model: FORECAST.name, reason: "pending" },
    ]);
  });

  it("names a forecast that missed its deadline late, and one whose worker crashed failed", () => {
    const stage = new ActorStage({ models: [TREES, FORECAST] });
    stage.warm(BTC);
    const bar = () => {
      stage.feed(stage.delta(BTC), stage.trade(BTC, 100));
      stage.advanceMs(1_000);
      stage.feed(stage.delta(BTC));
    };
    while (stage.inference.pending === 0) bar();
    stage.inference.miss(FORECAST.name, "E_MODEL_TIMEOUT");
    stage.run();
    expect(stage.last).toMatchObject({
      live: true,
      missing: [{ model: FORECAST.name, reason: "late" }],
    });
    bar();
    stage.inference.miss(FORECAST.name, "E_MODEL_CRASH");
    stage.run();
    expect(stage.last.missing).toEqual([
      { model: FORECAST.name, reason: "failed" },
    ]);
  });

  it("leaves out an inline model that fails, and speaks on", () => {
    const second = { ...TREES, name: "lightgbm-5s", horizonMs: 5_000 };
    const stage = new ActorStage({ models: [TREES, second] });
    stage.warm(BTC);
    stage.inference.judge = (_features, model) => {
      if (model === TREES.name) throw new CodedError("E_MODEL_OUTPUT");
      return 0.7;
    };
    stage.feed(stage.delta(BTC));
    expect(stage.last).toMatchObject({
      live: true,
      sources: [{ model: second.name }],
      missing: [{ model: TREES.name, reason: "failed" }],
    });
    stage.inference.judge = () => Number.NaN;
    stage.feed(stage.delta(BTC));
    stage.advanceMs(100);
    expect(JSON.stringify(stage.last)).not.toContain("null");
  });

  it("loses one message and its state to poison, and leaves the others alone", () => {
    const stage = new ActorStage();
    stage.warm(BTC, ETH);
    const seqBefore = stage.of(BTC).at(-1)!.seq;
    stage.feed(stage.delta(BTC));
    stage.tell(poison(stage));
    stage.tell(stage.delta(ETH));
    stage.run();
    expect(stage.of(ETH).at(-1)).toMatchObject({ live: true });
    expect(stage.of(BTC).at(-1)).toMatchObject({
      live: false,
      book: { state: "SYNCING", reason: "actorRestarted" },
    });
    stage.advanceMs(50);
    expect(stage.snapshotsRequested).toEqual([BTC]);
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.of(BTC).at(-1)!.book.state).toBe("LIVE");
    expect(stage.of(BTC).map(({ seq }) => seq)).toEqual(
      stage.of(BTC).map((_signal, i) => i + 1),
    );
    expect(stage.of(BTC).at(-1)!.seq).toBeGreaterThan(seqBefore);
    const states = stage.actors.system.states();
    expect(
      states.find(({ path }) => path.endsWith(BTC))?.restarts,
    ).toBeGreaterThan(0);
    expect(states.find(({ path }) => path.endsWith(ETH))?.restarts).toBe(0);
  });

  it("is quarantined after more poison than the budget, and told so by its last signal", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    for (let i = 0; i < 6; i++) {
      stage.feed(stage.snapshot(BTC, 100));
      stage.feed(poison(stage));
      stage.advanceMs(400);
    }
    expect(stage.last).toMatchObject({
      live: false,
      book: { state: "QUARANTINED", reason: "actorRestarted" },
    });
    expect(stage.tell(stage.delta(BTC))).toBe("dead");
  });

  it("takes an overflowing mailbox for a gap", () => {
    const stage = new ActorStage({ symbol: { mailboxMax: 8 } });
    stage.warm(BTC);
    const results = Array.from({ length: 12 }, () =>
      stage.tell(stage.delta(BTC)),
    );
    expect(results.filter((result) => result === "rejected")).toHaveLength(4);
    stage.run();
    expect(stage.last).toMatchObject({
      live: false,
      book: { state: "SYNCING", reason: "overflow" },
    });
    expect(stage.snapshotsRequested).toEqual([BTC]);
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.last.live).toBe(true);
  });

  it("trusts the model more that is right more often", () => {
    const wrong = { ...TREES, name: "contrarian" };
    const stage = new ActorStage({ models: [TREES, wrong] });
    stage.warm(BTC);
    let mid = 100;
    // Up for two seconds, down for two: the first model knows, the other says the opposite.
    const isUp = (step: number) => Math.floor(step / 8) % 2 === 0;
    let step = 0;
    stage.inference.judge = (_features, model) =>
      isUp(step + 2) === (model === TREES.name) ? 0.8 : 0.2;
    for (; step < 200; step++) {
      const next = mid + (isUp(step) ? 1 : -1);
      stage.feed(stage.move(BTC, mid, next));
      mid = next;
      stage.advanceMs(250);
    }
    const [right, contrarian] = stage.last.sources;
    expect(stage.outcomes.length).toBeGreaterThan(60);
    expect(right!.weight).toBeGreaterThan(0.9);
    expect(contrarian!.weight).toBeLessThan(0.1);
    const views = stage.actors.inspector.weights(BTC)!;
    expect(views[0]!.mean).toBeGreaterThan(0.6);
    expect(views[1]!.mean).toBeLessThan(0.4);
    expect(views.reduce((sum, { weight }) => sum + weight, 0)).toBeCloseTo(
      1,
      12,
    );
    expect(stage.actors.calibrations.of(TREES.name)!.count).toBeGreaterThan(30);
  });

  it("voids open statements when the book is lost", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    stage.feed(stage.delta(BTC));
    stage.outcomes.length = 0;
    stage.feed(stage.gap(BTC), stage.snapshot(BTC, 120));
    stage.feed(stage.gap(BTC));
    stage.feed(stage.snapshot(BTC, 140));
    stage.advanceMs(900);
    stage.feed(stage.delta(BTC));
    expect(stage.outcomes).toEqual([]);
  });

  it("keeps its weights over a restart of the engine, and does not count them twice over one of its own", async () => {
    const store = new MemoryStore();
    const live = async (stage: ActorStage) => {
      await stage.settle();
      stage.warm(BTC);
      let mid = 100;
      for (let i = 0; i < 60; i++) {
        stage.feed(stage.move(BTC, mid, mid + 1));
        mid++;
        stage.advanceMs(500);
        await stage.settle();
      }
    };
    const first = new ActorStage({ store });
    await live(first);
    first.actors.system.drain();
    const learnt = store.values.get(`weights/${BTC}`);
    expect(learnt).toBeDefined();
    const outcomes = first.outcomes.length;
    expect(outcomes).toBeGreaterThan(20);

    const second = new ActorStage({ store });
    second.feed(second.snapshot(BTC, 100));
    await second.settle();
    expect(second.actors.inspector.weights(BTC)![0]).toMatchObject({
      outcomes,
    });
    second.feed(poison(second));
    second.advanceMs(50);
    await second.settle();
    expect(second.actors.inspector.weights(BTC)![0]).toMatchObject({
      outcomes,
    });
  });

  it("saves its weights seldom, however many outcomes there are", async () => {
    const store = new MemoryStore();
    const stage = new ActorStage({ store });
    stage.warm(BTC);
    await stage.settle();
    let mid = 100;
    for (let i = 0; i < 80; i++) {
      stage.feed(stage.move(BTC, mid, mid + 1));
      mid++;
      stage.advanceMs(250);
    }
    expect(stage.outcomes.length).toBeGreaterThan(15);
    expect(store.saves).toBeGreaterThan(1);
    expect(store.saves).toBeLessThanOrEqual(5);
  });

  it("keeps a pause between signals where told so, but not before a change of state", () => {
    const stage = new ActorStage({ symbol: { minIntervalMs: 100 } });
    stage.warm(BTC);
    const before = stage.signals.length;
    for (let i = 0; i < 100; i++) {
      stage.advanceMs(5);
      stage.feed(stage.delta(BTC));
    }
    expect(stage.signals.length - before).toBeGreaterThanOrEqual(4);
    expect(stage.signals.length - before).toBeLessThanOrEqual(6);
    stage.feed(stage.gap(BTC));
    expect(stage.last.live).toBe(false);
    const covered = stage.last.seq;
    stage.advanceMs(5);
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.last.seq).toBe(covered + 1);
    stage.advanceMs(1);
    stage.feed(stage.delta(BTC));
    expect(stage.last.seq).toBe(covered + 1);
    stage.advanceMs(100);
    expect(stage.last.seq).toBe(covered + 2);
  });

  it("shows its depth while it is up", () => {
    const stage = new ActorStage();
    stage.feed(stage.snapshot(BTC, 100));
    expect(stage.actors.inspector.depth(BTC, 1)).toMatchObject({
      bids: [99.5, 3],
      asks: [100.5, 2],
    });
    stage.actors.system.stop();
    expect(stage.actors.inspector.depth(BTC, 1)).toBeUndefined();
  });

  it("tells its listeners when the engine drains", () => {
    const stage = new ActorStage();
    stage.warm(BTC);
    stage.actors.system.drain();
    expect(stage.last).toMatchObject({
      live: false,
      book: { state: "SYNCING", reason: "disconnected" },
    });
  });

  it("says the same for the same input, byte by byte", () => {
    const session = (): string => {
      const stage = new ActorStage({ models: [TREES, FORECAST] });
      stage.inference.judge = (features) =>
        1 / (1 + Math.exp(-(features[1]! + features[3]! / 7)));
      stage.warm(BTC);
      let mid = 100;
      for (let i = 0; i < 200; i++) {
        const next = mid + ((i * 7) % 5) - 2;
        if (i % 41 === 40) stage.lose(BTC);
        stage.feed(
          stage.move(BTC, mid, next),
          stage.trade(BTC, next, 1 + (i % 3)),
        );
        if (i % 41 === 40) stage.feed(stage.snapshot(BTC, next));
        mid = next;
        if (stage.inference.pending > 0)
          stage.inference.answer(FORECAST.name, ((i * 13) % 97) / 97);
        stage.advanceMs(100);
      }
      return stage.signals.map((signal) => JSON.stringify(signal)).join("\n");
    };
    const first = session();
    expect(first.length).toBeGreaterThan(100_000);
    expect(session()).toBe(first);
  });
});
