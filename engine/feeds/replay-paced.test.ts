import { describe, expect, it } from "vitest";
import { SimulatedClock } from "../std/simulated-clock.ts";
import type { FeedEvent } from "./feed-event.ts";
import { replayPaced } from "./replay-paced.ts";
import { MarketSimulator } from "./simulator.ts";

const events = (count: number): FeedEvent[] => {
  const simulator = new MarketSimulator({ seed: 3 });
  return Array.from({ length: count }, () => simulator.next().event);
};

/** Runs the clock on whenever the replay waits. */
const paced = async (
  tape: readonly FeedEvent[],
  speed: number | "max",
  isStopped?: () => boolean,
) => {
  const clock = new SimulatedClock(1_800_000_000_000_000);
  const got: { event: FeedEvent; atNs: number }[] = [];
  const waits: number[] = [];
  const report = await replayPaced(tape, {
    clock,
    timers: {
      after: (delayMs, run) => {
        waits.push(delayMs);
        queueMicrotask(() => {
          clock.advanceMs(delayMs);
          run();
        });
        return { cancel: () => undefined };
      },
      every: (ms, run) => clock.every(ms, run),
    },
    speed,
    onEvent: (event) => got.push({ event, atNs: clock.nowNs() }),
    ...(isStopped === undefined ? {} : { isStopped }),
  });
  return { report, got, waits, clock };
};

describe("replayPaced", () => {
  it.each([1, 10])("keeps the recorded pace times %d", async (speed) => {
    const tape = events(500);
    const { report, got } = await paced(tape, speed);
    expect(report.events).toBe(500);
    for (const [i, { atNs }] of got.entries()) {
      const dueNs = (tape[i]!.receivedNs - tape[0]!.receivedNs) / speed;
      expect(atNs).toBeGreaterThanOrEqual(dueNs);
      expect(atNs).toBeLessThan(dueNs + 1_000_001);
    }
  });

  it("gives the events now's times and keeps the venue's distance", async () => {
    const tape = events(300).map((event) => ({
      ...event,
      eventUs: (event.receivedUs + 1_270_000) as FeedEvent["eventUs"],
    }));
    const { got } = await paced(tape, 1);
    for (const { event, atNs } of got) {
      expect(event.receivedNs).toBe(atNs);
      expect(event.receivedUs).toBeGreaterThanOrEqual(1_800_000_000_000_000);
      expect(event.eventUs - event.receivedUs).toBe(1_270_000);
    }
  });

  it("at full speed only lets the sockets have their turn between bursts", async () => {
    const { waits, clock } = await paced(events(1000), "max");
    expect(waits).toEqual([0, 0, 0]);
    expect(clock.nowNs()).toBe(0);
  });

  it("ends when it is stopped", async () => {
    let asked = 0;
    const { report } = await paced(events(100), "max", () => ++asked > 40);
    expect(report.events).toBe(40);
  });
});
