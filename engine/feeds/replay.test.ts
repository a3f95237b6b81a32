import { describe, expect, it } from "vitest";
import { ManualExecutor } from "../std/executor.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import type { FeedEvent } from "./feed-event.ts";
import { replay, replayIdle } from "./replay.ts";
import type { ReplayTarget } from "./replay.ts";
import { MarketSimulator } from "./simulator.ts";

const events = (count: number): FeedEvent[] => {
  const simulator = new MarketSimulator({ seed: 3 });
  return Array.from({ length: count }, () => simulator.next().event);
};

interface Rig {
  readonly log: string[];
  readonly clock: SimulatedClock;
  readonly executor: ManualExecutor;
  readonly target: ReplayTarget;
}

/** Each event is worked off later, and every tenth asks another thread that takes as long as it likes. */
const rig = (delay: () => number): Rig => {
  const clock = new SimulatedClock();
  const executor = new ManualExecutor();
  const log: string[] = [];
  let pending = 0;
  let wake = (): void => undefined;
  let count = 0;
  const target: ReplayTarget = {
    clock,
    onEvent: (event) => {
      const n = ++count;
      executor.schedule(() => {
        log.push(`${n} ${event.receivedNs} ${clock.nowNs()}`);
        if (n % 10 > 0) return;
        pending++;
        setTimeout(() => {
          pending--;
          executor.schedule(() => log.push(`answer ${n} ${clock.nowNs()}`));
          wake();
        }, delay());
      });
    },
    runUntilIdle: () => executor.runUntilIdle(),
    get pending() {
      return pending;
    },
    settle: () =>
      new Promise((resolve) => {
        wake = resolve;
      }),
  };
  return { log, clock, executor, target };
};

describe("replay", () => {
  it("hands on each event at its own time and all that it caused before the next", async () => {
    const { log, target } = rig(() => 0);
    const tape = events(50);
    const report = await replay(tape, target);
    expect(report).toEqual({
      events: 50,
      spanNs: tape[49]!.receivedNs - tape[0]!.receivedNs,
    });
    const expected = tape.flatMap(({ receivedNs }, i) => [
      `${i + 1} ${receivedNs} ${receivedNs}`,
      ...((i + 1) % 10 === 0 ? [`answer ${i + 1} ${receivedNs}`] : []),
    ]);
    expect(log).toEqual(expected);
  });

  it("comes out the same however long other threads take", async () => {
    const quick = rig(() => 0);
    const slow = rig(() => 3);
    await replay(events(100), quick.target);
    await replay(events(100), slow.target);
    expect(slow.log).toEqual(quick.log);
  });

  it("runs timers between events at their time, and what they set off before the next", async () => {
    const { clock, executor, target, log } = rig(() => 0);
    const tape = events(20).map((event, i) => ({
      ...event,
      receivedNs: (1_000_000_000 + i * 10_000_000) as typeof event.receivedNs,
    }));
    const ticks: string[] = [];
    clock.advanceMs(1000);
    clock.every(4, () => {
      const dueNs = clock.nowNs();
      executor.schedule(() => ticks.push(`${dueNs} ${clock.nowNs()}`));
    });
    await replay(tape, target);
    await replayIdle(10, target);
    expect(ticks).toHaveLength(50);
    for (const tick of ticks) {
      const [dueNs, ranNs] = tick.split(" ");
      expect(ranNs).toBe(dueNs);
    }
    expect(log).toHaveLength(22);
  });

  it("does not step back with an event that does", async () => {
    const { clock, target } = rig(() => 0);
    const [first, second] = events(2);
    const ns = (value: number) => value as FeedEvent["receivedNs"];
    await replay(
      [
        { ...first!, receivedNs: ns(2_000_000_000) },
        { ...second!, receivedNs: ns(1_500_000_000) },
      ],
      target,
    );
    expect(clock.nowNs()).toBe(2_000_000_000);
  });

  it("keeps the wall clock on the tape's, steps included", async () => {
    const { clock, target } = rig(() => 0);
    const tape = events(30).map((event, i) =>
      i < 20
        ? event
        : {
            ...event,
            receivedUs: (event.receivedUs - 5) as FeedEvent["receivedUs"],
          },
    );
    const walls: number[] = [];
    await replay(tape, {
      ...target,
      pending: 0,
      onEvent: () => walls.push(clock.nowUs()),
    });
    expect(walls).toEqual(tape.map(({ receivedUs }) => receivedUs));
  });
});
