/** The very code that serves features, over history, as a table with labels: Parquet or CSV. */
import { createWriteStream } from "node:fs";
import { once } from "node:events";
import { finished } from "node:stream/promises";
import { parquetWriteFile } from "hyparquet-writer";
import type { Bar, MarketEvent } from "../domain/market-event.ts";
import type { EventFeatures } from "../features/event-features.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FeatureSampler } from "../features/feature-sampler.ts";
import { GRID_FILL_MAX, GridFeatures } from "../features/grid-features.ts";
import { CodedError } from "../std/errors.ts";
import { labelsOf } from "./feature-labels.ts";
import type { PricePath } from "./feature-labels.ts";

export interface TableOptions {
  /** In seconds; each gives three labels. */
  readonly horizonsS: readonly number[];
  /** Distance of the triple barrier's barriers from the price. */
  readonly barrierBps: number;
}

export interface Column {
  readonly name: string;
  readonly values: Float64Array;
}

export interface FeatureTable {
  readonly columns: readonly Column[];
  readonly rows: number;
  /** Sets with their hashes, and what the labels are. */
  readonly metadata: Readonly<Record<string, string>>;
}

/** A column that grows. */
class Growing {
  #values = new Float64Array(4096);
  length = 0;

  push(value: number): void {
    if (this.length === this.#values.length) {
      const larger = new Float64Array(2 * this.length);
      larger.set(this.#values);
      this.#values = larger;
    }
    this.#values[this.length++] = value;
  }

  get values(): Float64Array {
    return this.#values.subarray(0, this.length);
  }
}

class TableBuilder {
  readonly #columns: Growing[];
  readonly #names: readonly string[];

  constructor(names: readonly string[]) {
    this.#names = names;
    this.#columns = names.map(() => new Growing());
  }

  push(head: readonly number[], values: ArrayLike<number>): void {
    for (let i = 0; i < head.length; i++) this.#columns[i]!.push(head[i]!);
    for (let i = 0; i < values.length; i++)
      this.#columns[head.length + i]!.push(values[i]!);
  }

  get columns(): readonly Column[] {
    return this.#columns.map(({ values }, i) => ({
      name: this.#names[i]!,
      values,
    }));
  }
}

const metadataOf = (
  sets: readonly DeclaredSet[],
  { horizonsS, barrierBps }: TableOptions,
): Record<string, string> => ({
  "fusewire.sets": JSON.stringify(
    sets.map(({ name, version, hash, constants }) => ({
      name,
      version,
      hash,
      constants,
    })),
  ),
  "fusewire.horizonsS": JSON.stringify(horizonsS),
  "fusewire.barrierBps": String(barrierBps),
});

const withLabels = (
  columns: readonly Column[],
  path: PricePath,
  sets: readonly DeclaredSet[],
  options: TableOptions,
  unitsPerS: number,
): FeatureTable => ({
  columns: [
    ...columns,
    ...options.horizonsS.flatMap((seconds) =>
      labelsOf(
        path,
        seconds * unitsPerS,
        `${seconds}S`,
        options.barrierBps / 1e4,
      ),
    ),
  ],
  rows: path.times.length,
  metadata: metadataOf(sets, options),
});

const US_PER_S = 1e6;

/** A row a bar of the grid, at its close. */
export const tableOfBars = (
  bars: readonly Bar[],
  sets: readonly DeclaredSet[],
  options: TableOptions,
): FeatureTable => {
  const intervalMs = bars[0]!.intervalMs;
  const names = sets.flatMap(({ name, features }) =>
    features.map((feature) =>
      sets.length > 1 ? `${name}.${feature.name}` : feature.name,
    ),
  );
  const table = new TableBuilder(["timeUs", "price", "high", "low", ...names]);
  const breaks: number[] = [];
  let restarts = 0;
  const grid = new GridFeatures(
    { sets, intervalMs, fillMax: GRID_FILL_MAX },
    (row) => {
      // A hole too long to fill: no label reaches over it.
      if (grid.grid.restarts !== restarts && breaks.length > 0)
        breaks[breaks.length - 1] = 1;
      restarts = grid.grid.restarts;
      breaks.push(0);
      table.push(
        [row.openUs + intervalMs * 1000, row.close, row.high, row.low],
        grid.values,
      );
    },
  );
  for (const bar of bars) grid.onBar(bar);
  const { columns } = table;
  const [times, prices, highs, lows] = columns.map(({ values }) => values);
  return withLabels(
    columns.filter(({ name }) => name !== "high" && name !== "low"),
    {
      times: times!,
      prices: prices!,
      highs: highs!,
      lows: lows!,
      breaks: Uint8Array.from(breaks),
    },
    sets,
    options,
    US_PER_S,
  );
};

