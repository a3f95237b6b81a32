/** Features as the engine computes them beside the independent columns of training/parity.py, number by number. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { INSTALLATION } from "../installation.ts";
import { CodedError } from "../std/errors.ts";

/** What the engine made of an input, and what the reference needs to know of it: no number that the engine made. */
export interface ParityTask {
  readonly sets: readonly DeclaredSet[];
  /** Rows of all sets' features, one after another. */
  readonly values: readonly number[];
  /** Columns of the matrices and the like. */
  readonly settings: object;
  /** By name of the file. */
  readonly matrices: Readonly<Record<string, readonly number[]>>;
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

const SIZE_MIN_SHARE = 1e-6;
const OUTPUT_BYTES_MAX = 1 << 20;

/** `python` has numpy and pandas. */
export const runParity = async (
  task: ParityTask,
  python: string,
): Promise<ParityReport> => {
  const folder = await mkdtemp(join(tmpdir(), "fusewire-parity-"));
  try {
    await writeTask(folder, task);
    await runReference(python, folder);
    const bytes = await readFile(join(folder, "reference.f64"));
    const reference = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    );
    return compareColumns(
      namesOf(task.sets),
      Float64Array.from(task.values),
      reference,
    );
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
};

const namesOf = (sets: readonly DeclaredSet[]): string[] =>
  sets.flatMap(({ name, features }) =>
    features.map((feature) => `${name}.${feature.name}`),
  );

const writeTask = async (
  folder: string,
  { sets, settings, matrices }: ParityTask,
): Promise<void> => {
  const task = {
    ...settings,
    sets: sets.map((set) => ({
      name: set.name,
      features: set.features.map(({ name }) => name),
      constants: set.constants,
    })),
  };
  await writeFile(join(folder, "task.json"), JSON.stringify(task));
  for (const [name, values] of Object.entries(matrices))
    await writeFile(join(folder, `${name}.f64`), Float64Array.from(values));
};

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
