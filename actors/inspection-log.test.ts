import { describe, expect, it } from "vitest";
import { NO_LOG, NO_TELEMETRY } from "../engine/ports.ts";
import { CodedError } from "../engine/std/errors.ts";
import { InspectionLog } from "./inspection-log.ts";

const setUp = () => {
  const lines: [string, Record<string, unknown>][] = [];
  const write = (event: string, fields?: Readonly<Record<string, unknown>>) =>
    lines.push([event, { ...fields }]);
  const counted: string[] = [];
  const inspections = new InspectionLog(
    {
      ...NO_TELEMETRY,
      counter: (name) => ({ add: () => counted.push(name) }),
    },
    { ...NO_LOG, info: write, warn: write, error: write },
  );
  return { lines, counted, inspections };
};

describe("the inspection log", () => {
  it("names the code, the phase and the path of a crash", () => {
    const { lines, counted, inspections } = setUp();
    inspections.onInspect({
      type: "crashed",
      path: "symbols/BTCUSDT.SIM",
      phase: "receive",
      error: new CodedError("E_BOOK_GAP"),
    });
    expect(lines[0]).toMatchObject([
      "actor.crashed",
      { path: "symbols/BTCUSDT.SIM", phase: "receive", code: "E_BOOK_GAP" },
    ]);
    expect(counted).toEqual(["fusewire_actor_crashes_total"]);
  });

  it("logs a quarantine with its code, and nothing of everyday life", () => {
    const { lines, inspections } = setUp();
    inspections.onInspect({ type: "spawned", path: "a" });
    inspections.onInspect({ type: "passivated", path: "a" });
    inspections.onInspect({
      type: "quarantined",
      path: "a",
      probeAfterMs: 60_000,
    });
    expect(lines).toEqual([
      [
        "actor.quarantined",
        { path: "a", code: "E_ACTOR_QUARANTINED", probeAfterMs: 60_000 },
      ],
    ]);
  });
});
