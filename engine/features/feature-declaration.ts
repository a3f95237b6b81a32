/** What a feature set states of itself: order, windows, warm-up, missing values, and the hash by which models name it. */
import { createHash } from "node:crypto";
import type { FeatureSchema, FeatureSpec } from "../domain/feature.ts";
import { assert } from "../std/assert.ts";

export interface Span {
  readonly count: number;
  readonly unit: "bars" | "events" | "ms";
}

/** What a feature reads; its age is the age of the oldest of these. */
export const FEATURE_INPUTS = [
  "bar",
  "book",
  "quote",
  "trade",
  "funding",
  "openInterest",
  "otherBar",
  "otherBook",
  "headline",
] as const;

export type FeatureInput = (typeof FEATURE_INPUTS)[number];

/**
 * `nan`: NaN until warm, and wherever the formula has no value (0/0). `neutral`: always a number, and the formula says which stands in.
 */
export type MissingPolicy = "nan" | "neutral";

export interface DeclaredFeature extends FeatureSpec {
  /** How far back it looks, in words; part of the set's hash. */
  readonly window: string;
  /** What must have been seen before there is a value. */
  readonly warmUp: Span;
  /** What must have been seen before the value no longer shows where the tape began, to 1e-12 of it. */
  readonly settled: Span;
  readonly source: string;
  readonly missing: MissingPolicy;
  readonly inputs: readonly FeatureInput[];
  /** A value whose input is older than this is out of date. */
  readonly staleAfterMs: number;
  /** The earlier feature of the set that is the same number: computed once. */
  readonly aliasOf?: string;
}

export interface DeclaredSet extends FeatureSchema {
  readonly title: string;
  readonly features: readonly DeclaredFeature[];
  /** Numbers that a formula needs and that training freezes: a model's manifest states its own. */
  readonly constants: Readonly<Record<string, number>>;
  /** Inputs without which no model judges; a feature that reads another one is NaN or neutral without it. */
  readonly requires: readonly FeatureInput[];
}

export interface SetDeclaration {
  readonly name: string;
  readonly version: number;
  readonly title: string;
  readonly features: readonly DeclaredFeature[];
  readonly constants?: Readonly<Record<string, number>>;
  readonly requires?: readonly FeatureInput[];
  /** `names` is for `market` 1, which models were shipped with before windows were declared. */
  readonly hashOver?: "names" | "namesAndWindows";
}

/** SHA-256 over name, version and one line a feature. */
export const hashOfSchema = (
  name: string,
  version: number,
  lines: readonly string[],
): string =>
  createHash("sha256")
    .update([`${name} ${version}`, ...lines].join("\n"))
    .digest("hex");

/** Checked, hashed and frozen. The value of a constant is a model's own matter; that there is one is the set's. */
export const declareSet = (declaration: SetDeclaration): DeclaredSet => {
  const { name, version, title, features } = declaration;
  const constants = declaration.constants ?? {};
  const names = features.map((feature) => feature.name);
  assert(
    new Set(names).size === names.length,
    "a feature stands once in its set",
  );
  const lines =
    declaration.hashOver === "names"
      ? names
      : [
          ...features.map((feature) => `${feature.name} [${feature.window}]`),
          ...Object.keys(constants).map((constant) => `constant ${constant}`),
        ];
  return Object.freeze({
    name,
    version,
    title,
    features: Object.freeze(features),
    constants: Object.freeze(constants),
    requires: Object.freeze(declaration.requires ?? []),
    hash: hashOfSchema(name, version, lines),
  });
};
