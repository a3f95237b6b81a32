/** `x.constants.json`: the frozen numbers that a table's features were computed with, as a model's manifest must state them. */
import { createHash } from "node:crypto";
import { readFile, writeFile } from "node:fs/promises";
import { constantFault, constantsText } from "../domain/feature-constants.ts";
import type { FeatureConstants } from "../domain/feature-constants.ts";
import type { DeclaredSet } from "../features/feature-declaration.ts";
import { FEATURE_SETS } from "../features/feature-sets.ts";
import { CodedError } from "../std/errors.ts";

const FORMAT = 1;

/** By name of the set. */
export type ConstantsBySet = ReadonlyMap<string, FeatureConstants>;

/** What the manifest states; undefined for a set without constants. */
export const constantsHashOf = (
  set: DeclaredSet,
  constants: FeatureConstants,
): string | undefined =>
  Object.keys(set.constants).length === 0
    ? undefined
    : createHash("sha256").update(constantsText(set, constants)).digest("hex");

export const constantsPath = (table: string): string =>
  table.replace(/\.(parquet|csv)$/, ".constants.json");

interface SetWithConstants {
  readonly set: DeclaredSet;
  readonly constants: FeatureConstants;
}

/** What the file says. */
export const constantsOf = (sets: readonly SetWithConstants[]) => ({
  format: FORMAT,
  sets: sets.map(({ set, constants }) => ({
    name: set.name,
    version: set.version,
    hash: set.hash,
    constants,
    constantsHash: constantsHashOf(set, constants),
  })),
});

export const writeConstants = (
  path: string,
  sets: readonly SetWithConstants[],
): Promise<void> =>
  writeFile(path, JSON.stringify(constantsOf(sets), undefined, 2) + "\n");

/** E_INPUT_SCHEMA for what is no such file, or is one of sets that are not those of this engine. */
export const readConstants = async (path: string): Promise<ConstantsBySet> => {
  const { format, sets } = parsed(await readFile(path, "utf8"));
  if (format !== FORMAT || !Array.isArray(sets))
    throw refused("format", `${path} is no file of constants`);
  return new Map(
    (sets as unknown[]).map((told) => {
      const { name, hash, constants, constantsHash } = record(told);
      const set = FEATURE_SETS.find((candidate) => candidate.name === name);
      if (set === undefined || set.hash !== hash)
        throw refused(`sets.${String(name)}`, "not a set of this engine");
      const given = record(constants) as FeatureConstants;
      const fault = constantFault(set.constants, given);
      if (fault !== undefined)
        throw refused(`sets.${set.name}.${fault.name}`, fault.detail);
      if (constantsHash !== constantsHashOf(set, given))
        throw refused(
          `sets.${set.name}.constantsHash`,
          "is not that of the constants",
        );
      return [set.name, given];
    }),
  );
};

const parsed = (text: string): Readonly<Record<string, unknown>> => {
  try {
    return record(JSON.parse(text));
  } catch {
    return {};
  }
};

const record = (value: unknown): Readonly<Record<string, unknown>> =>
  typeof value === "object" && value !== null
    ? (value as Readonly<Record<string, unknown>>)
    : {};

const refused = (field: string, detail: string): CodedError =>
  new CodedError("E_INPUT_SCHEMA", { field, detail });
