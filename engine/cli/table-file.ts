/** A table as a file: Parquet or CSV. */
import { once } from "node:events";
import { createWriteStream } from "node:fs";
import { finished } from "node:stream/promises";
import { parquetWriteFile } from "hyparquet-writer";
import { CodedError } from "../std/errors.ts";
import type { FeatureTable } from "./feature-table.ts";

export type Digits = "float64" | "float32";

export const isTablePath = (out: string): boolean =>
  out.endsWith(".parquet") || out.endsWith(".csv");

/** By the name's ending: .parquet or .csv. */
export const writeTable = async (
  table: FeatureTable,
  path: string,
  digits: Digits,
): Promise<void> => {
  if (path.endsWith(".parquet")) writeParquet(table, path, digits);
  else if (path.endsWith(".csv")) await writeCsv(table, path);
  else
    throw new CodedError("E_INPUT_SCHEMA", {
      field: "out",
      detail: "a .parquet or .csv file",
    });
};

const writeParquet = (
  { columns, metadata }: FeatureTable,
  path: string,
  digits: Digits,
): void => {
  parquetWriteFile({
    filename: path,
    columnData: columns.map(({ name, values, digits: own }) =>
      digits === "float64" || own === "all"
        ? { name, data: oneNaN(values), type: "DOUBLE", nullable: false }
        : {
            name,
            data: Float32Array.from(oneNaN(values)),
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

/** All missing values as one bit pattern: arithmetic leaves a NaN's sign to the compiler, and the file must be the same each time. */
const oneNaN = (values: Float64Array): Float64Array =>
  values.map((value) => (Number.isNaN(value) ? NaN : value));

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
