import { describe, expect, it } from "vitest";
import {
  ActorStage,
  BTC,
  ETH,
  MemoryStore,
} from "../test/support/actor-stage.ts";
import { FINBERT, LLAMA, TREES } from "../test/support/fake-inference.ts";
import { ENGINE_ACTORS_DEFAULTS } from "./engine-actors.ts";
import type { NewsActorOptions } from "./news-actor.ts";

const TEXT = "Bitcoin surges past its record";

const setUp = (
  news: Partial<NewsActorOptions> = {},
  store = new MemoryStore(),
) => {
  const stage = new ActorStage({
    store,
    models: [TREES, FINBERT, LLAMA],
    engine: { news: { ...ENGINE_ACTORS_DEFAULTS.news, ...news } },
  });
  stage.warm(BTC, ETH);
  const read = (id: string, text: string, ...symbols: (typeof BTC)[]) => {
    stage.actors.router.onHeadline(stage.headline(id, text, ...symbols));
    stage.run();
  };
  return { stage, read };
};

describe("the news actor", () => {
  it("changes the signal of a headline's symbol, naming both sentiment models", () => {
    const { stage, read } = setUp();
    const before = stage.of(BTC).at(-1)!;
    const ethBefore = stage.of(ETH).length;
    read("h1", TEXT, BTC);
    stage.inference.answer("finbert", 0.95, "positive");
    stage.inference.answer("llama", 0.9, "positive");
    stage.run();
    const after = stage.of(BTC).at(-1)!;
    expect(after.trigger).toBe("prediction");
    expect(after.probability).toBeGreaterThan(before.probability);
    expect(after.sources.map(({ model }) => model)).toEqual([
      TREES.name,
      "finbert",
      "llama",
    ]);
    expect(after.sources[1]!.contribution).toBeGreaterThan(0);
    expect(after.sentiment).toMatchObject({
      label: "positive",
      confidence: expect.closeTo(0.9, 12),
      score: expect.closeTo(0.9, 12),
      headlineId: "h1",
    });
    expect(stage.of(ETH)).toHaveLength(ethBefore);
  });

  it("lets a market signal pass while it waits for its models", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC);
    stage.feed(stage.delta(BTC));
    expect(stage.last).toMatchObject({ symbol: BTC, live: true });
    expect(stage.last.sources.map(({ model }) => model)).toEqual([TREES.name]);
  });

  it("does not let the fast model wait for the slow one", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC);
    stage.inference.answer("finbert", 0.1, "negative");
    stage.run();
    expect(stage.last.sources.map(({ model }) => model)).toEqual([
      TREES.name,
      "finbert",
    ]);
    expect(stage.last.sentiment).toBeUndefined();
    stage.feed(stage.delta(BTC), stage.delta(ETH));
    stage.advanceMs(5_000);
    stage.feed(stage.delta(BTC));
    expect(stage.last.sentiment).toMatchObject({
      label: "negative",
      confidence: 0.8,
    });
  });

  it("speaks by FinBERT alone when LLaMA fails, and says so", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC, ETH);
    stage.inference.answer("finbert", 0.9, "positive");
    stage.inference.miss("llama", "E_MODEL_CRASH");
    stage.run();
    for (const symbol of [BTC, ETH]) {
      const signal = stage.of(symbol).at(-1)!;
      expect(signal.sentiment).toMatchObject({ label: "positive" });
      expect(signal.missing).toEqual([{ model: "llama", reason: "failed" }]);
    }
  });

  it("judges a headline once, however often it comes", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC);
    read("h1", TEXT, BTC);
    expect(stage.inference.requests).toHaveLength(2);
  });

  it("judges a text once, whoever prints it, and dates it anew", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC);
    stage.inference.answer("finbert", 0.95, "positive");
    stage.inference.answer("llama", 0.9, "positive");
    stage.run();
    stage.advanceMs(1_000);
    read("h2", `  ${TEXT.toUpperCase()} `, ETH);
    expect(stage.inference.requests).toHaveLength(2);
    const signal = stage.of(ETH).at(-1)!;
    expect(signal.sources.map(({ model }) => model)).toContain("llama");
    expect(signal.sentiment).toMatchObject({ headlineId: "h2", ageMs: 0 });
  });

  it("forgets the oldest ids and texts beyond its bounds", () => {
    const { stage, read } = setUp({ idsMax: 2, textsMax: 2 });
    for (const id of ["a", "b", "c"]) {
      read(id, `text ${id}`, BTC);
      stage.inference.answer("finbert", 0.9, "positive");
      stage.inference.answer("llama", 0.9, "positive");
      stage.run();
    }
    read("a", "text a", BTC);
    expect(stage.inference.requests).toHaveLength(8);
    read("c", "text c", BTC);
    read("d", "text c", BTC);
    expect(stage.inference.requests).toHaveLength(8);
  });

  it("refuses headlines beyond those that may wait", () => {
    const { stage, read } = setUp({ openMax: 2 });
    for (const id of ["a", "b", "c"]) read(id, `text ${id}`, BTC);
    expect(stage.inference.requests).toHaveLength(4);
    stage.advanceMs(5_000);
    read("c", "text c", BTC);
    expect(stage.inference.requests).toHaveLength(6);
  });

  it("lets sentiment fade to its time-to-live and then go", () => {
    const { stage, read } = setUp();
    read("h1", TEXT, BTC);
    stage.inference.answer("finbert", 0.95, "positive");
    stage.inference.answer("llama", 0.9, "positive");
    stage.run();
    const fresh = stage.last;
    stage.clock.advanceMs(300_000);
    stage.run();
    stage.feed(stage.delta(BTC));
    const half = stage.last.sources.find(({ model }) => model === "finbert")!;
    expect(half.freshness).toBeCloseTo(0.5, 3);
    expect(half.contribution).toBeLessThan(fresh.sources[1]!.contribution);
    stage.clock.advanceMs(300_000);
    stage.run();
    stage.feed(stage.delta(BTC));
    expect(stage.last.sentiment).toBeUndefined();
    expect(stage.last.missing).toEqual([
      { model: "finbert", reason: "expired" },
      { model: "llama", reason: "expired" },
    ]);
  });

  it("has nothing to say about symbols that nobody trades here", () => {
    const { stage, read } = setUp();
    const before = stage.signals.length;
    read("h1", TEXT);
    expect(stage.inference.requests).toHaveLength(0);
    expect(stage.signals).toHaveLength(before);
  });

  it("knows after a restart what was said of a text before it", async () => {
    const store = new MemoryStore();
    const first = setUp({}, store);
    await first.stage.settle();
    first.read("h1", TEXT, BTC);
    first.stage.inference.answer("finbert", 0.95, "positive");
    first.stage.inference.answer("llama", 0.9, "positive");
    first.stage.run();
    first.stage.actors.system.drain();

    const second = setUp({}, store);
    await second.stage.settle();
    second.read("h2", TEXT, BTC);
    const signal = second.stage.of(BTC).at(-1)!;
    expect(signal.sentiment?.headlineId).toBe("h2");
    expect(signal.sources.map(({ model }) => model)).toEqual([
      TREES.name,
      "finbert",
      "llama",
    ]);
  });
});
