/** What crosses the thread boundary of a pool; both sides import only this. */
import type { ErrorCode } from "../engine/std/errors.ts";
import type { Manifest } from "../models/manifest.ts";
import type { SpecInput, Statement } from "../models/model-spec.ts";

export type Device =
  | { readonly kind: "cpu" }
  /** A card by its CUDA index, which CUDA_VISIBLE_DEVICES renumbers for the whole process. */
  | { readonly kind: "cuda"; readonly deviceId: number };

export interface WorkerModel {
  readonly manifest: Manifest;
  /** Shared, not copied, between the threads; each session copies it while it loads. */
  readonly bytes: Uint8Array<SharedArrayBuffer>;
  readonly tokenizerJson: string | undefined;
}

/** Piscina's workerData. */
export interface WorkerSetup {
  readonly device: Device;
  readonly models: readonly WorkerModel[];
}

export type Task = StatusTask | RunTask;

/** Answered once all models have loaded and warmed up, or been refused. */
export interface StatusTask {
  readonly kind: "status";
}

export interface RunTask {
  readonly kind: "run";
  readonly model: string;
  readonly rows: readonly SpecInput[];
}

export interface LoadedModel {
  readonly name: string;
  /** Undefined when it serves. */
  readonly refusal: ErrorCode | undefined;
  readonly detail: string;
  /** Asked for a card, runs on the CPU. */
  readonly degraded: boolean;
  readonly loadMs: number;
}

export interface StatusReply {
  readonly models: readonly LoadedModel[];
}

export interface RunReply {
  /** One a row, in order. */
  readonly rows: readonly RowReply[];
  /** Encoding, the native call and decoding. */
  readonly runNs: number;
}

export type RowReply =
  | { readonly ok: true; readonly statement: Statement }
  | { readonly ok: false; readonly code: ErrorCode };
