/** The Inference port with what only its owner needs: what runs where and how it is, and an end. */
import type { Inference, InlineModel, ServedModel } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { ModelEntry } from "../models/registry.ts";
import type { Lane, LaneStatus } from "./lane.ts";

export interface ModelStatus {
  readonly name: string;
  readonly version: string;
  readonly family: Manifest["family"];
  readonly sha256: string;
  readonly placement: ServedModel["placement"];
  readonly lane: string;
  readonly device: string;
  readonly degraded: boolean;
  readonly state: "serving" | "starting" | "recovering" | "refused" | "absent";
  readonly code: ErrorCode | undefined;
  readonly detail: string;
}

export interface InferenceStatus {
  readonly models: readonly ModelStatus[];
  readonly lanes: readonly LaneStatus[];
}

export interface EngineInference extends Inference {
  status(): InferenceStatus;
  close(): Promise<void>;
}

export interface Placed {
  readonly entry: ModelEntry;
  readonly placement: ServedModel["placement"];
  readonly inline: InlineModel | undefined;
  readonly lane: Lane | undefined;
  /** Refused before any lane was asked. */
  readonly refusal: ErrorCode | undefined;
  readonly detail: string;
}
