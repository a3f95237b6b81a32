/** LightGBM direction models: one feature vector in, P(up) out. */
import { CodedError } from "../../engine/std/errors.ts";
import { calibratorOf } from "../calibration.ts";
import type { Manifest } from "../manifest.ts";
import { asProbability, contract, outputRows } from "../model-spec.ts";
import type { ModelSpec, SpecInput, Statement } from "../model-spec.ts";

export const lightgbmSpec = (manifest: Manifest): ModelSpec => {
  const [input] = manifest.inputs;
  const width = input?.shape[1];
  if (input?.dtype !== "float32" || typeof width !== "number")
    throw contract("a feature model takes float32 [batch, width]");
  // A classifier's label comes first and says less than its probabilities.
  const output = manifest.outputs.find(({ dtype }) => dtype === "float32");
  if (output === undefined) throw contract("no float32 output");
  const columns = output.shape.length < 2 ? 1 : output.shape[1];
  if (columns !== 1 && columns !== 2)
    throw contract(`"${output.name}" needs one column, or two classes`);
  const calibrate = calibratorOf(manifest.calibration);

  const vector = (row: SpecInput): Float64Array => {
    if (row.kind !== "features")
      throw new CodedError("E_INPUT_SCHEMA", { detail: "features expected" });
    return row.values;
  };

  return {
    inputKind: "features",
    encode(rows) {
      const data = new Float32Array(rows.length * width);
      rows.forEach((row, i) => data.set(vector(row), i * width));
      return {
        [input.name]: { dtype: "float32", dims: [rows.length, width], data },
      };
    },
    decode(outputs, row) {
      const data = outputRows(outputs, output.name, columns);
      return stateUp(data[row * columns + columns - 1]!, calibrate);
    },
    admit(row) {
      if (vector(row).length !== width)
        return new CodedError("E_INPUT_SCHEMA", {
          detail: `${width} features expected`,
        });
      return vector(row).every(Number.isFinite)
        ? undefined
        : new CodedError("E_INPUT_RANGE", { detail: "features" });
    },
    sample: () => ({ kind: "features", values: new Float64Array(width) }),
  };
};

const stateUp = (
  raw: number,
  calibrate: (probability: number) => number,
): Statement => {
  const probability = calibrate(asProbability(raw));
  return { probability, confidence: Math.abs(2 * probability - 1) };
};
