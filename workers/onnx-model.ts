/** One model on one thread: its onnxruntime session, its spec, its tokenizer. */
import { InferenceSession, Tensor, env } from "onnxruntime-node";
import { CodedError, toCodedError } from "../engine/std/errors.ts";
import { onnxSpecOf } from "../models/families.ts";
import type { Golden, Manifest } from "../models/manifest.ts";
import { checkContract, isBatchable } from "../models/model-spec.ts";
import type {
  ModelSpec,
  NamedTensors,
  SpecInput,
} from "../models/model-spec.ts";
import type { OnnxValue } from "../models/onnx-file.ts";
import type { Device, RowReply, WorkerModel } from "./job.ts";
import { noTokenizer, textTokenizer } from "./text-tokenizer.ts";

// What it would print on standard error comes back as an exception, and is logged with its model.
env.logLevel = "fatal";

export class OnnxModel {
  /** A card was asked for and could not be had: it runs on the CPU. */
  readonly isDegraded: boolean;
  readonly #session: InferenceSession;
  readonly #spec: ModelSpec;
  readonly #fetches: readonly string[];

  private constructor(
    session: InferenceSession,
    spec: ModelSpec,
    manifest: Manifest,
    isDegraded: boolean,
  ) {
    this.#session = session;
    this.#spec = spec;
    this.#fetches = manifest.outputs.map(({ name }) => name);
    this.isDegraded = isDegraded;
  }

  /** Throws E_MODEL_CONTRACT, E_MODEL_OUTPUT or E_MODEL_DEVICE: a model that cannot prove itself does not serve. */
  static async load(model: WorkerModel, device: Device): Promise<OnnxModel> {
    const { manifest } = model;
    const spec = onnxSpecOf(
      manifest,
      model.tokenizerJson === undefined
        ? noTokenizer
        : textTokenizer(model.tokenizerJson),
    );
    const { session, isDegraded } = await createSession(model.bytes, device);
    checkContract(manifest, {
      inputs: session.inputMetadata.map(asValue),
      outputs: session.outputMetadata.map(asValue),
    });
    const loaded = new OnnxModel(session, spec, manifest, isDegraded);
    await loaded.#warmUp(isBatchable(manifest));
    if (manifest.golden !== undefined) await loaded.#prove(manifest.golden);
    return loaded;
  }

  /** One reply a row; a bad row costs only itself. */
  async run(rows: readonly SpecInput[]): Promise<RowReply[]> {
    const replies: (RowReply | undefined)[] = rows.map((row) => {
      const refusal = this.#admit(row);
      return refusal === undefined
        ? undefined
        : { ok: false, code: refusal.code };
    });
    const admitted = rows.filter((_, i) => replies[i] === undefined);
    let outputs: NamedTensors | undefined;
    let failure: CodedError | undefined;
    if (admitted.length > 0)
      try {
        outputs = await this.#infer(this.#spec.encode(admitted));
      } catch (error) {
        failure =
          error instanceof CodedError
            ? error
            : new CodedError("E_MODEL_OUTPUT", { cause: error });
      }
    let row = 0;
    return replies.map((reply, i): RowReply => {
      if (reply !== undefined) return reply;
      if (outputs === undefined)
        return { ok: false, code: failure?.code ?? "E_INTERNAL" };
      try {
        return {
          ok: true,
          statement: this.#spec.decode(outputs, row++, rows[i]!),
        };
      } catch (error) {
        return { ok: false, code: toCodedError(error).code };
      }
    });
  }

