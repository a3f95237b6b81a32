import { describe, expect, it } from "vitest";
import type { Outcome } from "../engine/domain/outcome.ts";
import { NO_TELEMETRY } from "../engine/ports.ts";
import { monoNanos } from "../engine/std/time.ts";
import { BTC } from "../test/support/actor-stage.ts";
import { CalibrationLog } from "./calibration-log.ts";

const outcome = (
  model: string,
  probability: number,
  logReturn: number,
): Outcome => ({
  symbol: BTC,
  model,
  probability,
  horizonMs: 1_000,
  logReturn,
  maturedNs: monoNanos(0),
});

describe("the calibration log", () => {
  it("scores each outcome by model and passes it on", () => {
    const counted = new Map<string, number>();
    const gauges = new Map<string, number>();
    const passed: Outcome[] = [];
    const log = new CalibrationLog(
      [{ name: "a" }, { name: "b" }],
      {
        ...NO_TELEMETRY,
        counter: (_name, _help, labels) => {
          const key = `${labels?.["model"] ?? ""} ${labels?.["verdict"] ?? ""}`;
          return { add: (n) => counted.set(key, (counted.get(key) ?? 0) + n) };
        },
        gauge: (name, _help, labels) => ({
          set: (value) =>
            gauges.set(`${name} ${labels?.["model"] ?? ""}`, value),
        }),
      },
      { record: (each) => passed.push(each) },
    );
    log.record(outcome("a", 0.8, 0.01));
    log.record(outcome("a", 0.8, -0.01));
    log.record(outcome("b", 0.3, -0.01));
    log.record(outcome("unknown", 0.3, -0.01));
    expect(Object.fromEntries(counted)).toEqual({
      "a hit": 1,
      "a miss": 1,
      "b hit": 1,
    });
    expect(passed).toHaveLength(4);
    expect(log.of("a")?.count).toBe(2);
    expect(gauges.get("fusewire_brier_score a")).toBeCloseTo(0.34, 12);
    expect(gauges.get("fusewire_calibration_error b")).toBeCloseTo(0.3, 12);
  });

  it("leaves a tie unscored: the mid went neither way", () => {
    const log = new CalibrationLog([{ name: "a" }], NO_TELEMETRY, {
      record: () => undefined,
    });
    log.record(outcome("a", 0.8, 0));
    expect(log.of("a")?.count).toBe(0);
  });
});
