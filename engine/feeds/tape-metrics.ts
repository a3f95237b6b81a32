/** What a recorder tells about itself, each name resolved once. */
import type { Counter, Gauge, Telemetry } from "../ports.ts";
import { HOLE_REASONS, type HoleReason } from "./tape-hole.ts";

export interface TapeMetrics {
  readonly records: Counter;
  readonly bytes: Counter;
  readonly errors: Counter;
  readonly lost: Readonly<Record<HoleReason, Counter>>;
  readonly queued: Gauge;
}

export const tapeMetrics = (telemetry: Telemetry): TapeMetrics => ({
  records: telemetry.counter(
    "fusewire_tape_records_total",
    "events written to the tape",
  ),
  bytes: telemetry.counter(
    "fusewire_tape_bytes_total",
    "bytes written to the tape, compressed",
  ),
  errors: telemetry.counter(
    "fusewire_tape_errors_total",
    "writes of the tape that failed",
  ),
  lost: Object.fromEntries(
    HOLE_REASONS.map((reason) => [
      reason,
      telemetry.counter(
        "fusewire_tape_lost_total",
        "events that are not on the tape",
        { reason },
      ),
    ]),
  ) as Record<HoleReason, Counter>,
  queued: telemetry.gauge(
    "fusewire_tape_queued_blocks",
    "buffers that wait for the disk",
  ),
});
