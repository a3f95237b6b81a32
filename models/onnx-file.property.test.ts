/** Hostile model files: the reader and the tree evaluator end with a value or with a code, and they end. */
import fc from "fast-check";
import { describe, expect, it } from "vitest";
import { CodedError } from "../engine/std/errors.ts";
import { Random } from "../engine/std/random.ts";
import { buildTreeModel } from "../test/support/tree-build.ts";
import { readOnnx } from "./onnx-file.ts";
import { TreeEnsemble } from "./tree-ensemble.ts";

const MODEL = buildTreeModel(new Random(4), {
  trees: 4,
  leaves: 6,
  features: 5,
  mode: "BRANCH_LT",
  missing: "tracked",
  kind: "classifierOnBoth",
});

const evaluate = (bytes: Uint8Array): number | string => {
  try {
    return TreeEnsemble.fromOnnx(readOnnx(bytes)).predict(
      Float64Array.of(0.1, -0.2, Number.NaN, 4, 5),
    );
  } catch (error) {
    if (error instanceof CodedError) return error.code;
    // A mutated width makes the vector too long for the input.
    if (error instanceof RangeError) return "range";
    throw error;
  }
};

describe("an ONNX file", () => {
  it("is read: names, types, dimensions, attributes", () => {
    const file = readOnnx(MODEL);
    expect(file.inputs).toEqual([
      { name: "X", dtype: "float32", shape: ["N", 5] },
    ]);
    expect(file.outputs.map(({ name }) => name)).toEqual([
      "label",
      "probabilities",
    ]);
    expect(file.nodes[0]!.opType).toBe("TreeEnsembleClassifier");
    expect(file.opsets.get("ai.onnx.ml")).toBe(3);
    expect(file.hasExternalData).toBe(false);
  });

  it("ends with a number or a code whatever bytes are changed", () => {
    fc.assert(
      fc.property(
        fc.array(
          fc.tuple(fc.nat(MODEL.length - 1), fc.integer({ min: 0, max: 255 })),
          { minLength: 1, maxLength: 6 },
        ),
        (changes) => {
          const bytes = Uint8Array.from(MODEL);
          for (const [at, value] of changes) bytes[at] = value;
          const result = evaluate(bytes);
          expect(["number", "string"]).toContain(typeof result);
        },
      ),
      { numRuns: 2_000 },
    );
  });

  it("ends with a code wherever it is cut, and for bytes at random", () => {
    for (let length = 0; length < MODEL.length; length += 7)
      expect(evaluate(MODEL.subarray(0, length))).toBeTypeOf("string");
    fc.assert(
      fc.property(fc.uint8Array({ maxLength: 300 }), (bytes) => {
        expect(evaluate(bytes)).toBeTypeOf("string");
      }),
      { numRuns: 2_000 },
    );
  });
});
