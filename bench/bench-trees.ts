/** The trees that the signal path is measured with: the shipped ones, or random ones of the same kind; and the same in onnxruntime. */
import { MARKET_FEATURES } from "../engine/features/feature-schema.ts";
import type { Inference, InlineModel, ServedModel } from "../engine/ports.ts";
import { Random } from "../engine/std/random.ts";
import { readOnnx } from "../models/onnx-file.ts";
import { loadRegistry } from "../models/registry.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import { buildTreeModel } from "../test/support/tree-build.ts";

export interface BenchTrees {
  readonly name: string;
  readonly bytes: Uint8Array;
  readonly ensemble: TreeEnsemble;
  readonly horizonMs: number;
}

/** Two models of 200 trees with 31 leaves each: the size of what we train. */
const RANDOM_MODELS = 2;

export const loadBenchTrees = (modelsDir: string): readonly BenchTrees[] => {
  const shipped = loadRegistry(modelsDir, {
    featureSets: [MARKET_FEATURES],
  }).entries.filter(
    ({ manifest, bytes }) =>
      manifest.input.kind === "features" && bytes !== undefined,
  );
  if (shipped.length > 0)
    return shipped.map(({ manifest, bytes }) => ({
      name: manifest.name,
      bytes: bytes!,
      ensemble: TreeEnsemble.fromOnnx(readOnnx(bytes!)),
      horizonMs: manifest.horizonMs,
    }));
  return Array.from({ length: RANDOM_MODELS }, (_, i) => {
    const bytes = buildTreeModel(new Random(i), {
      trees: 200,
      leaves: 31,
      features: MARKET_FEATURES.features.length,
      mode: "BRANCH_LEQ",
      missing: "none",
      kind: "regressorSigmoid",
    });
    return {
      name: `random-${i}`,
      bytes,
      ensemble: TreeEnsemble.fromOnnx(readOnnx(bytes)),
      horizonMs: 1_000 * (i + 1),
    };
  });
};

/** Serves the trees inline and nothing else: no thread takes part in the signal path's bench. */
export const inlineInference = (trees: readonly BenchTrees[]): Inference => {
  const inline = new Map<string, InlineModel>(
    trees.map(({ name, ensemble, horizonMs }) => {
      const served: ServedModel = {
        name,
        version: "1",
        family: "trees",
        horizonMs,
        ttlMs: horizonMs,
        placement: "inline",
        input: "features",
        featureSchemaHash: MARKET_FEATURES.hash,
      };
      const predict = (values: Float64Array): number =>
        ensemble.predict(values);
      return [name, { served, predict }];
    }),
  );
  return {
    models: [...inline.values()].map(({ served }) => served),
    inline: (model) => inline.get(model),
    submit: ({ model, symbol, basisNs }, _onPrediction, onMiss) =>
      onMiss({ model, symbol, basisNs, code: "E_MODEL_UNKNOWN" }),
    pending: 0,
  };
};
