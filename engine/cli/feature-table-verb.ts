/** `fusewire features export … --out x.parquet`: which sets, over what, with which labels. */
import {
  createEventFeatures,
  GRID_SETS,
  featureSet,
} from "../features/feature-sets.ts";
import { JoinedFeatures } from "../features/joined-features.ts";
import type { SymbolId } from "../domain/symbol.ts";
import { UsageError } from "./command.ts";
import { concatenated } from "./feature-export.ts";
import { tableOfBars, tableOfEvents, writeTable } from "./feature-table.ts";
import type { FeatureTable, TableOptions } from "./feature-table.ts";
import { barsOf, eventsOf, isBarsPath } from "./recorded-input.ts";

export interface TableRequest extends TableOptions {
  readonly paths: readonly string[];
  /** Names; each file of bars, or all tapes in their order, give one table. */
  readonly sets: readonly string[] | undefined;
  readonly symbol: SymbolId | undefined;
  readonly sampleMs: number;
  readonly digits: "float64" | "float32";
  readonly out: string;
}

export interface TableSummary {
  readonly out: string;
  readonly rows: number;
  readonly columns: number;
}

export const isTablePath = (out: string): boolean =>
  out.endsWith(".parquet") || out.endsWith(".csv");

export const exportTable = async (
  request: TableRequest,
): Promise<TableSummary> => {
  const { paths, out, digits } = request;
  if (paths.length === 0) throw new UsageError("a tape or bars are needed");
  const table = paths.every(isBarsPath)
    ? await barsTable(request)
    : await eventsTable(request);
  await writeTable(table, out, digits);
  return { out, rows: table.rows, columns: table.columns.length };
};

const barsTable = async (request: TableRequest): Promise<FeatureTable> => {
  const names = request.sets ?? ["bars"];
  const sets = names.map((name) => {
    const set = GRID_SETS.find((candidate) => candidate.name === name);
    if (set === undefined)
      throw new UsageError(
        `${featureSet(name).name}: not a set of bar features`,
      );
    return set;
  });
  const bars = [];
  for (const path of request.paths)
    bars.push(...(await barsOf(path, request.symbol)));
  return tableOfBars(bars, sets, request);
};

const eventsTable = (request: TableRequest): Promise<FeatureTable> => {
  const parts = (request.sets ?? ["market"]).map((name) =>
    createEventFeatures(featureSet(name)),
  );
  const [first] = parts;
  return tableOfEvents(
    concatenated(request.paths.map((path) => eventsOf(path, request.symbol))),
    parts.length === 1 ? first! : new JoinedFeatures(parts),
    request,
  );
};
