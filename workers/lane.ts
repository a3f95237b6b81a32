/** What every lane offers the composite, and what it says about itself. */
import type {
  Prediction,
  PredictionMiss,
} from "../engine/domain/prediction.ts";
import type { InferenceRequest, Logger, Telemetry } from "../engine/ports.ts";
import type { ErrorCode } from "../engine/std/errors.ts";
import type { Clock, Timers } from "../engine/std/time.ts";

export interface Lane {
  submit(
    request: InferenceRequest,
    onPrediction: (p: Prediction) => void,
    onMiss: (m: PredictionMiss) => void,
  ): void;
  readonly pending: number;
  status(): LaneStatus;
  /** Refuses what is new, finishes what is not, within a bound. */
  close(): Promise<void>;
}

/** What lanes need of the world. */
export interface LanePorts {
  readonly clock: Clock;
  /** Deadlines run on these, so a replay's deadlines stand still with its clock. */
  readonly timers: Timers;
  readonly telemetry: Telemetry;
  readonly log: Logger;
}

export type LaneState =
  "starting" | "ready" | "recovering" | "failed" | "absent" | "closed";

export interface LaneStatus {
  readonly name: string;
  readonly state: LaneState;
  /** Why it is not ready; "" when it is. */
  readonly reason: string;
  readonly device: string;
  readonly threads: number;
  /** Of a lane that is a process of its own, while it runs. */
  readonly processId: number | undefined;
  readonly queued: number;
  readonly inFlight: number;
  /** Calls past all patience, on threads that were replaced: they end when the native call does. */
  readonly abandoned: number;
  readonly timeouts: number;
  /** Results that came after their caller had been answered. */
  readonly lateResults: number;
  readonly crashes: number;
  readonly models: readonly LaneModelStatus[];
}

export interface LaneModelStatus {
  readonly name: string;
  /** Undefined when it serves. */
  readonly refusal: ErrorCode | undefined;
  readonly detail: string;
  readonly degraded: boolean;
}
