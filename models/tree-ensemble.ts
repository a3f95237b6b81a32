/** A tree ensemble read out of an ONNX file into flat arrays, evaluated on the caller's thread: microseconds, no allocation. */
import { CodedError } from "../engine/std/errors.ts";
import { LockstepForest, type TreeColumns } from "./lockstep-forest.ts";
import type { OnnxFile, OnnxNode } from "./onnx-file.ts";

/** Keeps a crafted file from claiming memory: 2^22 nodes are 80 MB. */
const NODES_MAX = 1 << 22;

const unsupported = (detail: string): CodedError =>
  new CodedError("E_MODEL_CONTRACT", { detail: `tree ensemble: ${detail}` });

type PostTransform = "NONE" | "LOGISTIC" | "SOFTMAX";

/** How the sum of the leaves becomes the number that onnxruntime would put out. */
interface Head {
  readonly post: PostTransform;
  /** Divides the sum: 1, or the number of trees when the aggregate is AVERAGE. */
  readonly divisor: number;
  /** Added to the sum: the logarithm of the prior odds, mostly. */
  readonly base: number;
}

interface Flat extends TreeColumns {
  /** 1 where a missing value goes to the left. */
  readonly missingLeft: Uint8Array;
  readonly hasMissing: boolean;
}

export class TreeEnsemble {
  readonly featureCount: number;
  readonly treeCount: number;
  readonly #flat: Flat;
  /** How the same trees are walked, where they suit it. */
  readonly #lockstep: LockstepForest | undefined;
  readonly #head: Head;
  /** onnxruntime compares float32 with float32, so the vector is rounded once before the walk. */
  readonly #rounded: Float32Array;

  private constructor(flat: Flat, head: Head, featureCount: number) {
    this.#flat = flat;
    this.#lockstep = flat.hasMissing
      ? undefined
      : LockstepForest.of(flat, featureCount);
    this.#head = head;
    this.featureCount = featureCount;
    this.treeCount = flat.roots.length;
    this.#rounded = new Float32Array(featureCount);
  }

  /** E_MODEL_CONTRACT when the graph is anything but one tree ensemble that this evaluator computes exactly as onnxruntime does. */
  static fromOnnx(file: OnnxFile): TreeEnsemble {
    const [node, sigmoid, third] = file.nodes;
    if (node === undefined || third !== undefined)
      throw unsupported("the graph is not a single node");
    if (
      sigmoid !== undefined &&
      (sigmoid.opType !== "Sigmoid" ||
        node.opType !== "TreeEnsembleRegressor" ||
        sigmoid.inputs[0] !== node.outputs[0])
    )
      throw unsupported(`followed by ${sigmoid.opType}`);
    if (node.domain !== "ai.onnx.ml")
      throw unsupported(`operator ${node.opType} of another domain`);
    const [input] = file.inputs;
    if (
      file.inputs.length !== 1 ||
      input?.dtype !== "float32" ||
      node.inputs[0] !== input.name
    )
      throw unsupported("the input is not one float32 tensor");
    const width = input.shape[1];
    if (
      input.shape.length !== 2 ||
      typeof width !== "number" ||
      width < 1 ||
      width > 65_536
    )
      throw unsupported("the input has no fixed width");
    for (const name of node.attributes.keys())
      if (name.endsWith("_as_tensor"))
        throw unsupported("double precision attributes");
    switch (node.opType) {
      case "TreeEnsembleRegressor":
        return new TreeEnsemble(
          ...readRegressor(
            node,
            width,
            sigmoid === undefined ? "NONE" : "LOGISTIC",
          ),
          width,
        );
      case "TreeEnsembleClassifier":
        return new TreeEnsemble(...readClassifier(node, width), width);
      default:
        throw unsupported(`operator ${node.opType}`);
    }
  }

  /** The regressor's number, or P(second class) of a binary classifier. */
  predict(features: Float64Array): number {
    if (this.#lockstep !== undefined)
      return this.#finish(this.#lockstep.sum(features));
    this.#rounded.set(features);
    return this.#finish(
      this.#flat.hasMissing ? this.#sumWithMissing() : this.#sumOneByOne(),
    );
  }

  #sumOneByOne(): number {
    const { feature, threshold, left, right, roots, leaf } = this.#flat;
    const x = this.#rounded;
    let sum = 0;
    for (let t = 0; t < roots.length; t++) {
      let at = roots[t]!;
      while (at >= 0)
        at = x[feature[at]!]! <= threshold[at]! ? left[at]! : right[at]!;
      sum += leaf[~at]!;
    }
    return sum;
  }

  #sumWithMissing(): number {
    const { feature, threshold, left, right, missingLeft, roots, leaf } =
      this.#flat;
    const x = this.#rounded;
    let sum = 0;
    for (let t = 0; t < roots.length; t++) {
      let at = roots[t]!;
      while (at >= 0) {
        const value = x[feature[at]!]!;
        at =
          value <= threshold[at]! || (value !== value && missingLeft[at]! === 1)
            ? left[at]!
            : right[at]!;
      }
      sum += leaf[~at]!;
    }
    return sum;
  }

  #finish(sum: number): number {
    const { post, divisor, base } = this.#head;
    const score = sum / divisor + base;
    return post === "NONE" ? score : 1 / (1 + Math.exp(-score));
  }
}

