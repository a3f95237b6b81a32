/** Features over history, a row each with what became of the price after it: columns, and what a reader has to know of them. */
import type { FeatureConstants } from "../domain/feature-constants.ts";
import type { FeatureVector } from "../domain/feature.ts";
import type { SymbolId } from "../domain/symbol.ts";
import type {
  DeclaredSet,
  FeatureInput,
} from "../features/feature-declaration.ts";
import { CodedError } from "../std/errors.ts";
import { constantsHashOf } from "./constants-file.ts";
import { labelsOf } from "./feature-labels.ts";
import type { PricePath } from "./feature-labels.ts";
import { UNNAMED } from "./recorded-input.ts";

export interface TableOptions {
  /** In seconds; each gives three labels. */
  readonly horizonsS: readonly number[];
  /** Distance of the triple barrier's barriers from the price. */
  readonly barrierBps: number;
}

export interface Column {
  readonly name: string;
  readonly values: Float64Array;
  /** Times and prices keep all their digits, however features are stored. */
  readonly digits: "all" | "chosen";
}

/** A set as it stands in a table. */
export interface TableSet {
  readonly set: DeclaredSet;
  readonly constants: FeatureConstants;
  /** Names of its columns, in the set's order. */
  readonly columns: readonly string[];
}

export interface FeatureTable {
  readonly columns: readonly Column[];
  readonly rows: number;
  readonly sets: readonly TableSet[];
  readonly metadata: Readonly<Record<string, string>>;
  /** What a set reads and nothing told: NaN or neutral throughout. */
  readonly missingInputs: readonly FeatureInput[];
  /** Bars before the first with a volume, and such as begin off their interval. */
  readonly barsLeftOut: number;
}

/** What is known of a table once its rows are there. */
export interface TableFacts {
  readonly symbol: SymbolId;
  readonly leader: SymbolId | undefined;
  readonly path: PricePath;
  /** Units of the path's times in a second. */
  readonly unitsPerS: number;
  readonly sets: readonly TableSet[];
  readonly given: ReadonlySet<FeatureInput>;
  readonly barsLeftOut: number;
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

export class TableBuilder {
  readonly #names: readonly string[];
  readonly #heads: number;
  readonly #columns: readonly Growing[];

  /** `head` names the columns of times and prices, which come first. */
  constructor(head: readonly string[], sets: readonly TableSet[]) {
    this.#names = [...head, ...sets.flatMap(({ columns }) => columns)];
    this.#heads = head.length;
    this.#columns = this.#names.map(() => new Growing());
  }

  get rows(): number {
    return this.#columns[0]!.length;
  }

  /** `parts` are the sets' values, one after another. */
  push(head: readonly number[], parts: readonly FeatureVector[]): void {
    let at = 0;
    for (const value of head) this.#columns[at++]!.push(value);
    for (const values of parts)
      for (let i = 0; i < values.length; i++)
        this.#columns[at++]!.push(values[i]!);
  }

  /** A column of times or prices. */
  head(name: string): Float64Array {
    return this.#columns[this.#names.indexOf(name)]!.values;
  }

  /** With labels and metadata. */
  finish(facts: TableFacts, options: TableOptions): FeatureTable {
    const { path, sets, given, barsLeftOut } = facts;
    const labels = options.horizonsS.flatMap((seconds) =>
      labelsOf(
        path,
        seconds * facts.unitsPerS,
        `${seconds}S`,
        options.barrierBps / 1e4,
      ),
    );
    return {
      columns: [
        ...this.#columns.map(({ values }, i): Column => ({
          name: this.#names[i]!,
          values,
          digits: i < this.#heads ? "all" : "chosen",
        })),
        ...labels.map((label): Column => ({ ...label, digits: "chosen" })),
      ],
      rows: this.rows,
      sets,
      metadata: metadataOf(facts, options),
      missingInputs: inputsOf(sets).filter((input) => !given.has(input)),
      barsLeftOut,
    };
  }
}

const inputsOf = (sets: readonly TableSet[]): readonly FeatureInput[] => [
  ...new Set(
    sets.flatMap(({ set }) => set.features.flatMap(({ inputs }) => inputs)),
  ),
];

/** A file of bars need not say whose they are. */
const named = (
  key: string,
  symbol: SymbolId | undefined,
): Record<string, string> =>
  symbol === undefined || symbol === UNNAMED ? {} : { [key]: symbol };

const metadataOf = (
  { symbol, leader, sets, metadata }: TableFacts,
  { horizonsS, barrierBps }: TableOptions,
): Record<string, string> => ({
  "fusewire.sets": JSON.stringify(
    sets.map(({ set, constants, columns }) => ({
      name: set.name,
      version: set.version,
      hash: set.hash,
      constants,
      constantsHash: constantsHashOf(set, constants),
      columns,
    })),
  ),
  ...named("fusewire.symbol", symbol),
  ...named("fusewire.leader", leader),
  "fusewire.horizonsS": JSON.stringify(horizonsS),
  "fusewire.barrierBps": String(barrierBps),
  ...metadata,
});

/** E_INPUT_RANGE where something stands twice. */
export const refuseTwice = (
  field: string,
  values: readonly (string | number)[],
): void => {
  const twice = values.find((value, i) => values.indexOf(value) !== i);
  if (twice !== undefined)
    throw new CodedError("E_INPUT_RANGE", {
      field,
      detail: `${twice} stands there twice`,
    });
};
