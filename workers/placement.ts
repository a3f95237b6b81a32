/** Which model runs where: on the actor's thread, on a pool's threads and device, or in a process of its own. */
import type { InlineModel, Logger, Telemetry } from "../engine/ports.ts";
import { NO_LOG, NO_TELEMETRY } from "../engine/ports.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import { systemClock, systemTimers } from "../engine/std/time.ts";
import type { Clock, Timers } from "../engine/std/time.ts";
import { modelFamilyOf } from "../models/families.ts";
import type { ModelEntry } from "../models/registry.ts";
import { InferencePool } from "./inference-pool.ts";
import type { EngineInference, Placed } from "./engine-inference.ts";
import { createInlineTree } from "./inline-tree.ts";
import type { Device } from "./job.ts";
import type { LanePorts } from "./lane.ts";
import { LlamaLane } from "./llama-lane.ts";
import { PlacedInference } from "./placed-inference.ts";

/** "cpu", or a card: "cuda:0". */
export type DeviceName = "cpu" | `cuda:${number}`;

export interface InferenceOptions {
  /** Compiled dist/workers/onnx-worker.js: Node 20 starts no thread from TypeScript. */
  readonly workerUrl: URL;
  /** Compiled dist/workers/llama-process.js. */
  readonly llamaProcessUrl: URL;
  readonly clock?: Clock;
  /** Deadlines run on these. */
  readonly timers?: Timers;
  readonly telemetry?: Telemetry;
  readonly log?: Logger;
  /** Trees that the inline evaluator cannot do go to a pool in either case. */
  readonly trees?: "inline" | "pool";
  /** "single": one row a call and one thread a lane, so that a replay's numbers never depend on timing. */
  readonly batching?: "adaptive" | "single";
  /** By model name; models on one card share its threads. */
  readonly devices?: Readonly<Record<string, DeviceName>>;
  readonly threadsPerLane?: number;
  readonly queueMax?: number;
  readonly batchMax?: number;
  readonly hungMs?: number;
  readonly closeMs?: number;
  readonly llama?: {
    readonly enabled?: "auto" | "off";
    readonly threads?: number;
    readonly gpu?: "auto" | "off";
    /** The process's whole environment. */
    readonly env?: Readonly<Record<string, string>>;
    readonly hungMs?: number;
    readonly loadMs?: number;
    /** How long the engine's start waits for it; a replay waits until it has loaded. */
    readonly startMs?: number;
  };
}

type Filled = Required<Omit<InferenceOptions, "llama">> & {
  readonly llama: Required<NonNullable<InferenceOptions["llama"]>>;
};

const fill = (options: InferenceOptions): Filled => ({
  clock: systemClock,
  timers: systemTimers,
  telemetry: NO_TELEMETRY,
  log: NO_LOG,
  trees: "inline",
  batching: "adaptive",
  devices: {},
  threadsPerLane: 1,
  queueMax: 512,
  batchMax: 32,
  hungMs: 10_000,
  closeMs: 5_000,
  ...options,
  llama: {
    enabled: "auto",
    threads: 1,
    gpu: "off",
    env: {},
    hungMs: 20_000,
    loadMs: 120_000,
    startMs: options.batching === "single" ? 120_000 : 5_000,
    ...options.llama,
  },
});

const ABANDONED_MAX = 2;

/** Loads every entry where it belongs and resolves when each serves or is refused: one bad model stops no other. */
export const createInference = async (
  entries: readonly ModelEntry[],
  options: InferenceOptions,
): Promise<EngineInference> => {
  const filled = fill(options);
  const ports: LanePorts = filled;
  const placed: Placed[] = [];
  const pooled = new Map<string, ModelEntry[]>();
  const lanes: (InferencePool | LlamaLane)[] = [];

  for (const entry of entries) {
    if (entry.manifest.family === "llama") {
      const { placement, lane } = placeLlama(entry, filled, ports);
      placed.push(placement);
      if (lane !== undefined) lanes.push(lane);
      continue;
    }
    const inline =
      filled.trees === "inline" ? tryInline(entry, filled.log) : undefined;
    if (inline !== undefined) {
      placed.push({
        entry,
        placement: "inline",
        inline,
        lane: undefined,
        refusal: undefined,
        detail: "",
      });
      continue;
    }
    const key = laneKey(entry, filled.devices);
    const group = pooled.get(key);
    if (group === undefined) pooled.set(key, [entry]);
    else group.push(entry);
  }

  for (const [name, group] of pooled) {
    const lane = new InferencePool(
      {
        name,
        workerUrl: filled.workerUrl,
        entries: group,
        device: deviceOf(group[0]!, filled.devices),
        threads: filled.batching === "single" ? 1 : filled.threadsPerLane,
        queueMax: filled.queueMax,
        batchMax: filled.batching === "single" ? 1 : filled.batchMax,
        hungMs: filled.hungMs,
        abandonedMax: ABANDONED_MAX,
        closeMs: filled.closeMs,
      },
      ports,
    );
    lanes.push(lane);
    for (const entry of group)
      placed.push({
        entry,
        placement: "pool",
        inline: undefined,
        lane,
        refusal: undefined,
        detail: "",
      });
  }
  await Promise.all(lanes.map((lane) => lane.start()));
  return new PlacedInference(placed, lanes, ports);
};

/** Sentiment, forecasts and trees wait for themselves only, and each card has threads of its own. */
const laneKey = (entry: ModelEntry, devices: Filled["devices"]): string => {
  const { family, name } = entry.manifest;
  return `${modelFamilyOf[family]}@${devices[name] ?? "cpu"}`;
};

const deviceOf = (entry: ModelEntry, devices: Filled["devices"]): Device => {
  const device = devices[entry.manifest.name] ?? "cpu";
  return device === "cpu"
    ? { kind: "cpu" }
    : { kind: "cuda", deviceId: Number(device.slice("cuda:".length)) };
};

const tryInline = (entry: ModelEntry, log: Logger): InlineModel | undefined => {
  if (modelFamilyOf[entry.manifest.family] !== "trees") return undefined;
  try {
    return createInlineTree(entry);
  } catch (error) {
    log.warn("treeGoesToPool", {
      model: entry.manifest.name,
      why: toCodedError(error).message,
    });
    return undefined;
  }
};

const placeLlama = (
  entry: ModelEntry,
  filled: Filled,
  ports: LanePorts,
): { placement: Placed; lane: LlamaLane | undefined } => {
  const refused = (detail: string, refusal: ErrorCode) => ({
    placement: {
      entry,
      placement: "process" as const,
      inline: undefined,
      lane: undefined,
      refusal,
      detail,
    },
    lane: undefined,
  });
  const { enabled, ...rest } = filled.llama;
  if (enabled === "off") return refused("turned off", "E_MODEL_DEVICE");
  try {
    const lane = new LlamaLane(
      {
        ...rest,
        processUrl: filled.llamaProcessUrl,
        entry,
        queueMax: filled.queueMax,
        closeMs: filled.closeMs,
      },
      ports,
    );
    return {
      placement: {
        entry,
        placement: "process",
        inline: undefined,
        lane,
        refusal: undefined,
        detail: "",
      },
      lane,
    };
  } catch (error) {
    const coded = toCodedError(error);
    return refused(coded.message, coded.code);
  }
};
