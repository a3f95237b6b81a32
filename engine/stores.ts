/** What the configuration writes to: the state store and the log of predictions, each with its embedded stand-in. */
import { join } from "node:path";
import type { Config } from "./config-schema.ts";
import { FileStore } from "./io/file-store.ts";
import type { LinkStatus } from "./io/hub-status.ts";
import type { Metrics } from "./io/metrics.ts";
import { JsonlPredictionLog } from "./io/prediction-log.ts";
import { RedisStore } from "./io/redis-store.ts";
import type { Logger, PredictionLog, StateStore } from "./ports.ts";

interface OpenStore {
  readonly store: StateStore;
  readonly link: (() => LinkStatus) | undefined;
  close(): Promise<void>;
}

/** Redis where there is one, with the file behind it, so that a lost Redis costs nothing. */
export const openStore = (
  { redis, state }: Config,
  metrics: Metrics,
  log: Logger,
): OpenStore => {
  const file = new FileStore({ folder: state.dir, telemetry: metrics, log });
  if (redis.url === "")
    return { store: file, link: undefined, close: () => file.flush() };
  const store = new RedisStore({
    url: redis.url,
    fallback: file,
    telemetry: metrics,
    log,
  });
  return {
    store,
    link: () => ({
      name: "redis",
      state: store.isOpen ? "disconnected" : "connected",
    }),
    close: () => store.close(),
  };
};

export const openPredictions = (
  config: Config,
  metrics: Metrics,
  log: Logger,
): PredictionLog & { close(): Promise<void> } =>
  config.log.predictions
    ? new JsonlPredictionLog({
        path: join(config.state.dir, "predictions.jsonl"),
        telemetry: metrics,
        log,
      })
    : { record: () => undefined, close: () => Promise.resolve() };
