/** PatchTST forecasters: a window of raw bars in, prices and direction per step out. */
import { BAR_CHANNELS } from "../../engine/domain/input-window.ts";
import { CodedError } from "../../engine/std/errors.ts";
import { calibratorOf } from "../calibration.ts";
import type { Manifest } from "../manifest.ts";
import { contract, finite, outputRows, softmax } from "../model-spec.ts";
import type { ModelSpec, SpecInput } from "../model-spec.ts";
import { logReturnZ, windowScale } from "./log-return-z.ts";

const CHANNELS = BAR_CHANNELS.length;
/** Order of the direction logits, unless the normalisation names another. */
const CLASSES = ["up", "down", "neutral"];
const DIRECTIONS = CLASSES.length;

export const patchtstSpec = (manifest: Manifest): ModelSpec => {
  if (manifest.input.kind !== "bars") throw contract("bars expected");
  const { intervalMs, length, channels } = manifest.input.window;
  if (channels.join() !== BAR_CHANNELS.join())
    throw contract(`channels must be ${BAR_CHANNELS.join(", ")}`);
  const kind = manifest.normalisation?.["kind"];
  if (kind !== "logReturnZ")
    throw contract(`normalisation "${String(kind)}" is not known`);
  const classes = classesOf(manifest.normalisation?.["classes"] ?? CLASSES);
  const up = classes.indexOf("up");
  const down = classes.indexOf("down");
  const [input] = manifest.inputs;
  if (
    input?.dtype !== "float32" ||
    input.shape[1] !== length ||
    input.shape[2] !== CHANNELS
  )
    throw contract(`input must be float32 [batch, ${length}, ${CHANNELS}]`);
  const prices = manifest.outputs.find(({ name }) => name === "prices");
  const logits = manifest.outputs.find(({ name }) => name === "logits");
  const steps = logits?.shape[1];
  if (
    logits?.dtype !== "float32" ||
    typeof steps !== "number" ||
    logits.shape[2] !== DIRECTIONS
  )
    throw contract('output "logits" must be float32 [batch, steps, 3]');
  if (prices?.dtype !== "float32" || prices.shape[1] !== steps)
    throw contract('output "prices" must be float32 [batch, steps]');
  const horizonSteps = manifest.horizonMs / intervalMs;
  if (
    !Number.isInteger(horizonSteps) ||
    horizonSteps < 1 ||
    horizonSteps > steps
  )
    throw contract(`horizonMs must be 1 to ${steps} bars`);
  const calibrate = calibratorOf(manifest.calibration);
  const width = length * CHANNELS;

  const bars = (row: SpecInput): Float32Array => {
    if (row.kind !== "bars")
      throw new CodedError("E_INPUT_SCHEMA", { detail: "bars expected" });
    return row.values;
  };

  return {
    inputKind: "bars",
    encode(rows) {
      const data = new Float32Array(rows.length * width);
      rows.forEach((row, i) => {
        logReturnZ(bars(row), data.subarray(i * width, (i + 1) * width));
      });
      return {
        [input.name]: {
          dtype: "float32",
          dims: [rows.length, length, CHANNELS],
          data,
        },
      };
    },
    decode(outputs, row, window) {
      const directions = outputRows(outputs, "logits", steps * DIRECTIONS);
      const steppedPrices = outputRows(outputs, "prices", steps);
      const scale = windowScale(bars(window));
      let rise = 0;
      let fall = 0;
      for (let step = 0; step < horizonSteps; step++) {
        const p = softmax(
          directions,
          (row * steps + step) * DIRECTIONS,
          DIRECTIONS,
        );
        rise += p[up]! / horizonSteps;
        fall += p[down]! / horizonSteps;
      }
      const forecast = Array.from({ length: steps }, (_, step) =>
        finite(
          scale.lastClose *
            Math.exp(steppedPrices[row * steps + step]! * scale.returnStd),
          "price",
        ),
      );
      // Certain neutrality leaves no direction to state.
      const moved = rise + fall;
      return {
        probability: calibrate(moved < 1e-9 ? 0.5 : rise / moved),
        confidence: Math.min(1, Math.abs(rise - fall)),
        detail: { kind: "forecast", prices: forecast },
      };
    },
    admit(row) {
      const values = bars(row);
      if (values.length !== width)
        return new CodedError("E_INPUT_SCHEMA", {
          detail: `${length} bars expected`,
        });
      for (let i = 0; i < values.length; i++) {
        const value = values[i]!;
        const isVolume = i % CHANNELS === CHANNELS - 2;
        if (!Number.isFinite(value) || value < 0 || (!isVolume && value === 0))
          return new CodedError("E_INPUT_RANGE", { detail: "bars" });
      }
      return undefined;
    },
    sample: () => ({
      kind: "bars",
      length,
      values: new Float32Array(width).fill(1),
    }),
  };
};

const classesOf = (stated: unknown): readonly unknown[] => {
  const classes: readonly unknown[] = Array.isArray(stated) ? stated : [];
  if ([...classes].sort().join() !== [...CLASSES].sort().join())
    throw contract(`the classes are ${CLASSES.join(", ")}, in any order`);
  return classes;
};
