/** Stage stamps into histograms: how long each stage took, and the whole. The feed records "decoded" itself, for each event. */
import type { Histogram, Telemetry } from "../engine/ports.ts";
import { STAGES } from "../engine/domain/stamps.ts";
import type { Stamps } from "../engine/domain/stamps.ts";

/** Position in STAGES of the first stage that is recorded here. */
const FIRST = STAGES.indexOf("enqueued");

export class StageRecorder {
  /** By the stage that ends, from FIRST on. */
  readonly #stages: readonly Histogram[];
  readonly #whole: Histogram;

  constructor(telemetry: Telemetry) {
    this.#stages = STAGES.slice(FIRST).map((stage) =>
      telemetry.histogram(
        "fusewire_stage_seconds",
        "Time from the stage before to this one",
        { stage },
      ),
    );
    this.#whole = telemetry.histogram(
      "fusewire_signal_seconds",
      "Time from the receipt of a turn's oldest event to its signal",
    );
  }

  /** Stages that were skipped count into the next one. Only turns with a market event have a beginning to measure from. */
  record(stamps: Stamps): void {
    const receivedNs = stamps[0]!;
    if (receivedNs === 0) return;
    let lastNs: number = stamps[FIRST - 1]!;
    for (let i = FIRST; i < stamps.length; i++) {
      const atNs = stamps[i]!;
      if (atNs === 0) continue;
      this.#stages[i - FIRST]!.recordNs(atNs - lastNs);
      lastNs = atNs;
    }
    this.#whole.recordNs(lastNs - receivedNs);
  }
}
