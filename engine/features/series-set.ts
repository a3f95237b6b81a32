/** A feature set whose features are series of one graph: the formula that is computed is the one that is declared. */
import { BarGraph } from "./bar-inputs.ts";
import { declareSet } from "./feature-declaration.ts";
import type { DeclaredSet, FeatureInput } from "./feature-declaration.ts";
import { NEWS_KEEP_MS } from "./news-windows.ts";
import type { Series } from "./series-graph.ts";

export interface SeriesFeature {
  readonly name: string;
  readonly unit: string;
  readonly formula: string;
  readonly series: Series;
  /** Bars alone when absent. */
  readonly inputs?: readonly FeatureInput[];
}

export interface SeriesSetSpec {
  readonly name: string;
  readonly version: number;
  readonly title: string;
  readonly source: string;
  /** Frozen numbers that the formulas need, with what they are unless a model states its own. */
  readonly constants?: Readonly<Record<string, number>>;
  /** Bars alone when absent. */
  readonly requires?: readonly FeatureInput[];
  define(
    graph: BarGraph,
    constants: Readonly<Record<string, number>>,
  ): readonly SeriesFeature[];
}

export interface SeriesSet extends DeclaredSet {
  readonly spec: SeriesSetSpec;
}

/** Minute bars: two that did not come. */
const STALE_MS = 120_000;
/** What is told less often than bars: a funding rate stands for hours, a window of news for six. */
const STALE_MS_OF: Partial<Record<FeatureInput, number>> = {
  funding: 3_600_000,
  headline: NEWS_KEEP_MS,
};
const BAR: readonly FeatureInput[] = ["bar"];

const windowOf = ({ warmUp, settled }: Series): string =>
  settled === warmUp
    ? `${warmUp} bars`
    : `${warmUp} bars, fading over ${settled - warmUp}`;

const staleAfterMs = (inputs: readonly FeatureInput[]): number =>
  Math.min(...inputs.map((input) => STALE_MS_OF[input] ?? STALE_MS));

export const declareSeriesSet = (spec: SeriesSetSpec): SeriesSet => {
  const constants = spec.constants ?? {};
  const first = new Map<number, string>();
  const features = spec
    .define(new BarGraph(), constants)
    .map(({ name, unit, formula, series, inputs }) => {
      const original = first.get(series.slot);
      if (original === undefined) first.set(series.slot, name);
      return {
        name,
        unit,
        formula,
        source: spec.source,
        window: windowOf(series),
        warmUp: { count: series.warmUp, unit: "bars" },
        settled: { count: series.settled, unit: "bars" },
        missing: "nan",
        inputs: inputs ?? BAR,
        staleAfterMs: staleAfterMs(inputs ?? BAR),
        ...(original === undefined ? {} : { aliasOf: original }),
      } as const;
    });
  const { name, version, title, requires = BAR } = spec;
  return {
    ...declareSet({ name, version, title, features, constants, requires }),
    spec,
  };
};
