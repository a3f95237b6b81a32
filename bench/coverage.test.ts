import fc from "fast-check";
import { describe, expect, it } from "vitest";
import {
  coverageOf,
  Deliveries,
  inboundOf,
  type Schedule,
} from "./coverage.ts";

const schedule: Schedule = {
  startNs: 1_000_000,
  stepNs: 1_000,
  events: 4,
  symbols: 2,
  firstSeq: 11,
};

const logOf = (
  ...deliveries: readonly (readonly [number, number, number])[]
): Deliveries => {
  const log = new Deliveries();
  for (const [symbol, seq, atNs] of deliveries) log.add(symbol, seq, atNs);
  return log;
};

describe("an event's latency", () => {
  it("runs from the intended send to the first signal that covers it", () => {
    const { latencies, lost, signals } = coverageOf(
      schedule,
      logOf([0, 11, 1_005_000], [0, 11, 1_900_000], [0, 12, 1_007_000]),
    );
    expect(latencies.count).toBe(2);
    expect(latencies.percentiles()).toMatchObject({ p50Us: 5, maxUs: 5 });
    expect(lost).toBe(2);
    expect(signals).toBe(3);
  });

  it("is counted for each event of a conflated signal", () => {
    const { latencies, lost } = coverageOf(
      schedule,
      logOf([0, 12, 1_012_000], [1, 12, 1_013_000]),
    );
    expect(latencies.count).toBe(4);
    expect(latencies.percentiles().maxUs).toBe(12);
    expect(lost).toBe(0);
  });

  it("ends with no signal from before the schedule or of a foreign symbol", () => {
    const { lost, signals } = coverageOf(
      schedule,
      logOf([0, 10, 1_000_100], [7, 12, 1_000_100], [-1, 12, 1_000_100]),
    );
    expect(lost).toBe(4);
    expect(signals).toBe(0);
  });

  it("is counted exactly once whatever is delivered", () => {
    fc.assert(
      fc.property(
        fc.integer({ min: 0, max: 50 }),
        fc.integer({ min: 1, max: 7 }),
        fc.array(fc.tuple(fc.nat(8), fc.integer({ min: 0, max: 30 })), {
          maxLength: 200,
        }),
        (events, symbols, pairs) => {
          const plan = { ...schedule, events, symbols };
          const log = new Deliveries();
          for (const [i, [symbol, seq]] of pairs.entries())
            log.add(symbol, seq, 2_000_000 + i);
          const { latencies, lost } = coverageOf(plan, log);
          let uncovered = 0;
          for (let i = 0; i < events; i++) {
            const seq = plan.firstSeq + Math.floor(i / symbols);
            if (!pairs.some(([s, q]) => s === i % symbols && q >= seq))
              uncovered++;
          }
          expect(lost).toBe(uncovered);
          expect(latencies.count).toBe(events - uncovered);
        },
      ),
    );
  });

  it("survives the growth of the log", () => {
    const log = new Deliveries();
    for (let i = 0; i < 200_000; i++) log.add(0, i, i);
    expect([log.size, log.seqAt(199_999), log.timeNsAt(1)]).toEqual([
      200_000, 199_999, 1,
    ]);
  });
});

describe("the way in", () => {
  it("is timed from the intended send to the engine's receipt, where a signal tells it", () => {
    const log = new Deliveries();
    log.add(1, 12, 1_020_000, 1_010_000);
    log.add(0, 12, 1_020_000);
    log.add(0, 10, 1_020_000, 1_010_000);
    log.add(0, 13, 1_020_000, 1_010_000);
    const inbound = inboundOf(schedule, log);
    expect(inbound.count).toBe(1);
    expect(inbound.percentiles().maxUs).toBe(7);
  });
});