const ints = (node: OnnxNode, name: string): readonly number[] =>
  node.attributes.get(name)?.ints ?? [];
const floats = (node: OnnxNode, name: string): readonly number[] =>
  node.attributes.get(name)?.floats ?? [];
const text = (node: OnnxNode, name: string, otherwise: string): string =>
  node.attributes.get(name)?.string ?? otherwise;

const postTransform = (node: OnnxNode): PostTransform => {
  const post = text(node, "post_transform", "NONE");
  if (post !== "NONE" && post !== "LOGISTIC" && post !== "SOFTMAX")
    throw unsupported(`post_transform ${post}`);
  return post;
};

const readRegressor = (
  node: OnnxNode,
  width: number,
  post: PostTransform,
): [Flat, Head] => {
  const targets = node.attributes.get("n_targets")?.int ?? 1;
  if (targets !== 1) throw unsupported(`${targets} targets`);
  // onnxruntime ignores LOGISTIC on a single target; a Sigmoid node after it is what works everywhere.
  if (postTransform(node) !== "NONE")
    throw unsupported("post_transform of a regressor");
  const aggregate = text(node, "aggregate_function", "SUM");
  if (aggregate !== "SUM" && aggregate !== "AVERAGE")
    throw unsupported(`aggregate ${aggregate}`);
  const base = floats(node, "base_values");
  if (base.length > 1) throw unsupported("several base values for one target");
  const flat = readTrees(
    node,
    width,
    ints(node, "target_treeids"),
    ints(node, "target_nodeids"),
    floats(node, "target_weights"),
  );
  return [
    flat,
    {
      post,
      divisor: aggregate === "AVERAGE" ? flat.roots.length : 1,
      base: base[0] ?? 0,
    },
  ];
};

/**
 * Binary only. The exporters write it in three ways, and onnxruntime treats each in its own:
 * - all weights on class 0 (XGBoost's converter) or on class 1 (LightGBM's): one sum;
 *   P(second) = logistic(sum), or the sum itself;
 * - weights on both classes: P(second) is logistic(sum of class 1), or softmax over the two.
 */
const readClassifier = (node: OnnxNode, width: number): [Flat, Head] => {
  const classes =
    ints(node, "classlabels_int64s").length ||
    (node.attributes.get("classlabels_strings")?.strings.length ?? 0);
  if (classes !== 2) throw unsupported(`${classes} classes`);
  const post = postTransform(node);
  const base = floats(node, "base_values");
  if (base.length > 0 && base.some((value) => value !== 0))
    throw unsupported("base values of a classifier");
  const classIds = ints(node, "class_ids");
  const weights = floats(node, "class_weights");
  const treeIds = ints(node, "class_treeids");
  const nodeIds = ints(node, "class_nodeids");
  const first = classIds[0];
  const oneSided = classIds.every((id) => id === first);
  if (first === undefined || (first !== 0 && first !== 1))
    throw unsupported("class ids");
  if (oneSided) {
    if (post === "SOFTMAX") throw unsupported("softmax over one class's sums");
    if (base.length > 1) throw unsupported("base values of a classifier");
    // Without a transform onnxruntime rescales one-sided sums by rules of its own (probabilities or votes).
    if (post === "NONE" && first === 1)
      throw unsupported("one-sided sums without a transform");
    return [
      readTrees(node, width, treeIds, nodeIds, weights),
      { post, divisor: 1, base: 0 },
    ];
  }
  if (post === "SOFTMAX") {
    const difference = weights.map((weight, i) =>
      classIds[i] === 1 ? weight : -weight,
    );
    return [
      readTrees(node, width, treeIds, nodeIds, difference),
      { post, divisor: 1, base: 0 },
    ];
  }
  const second = weights.map((weight, i) => (classIds[i] === 1 ? weight : 0));
  return [
    readTrees(node, width, treeIds, nodeIds, second),
    { post, divisor: 1, base: 0 },
  ];
};

