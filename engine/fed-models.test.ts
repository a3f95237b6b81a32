import { afterEach, beforeEach, describe, expect, it } from "vitest";
import { loadRegistry } from "../models/registry.ts";
import type { Registry } from "../models/registry.ts";
import {
  buildSentimentModel,
  modelFolder,
  sentimentManifest,
  tokenizerJson,
  treeManifest,
} from "../test/support/model-folder.ts";
import type { ModelFolder } from "../test/support/model-folder.ts";
import { buildTreeModel } from "../test/support/tree-build.ts";
import { COMPACT_SET } from "./features/compact-set.ts";
import { DIRECTION_SET } from "./features/direction-set.ts";
import type { DeclaredSet } from "./features/feature-declaration.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import { INPUT_WINDOWS } from "./features/input-windows.ts";
import { NEWS_SET } from "./features/news-windows.ts";
import { REGIME_SET } from "./features/regime-set.ts";
import { fedModels } from "./fed-models.ts";
import { Random } from "./std/random.ts";

let folder: ModelFolder;
beforeEach(() => (folder = modelFolder()));
afterEach(() => folder.remove());

const addTrees = (set: DeclaredSet, version = "1"): void => {
  const features = set.features.length;
  folder.add(
    buildTreeModel(new Random(1), {
      trees: 2,
      leaves: 3,
      features,
      mode: "BRANCH_LEQ",
      missing: "none",
      kind: "regressorSigmoid",
    }),
    {
      ...treeManifest(features),
      name: set.name,
      version,
      input: { kind: "features", schema: set.name, schemaHash: set.hash },
    },
  );
};

const load = (): Registry =>
  loadRegistry(folder.root, {
    featureSets: FEATURE_SETS,
    windows: INPUT_WINDOWS,
  });

const names = (registry: Registry): string[] =>
  registry.entries.map(({ manifest }) => manifest.name);

describe("models that nothing would feed", () => {
  it("are refused where no symbol leads and nobody judges news", () => {
    for (const set of [DIRECTION_SET, COMPACT_SET, NEWS_SET, REGIME_SET])
      addTrees(set);
    const fed = fedModels(load(), { references: 0, sentiment: "finbert" });
    expect(names(fed)).toEqual(["regime"]);
    expect(
      fed.refusals.map(({ name, error }) => [name, error.code, error.field]),
    ).toEqual(
      ["compact", "direction", "news"].map((name) => [
        name,
        "E_MODEL_CONTRACT",
        "manifest.input.schema",
      ]),
    );
    expect(fed.refusals[1]!.detail).toContain("symbols.references");
  });

  it("are served where they are fed", () => {
    for (const set of [DIRECTION_SET, COMPACT_SET, NEWS_SET]) addTrees(set);
    folder.add(buildSentimentModel([[1, 0, 0]]), sentimentManifest(), {
      "tokenizer.json": tokenizerJson(),
    });
    const registry = load();
    const sentiment = registry.entries.find(
      ({ manifest }) => manifest.input.kind === "text",
    )!.manifest.name;
    const fed = fedModels(registry, { references: 1, sentiment });
    expect(fed.refusals).toEqual([]);
    expect(names(fed)).toEqual(
      expect.arrayContaining(["direction", "compact", "news"]),
    );
  });

  it("leave their seat to a version that is fed, and no other", () => {
    addTrees(DIRECTION_SET, "1");
    addTrees(DIRECTION_SET, "2");
    const fed = fedModels(load(), { references: 1, sentiment: "finbert" });
    expect(fed.entries.map(({ manifest }) => manifest.version)).toEqual(["2"]);
    expect(fed.superseded).toHaveLength(1);
  });
});
