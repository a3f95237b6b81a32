/** Features of bars and news as the engine computes them beside the independent columns of training/parity.py, number by number. */
import { execFile } from "node:child_process";
import { mkdtemp, readFile, rm, writeFile } from "node:fs/promises";
import { tmpdir } from "node:os";
import { join } from "node:path";
import { promisify } from "node:util";
import type { Bar } from "../domain/market-event.ts";
import { BAR_INPUTS } from "../features/bar-inputs.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FRAMES_SET } from "../features/frames-set.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { NEWS_SET, NewsWindows } from "../features/news-windows.ts";
import type { Article } from "../features/news-windows.ts";
import { INSTALLATION } from "../installation.ts";
import { CodedError } from "../std/errors.ts";
import { ArticleDraw, BesideDraw } from "./parity-beside.ts";

export interface ParityOptions {
  /** Of bars and news, in the order of the engine's list; frames are left out where the bars are not minutes. */
  readonly sets: readonly DeclaredSet[];
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
const BESIDE = BAR_INPUTS.slice(BAR_INPUTS.indexOf("bidPrice"));

const ARTICLE_COLUMNS = [
  "publishedUs",
  "receivedUs",
  "positive",
  "negative",
  "neutral",
] as const;

const SIZE_MIN_SHARE = 1e-6;
const OUTPUT_BYTES_MAX = 1 << 20;

export const runParity = async ({
  sets: wanted,
  bars,
  python,
}: ParityOptions): Promise<ParityReport> => {
  const intervalMs = bars[0]?.intervalMs;
  if (intervalMs === undefined)
    throw new CodedError("E_INPUT_SCHEMA", { detail: "no bars" });
  const sets = wanted.filter(
    (set) => set !== FRAMES_SET || intervalMs === 60_000,
  );
  const folder = await mkdtemp(join(tmpdir(), "fusewire-parity-"));
  try {
    const run = runEngine(sets, bars, intervalMs);
    await writeTask(folder, sets, bars, intervalMs, run);
    await runReference(python, folder);
    const bytes = await readFile(join(folder, "reference.f64"));
    const reference = new Float64Array(
      bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length),
    );
    return compareColumns(
      namesOf(sets),
      Float64Array.from(run.values),
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

interface EngineRun {
  /** Row by row of the grid. */
  readonly values: readonly number[];
  readonly beside: readonly number[];
  readonly articles: readonly Article[];
}

/** The engine over the bars and what is drawn beside them. */
const runEngine = (
  sets: readonly DeclaredSet[],
  bars: readonly Bar[],
  intervalMs: number,
): EngineRun => {
  const beside: number[] = [];
  const values: number[] = [];
  const articles: Article[] = [];
  const draw = new BesideDraw();
  const articleDraw = new ArticleDraw();
  const news = new NewsWindows();
  const mood = new Float64Array(
    sets.includes(NEWS_SET) ? NEWS_SET.features.length : 0,
  );
  const features = new GridFeatures(
    {
      sets: sets.filter((set) => set !== NEWS_SET),
      intervalMs,
      fillMax: GRID_FILL_MAX,
    },
    ({ openUs, close }) => {
      const closeUs = openUs + intervalMs * 1000;
      for (const article of articleDraw.within(openUs, closeUs)) {
        articles.push(article);
        news.onArticle(article);
      }
      if (mood.length > 0) news.write(closeUs, mood, 0);
      beside.push(...features.run.inputs.slice(-BESIDE.length));
      values.push(...features.values, ...mood);
      draw.next(features, close);
    },
  );
  draw.next(features, bars[0]!.close);
  for (const bar of bars) features.onBar(bar);
  if (features.grid.restarts > 0)
    throw new CodedError("E_INPUT_SCHEMA", {
      detail: `a hole of more than ${GRID_FILL_MAX} bars`,
    });
  return { values, beside, articles };
};

/** What the reference needs to know, and no number that the engine made. */
const writeTask = async (
  folder: string,
  sets: readonly DeclaredSet[],
  bars: readonly Bar[],
  intervalMs: number,
  { beside, articles }: EngineRun,
): Promise<void> => {
  const rows = bars.flatMap((bar) => [
    bar.openUs / (intervalMs * 1000),
    bar.open,
    bar.high,
    bar.low,
    bar.close,
    bar.volume,
  ]);
  const news = articles.flatMap((article) =>
    ARTICLE_COLUMNS.map((name) => article[name]),
  );
  const task = {
    sets: sets.map((set) => ({
      name: set.name,
      features: set.features.map(({ name }) => name),
      constants: set.constants,
    })),
    barColumns: BAR_COLUMNS,
    gridColumns: BESIDE,
    articleColumns: ARTICLE_COLUMNS,
    intervalMs,
  };
  await writeFile(join(folder, "task.json"), JSON.stringify(task));
  const matrix = (name: string, values: readonly number[]): Promise<void> =>
    writeFile(join(folder, name), Float64Array.from(values));
  await matrix("bars.f64", rows);
  await matrix("grid.f64", beside);
  await matrix("articles.f64", news);
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