const readTrees = (
  node: OnnxNode,
  width: number,
  leafTreeIds: readonly number[],
  leafNodeIds: readonly number[],
  leafWeights: readonly number[],
): Flat => {
  const treeIds = ints(node, "nodes_treeids");
  const nodeIds = ints(node, "nodes_nodeids");
  const featureIds = ints(node, "nodes_featureids");
  const values = floats(node, "nodes_values");
  const modes = node.attributes.get("nodes_modes")?.strings ?? [];
  const trueIds = ints(node, "nodes_truenodeids");
  const falseIds = ints(node, "nodes_falsenodeids");
  const missing = ints(node, "nodes_missing_value_tracks_true");
  const count = treeIds.length;
  if (count === 0 || count > NODES_MAX) throw unsupported(`${count} nodes`);
  for (const column of [nodeIds, featureIds, values, modes, trueIds, falseIds])
    if (column.length !== count) throw unsupported("columns differ in length");
  if (missing.length !== 0 && missing.length !== count)
    throw unsupported("columns differ in length");
  if (
    leafTreeIds.length !== leafWeights.length ||
    leafNodeIds.length !== leafWeights.length
  )
    throw unsupported("leaf columns differ in length");

  // (tree, node) → position; keys are strings because node ids are free numbers.
  const position = new Map<string, number>();
  for (let i = 0; i < count; i++) {
    const key = `${treeIds[i]!}/${nodeIds[i]!}`;
    if (position.has(key)) throw unsupported("a node is defined twice");
    position.set(key, i);
  }
  const leafSum = new Float64Array(count);
  for (let i = 0; i < leafWeights.length; i++) {
    const at = position.get(`${leafTreeIds[i]!}/${leafNodeIds[i]!}`);
    if (at === undefined || modes[at] !== "LEAF")
      throw unsupported("a weight on no leaf");
    leafSum[at]! += leafWeights[i]!;
  }

  const feature = new Int32Array(count);
  const threshold = new Float32Array(count);
  const left = new Int32Array(count);
  const right = new Int32Array(count);
  const missingLeft = new Uint8Array(count);
  const hasParent = new Uint8Array(count);
  let hasMissing = false;

  const child = (parent: number, id: number): number => {
    const at = position.get(`${treeIds[parent]!}/${id}`);
    if (at === undefined) throw unsupported("a branch leads nowhere");
    if (hasParent[at] === 1) throw unsupported("a node has two parents");
    hasParent[at] = 1;
    return modes[at] === "LEAF" ? ~at : at;
  };
  for (let i = 0; i < count; i++) {
    const mode = modes[i]!;
    if (mode === "LEAF") continue;
    const column = featureIds[i]!;
    if (!Number.isInteger(column) || column < 0 || column >= width)
      throw unsupported("a feature outside the input");
    feature[i] = column;
    threshold[i] = thresholdFor(mode, values[i]!);
    left[i] = child(i, trueIds[i]!);
    right[i] = child(i, falseIds[i]!);
    if (missing[i] === 1) {
      missingLeft[i] = 1;
      hasMissing = true;
    }
  }

  // In a forest where nobody has two parents, what a root cannot reach is a cycle: refuse it, never walk it.
  const roots: number[] = [];
  let reached = 0;
  const stack: number[] = [];
  for (let i = 0; i < count; i++) {
    if (hasParent[i] === 1) continue;
    roots.push(modes[i] === "LEAF" ? ~i : i);
    stack.push(i);
    while (stack.length > 0) {
      const at = stack.pop()!;
      reached++;
      if (modes[at] === "LEAF") continue;
      stack.push(left[at]! < 0 ? ~left[at]! : left[at]!);
      stack.push(right[at]! < 0 ? ~right[at]! : right[at]!);
    }
  }
  if (reached !== count) throw unsupported("a cycle");
  if (new Set(treeIds).size !== roots.length)
    throw unsupported("a tree has several roots");
  return {
    feature,
    threshold,
    left,
    right,
    missingLeft,
    hasMissing,
    roots: Int32Array.from(roots),
    leaf: leafSum,
  };
};

/** Both modes become `x <= threshold`: x < t is x <= the next float32 below t. */
const thresholdFor = (mode: string, value: number): number => {
  switch (mode) {
    case "BRANCH_LEQ":
      return value;
    case "BRANCH_LT":
      return nextBelow(value);
    default:
      throw unsupported(`mode ${mode}`);
  }
};

const FLOAT = new Float32Array(1);
const BITS = new Int32Array(FLOAT.buffer);

const nextBelow = (value: number): number => {
  FLOAT[0] = value;
  // Nothing is below -Infinity or NaN: no comparison with NaN holds.
  if (Number.isNaN(value) || value === Number.NEGATIVE_INFINITY)
    return Number.NaN;
  if (FLOAT[0] === 0) FLOAT[0] = -1.401298464324817e-45;
  else if (FLOAT[0] > 0) BITS[0]! -= 1;
  else BITS[0]! += 1;
  return FLOAT[0];
};
