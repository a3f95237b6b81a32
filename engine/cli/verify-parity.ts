/** Bar features as the engine computes them beside the independent columns of training/bar_reference.py, number by number. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bar } from "../domain/market-event.ts";
import { BAR_INPUTS } from "../features/bar-inputs.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import type { SeriesSet } from "../features/series-set.ts";
import { INSTALLATION } from "../installation.ts";
import { CodedError } from "../std/errors.ts";
import { Random } from "../std/random.ts";

export interface ParityOptions {
  readonly sets: readonly SeriesSet[];
  readonly bars: readonly Bar[];
  /** A Python that has numpy and pandas. */
  readonly python: string;
}

export interface ParityReport {
  readonly features: number;
  readonly rows: number;
  /** Greatest |engine − reference|/|reference|; a reference below a millionth of its column's median size counts as that. */
  readonly maxRelError: number;
  readonly maxRelErrorFloat32: number;
  readonly nanMismatches: number;
  /** Of the greatest error. */
  readonly worstFeature: string;
}

const BAR_COLUMNS = [
  "interval",
  "open",
  "high",
  "low",
  "close",
  "volume",
] as const;
/** What the bars do not say: drawn, so that every feature has something to read on both sides. */
const BESIDE = BAR_INPUTS.slice(BAR_INPUTS.indexOf("bidPrice"));

const SIZE_MIN_SHARE = 1e-6;
const OUTPUT_BYTES_MAX = 1 << 20;

export const runParity = async (
  options: ParityOptions,
): Promise<ParityReport> => {
  const folder = await mkdtemp(join(tmpdir(), "fusewire-parity-"));
  try {
    const values = await writeTask(options, folder);
    await runReference(options.python, folder);
    const bytes = await readFile(join(folder, "reference.f64"));
    const reference = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    );
    return compareColumns(namesOf(options.sets), values, reference);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const namesOf = (sets: readonly SeriesSet[]): string[] =>
  sets.flatMap(({ name, features }) =>
    features.map((feature) => `${name}.${feature.name}`),
  );

/** Runs the engine over the bars and writes what the reference needs; returns the engine's values, row by row. */
const writeTask = async (
  { sets, bars }: ParityOptions,
  folder: string,
): Promise<Float64Array> => {
  const intervalMs = bars[0]?.intervalMs;
  if (intervalMs === undefined)
    throw new CodedError("E_INPUT_SCHEMA", { detail: "no bars" });
  const beside: number[] = [];
  const values: number[] = [];
  const draw = new BesideDraw();
  const features = new GridFeatures(
    { sets, intervalMs, fillMax: GRID_FILL_MAX },
    ({ close }) => {
      beside.push(...features.run.inputs.slice(-BESIDE.length));
      values.push(...features.run.values);
      draw.next(features, close);
    },
  );
  draw.next(features, bars[0]!.close);
  for (const bar of bars) features.onBar(bar);
  if (features.grid.restarts > 0)
    throw new CodedError("E_INPUT_SCHEMA", {
      detail: `a hole of more than ${GRID_FILL_MAX} bars`,
    });
  const rows = bars.flatMap((bar) => [
    bar.openUs / (intervalMs * 1000),
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
  ]);
  const task = {
    sets: sets.map((set) => ({
      name: set.name,
      features: set.features.map(({ name }) => name),
      constants: set.constants,
    })),
    barColumns: BAR_COLUMNS,
    gridColumns: BESIDE,
  };
  await writeFile(join(folder, "task.json"), JSON.stringify(task));
  await writeFile(join(folder, "bars.f64"), Float64Array.from(rows));
  await writeFile(join(folder, "grid.f64"), Float64Array.from(beside));
  return Float64Array.from(values);
};

/** A book, a leading symbol, funding and mood beside each bar. */
class BesideDraw {
  readonly #random = new Random(20_261_121);
  #other = 1000;

  next(features: GridFeatures, close: number): void {
    const random = this.#random;
    const draw = (from: number, to: number): number =>
      from + (to - from) * random.next();
    this.#other *= 1 + draw(-1e-3, 1e-3);
    const half = close * draw(1e-5, 1e-3);
    features.set("bidPrice", close - half);
    features.set("askPrice", close + half);
    for (const name of ["bidSize", "askSize"] as const)
      features.set(name, draw(0.1, 10));
    for (const name of ["bidDepth5", "askDepth5"] as const)
      features.set(name, draw(1, 50));
    features.set("otherClose", this.#other);
    features.set("fundingRate", draw(-1e-3, 1e-3));
    features.set("sentiment", draw(-1, 1));
    features.set("sentimentMomentum", draw(-1, 1) > 0 ? NaN : draw(-1, 1));
  }
}

const runReference = async (python: string, folder: string): Promise<void> => {
  const script = join(INSTALLATION.root, "training", "parity.py");
  const run = promisify(execFile);
  try {
    await run(python, ["-c", "import numpy, pandas"]);
  } catch (cause) {
    throw new CodedError("E_DEP_PYTHON", { detail: python, cause });
  }
  try {
    await run(python, [script, folder], { maxBuffer: OUTPUT_BYTES_MAX });
  } catch (cause) {
    const stderr = (cause as { stderr?: string }).stderr ?? "";
    throw new CodedError("E_INTERNAL", {
      detail: `training/parity.py: ${stderr.trim().split("\n").at(-1) ?? ""}`,
      cause,
    });
  }
};

/** Both matrices are rows of the named features. */
export const compareColumns = (
  names: readonly string[],
  values: Float64Array,
  reference: Float64Array,
): ParityReport => {
  const width = names.length;
  const rows = reference.length / width;
  if (values.length !== reference.length)
    throw new CodedError("E_INTERNAL", {
      detail: `${values.length / width} rows here, ${rows} in the reference`,
    });
  let maxRelError = 0;
  let maxRelErrorFloat32 = 0;
  let nanMismatches = 0;
  let worst = 0;
  for (let column = 0; column < width; column++) {
    const sizeMin = SIZE_MIN_SHARE * medianSize(reference, column, width);
    for (let at = column; at < reference.length; at += width) {
      const value = values[at]!;
      const wanted = reference[at]!;
      if (Number.isNaN(value) !== Number.isNaN(wanted)) {
        nanMismatches++;
        continue;
      }
      if (Number.isNaN(value) || value === wanted) continue;
      const size = Math.max(Math.abs(wanted), sizeMin);
      const error = Math.abs(value - wanted) / size;
      maxRelErrorFloat32 = Math.max(
        maxRelErrorFloat32,
        Math.abs(Math.fround(value) - wanted) / size,
      );
      // Written so that an infinite error counts.
      if (error <= maxRelError) continue;
      maxRelError = error;
      worst = column;
    }
  }
  return {
    features: width,
    rows,
    maxRelError,
    maxRelErrorFloat32,
    nanMismatches,
    worstFeature: names[worst] ?? "",
  };
};

const medianSize = (
  matrix: Float64Array,
  column: number,
  width: number,
): number => {
  const sizes: number[] = [];
  for (let at = column; at < matrix.length; at += width)
    if (Number.isFinite(matrix[at]!)) sizes.push(Math.abs(matrix[at]!));
  return sizes.sort((a, b) => a - b)[sizes.length >> 1] ?? 0;
};
