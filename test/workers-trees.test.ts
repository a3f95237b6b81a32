/** The inline tree evaluator against onnxruntime, its oracle. */
import { InferenceSession, Tensor } from "onnxruntime-node";
import { describe, expect, it } from "vitest";
import { Random } from "../engine/std/random.ts";
import { readOnnx } from "../models/onnx-file.ts";
import { TreeEnsemble } from "../models/tree-ensemble.ts";
import { buildTreeModel } from "./support/tree-build.ts";
import type { TreeBuildOptions } from "./support/tree-build.ts";

const VECTORS = 1_000;

const KINDS: readonly Partial<TreeBuildOptions>[] = [
  { kind: "regressor" },
  { kind: "regressor", baseValue: 0.375 },
  { kind: "regressorSigmoid" },
  { kind: "classifierOn0" },
  { kind: "classifierOn1" },
  { kind: "classifierOnBoth" },
  { kind: "classifierSoftmax" },
];

/** Grid values meet thresholds exactly; the others lie beside them by less than a float32 can tell. */
const randomInputs = (
  random: Random,
  width: number,
  holes: "none" | "NaN",
): Float64Array[] =>
  Array.from({ length: VECTORS }, () =>
    Float64Array.from({ length: width }, () => {
      const draw = random.next();
      if (holes === "NaN" && draw < 0.1) return Number.NaN;
      const grid = (random.int(61) - 30) / 10;
      if (draw < 0.4) return grid;
      if (draw < 0.5) return grid + (random.next() - 0.5) * 1e-9;
      return random.normal() * 1.5;
    }),
  );

describe("the inline tree evaluator", () => {
  for (const kind of KINDS)
    for (const mode of ["BRANCH_LEQ", "BRANCH_LT"] as const)
      for (const missing of ["none", "tracked"] as const)
        it(`equals onnxruntime: ${JSON.stringify(kind)}, ${mode}, missing values ${missing}`, async () => {
          const random = new Random(`${JSON.stringify(kind)}${mode}${missing}`);
          const features = 24;
          const bytes = buildTreeModel(random, {
            trees: 60,
            leaves: 15,
            features,
            mode,
            missing,
            kind: "regressor",
            ...kind,
          });
          const inputs = randomInputs(
            random,
            features,
            missing === "none" ? "none" : "NaN",
          );
          const trees = TreeEnsemble.fromOnnx(readOnnx(bytes));
          expect(trees.featureCount).toBe(features);
          expect(trees.treeCount).toBe(60);
          const session = await InferenceSession.create(bytes, {
            intraOpNumThreads: 1,
          });
          const batch = new Float32Array(VECTORS * features);
          inputs.forEach((row, i) => batch.set(row, i * features));
          const outputs = await session.run({
            X: new Tensor("float32", batch, [VECTORS, features]),
          });
          const name = kind.kind?.startsWith("classifier")
            ? "probabilities"
            : "Y";
          const oracle = outputs[name]!.data as Float32Array;
          const columns = oracle.length / VECTORS;
          let worst = 0;
          inputs.forEach((row, i) => {
            const expected = oracle[i * columns + columns - 1]!;
            worst = Math.max(worst, Math.abs(trees.predict(row) - expected));
          });
          await session.release();
          expect(worst).toBeLessThan(1e-6);
        });
});
