/** Monotonic times at the named points of an event's life. */
import type { MonoNanos } from "../std/time.ts";

export const STAGES = [
  "received",
  "decoded",
  "enqueued",
  "dequeued",
  "featured",
  "submitted",
  "predicted",
  "fused",
  "published",
] as const;

export type Stage = (typeof STAGES)[number];

/** Indexed by position in STAGES; 0 where the event skipped the stage. */
export type Stamps = readonly MonoNanos[];
