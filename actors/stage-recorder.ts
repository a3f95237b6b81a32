/** Stage stamps into histograms: how long each stage took, and the whole. */
import type { Histogram, Telemetry } from "../engine/ports.ts";
import { STAGES } from "../engine/domain/stamps.ts";
import type { Stamps } from "../engine/domain/stamps.ts";

export class StageRecorder {
  /** By the position of the stage that ends. */
  readonly #stages: readonly Histogram[];
  readonly #whole: Histogram;

  constructor(telemetry: Telemetry) {
    this.#stages = STAGES.map((stage) =>
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
    let lastNs: number = receivedNs;
    for (let i = 1; i < stamps.length; i++) {
      const atNs = stamps[i]!;
      if (atNs === 0) continue;
      this.#stages[i]!.recordNs(atNs - lastNs);
      lastNs = atNs;
    }
    this.#whole.recordNs(lastNs - receivedNs);
  }
}