export interface EventTableOptions extends TableOptions {
  readonly sampleMs: number;
}

const DEPTH_MAX = 1000;

/** A row an event at least `sampleMs` after the last row, and a row a change of the mid, so that the labels are exact. */
export const tableOfEvents = async (
  events: AsyncIterable<MarketEvent> | Iterable<MarketEvent>,
  features: EventFeatures,
  options: EventTableOptions,
): Promise<FeatureTable> => {
  const names = features.schema.features.map(({ name }) => name);
  const table = new TableBuilder([
    "timeNs",
    "price",
    "bid",
    "ask",
    "isWarm",
    ...names,
  ]);
  const breaks: number[] = [];
  let sampler: FeatureSampler | undefined;
  for await (const event of events) {
    sampler ??= new FeatureSampler(
      {
        symbol: event.symbol,
        sampleMs: options.sampleMs,
        sampleOn: "any",
        depthMax: DEPTH_MAX,
        features,
      },
      ({ receivedNs, mid, bidPrice, askPrice, state, features: values }) => {
        breaks.push(state === "LIVE" ? 0 : 1);
        const isWarm = features.isWarm && state === "LIVE" ? 1 : 0;
        table.push([receivedNs, mid, bidPrice, askPrice, isWarm], values);
      },
    );
    sampler.onEvent(event);
    if (!sampler.sync.book.hasBothSides && breaks.length > 0)
      breaks[breaks.length - 1] = 1;
  }
  const { columns } = table;
  const [times, prices] = columns.map(({ values }) => values);
  return withLabels(
    columns,
    { times: times!, prices: prices!, breaks: Uint8Array.from(breaks) },
    [features.schema],
    options,
    1e9,
  );
};

/** By the name's ending: .parquet or .csv. */
export const writeTable = async (
  table: FeatureTable,
  path: string,
  digits: "float64" | "float32",
): Promise<void> => {
  if (path.endsWith(".parquet")) writeParquet(table, path, digits);
  else if (path.endsWith(".csv")) await writeCsv(table, path);
  else
    throw new CodedError("E_INPUT_SCHEMA", {
      field: "out",
      detail: "a .parquet or .csv file",
    });
};

/** Times keep all their digits whatever the features' width. */
const isExact = (name: string): boolean =>
  name === "timeUs" || name === "timeNs";

const writeParquet = (
  { columns, metadata }: FeatureTable,
  path: string,
  digits: "float64" | "float32",
): void => {
  parquetWriteFile({
    filename: path,
    columnData: columns.map(({ name, values }) =>
      digits === "float64" || isExact(name)
        ? { name, data: values, type: "DOUBLE", nullable: false }
        : {
            name,
            data: Float32Array.from(values),
            type: "FLOAT",
            nullable: false,
          },
    ),
    kvMetadata: Object.entries(metadata).map(([key, value]) => ({
      key,
      value,
    })),
  });
};

const LINES_PER_WRITE = 500;

/** A missing value is an empty field. */
const writeCsv = async (
  { columns, rows }: FeatureTable,
  path: string,
): Promise<void> => {
  const file = createWriteStream(path);
  let lines = [columns.map(({ name }) => name).join(",")];
  for (let row = 0; row < rows; row++) {
    lines.push(
      columns
        .map(({ values }) => {
          const value = values[row]!;
          return Number.isNaN(value) ? "" : String(value);
        })
        .join(","),
    );
    if (lines.length < LINES_PER_WRITE) continue;
    const text = lines.join("\n") + "\n";
    lines = [];
    if (!file.write(text)) await once(file, "drain");
  }
  file.end(lines.length > 0 ? lines.join("\n") + "\n" : "");
  await finished(file);
};
