/** Every feature set there is, by name; what a model may be trained on, and what the engine computes for models live. */
import { CodedError } from "../std/errors.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { MARKET_FEATURES } from "./feature-schema.ts";

export const FEATURE_SETS: readonly DeclaredSet[] = [MARKET_FEATURES];

/** E_FEATURES_UNKNOWN where there is no such set. */
export const featureSet = (name: string): DeclaredSet => {
  const found = FEATURE_SETS.find((set) => set.name === name);
  if (found === undefined)
    throw new CodedError("E_FEATURES_UNKNOWN", {
      field: "set",
      detail: `${name}; there are ${FEATURE_SETS.map((set) => set.name).join(", ")}`,
    });
  return found;
};

/** The sets that a symbol's actor writes for its models: a model of any other set, or of another hash, is refused at load. */
export const SERVED_SETS: readonly DeclaredSet[] = [MARKET_FEATURES];

export const SERVED_HASHES: ReadonlyMap<string, string> = new Map(
  SERVED_SETS.map(({ name, hash }) => [name, hash]),
);
