import { describe, expect, it } from "vitest";
import { symbolId } from "../domain/symbol.ts";
import { SimulatedClock } from "../std/simulated-clock.ts";
import { isHeadline } from "./feed-event.ts";
import type { FeedEvent } from "./feed-event.ts";
import { SimulatorFeed } from "./simulator-feed.ts";
import { MarketSimulator } from "./simulator.ts";

const setUp = () => {
  const clock = new SimulatedClock();
  clock.advanceMs(5000);
  const events: FeedEvent[] = [];
  const feed = new SimulatorFeed({
    simulator: new MarketSimulator({ seed: 1 }),
    clock,
    timers: clock,
    onEvent: (event) => events.push(event),
  });
  return { clock, events, feed };
};

describe("SimulatorFeed", () => {
  it("emits what is due at each beat, stamped with our clock", () => {
    const { clock, events, feed } = setUp();
    feed.start();
    expect(events).toEqual([]);
    clock.advanceMs(1000);
    expect(events.length).toBeGreaterThan(8 + 8 * 20);
    for (const { eventUs, receivedUs, receivedNs } of events) {
      expect(receivedNs).toBeLessThanOrEqual(clock.nowNs());
      expect(receivedUs - eventUs).toBeGreaterThanOrEqual(0);
      expect(receivedUs - eventUs).toBeLessThanOrEqual(20_000);
    }
  });

  it("stands still for what a pause is longer than it may catch up", () => {
    const { clock, events, feed } = setUp();
    feed.start();
    clock.advanceMs(100);
    feed.stop();
    clock.advanceMs(100);
    const before = events.length;
    expect(feed.skippedNs).toBe(0);
    // A blocked loop: the beat fires once, an hour late.
    const late = new SimulatedClock();
    const blocked: FeedEvent[] = [];
    let beat = (): void => undefined;
    const blockedFeed = new SimulatorFeed({
      simulator: new MarketSimulator({ seed: 1 }),
      clock: late,
      timers: {
        after: () => ({ cancel: () => undefined }),
        every: (_ms, run) => {
          beat = run;
          return { cancel: () => undefined };
        },
      },
      onEvent: (event) => blocked.push(event),
    });
    blockedFeed.start();
    late.advanceMs(3_600_000);
    beat();
    expect(blocked.length).toBeLessThan(1000);
    expect(blockedFeed.skippedNs).toBe(3_599_500 * 1e6);
    expect(events).toHaveLength(before);
  });

  it("answers a snapshot request at once, at the book's sequence", () => {
    const { clock, events, feed } = setUp();
    feed.start();
    clock.advanceMs(1000);
    const symbol = feed.symbols[2]!;
    const before = events.length;
    feed.requestSnapshot(symbolId("NONE.SIM"));
    expect(events).toHaveLength(before);
    feed.requestSnapshot(symbol);
    const answer = events[before]!;
    expect(answer).toMatchObject({ type: "bookSnapshot", symbol });
    clock.advanceMs(500);
    const seq = !isHeadline(answer) && "seq" in answer ? answer.seq : NaN;
    const next = events
      .slice(before + 1)
      .find(
        (event) =>
          !isHeadline(event) &&
          event.type === "bookDelta" &&
          event.symbol === symbol &&
          event.seq > seq,
      );
    expect(next).toMatchObject({ type: "bookDelta" });
    expect((next as { prevSeq: number }).prevSeq).toBeLessThanOrEqual(seq);
  });
});
