/** Numbers that a feature set's formulas need and that training freezes: whether a model states them all, and what is hashed of them. */

/** By name. */
export type FeatureConstants = Readonly<Record<string, number>>;

/** What a set and a model of it must agree on. */
export interface FeatureContract {
  readonly name: string;
  readonly hash: string;
  /** Names are the contract; the values are a model's own. */
  readonly constants: FeatureConstants;
}

export interface ConstantFault {
  readonly name: string;
  readonly detail: string;
}

/** The first thing that is wrong with a model's constants; undefined where they are the set's, no more and no less, each a finite number. */
export const constantFault = (
  needed: FeatureConstants,
  given: FeatureConstants,
): ConstantFault | undefined => {
  for (const name of Object.keys(needed)) {
    if (!Object.hasOwn(given, name)) return { name, detail: "is missing" };
    if (!Number.isFinite(given[name]))
      return { name, detail: "must be a finite number" };
  }
  const surplus = Object.keys(given).find((name) => !(name in needed));
  return surplus === undefined
    ? undefined
    : { name: surplus, detail: "is not a constant of this set" };
};

/**
 * The text whose SHA-256 a model, a table and the engine compare: the set's hash, then each constant's name and the 16 hex digits of its
 * float64, in the set's order, a line each. Bits, for languages write numbers differently.
 */
export const constantsText = (
  { hash, constants: needed }: FeatureContract,
  given: FeatureConstants,
): string =>
  [
    hash,
    ...Object.keys(needed).map((name) => `${name} ${bitsOf(given[name]!)}`),
  ].join("\n");

const bitsOf = (value: number): string => {
  const view = new DataView(new ArrayBuffer(8));
  view.setFloat64(0, value);
  return view.getBigUint64(0).toString(16).padStart(16, "0");
};
