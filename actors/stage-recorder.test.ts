import { describe, expect, it } from "vitest";
import { STAGES } from "../engine/domain/stamps.ts";
import { NO_TELEMETRY } from "../engine/ports.ts";
import { monoNanos } from "../engine/std/time.ts";
import { StageRecorder } from "./stage-recorder.ts";

const setUp = () => {
  const recorded: [string, number][] = [];
  const recorder = new StageRecorder({
    ...NO_TELEMETRY,
    histogram: (name, _help, labels) => ({
      recordNs: (ns) => recorded.push([labels?.["stage"] ?? name, ns]),
    }),
  });
  const record = (...stamps: number[]) => {
    expect(stamps).toHaveLength(STAGES.length);
    recorder.record(stamps.map(monoNanos));
  };
  return { recorded, record };
};

describe("the stage recorder", () => {
  it("counts a skipped stage into the next one", () => {
    const { recorded, record } = setUp();
    record(100, 110, 112, 120, 150, 0, 160, 170, 175);
    expect(recorded).toEqual([
      ["enqueued", 2],
      ["dequeued", 8],
      ["featured", 30],
      ["predicted", 10],
      ["fused", 10],
      ["published", 5],
      ["fusewire_signal_seconds", 75],
    ]);
  });

  it("times no turn without a market event", () => {
    const { recorded, record } = setUp();
    record(0, 0, 0, 0, 0, 10, 20, 30, 40);
    expect(recorded).toEqual([]);
  });
});
