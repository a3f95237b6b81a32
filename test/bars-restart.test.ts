/** What a symbol knows of its bars outlives the engine: killed and started again it computes what it would have, in memory, files and Redis. */
import { mkdtempSync, rmSync } from "node:fs";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { afterAll, beforeAll, describe, expect, it } from "vitest";
import { BARS_SET } from "../engine/features/bars-set.ts";
import { COMPACT_SET } from "../engine/features/compact-set.ts";
import { FRAMES_SET } from "../engine/features/frames-set.ts";
import { NEWS_SET } from "../engine/features/news-windows.ts";
import { FileStore } from "../engine/io/file-store.ts";
import { RedisStore } from "../engine/io/redis-store.ts";
import { NO_LOG } from "../engine/ports.ts";
import type { StateStore } from "../engine/ports.ts";
import { Random } from "../engine/std/random.ts";
import { unixMicros } from "../engine/std/time.ts";
import { ActorStage, BTC, MemoryStore } from "./support/actor-stage.ts";
import { FINBERT, treesOf } from "./support/fake-inference.ts";
import { startRedis } from "./support/redis-server.ts";
import type { RedisServer } from "./support/redis-server.ts";

const SETS = [BARS_SET, COMPACT_SET, FRAMES_SET, NEWS_SET];
const MODELS = [FINBERT, ...treesOf(SETS)];
/** So that the last save lies right before the end. */
const BARS_EVERY_MS = 1000;
const WARM_MINUTES = 400;

/** What happens, the same to whoever lives it. */
interface Step {
  readonly afterMs: number;
  take(stage: ActorStage): void;
}

const minuteStep = (random: Random): Step => {
  const close = 100 + random.normal() / 10;
  const volume = 1 + random.int(9);
  return {
    afterMs: 60_000,
    take: (stage) =>
      stage.feed(
        stage.event(BTC, {
          type: "bar",
          intervalMs: 60_000,
          openUs: unixMicros(stage.clock.nowUs() - 60_000_000),
          open: 100,
          high: 101,
          low: 99,
          close,
          volume,
          vwap: 100,
          trades: 3,
          closed: true,
        }),
      ),
  };
};

const headlineStep = (random: Random, id: string): Step => {
  const probability = 0.5 + random.next() / 3;
  return {
    afterMs: 0,
    take(stage) {
      stage.actors.router.onHeadline(stage.headline(id, id, BTC));
      stage.run();
      stage.inference.answer("finbert", probability, "positive");
      stage.run();
    },
  };
};

const BOOK_STEP: Step = {
  afterMs: 0,
  take: (stage) => stage.feed(stage.snapshot(BTC, 100)),
};

const tradeStep = (random: Random): Step => {
  const price = 100 + Math.round(100 * random.normal()) / 1000;
  const size = 1 + random.int(5);
  return {
    afterMs: 250,
    take: (stage) =>
      stage.feed(stage.trade(BTC, price, size), stage.delta(BTC)),
  };
};

/** Minutes that the venue tells until all is warm, then trades and books, four a second. */
const stepsOf = (liveSeconds: number): Step[] => {
  const random = new Random("bars");
  return [
    ...Array.from({ length: WARM_MINUTES }, (_, i) =>
      i % 50 === 25 ? headlineStep(random, String(i)) : minuteStep(random),
    ),
    BOOK_STEP,
    ...Array.from({ length: 4 * liveSeconds }, () => tradeStep(random)),
  ];
};

/** One engine, and what its models were asked to judge: by model and time. */
class Life {
  readonly stage: ActorStage;
  readonly judged = new Map<string, readonly number[]>();
  readonly warnings: string[] = [];
  readonly #loads: PromiseLike<unknown>[] = [];

  constructor(store: StateStore, startUs?: number, idleMs = 3_600_000) {
    this.stage = new ActorStage({
      models: MODELS,
      store: {
        load: (key) => {
          const loaded = store.load(key);
          this.#loads.push(loaded);
          return loaded;
        },
        save: (key, value) => store.save(key, value),
        flush: () => store.flush(),
      },
      symbol: { idleMs, barsEveryMs: BARS_EVERY_MS },
      log: {
        ...NO_LOG,
        warn: (event, fields) =>
          void this.warnings.push(`${event} ${String(fields?.["code"])}`),
      },
    });
    const { clock, inference } = this.stage;
    const nowUs = clock.nowUs();
    clock.advanceMs(
      startUs === undefined
        ? 3_600_000 - ((nowUs / 1000) % 3_600_000)
        : (startUs - nowUs) / 1000,
    );
    inference.judge = (features, model) => {
      this.judged.set(`${model} ${clock.nowUs()}`, [...features]);
      return 0.6;
    };
  }

  live(steps: readonly Step[]): void {
    for (const step of steps) {
      this.stage.clock.advanceMs(step.afterMs);
      step.take(this.stage);
    }
  }

  /** The store answers after the first step. */
  async begin([first, ...rest]: readonly Step[]): Promise<void> {
    this.live([first!]);
    await this.#settle();
    this.live(rest);
  }

