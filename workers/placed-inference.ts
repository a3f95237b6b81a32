/** The Inference port over all lanes: a request goes to where its model was placed. */
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type {
  InferenceRequest,
  InlineModel,
  ServedModel,
} from "../engine/ports.ts";
import { toCodedError } from "../engine/std/errors.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import { missOf, predictionOf } from "./answer.ts";
import type { Lane, LanePorts } from "./lane.ts";
import type {
  EngineInference,
  InferenceStatus,
  ModelStatus,
  Placed,
} from "./engine-inference.ts";
import { servedModel } from "./served-model.ts";

export class PlacedInference implements EngineInference {
  readonly models: readonly ServedModel[];
  readonly #placed: ReadonlyMap<string, Placed>;
  readonly #lanes: readonly Lane[];
  readonly #ports: LanePorts;
  /** Answers on their way that no lane knows of. */
  #immediate = 0;
  #isClosed = false;

  constructor(
    placed: readonly Placed[],
    lanes: readonly Lane[],
    ports: LanePorts,
  ) {
    this.#placed = new Map(
      placed.map((model) => [model.entry.manifest.name, model]),
    );
    this.#lanes = lanes;
    this.#ports = ports;
    const states = new Map(
      this.status().models.map(({ name, state }) => [name, state]),
    );
    // A model whose process is starting, or starting again, is served: it misses until it is there.
    this.models = placed
      .filter(({ entry }) => {
        const state = states.get(entry.manifest.name);
        return state !== undefined && state !== "refused" && state !== "absent";
      })
      .map(({ entry, placement }) => servedModel(entry.manifest, placement));
  }

  get pending(): number {
    return this.#lanes.reduce(
      (total, lane) => total + lane.pending,
      this.#immediate,
    );
  }

  inline(model: string): InlineModel | undefined {
    return this.#placed.get(model)?.inline;
  }

  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void {
    const placed = this.#placed.get(request.model);
    if (placed?.lane !== undefined)
      placed.lane.submit(request, onPrediction, onMiss);
    else if (placed?.inline !== undefined)
      this.#predictInline(placed, placed.inline, request, onPrediction, onMiss);
    else
      this.#later(() =>
        onMiss(missOf(request, placed?.refusal ?? "E_MODEL_UNKNOWN")),
      );
  }

  status(): InferenceStatus {
    return {
      models: [...this.#placed.values()].map(statusOf),
      lanes: this.#lanes.map((lane) => lane.status()),
    };
  }

  async close(): Promise<void> {
    this.#isClosed = true;
    await Promise.all(this.#lanes.map((lane) => lane.close()));
  }

  #predictInline(
    { entry }: Placed,
    inline: InlineModel,
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void {
    let prediction: Prediction | undefined;
    let code: ErrorCode = this.#isClosed
      ? "E_STATE_DRAINING"
      : request.deadlineNs <= this.#ports.clock.nowNs()
        ? "E_MODEL_TIMEOUT"
        : "E_INPUT_SCHEMA";
    if (code === "E_INPUT_SCHEMA" && request.input.kind === "features")
      try {
        const probability = inline.predict(request.input.values);
        prediction = predictionOf(entry.manifest, request, {
          probability,
          confidence: Math.abs(2 * probability - 1),
        });
      } catch (error) {
        code = toCodedError(error).code;
      }
    this.#later(() => {
      if (prediction === undefined) onMiss(missOf(request, code));
      else onPrediction(prediction);
    });
  }

  /** Never inside the caller's own call. */
  #later(run: () => void): void {
    this.#immediate++;
    queueMicrotask(() => {
      this.#immediate--;
      run();
    });
  }
}

const statusOf = (placed: Placed): ModelStatus => {
  const { manifest } = placed.entry;
  const head = {
    name: manifest.name,
    version: manifest.version,
    family: manifest.family,
    sha256: manifest.sha256,
    placement: placed.placement,
  };
  if (placed.lane === undefined)
    return {
      ...head,
      lane: placed.placement,
      device: "cpu",
      degraded: false,
      state: placed.refusal === undefined ? "serving" : "refused",
      code: placed.refusal,
      detail: placed.detail,
    };
  const lane = placed.lane.status();
  const model = lane.models.find(({ name }) => name === manifest.name);
  const isDown = lane.state === "failed" || lane.state === "closed";
  const code =
    model?.refusal ?? (isDown ? ("E_MODEL_DEVICE" as const) : undefined);
  return {
    ...head,
    lane: lane.name,
    device: model?.degraded === true ? "cpu" : lane.device,
    degraded: model?.degraded ?? false,
    state:
      lane.state === "absent"
        ? "absent"
        : code !== undefined
          ? "refused"
          : lane.state === "recovering" || lane.state === "starting"
            ? lane.state
            : "serving",
    code,
    detail:
      model?.detail === undefined || model.detail === ""
        ? lane.reason
        : model.detail,
  };
};
