/** All numbers that a model sees, in order; the order has a hash that training and serving compare. */

export interface FeatureSpec {
  readonly name: string;
  /** Unit or range in words: "bps", "ratio in [-1, 1]", "ln return". */
  readonly unit: string;
  readonly formula: string;
}

export interface FeatureSchema {
  readonly name: string;
  readonly version: number;
  readonly features: readonly FeatureSpec[];
  /** Hex digest over name, version and the features' names in order. */
  readonly hash: string;
}

/** One value a feature, in schema order. Owned by the symbol's FeatureSet and overwritten each turn: copy to keep. */
export type FeatureVector = Float64Array;