  #admit(row: SpecInput): CodedError | undefined {
    try {
      return this.#spec.admit(row);
    } catch (error) {
      return toCodedError(error);
    }
  }

  async #infer(feeds: NamedTensors): Promise<NamedTensors> {
    const tensors: Record<string, Tensor> = {};
    for (const [name, { dtype, dims, data }] of Object.entries(feeds))
      tensors[name] = new Tensor(dtype, data, dims);
    const results = await this.#session.run(tensors, this.#fetches);
    const outputs: Record<string, NamedTensors[string]> = {};
    for (const name of this.#fetches) {
      const { data, dims } = results[name] as Tensor;
      if (data instanceof Float32Array)
        outputs[name] = { dtype: "float32", dims, data };
      else if (data instanceof BigInt64Array)
        outputs[name] = { dtype: "int64", dims, data };
    }
    return outputs;
  }

  /** The first call allocates; a batch of two shows whether the first dimension is a batch at all. */
  async #warmUp(batchable: boolean): Promise<void> {
    const row = this.#spec.sample();
    for (const rows of batchable ? [[row], [row, row]] : [[row]])
      for (const reply of await this.run(rows))
        if (!reply.ok)
          throw new CodedError("E_MODEL_CONTRACT", {
            detail: `the warm-up of ${rows.length} gave ${reply.code}`,
          });
  }

  async #prove(golden: Golden): Promise<void> {
    const feeds: Record<string, NamedTensors[string]> = {};
    for (const { name, type } of this.#session.inputMetadata.map(tensorOnly)) {
      const given = golden.inputs[name];
      if (given === undefined)
        throw new CodedError("E_MODEL_CONTRACT", {
          detail: `the golden vector has no "${name}"`,
        });
      feeds[name] =
        type === "int64"
          ? {
              dtype: "int64",
              dims: given.shape,
              data: BigInt64Array.from(given.data.map(BigInt)),
            }
          : {
              dtype: "float32",
              dims: given.shape,
              data: Float32Array.from(given.data),
            };
    }
    const outputs = await this.#infer(feeds);
    for (const [name, expected] of Object.entries(golden.outputs)) {
      const data = outputs[name]?.data;
      const isEqual =
        data?.length === expected.length &&
        expected.every(
          (value, i) => Math.abs(Number(data[i]) - value) <= golden.tolerance,
        );
      if (!isEqual)
        throw new CodedError("E_MODEL_CONTRACT", {
          detail: `output "${name}" misses the golden vector`,
        });
    }
  }
}

const SESSION: InferenceSession.SessionOptions = {
  // One thread a session: the pool's threads are the parallelism.
  intraOpNumThreads: 1,
  interOpNumThreads: 1,
  // Measured 8 to 21 % faster than "all" on PatchTST and BERT graphs.
  graphOptimizationLevel: "basic",
  extra: { session: { intra_op: { allow_spinning: "0" } } },
};

const createSession = async (
  shared: Uint8Array<SharedArrayBuffer>,
  device: Device,
): Promise<{ session: InferenceSession; isDegraded: boolean }> => {
  // The binding takes no shared memory; this copy lives until the session is made.
  const bytes = new Uint8Array(shared);
  if (device.kind === "cuda")
    try {
      const session = await InferenceSession.create(bytes, {
        ...SESSION,
        executionProviders: [{ name: "cuda", deviceId: device.deviceId }],
      });
      return { session, isDegraded: false };
    } catch {
      // onnxruntime never falls back by itself when a provider's library does not load.
    }
  try {
    const session = await InferenceSession.create(bytes, SESSION);
    return { session, isDegraded: device.kind === "cuda" };
  } catch (cause) {
    throw new CodedError("E_MODEL_CONTRACT", {
      detail: `onnxruntime: ${cause instanceof Error ? cause.message.slice(0, 300) : "refused"}`,
      cause,
    });
  }
};

const asValue = (value: InferenceSession.ValueMetadata): OnnxValue =>
  value.isTensor
    ? { name: value.name, dtype: value.type, shape: value.shape }
    : { name: value.name, dtype: "sequence", shape: [] };

const tensorOnly = (
  value: InferenceSession.ValueMetadata,
): InferenceSession.TensorValueMetadata => {
  if (!value.isTensor)
    throw new CodedError("E_MODEL_CONTRACT", { detail: "a non-tensor input" });
  return value;
};
