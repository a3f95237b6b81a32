/** Thread entry of a pool: one onnxruntime session a model, made and proven before the first request. */
import { workerData } from "node:worker_threads";
import { CodedError, toCodedError } from "../engine/std/errors.ts";
import { systemClock } from "../engine/std/time.ts";
import type {
  LoadedModel,
  RunReply,
  RunTask,
  StatusReply,
  Task,
  WorkerSetup,
} from "./job.ts";
import { OnnxModel } from "./onnx-model.ts";

const models = new Map<string, OnnxModel>();
const refusals = new Map<string, CodedError>();
const loaded: LoadedModel[] = [];

const loadAll = async (): Promise<void> => {
  const setup = workerData as WorkerSetup;
  for (const model of setup.models) {
    const { name } = model.manifest;
    const startNs = systemClock.nowNs();
    let refusal: CodedError | undefined;
    try {
      models.set(name, await OnnxModel.load(model, setup.device));
    } catch (error) {
      refusal = toCodedError(error);
      refusals.set(name, refusal);
    }
    loaded.push({
      name,
      refusal: refusal?.code,
      detail: refusal?.message ?? "",
      degraded: models.get(name)?.isDegraded ?? false,
      loadMs: (systemClock.nowNs() - startNs) / 1e6,
    });
  }
};

/** Not awaited at the top level: piscina gives up for good on a thread that fails while it starts. */
const ready = loadAll();

const run = async (task: RunTask): Promise<RunReply> => {
  const startNs = systemClock.nowNs();
  const model = models.get(task.model);
  const code = refusals.get(task.model)?.code ?? "E_MODEL_UNKNOWN";
  const rows =
    model === undefined
      ? task.rows.map(() => ({ ok: false as const, code }))
      : await model.run(task.rows);
  return { rows, runNs: systemClock.nowNs() - startNs };
};

export default async (task: Task): Promise<StatusReply | RunReply> => {
  await ready;
  return task.kind === "status" ? { models: loaded } : run(task);
};
