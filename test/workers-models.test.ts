/** Each family through its own spec, on the pool or inline, from manifest to prediction. */
import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { Random } from "../engine/std/random.ts";
import { readOnnx } from "../models/onnx-file.ts";
import { loadRegistry } from "../models/registry.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference } from "../workers/placement.ts";
import type { InferenceOptions } from "../workers/placement.ts";
import { FLOAT32, GraphBuilder } from "./support/onnx-build.ts";
import { llamaProcessUrl, workerUrl } from "./support/compiled.ts";
import {
  ask,
  features,
  isMiss,
  outcome,
  text,
} from "./support/inference-calls.ts";
import type { Answer } from "./support/inference-calls.ts";
import {
  SENTIMENT_WORDS,
  buildForecastModel,
  buildSentimentModel,
  forecastManifest,
  modelFolder,
  sentimentManifest,
  tokenizerJson,
  treeManifest,
} from "./support/model-folder.ts";
import type { ModelFolder } from "./support/model-folder.ts";
import { buildTreeModel } from "./support/tree-build.ts";

let folder: ModelFolder;
let inference: EngineInference | undefined;
beforeEach(() => {
  folder = modelFolder();
});
afterEach(async () => {
  await inference?.close();
  inference = undefined;
  folder.remove();
});

const serve = async (
  options: Partial<InferenceOptions> = {},
): Promise<EngineInference> => {
  const { entries, refusals } = loadRegistry(folder.root);
  expect(refusals).toEqual([]);
  inference = await createInference(entries, {
    workerUrl: workerUrl(),
    llamaProcessUrl: llamaProcessUrl(),
    ...options,
  });
  return inference;
};

const WIDTH = 8;
const treeModel = (kind: "classifierOn1" | "regressorSigmoid") =>
  buildTreeModel(new Random(7), {
    trees: 20,
    leaves: 8,
    features: WIDTH,
    mode: "BRANCH_LEQ",
    missing: "none",
    kind,
  });

describe("a tree model", () => {
  it("gives the same predictions inline and on the pool, calibrated in both", async () => {
    const calibration = { method: "platt", a: 0.8, b: -0.1 };
    folder.add(treeModel("classifierOn1"), {
      ...treeManifest(WIDTH, "probabilities"),
      calibration,
    });
    const random = new Random(3);
    const vectors = Array.from({ length: 200 }, () =>
      Float64Array.from({ length: WIDTH }, () => random.normal()),
    );
    const inline = await serve();
    const model = inline.inline("probe")!;
    expect(model.served).toMatchObject({
      placement: "inline",
      featureSchemaHash: "h1",
    });
    const onThread = vectors.map((vector) => model.predict(vector));
    const throughPort = await Promise.all(
      vectors.map((values) =>
        ask(inline, "probe", { kind: "features", values }),
      ),
    );
    expect(throughPort.map(outcome)).toEqual(onThread);
    await inline.close();

    const pool = await serve({ trees: "pool" });
    expect(pool.inline("probe")).toBeUndefined();
    expect(pool.models[0]!.placement).toBe("pool");
    const onPool = await Promise.all(
      vectors.map((values) => ask(pool, "probe", { kind: "features", values })),
    );
    onPool.forEach((answer, i) => {
      expect(Math.abs(Number(outcome(answer)) - onThread[i]!)).toBeLessThan(
        1e-6,
      );
    });
  });

  it("goes to the pool when the inline evaluator cannot do it exactly", async () => {
    const graph = new GraphBuilder();
    graph.input("X", FLOAT32, ["N", 2]);
    graph.output("Y", FLOAT32, ["N", 1]);
    const half = graph.op("Mul", [
      graph.op("Gather", ["X", graph.ints([0], [1])], { axis: 1 }),
      graph.floats([0.5], []),
    ]);
    graph.node("Sigmoid", [half], {}, { outputs: ["Y"] });
    folder.add(graph.build(), treeManifest(2));
    const served = await serve();
    expect(served.inline("probe")).toBeUndefined();
    expect(outcome(await ask(served, "probe", features(0, 0)))).toBe(0.5);
  });

  it("throws a code rather than a number that is none", async () => {
    folder.add(treeModel("regressorSigmoid"), treeManifest(WIDTH));
    const served = await serve();
    expect(() => served.inline("probe")!.predict(new Float64Array(3))).toThrow(
      "E_INPUT_SCHEMA",
    );
  });
});

