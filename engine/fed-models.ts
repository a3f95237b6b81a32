/** Leaves out the models whose features nothing would feed: one that can never judge, or would take want of news for no news, is refused at load. */
import type { ModelEntry, ModelRefusal, Registry } from "../models/registry.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import { CodedError } from "./std/errors.ts";

export interface FeatureFeeds {
  /** How many symbols all others may look at. */
  readonly references: number;
  /** Name of the model whose verdicts are the news windows'. */
  readonly sentiment: string;
}

/** Of several versions of a name the highest that is fed. */
export const fedModels = (
  registry: Registry,
  feeds: FeatureFeeds,
): Registry => {
  const hasSentiment = registry.entries.some(
    ({ manifest }) =>
      manifest.name === feeds.sentiment && manifest.input.kind === "text",
  );
  const entries: ModelEntry[] = [];
  const superseded: ModelEntry[] = [];
  const refusals: ModelRefusal[] = [...registry.refusals];
  for (const entry of [...registry.entries, ...registry.superseded]) {
    const want = wantOf(entry, feeds, hasSentiment);
    const { name } = entry.manifest;
    if (want !== undefined) refusals.push(refusalOf(entry, want));
    else if (entries.some(({ manifest }) => manifest.name === name))
      superseded.push(entry);
    else entries.push(entry);
  }
  return { entries, superseded, refusals };
};

/** What the model's features lack; undefined where they are fed. */
const wantOf = (
  { manifest: { input } }: ModelEntry,
  { references, sentiment }: FeatureFeeds,
  hasSentiment: boolean,
): string | undefined => {
  if (input.kind !== "features") return undefined;
  const set = FEATURE_SETS.find(({ hash }) => hash === input.schemaHash);
  if (set === undefined) return undefined;
  if (set.requires.includes("otherBar") && references === 0)
    return `the set "${set.name}" reads a leading symbol, and symbols.references names none`;
  if (
    !hasSentiment &&
    set.features.some(({ inputs }) => inputs.includes("headline"))
  )
    return `the set "${set.name}" reads news, and no model "${sentiment}" judges them`;
  return undefined;
};

const refusalOf = (
  { manifest, directory }: ModelEntry,
  detail: string,
): ModelRefusal => {
  const error = new CodedError("E_MODEL_CONTRACT", {
    field: "manifest.input.schema",
    detail,
  });
  return {
    directory,
    name: manifest.name,
    version: manifest.version,
    error: error.body(),
    detail: error.message,
  };
};
