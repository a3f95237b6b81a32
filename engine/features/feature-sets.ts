/** Every feature set there is, by name; what a model may be trained on, and what the engine computes for models live. */
import type { EventFeatures } from "./event-features.ts";
import { FeatureSet } from "./feature-set.ts";
import { BARS_SET } from "./bars-set.ts";
import { COMPACT_SET } from "./compact-set.ts";
import { DIRECTION_SET } from "./direction-set.ts";
import { FRAMES_SET } from "./frames-set.ts";
import type { LeadingMinutes } from "./bar-surroundings.ts";
import { LiveBarFeatures } from "./live-bar-features.ts";
import { LiveNewsFeatures } from "./live-news-features.ts";
import type { LeadingMid } from "./micro-lead.ts";
import { NEWS_SET } from "./news-windows.ts";
import { Microstructure } from "./microstructure.ts";
import { MICROSTRUCTURE_SET } from "./microstructure-set.ts";
import { REGIME_SET } from "./regime-set.ts";
import type { SeriesSet } from "./series-set.ts";
import type { FeatureConstants } from "../domain/feature-constants.ts";
import { CodedError } from "../std/errors.ts";
import type { DeclaredSet } from "./feature-declaration.ts";
import { MARKET_FEATURES } from "./feature-schema.ts";

/** Computed from bars of a gap-free grid. */
export const BAR_SETS: readonly SeriesSet[] = [
  BARS_SET,
  DIRECTION_SET,
  COMPACT_SET,
  REGIME_SET,
];

/** All that a grid of minutes gives; the frames come last. */
export const GRID_SETS: readonly DeclaredSet[] = [...BAR_SETS, FRAMES_SET];

/** What lies outside of the symbol. */
export interface EventFeatureOptions {
  /** A symbol that leads this one; what reads it is NaN without. */
  readonly leading?: LeadingMid & LeadingMinutes;
}

/** And what a model states of its own. */
export interface FollowerOptions extends EventFeatureOptions {
  /** In place of the set's. */
  readonly constants?: FeatureConstants;
}

/** A new follower of the set. */
export const createEventFeatures = (
  set: DeclaredSet,
  options: FollowerOptions = {},
): EventFeatures => {
  if (set === MARKET_FEATURES) return new FeatureSet();
  if (set === MICROSTRUCTURE_SET) return new Microstructure(options);
  if (set === NEWS_SET) return new LiveNewsFeatures();
  return new LiveBarFeatures(set, options);
};

/** All of them are served: a model of another set, of another hash or without its set's constants is refused at load. */
export const FEATURE_SETS: readonly DeclaredSet[] = [
  MARKET_FEATURES,
  MICROSTRUCTURE_SET,
  ...GRID_SETS,
  NEWS_SET,
];

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