describe("a forecaster", () => {
  const length = 16;
  const steps = 4;
  const window = (random: Random, base: number): Float32Array => {
    const bars = new Float32Array(length * 6);
    let close = base;
    for (let i = 0; i < length; i++) {
      const open = close;
      close *= 1 + random.normal() * 1e-3;
      bars.set(
        [
          open,
          Math.max(open, close),
          Math.min(open, close),
          close,
          random.next() * 10,
          (open + close) / 2,
        ],
        i * 6,
      );
    }
    return bars;
  };

  it("states direction and prices from raw bars, the same alone and in a batch", async () => {
    const random = new Random(11);
    folder.add(
      buildForecastModel(length, steps, (count) =>
        Array.from({ length: count }, () => random.normal() * 0.02),
      ),
      { ...forecastManifest(length, steps), horizonMs: 2_000 },
    );
    const served = await serve();
    expect(served.models[0]).toMatchObject({
      input: "bars",
      window: { intervalMs: 1_000, length },
      family: "forecast",
    });
    const windows = Array.from({ length: 12 }, (_, i) =>
      window(random, 10 ** (i % 6)),
    );
    const alone: Answer[] = [];
    for (const values of windows)
      alone.push(
        await ask(served, "forecast", { kind: "bars", values, length }),
      );
    const together = await Promise.all(
      windows.map((values) =>
        ask(served, "forecast", { kind: "bars", values, length }),
      ),
    );
    together.forEach((answer, i) => {
      expect(Number(outcome(answer))).toBeCloseTo(
        Number(outcome(alone[i]!)),
        5,
      );
      expect(answer).toMatchObject({ detail: { kind: "forecast" } });
      if (!isMiss(answer) && answer.detail?.kind === "forecast") {
        expect(answer.detail.prices).toHaveLength(steps);
        const close = windows[i]![(length - 1) * 6 + 3]!;
        for (const price of answer.detail.prices)
          expect(Math.abs(price / close - 1)).toBeLessThan(0.1);
      }
    });
  });

  it("survives a window that does not move, and refuses one that is no price", async () => {
    folder.add(
      buildForecastModel(length, steps, (count) =>
        Array<number>(count).fill(0),
      ),
      forecastManifest(length, steps),
    );
    const served = await serve();
    const flat = new Float32Array(length * 6).fill(100);
    expect(
      await ask(served, "forecast", { kind: "bars", values: flat, length }),
    ).toMatchObject({ probability: 0.5, confidence: 0 });
    for (const bad of [0, -1, Number.NaN, Number.POSITIVE_INFINITY]) {
      const values = flat.slice();
      values[9] = bad;
      expect(
        outcome(
          await ask(served, "forecast", { kind: "bars", values, length }),
        ),
      ).toBe("E_INPUT_RANGE");
    }
    expect(
      outcome(
        await ask(served, "forecast", {
          kind: "bars",
          values: flat.slice(6),
          length: length - 1,
        }),
      ),
    ).toBe("E_INPUT_SCHEMA");
  });
});

describe("a sentiment classifier", () => {
  const rise = SENTIMENT_WORDS.indexOf("rise");
  const fall = SENTIMENT_WORDS.indexOf("fall");
  const sep = SENTIMENT_WORDS.indexOf("[SEP]");
  const rows = SENTIMENT_WORDS.map((_, id): [number, number, number] =>
    id === rise ? [3, 0, 0] : id === fall ? [0, 3, 0] : [0, 0, 0.1],
  );
  /** Counts end markers in the third logit. */
  const counting = rows.map((row, id): [number, number, number] =>
    id === sep ? [0, 0, 5] : row,
  );

  it("reads a headline: label, score, and a probability by its impact", async () => {
    folder.add(buildSentimentModel(rows), sentimentManifest(), {
      "tokenizer.json": tokenizerJson(),
    });
    const served = await serve();
    const up = await ask(served, "finbert", text("Shares RISE", "n1"));
    const softmax = (x: number[]) => {
      const powers = x.map(Math.exp);
      return powers.map((p) => p / powers.reduce((a, b) => a + b));
    };
    // [CLS] shares rise [SEP]
    const [positive, negative, neutral] = softmax([3, 0, 0.3]);
    const score = positive! - negative!;
    expect(up).toMatchObject({
      family: "sentiment",
      detail: { kind: "sentiment", label: "positive", headlineId: "n1" },
    });
    expect(outcome(up)).toBeCloseTo(0.5 + 0.25 * score, 6);
    expect(isMiss(up) ? undefined : up.confidence).toBeCloseTo(
      Math.max(positive!, neutral!),
      6,
    );
    const down = await ask(served, "finbert", text("shares fall"));
    expect(Number(outcome(down))).toBeLessThan(0.5);
  });

  it("takes the label order and the impact from the manifest", async () => {
    folder.add(
      buildSentimentModel(rows),
      sentimentManifest({
        labels: ["negative", "positive", "neutral"],
        calibration: { method: "none", impact: 0.5 },
      }),
      { "tokenizer.json": tokenizerJson() },
    );
    const served = await serve();
    const answer = await ask(served, "finbert", text("rise"));
    expect(answer).toMatchObject({ detail: { label: "negative" } });
    expect(Number(outcome(answer))).toBeLessThan(0.15);
  });

  it("gives each text of a batch what it gets alone, whatever the lengths", async () => {
    folder.add(buildSentimentModel(rows), sentimentManifest(), {
      "tokenizer.json": tokenizerJson(),
    });
    const served = await serve();
    const texts = [
      "rise",
      "shares fall fall",
      "",
      "shares ".repeat(400),
      "fall rise",
    ];
    const together = await Promise.all(
      texts.map((content) => ask(served, "finbert", text(content))),
    );
    for (const [i, content] of texts.entries())
      expect(outcome(await ask(served, "finbert", text(content)))).toBeCloseTo(
        Number(outcome(together[i]!)),
        6,
      );
  });

  it("reads a literal [SEP] as a word, in any case of letters", async () => {
    folder.add(buildSentimentModel(counting), sentimentManifest(), {
      "tokenizer.json": tokenizerJson(),
    });
    const served = await serve();
    const plain = await ask(served, "finbert", text("rise [ sep ]"));
    for (const injected of ["rise [SEP]", "rise [sep]", "rise [Sep]"])
      expect(outcome(await ask(served, "finbert", text(injected)))).toBeCloseTo(
        Number(outcome(plain)),
        6,
      );
  });

  it("is refused, and the others serve, when its tokenizer is none", async () => {
    folder.add(buildSentimentModel(rows), sentimentManifest(), {
      "tokenizer.json": "{}",
    });
    folder.add(treeModel("regressorSigmoid"), treeManifest(WIDTH));
    const served = await serve();
    expect(served.models.map(({ name }) => name)).toEqual(["probe"]);
    expect(served.status().models).toContainEqual(
      expect.objectContaining({
        name: "finbert",
        state: "refused",
        code: "E_MODEL_CONTRACT",
      }),
    );
    expect(outcome(await ask(served, "finbert", text("rise")))).toBe(
      "E_MODEL_CONTRACT",
    );
  });
});

