/** Random tree ensembles as ONNX files, for tests and measurements. */
import type { Random } from "../../engine/std/random.ts";
import type { AttributeValue } from "./onnx-build.ts";
import { FLOAT32, GraphBuilder, INT64 } from "./onnx-build.ts";

export interface TreeBuildOptions {
  readonly trees: number;
  readonly leaves: number;
  readonly features: number;
  readonly mode: "BRANCH_LEQ" | "BRANCH_LT";
  readonly missing: "none" | "tracked";
  readonly kind:
    | "regressor"
    | "regressorSigmoid"
    | "classifierOn0"
    | "classifierOn1"
    | "classifierOnBoth"
    | "classifierSoftmax";
  readonly baseValue?: number;
}

interface Node {
  isLeaf: boolean;
  feature: number;
  threshold: number;
  left: number;
  right: number;
  value: number;
}

/** Leaf-wise growth with thresholds on a coarse grid, so that inputs on the grid meet them exactly. */
const growTree = (random: Random, options: TreeBuildOptions): Node[] => {
  const leaf = (): Node => ({
    isLeaf: true,
    feature: 0,
    threshold: 0,
    left: 0,
    right: 0,
    value: random.normal() * 0.05,
  });
  const nodes = [leaf()];
  for (let leaves = 1; leaves < options.leaves; leaves++) {
    const open = nodes.flatMap((node, i) => (node.isLeaf ? [i] : []));
    const node = nodes[random.pick(open)]!;
    node.isLeaf = false;
    node.feature = random.int(options.features);
    node.threshold = Math.fround((random.int(41) - 20) / 10);
    node.left = nodes.push(leaf()) - 1;
    node.right = nodes.push(leaf()) - 1;
  }
  return nodes;
};

export const buildTreeModel = (
  random: Random,
  options: TreeBuildOptions,
): Uint8Array => {
  const trees = Array.from({ length: options.trees }, () =>
    growTree(random, options),
  );
  const flat = trees.flatMap((nodes, tree) =>
    nodes.map((node, id) => ({ ...node, tree, id })),
  );
  const leaves = flat.filter(({ isLeaf }) => isLeaf);
  const shared: Record<string, AttributeValue> = {
    nodes_treeids: flat.map(({ tree }) => tree),
    nodes_nodeids: flat.map(({ id }) => id),
    nodes_featureids: flat.map(({ feature }) => feature),
    nodes_values: Float32Array.from(flat.map(({ threshold }) => threshold)),
    nodes_modes: flat.map(({ isLeaf }) => (isLeaf ? "LEAF" : options.mode)),
    nodes_truenodeids: flat.map(({ left }) => left),
    nodes_falsenodeids: flat.map(({ right }) => right),
    ...(options.missing === "tracked"
      ? {
          nodes_missing_value_tracks_true: flat.map(({ isLeaf }) =>
            isLeaf ? 0 : random.int(2),
          ),
        }
      : {}),
    ...(options.baseValue === undefined
      ? {}
      : { base_values: Float32Array.of(options.baseValue) }),
  };
  const graph = new GraphBuilder();
  graph.input("X", FLOAT32, ["N", options.features]);
  const weights = Float32Array.from(leaves.map(({ value }) => value));
  const treeIds = leaves.map(({ tree }) => tree);
  const nodeIds = leaves.map(({ id }) => id);
  if (options.kind === "regressor" || options.kind === "regressorSigmoid") {
    graph.node(
      "TreeEnsembleRegressor",
      ["X"],
      {
        ...shared,
        n_targets: 1,
        target_treeids: treeIds,
        target_nodeids: nodeIds,
        target_ids: leaves.map(() => 0),
        target_weights: weights,
        post_transform: "NONE",
      },
      {
        outputs: [options.kind === "regressor" ? "Y" : "score"],
        domain: "ai.onnx.ml",
      },
    );
    if (options.kind === "regressorSigmoid")
      graph.node("Sigmoid", ["score"], {}, { outputs: ["Y"] });
    graph.output("Y", FLOAT32, ["N", 1]);
    return graph.build();
  }
  const classIds =
    options.kind === "classifierOn0"
      ? leaves.map(() => 0)
      : options.kind === "classifierOn1"
        ? leaves.map(() => 1)
        : leaves.map(({ tree }) => tree % 2);
  graph.node(
    "TreeEnsembleClassifier",
    ["X"],
    {
      ...shared,
      class_treeids: treeIds,
      class_nodeids: nodeIds,
      class_ids: classIds,
      class_weights: weights,
      classlabels_int64s: [0, 1],
      post_transform:
        options.kind === "classifierSoftmax" ? "SOFTMAX" : "LOGISTIC",
    },
    { outputs: ["label", "probabilities"], domain: "ai.onnx.ml" },
  );
  graph.output("label", INT64, ["N"]);
  graph.output("probabilities", FLOAT32, ["N", 2]);
  return graph.build();
};
