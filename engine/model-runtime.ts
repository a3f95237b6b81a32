/** The models of the configuration: what the registry admits, and the lanes, cards and processes that run it. */
import { ENGINE_ACTORS_DEFAULTS } from "../actors/engine-actors.ts";
import { withGgufAt } from "../models/llama/gguf-at.ts";
import { loadRegistry, type Registry } from "../models/registry.ts";
import type { EngineInference } from "../workers/engine-inference.ts";
import { createInference, type DeviceName } from "../workers/placement.ts";
import type { Config } from "./config-schema.ts";
import { FEATURE_SETS } from "./features/feature-sets.ts";
import { INPUT_WINDOWS } from "./features/input-windows.ts";
import { fedModels } from "./fed-models.ts";
import { INSTALLATION } from "./installation.ts";
import type { Metrics } from "./io/metrics.ts";
import type { Logger } from "./ports.ts";

export const modelsDir = ({ models }: Config): string =>
  models.dir === "" ? INSTALLATION.modelsDir : models.dir;

/** As the engine would serve it with this configuration. */
export const registryOf = (config: Config): Registry =>
  fedModels(
    loadRegistry(modelsDir(config), {
      featureSets: FEATURE_SETS,
      windows: INPUT_WINDOWS,
    }),
    {
      references: config.symbols.references.length,
      sentiment: ENGINE_ACTORS_DEFAULTS.news.finbert,
    },
  );

export const loadModels = (config: Config, log: Logger): Registry => {
  const registry = registryOf(config);
  for (const { directory, error, detail } of registry.refusals)
    log.error("model.refused", { directory, code: error.code, detail });
  const { llama, llamaPath } = config.models;
  return llama && llamaPath !== "" ? withGgufAt(registry, llamaPath) : registry;
};

export const startInference = (
  { models }: Config,
  registry: Registry,
  metrics: Metrics,
  log: Logger,
): Promise<EngineInference> => {
  // Cards are dealt to the pool's models in turn; trees run inline and need none.
  const devices: Record<string, DeviceName> = {};
  let dealt = 0;
  for (const { manifest } of registry.entries) {
    if (models.cudaDevices.length === 0) break;
    if (manifest.family === "lightgbm" || manifest.family === "llama") continue;
    devices[manifest.name] =
      `cuda:${models.cudaDevices[dealt++ % models.cudaDevices.length]!}`;
  }
  return createInference(registry.entries, {
    workerUrl: INSTALLATION.onnxWorkerUrl,
    llamaProcessUrl: INSTALLATION.llamaProcessUrl,
    telemetry: metrics,
    log,
    devices,
    threadsPerLane: models.threads,
    queueMax: models.queueMax,
    batchMax: models.batchMax,
    llama: { enabled: models.llama ? "auto" : "off" },
  });
};