describe("placement", () => {
  it("falls back to the CPU and says so when the card cannot be had", async () => {
    folder.add(treeModel("regressorSigmoid"), treeManifest(WIDTH));
    const served = await serve({ trees: "pool", devices: { probe: "cuda:0" } });
    expect(served.status().models).toMatchObject([
      { state: "serving", degraded: true, device: "cpu", lane: "trees@cuda:0" },
    ]);
    expect(
      outcome(
        await ask(
          served,
          "probe",
          features(...new Array<number>(WIDTH).fill(0)),
        ),
      ),
    ).toBeTypeOf("number");
  });

  it("refuses a model that asks for more memory than there is", async () => {
    const bomb = new GraphBuilder();
    bomb.input("X", FLOAT32, ["N", 2]);
    bomb.output("Y", FLOAT32, ["N", 1]);
    const huge = bomb.op("Expand", ["X", bomb.ints([2 ** 41, 1, 2], [3])]);
    bomb.node(
      "ReduceMean",
      [huge],
      { axes: [0, 2], keepdims: 0 },
      { outputs: ["flat"] },
    );
    bomb.node(
      "Unsqueeze",
      ["flat", bomb.ints([1], [1])],
      {},
      { outputs: ["Y"] },
    );
    folder.add(bomb.build(), { ...treeManifest(2), name: "bomb" });
    folder.add(treeModel("regressorSigmoid"), treeManifest(WIDTH));
    const served = await serve({ trees: "pool" });
    expect(served.models.map(({ name }) => name)).toEqual(["probe"]);
    expect(served.status().models).toContainEqual(
      expect.objectContaining({
        name: "bomb",
        state: "refused",
        code: "E_MODEL_CONTRACT",
      }),
    );
  });

  it("refuses a model that misses its golden vector", async () => {
    const golden = (expected: number) => ({
      golden: {
        inputs: {
          X: { shape: [1, WIDTH], data: Array<number>(WIDTH).fill(0) },
        },
        outputs: { Y: [expected] },
        tolerance: 1e-5,
      },
    });
    const manifest = treeManifest(WIDTH);
    folder.add(treeModel("regressorSigmoid"), { ...manifest, ...golden(9) });
    const served = await serve({ trees: "pool" });
    expect(served.models).toEqual([]);
    expect(served.status().models).toMatchObject([
      { state: "refused", code: "E_MODEL_CONTRACT" },
    ]);
    await served.close();
    folder.remove();
    const bytes = treeModel("regressorSigmoid");
    folder.add(bytes, {
      ...manifest,
      ...golden(
        TreeEnsemble.fromOnnx(readOnnx(bytes)).predict(new Float64Array(WIDTH)),
      ),
    });
    expect((await serve({ trees: "pool" })).models).toHaveLength(1);
  });
});