  /** A book first, as a feed gives one that comes back. */
  async wake(steps: readonly Step[]): Promise<void> {
    this.live([BOOK_STEP]);
    await this.begin(steps);
  }

  /** Until the store has answered what the symbol's first event asked it. */
  async #settle(): Promise<void> {
    await Promise.all(this.#loads);
    this.stage.run();
  }
}

/** What the second says is what the first says, wherever both were warm enough to judge. */
const expectSame = (whole: Life, other: Life, models: readonly string[]) => {
  for (const model of models) {
    const both = [...other.judged.keys()].filter(
      (key) => key.startsWith(`${model} `) && whole.judged.has(key),
    );
    expect(both.length, model).toBeGreaterThan(20);
    for (const key of both)
      expect(other.judged.get(key), key).toEqual(whole.judged.get(key));
  }
};

const ALL = SETS.map(({ name }) => name);
const SLOW = ALL.filter((name) => name !== "frames");
const STEPS = stepsOf(200);
/** In the middle of a minute, right after a second has closed and was saved. */
const KILLED_AT = WARM_MINUTES + 1 + 4 * 95;

let redis: RedisServer;
let folder: string;
const wholeStore = new MemoryStore();
let whole: Life;

beforeAll(async () => {
  redis = await startRedis();
  folder = mkdtempSync(join(tmpdir(), "fusewire-bars-"));
  whole = new Life(wholeStore);
  await whole.begin(STEPS);
});

afterAll(async () => {
  rmSync(folder, { recursive: true });
  await redis.stop();
});

const killAndRestart = async (
  open: () => StateStore,
  between: (store: StateStore) => void = () => undefined,
): Promise<Life> => {
  const before = new Life(open());
  await before.begin(STEPS.slice(0, KILLED_AT));
  await before.stage.store.flush();
  between(before.stage.store);
  const { clock } = before.stage;
  const after = new Life(open(), clock.nowUs());
  await after.wake(STEPS.slice(KILLED_AT));
  return after;
};

describe("bars and their features over a kill", () => {
  it("are what they would have been, out of files", async () => {
    const after = await killAndRestart(() => new FileStore({ folder }));
    expect(after.warnings).toEqual([]);
    expectSame(whole, after, SLOW);
  });

  it("are what they would have been, out of Redis", async () => {
    const stores: RedisStore[] = [];
    const after = await killAndRestart(() => {
      const store = new RedisStore({
        url: redis.url,
        commandTimeoutMs: 10_000,
        startTimeoutMs: 10_000,
      });
      stores.push(store);
      return store;
    });
    expect(after.warnings).toEqual([]);
    expectSame(whole, after, SLOW);
    for (const store of stores) await store.close();
  });

  it("begin anew where another version of us wrote them, with a code", async () => {
    const memory = new MemoryStore();
    const after = await killAndRestart(
      () => memory,
      () => {
        const kept = memory.values.get(`bars/${BTC}`)!;
        memory.values.set(`bars/${BTC}`, kept.with(4, 99));
      },
    );
    expect(after.warnings).toEqual(["bars.refused E_DEP_STORE"]);
    const models = new Set(
      [...after.judged.keys()].map((key) => key.split(" ")[0]),
    );
    expect([...models]).toEqual(["news"]);
  });

  it("keep to a bounded size", () => {
    expect(wholeStore.values.get(`bars/${BTC}`)!.length).toBeLessThan(1 << 20);
  });
});

describe("bars and their features over a crash", () => {
  it("are taken up as they were kept last", async () => {
    const life = new Life(new MemoryStore());
    await life.begin(STEPS.slice(0, KILLED_AT));
    const { stage } = life;
    const { judge } = stage.inference;
    stage.inference.judge = () => {
      throw new TypeError("poison");
    };
    life.live(STEPS.slice(KILLED_AT, KILLED_AT + 1));
    stage.inference.judge = judge;
    life.judged.clear();
    stage.advanceMs(50);
    await life.wake(STEPS.slice(KILLED_AT + 1));
    const judged = [...life.judged.keys()].filter((key) =>
      key.startsWith("bars "),
    );
    expect(judged.length).toBeGreaterThan(20);
  });
});

describe("bars and their features over a passivation", () => {
  it("are what they would have been", async () => {
    const idle = new Life(new MemoryStore(), undefined, 90_000);
    const away: Step = {
      afterMs: 0,
      take(stage) {
        for (let s = 0; s < 200; s++) {
          stage.clock.advanceMs(1000);
          stage.run();
        }
      },
    };
    const [before, after] = [STEPS.slice(0, KILLED_AT), STEPS.slice(KILLED_AT)];
    const awake = new Life(new MemoryStore());
    await awake.begin([...before, away, BOOK_STEP, ...after]);
    await idle.begin([...before, away]);
    const { system } = idle.stage.actors;
    expect(system.lookup(`symbols/${BTC}`)).toBeUndefined();
    await idle.wake(after);
    expectSame(awake, idle, SLOW);
  });
});
