/** Which spec serves which family of ONNX models. A new family is one line here, one in FAMILIES and one folder. */
import type { ModelFamily } from "../engine/domain/prediction.ts";
import { finbertSpec } from "./finbert/spec.ts";
import { lightgbmSpec } from "./lightgbm/spec.ts";
import type { Family, Manifest } from "./manifest.ts";
import { contract } from "./model-spec.ts";
import type { ModelSpec, Tokenize } from "./model-spec.ts";
import { patchtstSpec } from "./patchtst/spec.ts";

export const modelFamilyOf: Readonly<Record<Family, ModelFamily>> = {
  lightgbm: "trees",
  patchtst: "forecast",
  finbert: "sentiment",
  llama: "sentiment",
};

/** E_MODEL_CONTRACT when the manifest asks for something that the family's spec cannot do. */
export const onnxSpecOf = (
  manifest: Manifest,
  tokenize: Tokenize,
): ModelSpec => {
  switch (manifest.family) {
    case "lightgbm":
      return lightgbmSpec(manifest);
    case "patchtst":
      return patchtstSpec(manifest);
    case "finbert":
      return finbertSpec(manifest, tokenize);
    case "llama":
      throw contract("a LLaMA is no ONNX model");
  }
};
