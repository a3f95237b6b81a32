/** A tree model on the actor's own thread. */
import type { FeatureVector } from "../engine/domain/feature.ts";
import type { InlineModel, ServedModel } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import { calibratorOf } from "../models/calibration.ts";
import type { Manifest } from "../models/manifest.ts";
import { asProbability, checkContract } from "../models/model-spec.ts";
import { readOnnx } from "../models/onnx-file.ts";
import type { ModelEntry } from "../models/registry.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import { servedModel } from "./served-model.ts";

/** E_MODEL_CONTRACT when the trees use something that only onnxruntime does. */
export const createInlineTree = (entry: ModelEntry): InlineModel => {
  const { manifest, bytes } = entry;
  if (bytes === undefined) throw new CodedError("E_MODEL_CONTRACT");
  const file = readOnnx(bytes);
  checkContract(manifest, file);
  const trees = TreeEnsemble.fromOnnx(file);
  if (manifest.golden !== undefined) prove(trees, manifest);
  const calibrate = calibratorOf(manifest.calibration);
  const served: ServedModel = servedModel(manifest, "inline");
  return {
    served,
    predict(features: FeatureVector): number {
      if (features.length !== trees.featureCount)
        throw new CodedError("E_INPUT_SCHEMA", {
          detail: `${trees.featureCount} features expected`,
        });
      return calibrate(asProbability(trees.predict(features)));
    },
  };
};

/** The same check that a session has to pass. */
const prove = (trees: TreeEnsemble, { golden, inputs, outputs }: Manifest) => {
  const given = golden?.inputs[inputs[0]!.name];
  const output = outputs.find(({ dtype }) => dtype === "float32");
  const expected = golden?.outputs[output?.name ?? ""]?.at(-1);
  if (given === undefined || expected === undefined) return;
  const actual = trees.predict(
    Float64Array.from(given.data.slice(-trees.featureCount)),
  );
  if (!(Math.abs(actual - expected) <= (golden?.tolerance ?? 0)))
    throw new CodedError("E_MODEL_CONTRACT", {
      detail: `${expected} was expected of the golden vector, not ${actual}`,
    });
};
